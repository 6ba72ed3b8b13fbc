"""The handlers in this process, on moto and a played device: every kind of event, and what a run says of itself."""
