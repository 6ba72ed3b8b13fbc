"""What the functions behind the REST API have in common: how they read requests, refuse them, and answer."""
