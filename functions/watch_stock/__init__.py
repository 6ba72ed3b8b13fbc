"""Watches how many numbers are left, once a day."""
