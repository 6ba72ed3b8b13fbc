"""Reading a device's register: its base image, its journal, and both together as they stand at one moment."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.dynamodb.attributes import text
from number_inventory.adapters.dynamodb.register_parts import (
    BaseImage,
    JournalMark,
    JournalPart,
    image_part,
    journal_range,
    read_image_part,
    read_journal_part,
)
from number_inventory.adapters.dynamodb.tables import query_pages
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import InvalidInputError, RecordBrokenError
from number_inventory.domain.sorted_numbers import SortedNumbers
from number_inventory.ports.devices import DeviceHead
from number_inventory.ports.registrations import RegisterView

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def owner_of(key: DeviceKey) -> str:
    """The partition in which a device's register stands."""
    return f"{key.customer}#{key.name}"


def journal_floor(base: BaseImage, digest: str, settled_sync: int) -> int:
    """Parts of this sync or an older one do not count: an image has taken them up.

    Before a device's first settled sync, they are what an earlier device of its name left.
    """
    return base.sync if base.parts or digest else settled_sync


def counting(stored: Iterable[JournalPart], floor: int) -> Iterator[JournalPart]:
    """The journal as it counts: from its first place on, without a gap, newer than the floor, never going back.

    What comes behind are parts that an image has taken up, or that an earlier device of the same name left.
    """
    newest = floor + 1
    for index, part in enumerate(stored):
        if part.index != index or part.sync < newest:
            return
        yield part
        newest = part.sync


class RegisterReader:
    """Reads parts of registers, strongly consistent."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def image(self, owner: str, base: BaseImage) -> Iterator[list[str]]:
        """The numbers of a base image, in order, part by part; parts that are not there are left out."""
        if not base.parts:
            return
        for item in self._parts(owner, image_part(base.slot, 0), image_part(base.slot, base.parts - 1)):
            sync, numbers = read_image_part(item)
            if sync == base.sync:
                yield numbers

    def journal(self, owner: str, slot: str) -> Iterator[JournalPart]:
        """All journal parts in a slot, whether they count or not."""
        for item in self._parts(owner, *journal_range(slot)):
            yield read_journal_part(item)

    def look(self, head: DeviceHead) -> RegisterView:
        """The register as the head and the parts say, in little memory: the image goes by, and is never unpacked whole.

        Raises:
            RecordBrokenError: a part cannot be understood.
        """
        owner = owner_of(head.device.key)
        base = BaseImage.parse(head.base, owner)
        journal = counting(self.journal(owner, base.slot), journal_floor(base, head.digest, head.settled_sync))
        kind = _Opening(head.settled_sync, possible=not base.parts)
        opening = SortedNumbers(b"")
        changes: dict[str, bool] = {}
        doubtful: dict[str, bool] = {}
        mark = _Settled(head.settled_sync)
        for opens, parts in groupby(map(mark, journal), key=kind):
            if opens:
                opening = _packed(owner, (number for part in parts for number in part.added))
                continue
            for part in parts:
                changes.update(dict.fromkeys(part.added, True))
                changes.update(dict.fromkeys(part.removed, False))
                if part.sync > head.settled_sync:
                    doubtful.update(dict.fromkeys((*part.added, *part.removed), True))
        image = _Counted(self.image(owner, base))
        held = _packed(owner, _altered(image if base.parts else opening, changes))
        in_doubt = _packed(owner, _altered(opening if kind.doubtful else (), doubtful))
        ends_well = not head.mark or str(mark.mark) == head.mark
        return RegisterView(held, in_doubt, whole=base.whole and image.parts == base.parts and ends_well)

    def _parts(self, owner: str, first: str, last: str) -> Iterator[dict[str, Any]]:
        request: dict[str, Any] = {
            "KeyConditionExpression": "#device = :device AND #part BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#device": "device", "#part": "part"},
            "ExpressionAttributeValues": {":device": text(owner), ":first": text(first), ":last": text(last)},
            "ConsistentRead": True,
        }
        for items in query_pages(self._client, self._table, request, purpose=f"read the register of device {owner}"):
            yield from items


class _Opening:
    """Tells the parts at the head of a journal that together read like an image: each only adds, behind the one before.

    The first load of a device leaves nothing else, however many numbers it has.

    Attributes:
        doubtful: whether those parts are of syncs that have not settled; they all are, or none is.
    """

    def __init__(self, settled_sync: int, *, possible: bool) -> None:
        self.doubtful: bool | None = None
        self._settled_sync = settled_sync
        self._possible = possible
        self._last = ""

    def __call__(self, part: JournalPart) -> bool:
        doubtful = part.sync > self._settled_sync
        behind = not part.added or part.added[0] > self._last
        alike = self.doubtful is None or self.doubtful == doubtful
        self._possible = self._possible and behind and alike and not part.removed
        if self._possible:
            self.doubtful = doubtful
            self._last = part.added[-1] if part.added else self._last
        return self._possible


class _Settled:
    """Takes the mark of the settled parts of a journal as they go by."""

    def __init__(self, settled_sync: int) -> None:
        self.mark = JournalMark()
        self._settled_sync = settled_sync

    def __call__(self, part: JournalPart) -> JournalPart:
        if part.sync <= self._settled_sync:
            self.mark = self.mark.behind(part)
        return part


class _Counted:
    """The numbers of parts, one by one, and how many parts there were in the end."""

    def __init__(self, parts: Iterable[list[str]]) -> None:
        self._parts = parts
        self.parts = 0

    def __iter__(self) -> Iterator[str]:
        for numbers in self._parts:
            self.parts += 1
            yield from numbers


def _altered(numbers: Iterable[str], changes: Mapping[str, bool]) -> Iterator[str]:
    """Numbers in order, with those that the changes bring and without those that they take."""
    kept = (number for number in numbers if number not in changes)
    return merge(kept, sorted(number for number, comes in changes.items() if comes))


def _packed(owner: str, numbers: Iterable[str]) -> SortedNumbers:
    try:
        return SortedNumbers.in_order(numbers)
    except (InvalidInputError, UnicodeEncodeError) as error:
        raise RecordBrokenError(f"register of device {owner}", "numbers", f"are not as they must be: {error}") from None
