"""Adapters, where a real counterpart cannot be had: a clock that is wrong."""
