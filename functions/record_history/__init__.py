"""History: every change of every number is kept, and told to whoever wants to know."""
