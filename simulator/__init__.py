"""A device simulator: plays AudioCodes SBC devices over HTTPS, on this machine only.

It stands in for devices that are not at hand: for trying the product out, for its demonstration and for its tests. It
is a program of its own and shares no code with the inventory, so that a mistake in one is not hidden by the same
mistake in the other. What it plays, and which parts of that are inferred, is told in docs/simulator.md.
"""
