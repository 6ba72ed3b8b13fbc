"""The whole product on one machine: a local AWS, a played device, and the real template deployed to them.

Development only. `python -m local_stack up` (or `make up`) starts it, `python -m local_stack down` stops it.
"""
