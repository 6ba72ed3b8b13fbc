"""The faults that a device can play, each one a small class that is entered in `REGISTRY` under its name.

To add one, write a class in the room where it belongs: `refusals` (no answer, or another one), `contents` (wrong users,
count or lines), `pages` (of a Routing Manager), `delivery` (the answer does not come through), `trust` (login and
certificates).
"""

from simulator.faults import contents, delivery, pages, refusals, trust
from simulator.faults.base import REGISTRY, Fault, Route, Wire, make_fault, parameter_types

__all__ = [
    "REGISTRY",
    "Fault",
    "Route",
    "Wire",
    "contents",
    "delivery",
    "make_fault",
    "pages",
    "parameter_types",
    "refusals",
    "trust",
]
