"""What a process keeps while it runs, and a new one does not have yet."""

import pkgutil
from importlib import import_module

from number_inventory import bootstrap


def forget_connections() -> None:
    """Makes all parts of the bootstrap new, as a new process has them."""
    for module in pkgutil.iter_modules(bootstrap.__path__, f"{bootstrap.__name__}."):
        for part in vars(import_module(module.name)).values():
            clear = getattr(part, "cache_clear", None)
            if clear is not None:
                clear()
