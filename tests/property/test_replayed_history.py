"""The history says all: replayed, it gives the inventory as it is, whatever the services did."""

import os
from collections import Counter

from hypothesis import settings
from hypothesis.stateful import rule

from number_inventory.domain.changes import ANOTHER_HAND, ChangeKind, State
from number_inventory.domain.counts import counts_of
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.services.count_numbers import CountChanges
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.record_history import RecordHistory
from tests.memory.history import MemoryCounters, MemoryHistory, MemoryStatusEvents, streamed
from tests.memory.world import CUSTOMER
from tests.property.test_inventory_machine import NUMBER, InventoryMachine

BY = "operator:deleter"


class ReplayMachine(InventoryMachine):
    """All that the model of the inventory does, deletions besides, and the stream that tells of it."""

    def __init__(self) -> None:
        super().__init__()
        self.history = MemoryHistory()
        self.events = MemoryStatusEvents()
        self.counters = MemoryCounters()
        self.record = RecordHistory(CountChanges(self.history, self.counters), self.history, self.events)
        self.read = 0

    @rule(number=NUMBER)
    def number_is_deleted(self, number: str) -> None:
        record = self.world.inventory.get(CUSTOMER, number)
        if record is None or record.status is not Status.AVAILABLE or record.holders:
            return
        ManageNumbers(self.world.inventory, self.world.macros, self.world.clock).delete(CUSTOMER, number, BY)
        self.reference.items.pop(number, None)
        self._let_its_life_be_over()

    def _damage(self, sound: NumberRecord, way: str) -> None:
        super()._damage(sound, way)
        self._let_its_life_be_over()

    def _let_its_life_be_over(self) -> None:
        """Let time pass, as it does: no number lives through more changes than milliseconds."""
        self.world.clock.advance(seconds=1)

    @rule()
    def stream_is_read(self) -> None:
        """The changes since then, and some of those before for a second time."""
        changes = streamed(self.world.inventory.stream, self.world.clock.at)
        self.record(changes[max(self.read - 3, 0) :])
        self.read = len(changes)

    def teardown(self) -> None:
        self.stream_is_read()
        replayed: dict[tuple[str, str], State] = {}
        for change in self.history.all():
            key = (change.key.customer, change.key.number)
            assert change.before == replayed.get(key), "each change begins where the one before it ended"
            replayed[key] = change.after
            assert (change.kind is not ChangeKind.DELETED) or change.by in {BY, ANOTHER_HAND}
        assert {key: state for key, state in replayed.items() if state} == self.world.inventory.all()
        told = {change.key for change in self.events.told}
        assert told == {change.key for change in self.history.all() if change.moves_status}
        counted = counts_of(self.counters.of_customer(CUSTOMER)).all
        states = Counter(str(record.status) for record in self.world.inventory.all().values())
        assert {status: count for status, count in counted.by_status.items() if count} == states
        super().teardown()


TestReplayMachine = ReplayMachine.TestCase
TestReplayMachine.settings = settings(
    max_examples=int(os.environ.get("MACHINE_RUNS", "60")), stateful_step_count=40, deadline=None
)
