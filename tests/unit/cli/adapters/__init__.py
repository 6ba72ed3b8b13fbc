"""What operators alone reach: stacks and files."""
