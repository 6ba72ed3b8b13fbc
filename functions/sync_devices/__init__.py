"""Sync: the dispatcher that asks for every enabled device, and the worker that syncs one."""
