"""Makes up any number of registered users, always the same ones for the same seed."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import count, islice

from simulator.errors import SimulatorError
from simulator.users import MAXIMUM_CONTACTS, Contact, RegisteredUser

_NAMES = ("Sue", "Amir", "Lena", "Tom", "Yuki", "Noor", "Paul", "Ines", "Olga", "Raj")
_FIRST_EXTENSION = 1000
_E164_PREFIX = "+441632"  # 01632 is an area code that Ofcom gives to nobody


@dataclass(frozen=True, kw_only=True)
class Population:
    """What kind of users to make up: how many, from which seed, at which hosts, and how many percent are special.

    `e164_percent` have a number such as `+441632960017` instead of an extension; `several_contacts_percent` have two
    to five contacts; `bare_percent` are names without a host, such as `Sue`; `inactive_percent` are not confirmed
    yet.
    """

    users: int
    seed: int = 1
    hosts: tuple[str, ...] = ("10.8.5.71", "voice.example.net")
    e164_percent: int = 30
    several_contacts_percent: int = 10
    bare_percent: int = 0
    inactive_percent: int = 0

    def __post_init__(self) -> None:
        """Refuses what cannot be made up."""
        if self.users < 0 or not self.hosts:
            raise SimulatorError("a generated population needs `users` of 0 or more and at least one host")
        for name in ("e164_percent", "several_contacts_percent", "bare_percent", "inactive_percent"):
            if not 0 <= getattr(self, name) <= 100:  # noqa: PLR2004 - a percentage
                raise SimulatorError(f"`{name}` must be from 0 to 100, not {getattr(self, name)}")


def generate(population: Population) -> list[RegisteredUser]:
    """The users of `population`. A larger population of the same seed begins with the same users."""
    return list(islice(_stream(population), population.users))


def newcomers(wanted: int, seed: int, host: str, taken: Collection[str]) -> list[RegisteredUser]:
    """`wanted` users whose user parts are not among `taken`, so that a churn brings new numbers."""
    stream = _stream(Population(users=wanted, seed=seed, hosts=(host,)))
    return list(islice((user for user in stream if user.user_part not in taken), wanted))


def _stream(population: Population) -> Iterator[RegisteredUser]:
    chance = random.Random(population.seed)  # noqa: S311 - repeatable on purpose, nothing secret
    for index in count():
        bare, e164, several, inactive = (
            chance.random() * 100 < percent
            for percent in (
                population.bare_percent,
                population.e164_percent,
                population.several_contacts_percent,
                population.inactive_percent,
            )
        )
        host = chance.choice(population.hosts)
        user = _user_part(index, bare=bare, e164=e164)
        contacts = chance.randint(2, MAXIMUM_CONTACTS) if several else 1
        yield RegisteredUser(
            user if bare else f"{user}@{host}",
            tuple(
                Contact(
                    f"sip:{user}@{host}:{5060 + port}", expires=chance.choice((180, 600, 3600)), active=not inactive
                )
                for port in range(contacts)
            ),
        )


def _user_part(index: int, *, bare: bool, e164: bool) -> str:
    if bare:
        round_, name = divmod(index, len(_NAMES))
        return f"{_NAMES[name]}{round_ or ''}"
    if e164:
        return f"{_E164_PREFIX}{960_000 + index}"
    return str(_FIRST_EXTENSION + index)
