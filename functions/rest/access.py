"""Who may do what: the role that a request needs, for every route there is or will be."""

from enum import IntEnum


class Role(IntEnum):
    """What a caller may do with the things of a customer; each may do what those before it may."""

    READER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


_READ = frozenset({"GET", "HEAD"})
_READ_BY_POST = frozenset({"/customers/{customer}/numbers/lookup"})
_OPERATED = frozenset({"numbers", "next-available", "audits", "jobs"})
_CUSTOMER_PATH = ("", "customers", "{customer}")


def required_role(method: str, resource: str) -> Role:
    """The least role that may make a request; what nobody has thought of is the administrators'.

    Args:
        method: such as `POST`.
        resource: the path with the names of its parameters: `/customers/{customer}/numbers/{number}/assign`.
    """
    if method in _READ or (method == "POST" and resource in _READ_BY_POST):
        return Role.READER
    parts = resource.split("/")
    if tuple(parts[:3]) == _CUSTOMER_PATH and len(parts) > len(_CUSTOMER_PATH) and parts[3] in _OPERATED:
        return Role.OPERATOR
    return Role.ADMINISTRATOR
