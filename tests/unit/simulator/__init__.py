"""The device simulator, called as a real HTTPS server."""
