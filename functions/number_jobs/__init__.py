"""Jobs: numbers that are too many for one request are added, stretch by stretch."""
