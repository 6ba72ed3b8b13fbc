"""Lookups: the REST API over the inventory."""
