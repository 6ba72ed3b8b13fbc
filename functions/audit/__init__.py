"""Audit: the inventory compared with the registered users."""
