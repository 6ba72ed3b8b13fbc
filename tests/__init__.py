"""All tests of the product; see the README for how to run which."""
