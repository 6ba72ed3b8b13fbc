"""Which events the functions take, and how they refuse the others."""
