"""The local stack's own parts that need no emulator."""
