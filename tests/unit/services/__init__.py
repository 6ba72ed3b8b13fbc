"""The use cases, on the in-memory ports."""
