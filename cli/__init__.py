"""The operator's command line, on the same services as the deployed functions."""
