"""Each built function under Lambda's own runtime interface emulator and runtime client."""
