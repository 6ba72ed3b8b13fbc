"""Tests of the AudioCodes adapter that need no device."""
