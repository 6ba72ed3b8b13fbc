"""What all devices of a customer say of numbers that none of them seems to have to do with.

Nearly all of them say the same of each such number. So that is put together once, and a device is asked by itself only
about numbers that it does have: a million orphans of a customer with thousands of devices would take hours else.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from number_inventory.domain.audit import WITNESSES_SHOWN
from number_inventory.domain.testimony import Statement, Word
from number_inventory.ports.registrations import RegisterView


@dataclass(slots=True)
class Strangers:
    """The words of all devices on strange numbers.

    Attributes:
        numbers: those that it may be asked about.
        asked: those that it was asked about.
    """

    numbers: Collection[str]
    asked: set[str] = field(default_factory=set)
    _plain: tuple[Statement, ...] = ()
    _denials: tuple[Statement, ...] = ()
    _shared: tuple[Statement, ...] = ()
    _concerned: dict[str, set[str]] = field(default_factory=dict)

    def hear(self, words: Iterable[tuple[Statement, RegisterView | None]]) -> None:
        """Hear what each device says of a number that it has nothing to do with, and which it has to do with.

        Args:
            words: of each device, by name, its word on a strange number, and its register if that can be read.
        """
        plain: list[Statement] = []
        denials: list[Statement] = []
        low, high = min(self.numbers), max(self.numbers)
        wanted = set(self.numbers)
        for statement, view in words:
            (denials if statement.word is Word.DENIES else plain).append(statement)
            for numbers in (view.held, view.doubtful) if view else ():
                found = wanted.intersection(numbers.between(low, high))
                for number in found | ({low} if low in numbers else set()):
                    self._concerned.setdefault(number, set()).add(statement.device)
        self._plain, self._denials = tuple(plain), tuple(denials)
        self._shared = _by_name([*plain, *denials[:WITNESSES_SHOWN]])

    def on(self, number: str, says: Callable[[str], Statement]) -> Sequence[Statement]:
        """The statements, by name, of all devices that do not deny the number, and of the first few that do.

        Args:
            number: which one; its record names no device.
            says: what a device says of it by itself.
        """
        self.asked.add(number)
        concerned = self._concerned.get(number)
        if not concerned:
            return self._shared
        denials = [each for each in self._denials if each.device not in concerned][:WITNESSES_SHOWN]
        plain = [each for each in self._plain if each.device not in concerned]
        return _by_name([*plain, *denials, *map(says, concerned)])


def _by_name(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda each: each.device))
