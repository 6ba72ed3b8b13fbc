"""What the product costs and how fast it is, measured against what it could be measured by; no part of the tests."""
