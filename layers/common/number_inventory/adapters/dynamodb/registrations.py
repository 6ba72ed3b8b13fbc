"""The Registrations table: what each device is known to hold; implements `ports.Registrations`.

What keeps it true whatever dies when:

* Changes are written before any number changes, so a number that an unfinished sync may have touched is always named by
  a journal part newer than the last settled sync. Such numbers are doubtful, and only their records tell.
* A part is overwritten only by the same or a later sync, so an older one that was held up cannot spoil a later one's.
* A sync that finds an earlier one unsettled puts a fence into the next free place of the journal before it goes on: the
  earlier one, if it still lives, fails there before it changes a number.
* A new base image counts only once the device's head names it, and the head is written last.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import aws_errors
from number_inventory.adapters.dynamodb.attributes import Item, text
from number_inventory.adapters.dynamodb.register_parts import (
    BaseImage,
    JournalMark,
    JournalPart,
    fence_item,
    image_items,
    journal_items,
    part_key,
    read_journal_part,
)
from number_inventory.adapters.dynamodb.register_reader import RegisterReader, counting, journal_floor, owner_of
from number_inventory.adapters.dynamodb.tables import old_item, query_pages, write_if
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import LeaseLostError, StorageBusyError
from number_inventory.ports.devices import DeviceHead, Lease
from number_inventory.ports.registrations import Register, RegisterView

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)

SMALL_JOURNAL_NUMBERS = 1_000
"""A journal that repeats no more numbers than this is cheaper to read than a new base image is to write."""

MAX_JOURNAL_SHARE = 0.25
"""Beyond this share of the held numbers, what every load reads in vain costs more than a new base image."""

MAX_JOURNAL_PARTS = 200
"""With about 100 bytes a part, reading more of them costs more than a new base image of a usual device."""

_FENCE_TRIES = 5


class DynamoRegistrations:
    """The registers of all devices in one table. All reads are strongly consistent."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._reader = RegisterReader(client, table)

    def load(self, lease: Lease) -> Register:
        """Read the register of the leased device; where an earlier sync is unsettled, shut it out first.

        A register of which parts are missing is reported in the log, and what is left of it is given as not `whole`.

        Raises:
            LeaseLostError: a later sync has begun.
            RecordBrokenError: a part cannot be understood.
        """
        owner = owner_of(lease.key)
        base = BaseImage.parse(lease.base, owner)
        journal = self._settled_journal(lease, base)
        base, held = self._image(owner, base)
        doubtful: set[str] = set()
        for part in journal:
            held.update(part.added)
            held.difference_update(part.removed)
            if part.sync > lease.settled_sync:
                doubtful.update(part.added, part.removed)
        numbers = sum(len(part.added) + len(part.removed) for part in journal)
        mark = JournalMark.of(journal)
        whole = self._ends_well(lease, journal) and base.whole
        return Register(frozenset(held), frozenset(doubtful), str(base), len(journal), numbers, str(mark), whole)

    def _ends_well(self, lease: Lease, journal: Iterable[JournalPart]) -> bool:
        settled = JournalMark.of(part for part in journal if part.sync <= lease.settled_sync)
        if not lease.mark or str(settled) == lease.mark:
            return True
        _log.error(
            "the journal of device %s ends with %s instead of %s: it was lost in part, or restored to another time. "
            "Until the device shows all that it holds, nothing is concluded from what the journal lacks",
            lease.key,
            settled,
            lease.mark,
        )
        return False

    def look(self, head: DeviceHead) -> RegisterView:
        """Read the register of a device without its lease, in little memory, and change nothing.

        Raises:
            RecordBrokenError: a part cannot be understood.
        """
        return self._reader.look(head)

    def remains(self, key: DeviceKey) -> bool:
        """Whether there is anything left of a device's register, strongly consistent."""
        with aws_errors(f"look for the register of device {key}"):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="#device = :device",
                ProjectionExpression="#device",
                ExpressionAttributeNames={"#device": "device"},
                ExpressionAttributeValues={":device": text(owner_of(key))},
                ConsistentRead=True,
                Limit=1,
            )
        return bool(answer["Items"])

    def intend(self, lease: Lease, register: Register, held: frozenset[str]) -> Register:
        """Write the difference between what the register says and what the device will hold.

        Raises:
            LeaseLostError: a later sync has begun; no number must be changed.
        """
        added, removed = held - register.held, register.held - held
        base = BaseImage.parse(register.base, owner_of(lease.key))
        items = list(
            journal_items(
                owner_of(lease.key), base.slot, lease.sync, first=register.journal, added=added, removed=removed
            )
        )
        self._write(lease, items)
        return replace(
            register,
            held=held,
            doubtful=register.doubtful | added | removed,
            journal=register.journal + len(items),
            journal_numbers=register.journal_numbers + len(added) + len(removed),
            mark=str(JournalMark(JournalMark.parse(register.mark).parts + len(items), lease.sync))
            if items
            else register.mark,
        )

    def compact(self, lease: Lease, register: Register) -> Register:
        """Write a new base image where the journal has grown; else nothing. Returns where the base stands.

        Raises:
            LeaseLostError: a later sync has begun.
        """
        base = BaseImage.parse(register.base, owner_of(lease.key))
        if not _compaction_due(base, register):
            return register
        items = list(image_items(owner_of(lease.key), base.other_slot, lease.sync, register.held))
        self._write(lease, items)
        image = BaseImage(base.other_slot, len(items), lease.sync)
        return replace(register, base=str(image), journal=0, journal_numbers=0, mark=str(JournalMark()))

    def forget(self, key: DeviceKey) -> None:
        """Remove all parts of a device."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#device = :device",
            "ProjectionExpression": "#device, #part",
            "ExpressionAttributeNames": {"#device": "device", "#part": "part"},
            "ExpressionAttributeValues": {":device": text(owner_of(key))},
            "ConsistentRead": True,
        }
        purpose = f"forget the register of device {key}"
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            for item in items:
                with aws_errors(purpose):
                    self._client.delete_item(TableName=self._table, Key=part_key(owner_of(key), item["part"]["S"]))

    # --- reading

    def _image(self, owner: str, base: BaseImage) -> tuple[BaseImage, set[str]]:
        """The numbers of a base image, and whether all its parts were there."""
        held: set[str] = set()
        found = 0
        for numbers in self._reader.image(owner, base):
            found += 1
            held.update(numbers)
        if found == base.parts:
            return base, held
        _log.error(
            "the register of device %s has lost %d of %d parts of its base image %s; until the device shows all that "
            "it holds, nothing is concluded from what is missing",
            owner,
            base.parts - found,
            base.parts,
            base,
        )
        return replace(base, whole=False), held

    def _settled_journal(self, lease: Lease, base: BaseImage) -> list[JournalPart]:
        """The journal behind the base, with the door shut on every earlier sync that has not settled."""
        owner = owner_of(lease.key)
        floor = journal_floor(base, lease.digest, lease.settled_sync)
        for _ in range(_FENCE_TRIES):
            stored = list(self._reader.journal(owner, base.slot))
            journal = list(counting(stored, floor))
            leftovers = not lease.digest and len(stored) > len(journal)
            if lease.settled and not leftovers:
                return journal
            journal = _without_last_fences(journal)
            if self._fenced(lease, base, stored, len(journal)):
                return journal
        raise StorageBusyError(f"the register of device {lease.key} kept changing; try again later")

    def _fenced(self, lease: Lease, base: BaseImage, stored: list[JournalPart], index: int) -> bool:
        """Take the next free place of the journal; False where somebody wrote there since it was read.

        The place of a fence counts as free: left behind, it would stay open to the sync that put it up, should that
        one only be held up.
        """
        seen = next((part.sync for part in stored if part.index == index), None)
        refused = write_if(
            f"open the register of device {lease.key}",
            self._client.put_item,
            TableName=self._table,
            Item=fence_item(owner_of(lease.key), base.slot, lease.sync, index),
            ConditionExpression="attribute_not_exists(#sync)" if seen is None else "#sync = :seen",
            ExpressionAttributeNames={"#sync": "sync"},
            **({} if seen is None else {"ExpressionAttributeValues": {":seen": {"N": str(seen)}}}),
        )
        if refused:
            self._check_not_later(lease, old_item(refused))
        return refused is None

    # --- writing

    def _write(self, lease: Lease, items: Iterable[Item]) -> None:
        """Write parts one after the other: the journal must never have a gap."""
        for item in items:
            refused = write_if(
                f"write the register of device {lease.key}",
                self._client.put_item,
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(#sync) OR #sync <= :mine",
                ExpressionAttributeNames={"#sync": "sync"},
                ExpressionAttributeValues={":mine": item["sync"]},
            )
            if refused:
                raise _lost(lease)

    def _check_not_later(self, lease: Lease, item: dict[str, Any]) -> None:
        if item and read_journal_part(item).sync > lease.sync:
            raise _lost(lease)


def _without_last_fences(journal: Sequence[JournalPart]) -> list[JournalPart]:
    """The journal up to its last part with numbers."""
    last = max((place for place, part in enumerate(journal) if part.added or part.removed), default=-1)
    return list(journal[: last + 1])


def _compaction_due(base: BaseImage, register: Register) -> bool:
    """Whether a new image is worth its price: reading what the journal says twice costs every changed sync."""
    if not base.whole:
        return True
    # Without an image, the journal's first mention of each held number is no waste: an image would say the same.
    repeated = register.journal_numbers - (0 if base.parts else len(register.held))
    allowed = max(SMALL_JOURNAL_NUMBERS, int(MAX_JOURNAL_SHARE * len(register.held)))
    return repeated > allowed or register.journal > MAX_JOURNAL_PARTS


def _lost(lease: Lease) -> LeaseLostError:
    return LeaseLostError(f"sync {lease.sync} of device {lease.key} stops: a later one has begun")
