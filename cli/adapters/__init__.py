"""Adapters that operators alone need: files of their machine, and AWS services that no function calls."""
