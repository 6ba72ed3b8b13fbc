"""What template.yaml promises, read from the file itself."""
