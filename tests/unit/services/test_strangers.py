"""What all devices say of numbers that none seems to have: put together once, and as if each had been asked of each."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from number_inventory.domain.audit import WITNESSES_SHOWN
from number_inventory.domain.sorted_numbers import SortedNumbers
from number_inventory.domain.testimony import DeviceTestimony, Statement, Word
from number_inventory.ports.registrations import RegisterView
from number_inventory.services.strangers import Strangers
from tests.contract.made import NOW

NUMBERS = [f"{1000 + index}" for index in range(12)]


def device(name: str, chance: Random) -> tuple[DeviceTestimony, RegisterView]:
    """A device that has to do with few of the numbers, or with none, and is silent now and then."""
    drawn = [SortedNumbers.of(chance.sample(NUMBERS, chance.choice([0, 0, 0, 1, 2]))) for _ in range(2)]
    held, doubtful = drawn
    testimony = DeviceTestimony(
        device=name,
        held=held,
        doubtful=doubtful,
        syncing=chance.random() < 0.5,
        settled_sync=7,
        proven_at=NOW - timedelta(hours=1),
        silent_because=chance.choice(["", "", "", "it is disabled"]),
    )
    if chance.random() < 0.2:
        testimony = replace(testimony, damaged=True, silent_because="its register is lost in part")
    return testimony, RegisterView(held=held, doubtful=doubtful, whole=True)


@pytest.mark.parametrize("seed", range(40))
def test_each_number_gets_the_words_that_it_would_get_by_itself(seed: int) -> None:
    """GIVEN any devices WHEN asked of strange numbers THEN all who do not deny are heard, and the first who do."""
    chance = Random(seed)  # noqa: S311 - repeatable, not secret
    devices = {f"sbc-{index:02d}": device(f"sbc-{index:02d}", chance) for index in range(chance.choice([1, 5, 30]))}
    strangers = Strangers(NUMBERS)
    strangers.hear((testimony.on_a_strange_number(), view) for testimony, view in devices.values())
    asked: list[str] = []

    for number in NUMBERS:

        def says(name: str, number: str = number) -> Statement:
            asked.append(name)
            return devices[name][0].on(number, None)

        every = [testimony.on(number, None) for testimony, _ in devices.values()]
        denials = [statement for statement in every if statement.word is Word.DENIES][:WITNESSES_SHOWN]
        heard = [statement for statement in every if statement.word is not Word.DENIES or statement in denials]
        assert list(strangers.on(number, says)) == heard

    assert len(asked) <= sum(len(view.held) + len(view.doubtful) for _, view in devices.values())
    assert strangers.asked == set(NUMBERS)
