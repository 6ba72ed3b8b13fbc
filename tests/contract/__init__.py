"""One contract for the ports, held by every implementation on every engine."""
