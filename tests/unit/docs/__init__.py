"""What the documentation shows: its commands are right."""
