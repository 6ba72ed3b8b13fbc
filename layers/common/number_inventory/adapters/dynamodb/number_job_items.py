"""Jobs as items of the Jobs table: the job itself, its numbers where they are a list, and what became of them.

Numbers and outcomes stand in packed items, one for each stretch: a letter a number for its outcome, in the order of the
numbers. So a job of 100,000 numbers is a hundred small items beside the numbers themselves.
"""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from number_inventory.adapters.dynamodb.attributes import (
    SCHEMA,
    Attribute,
    Item,
    ItemReader,
    instant,
    text,
    whole,
)
from number_inventory.domain.number_jobs import AddOutcome, JobState, NumberJob

JOB = "job#"
"""How the sort keys of jobs begin."""

_NUMBERS = "numbers#"
_OUTCOMES = "outcomes#"
_DIGITS = 6

_TEXTS = ("first", "last", "description", "site", "tag", "cause")
_COUNTS = ("step", "total", "stretch", "done", "created", "existed", "failed")

_LETTERS: Mapping[AddOutcome, str] = {
    AddOutcome.CREATED: "c",
    AddOutcome.EXISTED: "e",
    AddOutcome.FAILED: "f",
}
_OUTCOME_OF = {letter: outcome for outcome, letter in _LETTERS.items()}


def job_key(customer: str, job_id: str) -> Item:
    """The key of a job's item."""
    return {"owner": text(customer), "part": text(JOB + job_id)}


def numbers_key(job: NumberJob, stretch: int) -> Item:
    """The key of the item with a stretch of the numbers of a job."""
    return {"owner": _parts_of(job), "part": text(f"{_NUMBERS}{stretch:0{_DIGITS}d}")}


def outcomes_range(job: NumberJob, first: int) -> Item:
    """In which partition the outcomes of a job are, and between which sort keys those from stretch `first` on."""
    low, high = (f"{_OUTCOMES}{stretch:0{_DIGITS}d}" for stretch in (first, 10**_DIGITS - 1))
    return {":owner": _parts_of(job), ":low": text(low), ":high": text(high)}


def job_item(job: NumberJob, retention: timedelta) -> Item:
    """The item of a job that no worker has; what is empty is left out."""
    item: Item = {
        **job_key(job.customer, job.id),
        "schema": SCHEMA,
        "state": text(job.state),
        "requested_by": text(job.requested_by),
        "created_at": instant(job.created_at),
        "updated_at": instant(job.updated_at),
        "expires_at": _expiry(job, retention),
    }
    if job.ended_at is not None:
        item["ended_at"] = instant(job.ended_at)
    for name in _TEXTS:
        words = getattr(job, name)
        if words:
            item[name] = text(words)
    for name in _COUNTS:
        item[name] = whole(getattr(job, name))
    return item


def read_job(item: dict[str, Any]) -> NumberJob:
    """The job in an item.

    Raises:
        RecordBrokenError: it cannot be understood; the message names customer, job and attribute.
    """
    customer, job_id = item["owner"]["S"], item["part"]["S"].removeprefix(JOB)
    read = ItemReader(item, f"job {job_id} of customer {customer}")
    return NumberJob(
        id=job_id,
        customer=customer,
        requested_by=read.text("requested_by"),
        state=read.word("state", JobState),
        created_at=_moment(read, "created_at"),
        updated_at=_moment(read, "updated_at"),
        ended_at=read.instant("ended_at"),
        **{name: read.text(name) for name in _TEXTS},  # type: ignore[arg-type]
        **{name: read.whole(name) for name in _COUNTS},  # type: ignore[arg-type]
    )


def numbers_item(job: NumberJob, stretch: int, numbers: Sequence[str], retention: timedelta) -> Item:
    """The item with a stretch of the numbers of a job."""
    packed = zlib.compress("\n".join(numbers).encode())
    return {
        **numbers_key(job, stretch),
        "schema": SCHEMA,
        "numbers": {"B": packed},
        "expires_at": _expiry(job, retention),
    }


def read_numbers(job: NumberJob, stretch: int, item: dict[str, Any]) -> list[str]:
    """The numbers of a stretch.

    Raises:
        RecordBrokenError: they cannot be understood, or are not as many as the stretch has: some would be left out.
    """
    read = _reader(job, item)
    numbers = _unpacked(read, "numbers").split("\n")
    expected = min(job.stretch, job.total - stretch * job.stretch)
    if len(numbers) != expected:
        raise read.broken("numbers", f"holds {len(numbers)} numbers, where the job has {expected}")
    return numbers


def outcomes_item(job: NumberJob, stretch: int, outcomes: Sequence[AddOutcome], retention: timedelta) -> Item:
    """The item with what became of a stretch of the numbers of a job."""
    packed = zlib.compress("".join(_LETTERS[outcome] for outcome in outcomes).encode())
    return {
        "owner": _parts_of(job),
        "part": text(f"{_OUTCOMES}{stretch:0{_DIGITS}d}"),
        "schema": SCHEMA,
        "outcomes": {"B": packed},
        "expires_at": _expiry(job, retention),
    }


def read_outcomes(job: NumberJob, item: dict[str, Any]) -> tuple[int, list[AddOutcome]]:
    """Which stretch it is, and what became of its numbers; raises RecordBrokenError."""
    read = _reader(job, item)
    letters = _unpacked(read, "outcomes")
    if not set(letters) <= _OUTCOME_OF.keys():
        raise read.broken("outcomes", "holds a letter that stands for no outcome")
    return int(item["part"]["S"].removeprefix(_OUTCOMES)), [_OUTCOME_OF[letter] for letter in letters]


def _parts_of(job: NumberJob) -> Attribute:
    return text(f"{job.customer}#{job.id}")


def _reader(job: NumberJob, item: dict[str, Any]) -> ItemReader:
    return ItemReader(item, f"part {item['part']['S']} of job {job.id} of customer {job.customer}")


def _unpacked(read: ItemReader, name: str) -> str:
    try:
        return zlib.decompress(read.blob(name)).decode()
    except (zlib.error, UnicodeDecodeError):
        raise read.broken(name, "does not unpack") from None


def _expiry(job: NumberJob, retention: timedelta) -> Attribute:
    """The second in which DynamoDB may forget what belongs to a job."""
    return whole(int((job.created_at + retention).timestamp()))


def _moment(read: ItemReader, name: str) -> datetime:
    moment = read.instant(name)
    if moment is None:
        raise read.broken(name, "is missing")
    return moment
