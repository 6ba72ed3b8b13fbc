"""The drawn parts of docs/architecture.md, made of the template and of the imports."""
