"""What a user would write instead: measured beside the product in the same run, on the same engine."""
