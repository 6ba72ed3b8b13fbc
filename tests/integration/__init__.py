"""Several parts together."""
