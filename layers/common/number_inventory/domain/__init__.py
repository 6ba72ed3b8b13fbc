"""The rules of the number inventory: pure, frozen and typed; no I/O, no AWS, and time is always passed in."""
