"""The one place that wires adapters to services, for the functions; `cli.wiring` adds what operators alone do.

Each part is built when first asked for, and those that last once a process. An import stands in the function that needs
it, so that a function loads only what it uses: that is cold-start time. For the same reason nothing is imported here.
"""
