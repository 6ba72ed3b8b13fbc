"""Registered users as a device holds them, and how they are written in JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from simulator.errors import SimulatorError

MAXIMUM_CONTACTS = 5
"""A device keeps at most this many contacts for one AOR (AudioCodes)."""

_AOR = re.compile(r"[^\s<>;\"]{1,255}")
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Contact:
    """One place at which a registered user can be reached.

    `uri` has no angle brackets, `expires` counts seconds, `ip_group` is the row of the device's IP Group table. A
    `userinfo` contact comes from the device's own User Information table and not from a registration. A contact that
    is not `active` has asked to be registered and was not confirmed yet.
    """

    uri: str
    expires: int = 180
    active: bool = True
    ip_group: int = 1
    userinfo: bool = False


@dataclass(frozen=True, slots=True)
class RegisteredUser:
    """An address of record (AOR), such as `1000@10.8.5.71` or `Sue`, and its contacts, five at most.

    `node` is the SBC at which it is registered, for a device that gathers those of several (ARM); `serial` its number
    in the list of the device, which gives it.
    """

    aor: str
    contacts: tuple[Contact, ...]
    node: str = ""
    serial: int = field(default=0, compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """What is there once only: an AOR at a node."""
        return self.node, self.aor

    @property
    def user_part(self) -> str:
        """What stands before the `@` of the AOR; the whole AOR where it has no host."""
        return self.aor.partition("@")[0]

    def as_json(self) -> dict[str, object]:
        """This user as the control API and scenario files write it."""
        node = {"node": self.node} if self.node else {}
        return {"aor": self.aor, **node, "contacts": [asdict(contact) for contact in self.contacts]}


def plain_user(aor: str, domain: str, contacts: int = 1) -> RegisteredUser:
    """A user with `contacts` ordinary contacts; `domain` is the host of the contacts of an AOR that has none."""
    user, _, host = aor.partition("@")
    return RegisteredUser(aor, tuple(Contact(f"sip:{user}@{host or domain}:{5060 + port}") for port in range(contacts)))


def name_from_json(value: object) -> str:
    """The AOR or the number that is meant by `"1000@host"`, `"1000"`, `{"aor": ...}` or `{"number": ...}`.

    Raises:
        SimulatorError: it is none of these.
    """
    if isinstance(value, str):
        value = {"aor": value} if "@" in value else {"number": value}
    if not isinstance(value, Mapping) or ("aor" in value) == ("number" in value):
        raise SimulatorError(
            f'a user is written as "1000" (in quotes), {{"number": ...}} or {{"aor": ...}}, not {value!r}'
        )
    if "number" in value:
        return _matching(value["number"], _NUMBER, "number")
    return _matching(value["aor"], _AOR, "aor")


def user_from_json(value: object, domain: str) -> RegisteredUser:
    """Reads one user; see `name_from_json` for how it may be named. One named by its number is put at `domain`.

    An object may add `contacts` (how many, or a list of contact objects) or, for its only contact, the fields of
    `Contact`; and the `node` at which it is registered.

    Raises:
        SimulatorError: an unknown field, a wrong type, or no contact or more than five.
    """
    name = name_from_json(value)
    by_aor = "aor" in value if isinstance(value, Mapping) else "@" in name
    user = plain_user(name if by_aor else f"{name}@{domain}", domain)
    if not isinstance(value, Mapping):
        return user
    if "node" in value:
        user = replace(user, node=node_name(value["node"]))
    fields = {key: entry for key, entry in value.items() if key not in {"aor", "number", "node"}}
    if "contacts" not in fields:
        return replace(user, contacts=(_contact_from_json({"uri": user.contacts[0].uri, **fields}),))
    if len(fields) > 1:
        raise SimulatorError(f"{user.aor}: give either `contacts` or the fields of its only contact, not both")
    listed = fields["contacts"]
    if isinstance(listed, bool) or not isinstance(listed, int | Sequence) or isinstance(listed, str):
        raise SimulatorError(f"{user.aor}: `contacts` is a number of contacts or a list of them, not {listed!r}")
    count = listed if isinstance(listed, int) else len(listed)
    if not 1 <= count <= MAXIMUM_CONTACTS:
        raise SimulatorError(f"{user.aor}: a device keeps 1 to {MAXIMUM_CONTACTS} contacts for an AOR, not {count}")
    if isinstance(listed, int):
        return replace(user, contacts=plain_user(user.aor, domain, listed).contacts)
    return replace(user, contacts=tuple(_contact_from_json(entry) for entry in listed))


def node_name(value: object) -> str:
    """The name of a node.

    Raises:
        SimulatorError: it is none.
    """
    return _matching(value, _NODE, "node")


def _contact_from_json(value: object) -> Contact:
    types: dict[str, type] = {"uri": str, "expires": int, "active": bool, "ip_group": int, "userinfo": bool}
    if not isinstance(value, Mapping) or "uri" not in value:
        raise SimulatorError(f"a contact is an object with a `uri`, not {value!r}")
    for key, entry in value.items():
        wanted = types.get(key)
        if wanted is None:
            raise SimulatorError(f"a contact has no field {key!r}; it has {', '.join(types)}")
        if type(entry) is not wanted:
            raise SimulatorError(f"`{key}` of a contact must be of type {wanted.__name__}, not {entry!r}")
    _matching(value["uri"], _AOR, "uri")
    return Contact(**value)


def _matching(value: object, pattern: re.Pattern[str], field: str) -> str:
    if not isinstance(value, str):
        raise SimulatorError(f"`{field}` must be text, so put it in quotes: {value!r}")
    if not pattern.fullmatch(value):
        raise SimulatorError(f"`{field}` has characters that it cannot have, or too many: {value!r}")
    return value
