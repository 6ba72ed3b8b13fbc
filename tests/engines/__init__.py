"""The engines that adapters are tested on: moto in the process, MiniStack and DynamoDB Local beside it."""
