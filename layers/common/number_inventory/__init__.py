"""The number inventory."""
