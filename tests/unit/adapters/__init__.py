"""Adapters, where a real counterpart cannot be had: a bus that takes nothing."""
