"""The ports in memory, for tests: exact about conditional writes, and able to die at any call."""
