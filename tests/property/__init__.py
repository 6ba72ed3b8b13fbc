"""The laws under random histories (Hypothesis)."""
