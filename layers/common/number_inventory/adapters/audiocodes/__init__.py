"""AudioCodes devices as sources of registered users."""
