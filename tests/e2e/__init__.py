"""Tests through the deployed local stack: scheduler, queue, functions, simulator over TLS, tables, API."""
