"""What the services need of the outside, as Protocols; adapters implement them.

Every implementation raises the errors of `number_inventory.domain.errors` only: `StorageBusyError` when the same call
may succeed later, `StorageRefusedError` when it never will, `DeviceError` for anything that a device does.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Protocol

from number_inventory.domain.audit import NumberGlance
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.changes import Change, ChangeKey
from number_inventory.domain.counts import CounterKey, SiteCounter
from number_inventory.domain.devices import Device, DeviceKey, DeviceState
from number_inventory.domain.errors import RecordBrokenError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.keyed_requests import Attempt
from number_inventory.domain.lifecycle import Decision
from number_inventory.domain.macros import MacroValue
from number_inventory.domain.number_jobs import AddOutcome, NumberJob
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.domain.removals import Approval
from number_inventory.domain.snapshots import Snapshot
from number_inventory.domain.sorted_numbers import SortedNumbers
from number_inventory.domain.stock import DailyLevel, StockLevel, StockWatch


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The present instant, UTC."""


# --- numbers

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class WriteResult(StrEnum):
    """What became of one conditional write."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"
    """Somebody else changed the number since it was read: read again and decide anew."""
    FAILED = "failed"
    """The write could not be made, or its answer was lost, even after retries: it may or may not stand."""


@dataclass(frozen=True, slots=True)
class DueNumber:
    """A candidate for release from the cooling index, which may lag: the record decides."""

    customer: str
    number: str
    release_date: datetime


@dataclass(frozen=True, slots=True)
class DueReservation:
    """A candidate for lapsing from the index of reservations with an end, which may lag: the record decides."""

    customer: str
    number: str
    reserved_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuery:
    """Which numbers of a customer a listing shows, and in which order; None or blank means any.

    Attributes:
        assigned_to: whom they are assigned to.
        device: one of those that hold them.
        first, last: a range of spellings, both ends included; two ends of one length mean numbers of that length.
        changed_since: changed then or later.
        text: stands in the description or in the tag that an operator wrote, in this very spelling.
        reverse: from the last number to the first.
    """

    customer: str
    status: Status | None = None
    vendor: str | None = None
    usage: str | None = None
    site: str | None = None
    assigned_to: str | None = None
    prefix: str = ""
    device: str = ""
    first: str = ""
    last: str = ""
    changed_since: datetime | None = None
    text: str = ""
    reverse: bool = False

    def matches(self, record: NumberRecord) -> bool:
        """Whether a number of the customer is one of those."""
        pairs = (
            (self.status, record.status),
            (self.vendor, record.vendor),
            (self.usage, record.usage),
            (self.site, record.site),
            (self.assigned_to, record.assigned_to),
        )
        return (
            all(wanted in {None, found} for wanted, found in pairs)
            and self._covers(record.number)
            and (not self.device or record.holder(self.device) is not None)
            and (self.changed_since is None or (record.updated_at or _LONG_AGO) >= self.changed_since)
            and (self.text in record.description or self.text in record.tag)
        )

    def _covers(self, number: str) -> bool:
        if not number.startswith(self.prefix) or number < self.first or (self.last and number > self.last):
            return False
        return not self.first or len(self.first) != len(self.last) or len(number) == len(self.first)


@dataclass(frozen=True, slots=True)
class NumberPage:
    """Some numbers in the order of their spelling, or the other way round.

    Attributes:
        last: continue after this number; None when there is nothing behind it. A page may be empty and still have
            one.
    """

    numbers: tuple[NumberRecord, ...]
    last: str | None


@dataclass(frozen=True, slots=True)
class NumberSlice:
    """All numbers of a customer in one stretch of their order.

    Attributes:
        numbers: in order, as an audit glances at them.
        unreadable: numbers of this stretch whose items cannot be understood.
        upto: the last number of the stretch; None where it goes on to the end. The next one begins behind it.
    """

    numbers: Sequence[NumberGlance]
    unreadable: Sequence[str]
    upto: str | None


class Inventory(Protocol):
    """The numbers of all customers."""

    def get(self, customer: str, number: str) -> NumberRecord | None:
        """One number, strongly consistent."""

    def peek(self, customer: str, number: str) -> NumberRecord | None:
        """One number, eventually consistent: for looking, at half the price."""

    def get_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """Those of the numbers that exist; strongly consistent, since "nothing to do" is never re-checked.

        Looking up one that cannot be understood raises RecordBrokenError; iterating leaves it out.
        """

    def peek_many(self, customer: str, numbers: Sequence[str]) -> Mapping[str, NumberRecord]:
        """The same, eventually consistent: for looking, at half the price."""

    def save(self, decisions: Sequence[Decision]) -> Sequence[WriteResult]:
        """Write each decision if its number still is as it was in `before`; results in the same order.

        Numbers are independent: one that fails does not stop the others. Each number may stand in it once. Decisions
        that need no write count as written. A stored record's version is its predecessor's plus one.
        """

    def delete(self, record: NumberRecord) -> WriteResult:
        """Delete a number if it still is at the version of this record; the caller has checked that it may go.

        Safe to repeat: where the number is gone, it is WRITTEN only if an earlier try of this very call may have done
        it, else SUPERSEDED.
        """

    def due(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueNumber]]:
        """Numbers whose Release Date is at or before `until`, batch by batch; every customer's, or one's."""

    def lapsing(self, until: datetime, customer: str | None = None) -> Iterator[Sequence[DueReservation]]:
        """Reservations whose end is at or before `until`, batch by batch; every customer's, or one's."""

    def available(self, customer: str, prefix: str, batch: int) -> Iterator[Sequence[str]]:
        """Candidates for Available numbers in the order of their spelling, `batch` at a time.

        They come from an index, which may lag, and cost next to nothing: their records decide.
        """

    def page(self, query: NumberQuery, limit: int, after: str | None) -> NumberPage:
        """At most `limit` numbers that match, from those behind `after` in the order of the query."""

    def sweep(self, customer: str, after: str = "") -> Iterator[NumberSlice]:
        """All numbers of a customer behind `after`, stretch by stretch without a gap, in bounded memory.

        Eventually consistent: what looks wrong here is read again before it counts. The last slice has no `upto`; of a
        customer without numbers it is the only one.
        """


# --- what became of numbers


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes of a number, the newest first; `last` is where to go on, None at the end."""

    changes: tuple[Change, ...]
    last: str | None


class History(Protocol):
    """Every change of every number, kept for a set time."""

    def record(self, changes: Sequence[Change]) -> None:
        """Store changes, in any order and as often as wanted: a change has one place, and is the same every time.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """

    def known(self, keys: Collection[ChangeKey]) -> Collection[ChangeKey]:
        """Those of the changes that are stored, strongly consistent."""

    def page(self, customer: str, number: str, limit: int, after: str | None) -> ChangePage:
        """At most `limit` changes of a number, the newest first, from those before `after`."""


class Counters(Protocol):
    """How many numbers each customer has, a counter a Site."""

    def load(self, keys: Sequence[CounterKey]) -> Mapping[CounterKey, SiteCounter]:
        """A counter for each key, strongly consistent; an empty one where there is none, none where it is broken."""

    def save(self, counter: SiteCounter) -> bool:
        """Store a counter if nobody has written it since it was read; False, and nothing stored, where somebody has.

        A stored counter's version is that of the one that was read plus one.
        """

    def of_customer(self, customer: str) -> Sequence[SiteCounter]:
        """All counters of a customer, by Site."""

    def customers(self) -> Iterator[str]:
        """Every customer that has or had numbers, in order."""


class StatusEvents(Protocol):
    """Where others learn that a number's Status has changed."""

    def publish(self, changes: Sequence[Change]) -> Sequence[Change]:
        """Tell of changes; returns those that could not be told of for now, even after retries.

        Raises:
            StorageRefusedError: they never can: permission, or no such bus.
        """


class DeadLetters(Protocol):
    """Where that goes which cannot be worked on, for a person to look at."""

    def keep(self, letter: Mapping[str, object]) -> None:
        """Keep what can be said as JSON.

        Raises:
            StorageBusyError, StorageRefusedError: it is not kept.
        """


# --- devices and their syncs


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to sync one device, for a while; nobody else syncs it meanwhile.

    Attributes:
        sync: this sync's sequence number; every lease of a device has a greater one, so older writers are known.
        until: after this instant the lease is not worth anything; stop before it.
        digest: of what the last settled sync saw (`snapshots.digest_of`); empty before the first.
        settled_sync: the last sync whose register is settled. If that was not the one before this, it stopped
            half-way, and its numbers are in doubt and must be looked at again.
        base: where the register's present base image stands, see `Registrations`; empty before the first.
        mark: what the settled register must end with, see `Register`; empty where that is not known.
    """

    key: DeviceKey
    sync: int
    until: datetime
    device: Device
    state: DeviceState
    digest: str
    settled_sync: int
    base: str
    mark: str = ""

    @property
    def settled(self) -> bool:
        """Whether every earlier sync came to its end."""
        return self.settled_sync == self.sync - 1


@dataclass(frozen=True, slots=True)
class RegisterHead:
    """What a settled sync leaves for the next: the digest of what it saw, and where the register stands and ends."""

    digest: str
    base: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """A device with its state, as listings show it."""

    device: Device
    state: DeviceState


@dataclass(frozen=True, slots=True)
class NotDue:
    """A device that schedules pass by for now, because it failed again and again.

    Attributes:
        until: when it is asked again.
    """

    state: DeviceState
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceHead:
    """A device as it stands at one instant, with what is needed to read its register without its lease.

    Attributes:
        sync: number of the newest sync that has begun; nothing of the device has moved while it stays the same and is
            the settled one.
        settled_sync, digest, base, mark: as in `Lease`.
        leased_until: until when a sync has the device; None where none has.
    """

    device: Device
    state: DeviceState
    sync: int
    settled_sync: int
    digest: str
    base: str
    leased_until: datetime | None
    mark: str = ""

    @property
    def settled(self) -> bool:
        """Whether every sync that has begun came to its end."""
        return self.settled_sync == self.sync


class Devices(Protocol):
    """The configured devices, their states and their leases."""

    def add(self, device: Device) -> None:
        """Add a device; raises AlreadyExistsError where the name is taken, and changes nothing then."""

    def get(self, key: DeviceKey) -> DeviceEntry:
        """One device; raises NotFoundError."""

    def of_customer(self, customer: str) -> Sequence[DeviceEntry]:
        """All devices of a customer, by name."""

    def heads(
        self, customer: str, names: Collection[str] | None = None
    ) -> Mapping[str, DeviceHead | RecordBrokenError]:
        """The heads of a customer's devices by name, strongly consistent; of all, or of those among `names` that exist.

        A device that cannot be understood is there all the same, as the error that tells why.
        """

    def distrust(self, head: DeviceHead) -> bool:
        """Let the next sync compare everything, even if the device shows what it showed: its register is damaged.

        False, and nothing written, where the device is not as in `head` any more.
        """

    def reconfigure(self, before: Device, after: Device) -> bool:
        """Store how a device is asked from its next sync on; its state, lease and register stay.

        False, and nothing stored, where it is not configured as in `before` any more. Raises NotFoundError.
        """

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> None:
        """Let schedules sync the device, or not; its numbers stay as they are. Raises NotFoundError.

        Enabling also lets refused credentials be tried again, and the device be asked at the next turn.
        """

    def approve_removals(self, key: DeviceKey, approval: Approval) -> bool:
        """Keep a person's word that held removals may go; safe to repeat.

        False, and nothing kept, where the device does not hold exactly that set back now. Raises NotFoundError.
        """

    def remove(self, key: DeviceKey, lease: Lease) -> None:
        """Forget the device; only under its lease."""

    def enabled(self) -> Iterator[DeviceKey]:
        """Every enabled device of every customer."""

    def customers(self) -> Iterator[str]:
        """Every customer that has an enabled device, each once."""

    def acquire(self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False) -> Lease | None:
        """Take the lease; None while somebody else has it. Raises NotFoundError for no such (enabled) device."""

    def acquire_if_due(self, key: DeviceKey, now: datetime, until: datetime) -> Lease | NotDue | None:
        """The same for a schedule's turn, which passes by a device whose `next_try_at` is still to come."""

    def finish(self, lease: Lease, state: DeviceState, head: RegisterHead | None) -> bool:
        """Give the lease back and keep the state; `head` if the register is settled, None if it is in doubt.

        An approval stays as it stands, given meanwhile or not, as long as the same removals are held as when the lease
        was taken; else it is void.

        Returns False where the lease was lost to somebody else: then nothing is written.
        """


@dataclass(frozen=True, slots=True)
class Register:
    """The numbers a device is known to hold.

    Attributes:
        held: as the settled syncs left it, with the intents of unsettled ones taken as done.
        doubtful: numbers that an unsettled sync may or may not have changed; only their records tell.
        base: where the base image stands that `held` starts from; empty before the first.
        journal: how many journal parts stand behind the base.
        journal_numbers: how many numbers they name in all: when there are many, a new base is due.
        mark: how the journal ends. A register whose journal ends otherwise than its device's head says was lost in
            part, or restored to another time.
    """

    held: frozenset[str]
    doubtful: frozenset[str]
    base: str
    journal: int
    journal_numbers: int
    mark: str = ""


@dataclass(frozen=True, slots=True)
class RegisterView:
    """A register as one looks at it without its lease.

    Attributes:
        held: as in `Register`, the intents of unsettled syncs taken as done.
        doubtful: numbers that an unsettled sync may or may not have changed.
        whole: False where parts are missing, or it is not as the head says: then it proves nothing.
    """

    held: SortedNumbers
    doubtful: SortedNumbers
    whole: bool


class Registrations(Protocol):
    """Per device, which numbers it is known to hold: a base image and a journal of changes.

    The order of a sync makes it safe: intents are written here first, the numbers second, the head (on the device)
    last.
    """

    def load(self, lease: Lease) -> Register:
        """Read the register of the leased device."""

    def look(self, head: DeviceHead) -> RegisterView:
        """Read the register of a device without its lease, in little memory, and change nothing.

        It is what the head says only if the head is still the same afterwards: look again where it is not.
        """

    def remains(self, key: DeviceKey) -> bool:
        """Whether there is anything left of a device's register, as there is until the device is removed."""

    def intend(self, lease: Lease, register: Register, held: frozenset[str]) -> Register:
        """Write what this sync is about to do, before any number changes: the device will hold `held`.

        Every number by which `held` differs from `register.held` is doubtful until the sync is settled, as are those
        that were doubtful before. Returns the register as it stands then.
        """

    def compact(self, lease: Lease, register: Register) -> Register:
        """Write a new base image where the journal has grown; else nothing. Returns where the base stands."""

    def forget(self, key: DeviceKey) -> None:
        """Remove the register of a device that is removed."""


# --- audits


@dataclass(frozen=True, slots=True)
class AuditClaim:
    """The right to work on a run for a while; nobody else works on it, or audits the customer, meanwhile.

    Attributes:
        worker: who has it; a retry of the same invocation has the same name, and takes over from its earlier self.
        until: after this instant it is not worth anything; stop before it.
    """

    run: AuditRun
    worker: str
    until: datetime


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some runs, the newest first; `last` is the id to go on after, None at the end."""

    runs: tuple[AuditRun, ...]
    last: str | None


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Some findings in the order of their numbers.

    Attributes:
        last: where to go on; None when there is nothing behind it. A page may be empty and still have one.
    """

    findings: tuple[Finding, ...]
    last: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingQuery:
    """Which findings of a run a page shows; None means any."""

    customer: str
    run: str
    code: FindingCode | None = None
    outcome: FindingOutcome | None = None


class Audits(Protocol):
    """The runs of audits and their findings; all of it is kept for a set time, then forgotten."""

    def open(self, run: AuditRun, until: datetime, now: datetime) -> AuditRun:
        """Store a new run that waits for its worker until `until`; the customer is taken meanwhile.

        Safe to repeat with the same run. Returns the run itself, or, where another run has the customer at `now`, that
        one, and stores nothing then.
        """

    def claim(
        self, customer: str, run_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> AuditClaim | None:
        """Take up a run at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such run.
        """

    def keep(self, claim: AuditClaim, run: AuditRun) -> AuditClaim | None:
        """Store how far the run is; None, and nothing stored, where the claim was lost."""

    def hand_over(self, claim: AuditClaim, run: AuditRun, until: datetime) -> AuditRun | None:
        """Store how far the run is and give it to its next step, which must be taken up by `until`."""

    def end(self, claim: AuditClaim, run: AuditRun) -> bool:
        """Store the run as it ended and set the customer free; False, and nothing stored, where the claim was lost."""

    def abandon(self, run: AuditRun, now: datetime) -> bool:
        """Store a run as it ended although nobody works on it any more, and set the customer free if it has it still.

        False, and nothing stored, where a worker has it at `now`, or it is at another step, or it has ended already. A
        customer that another run has by now stays with that one.
        """

    def get(self, customer: str, run_id: str) -> AuditRun:
        """One run, strongly consistent; raises NotFoundError."""

    def page(self, customer: str, limit: int, after: str | None) -> AuditPage:
        """At most `limit` runs of a customer, the newest first, from those before run `after`."""

    def customers(self) -> Sequence[str]:
        """Every customer of whom an audit has come to its end and read a number, in order."""

    def remember_plan(self, run: AuditRun) -> None:
        """Let the run be found by the checksum of its plan."""

    def with_plan(self, checksum: str) -> AuditRun:
        """The latest run that gave this plan; raises NotFoundError."""

    def record(self, run: AuditRun, findings: Sequence[Finding]) -> None:
        """Store findings of the run; one of the same number and code takes the place of an earlier one."""

    def findings(self, run: AuditRun, after: str = "") -> Iterator[Sequence[Finding]]:
        """All findings of numbers behind `after`, batch by batch, in order, strongly consistent.

        All findings of one number are in one batch.
        """

    def finding_page(self, query: FindingQuery, limit: int, after: str | None) -> FindingPage:
        """At most `limit` findings that match, for a bounded price."""


class AuditWorkers(Protocol):
    """Those who carry out runs, apart from whoever asks for them."""

    def wake(self, run: AuditRun) -> None:
        """Let a worker take up the run at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: nobody could be woken.
        """


# --- jobs


@dataclass(frozen=True, slots=True)
class JobClaim:
    """The right to work on a job for a while; nobody else works on it meanwhile.

    Attributes:
        worker: who has it; a retry of the same invocation has the same name, and takes over from its earlier self.
        until: after this instant it is not worth anything; stop before it.
    """

    job: NumberJob
    worker: str
    until: datetime


@dataclass(frozen=True, slots=True)
class NumberJobPage:
    """Some jobs, the newest first; `last` is the id to go on after, None at the end."""

    jobs: tuple[NumberJob, ...]
    last: str | None


class NumberJobs(Protocol):
    """The jobs that add numbers, and what became of each number; kept for a set time, then forgotten."""

    def open(self, job: NumberJob, numbers: Sequence[str]) -> NumberJob:
        """Store a new job with its numbers, in the order of their spelling; none where it adds a range.

        Safe to repeat: where a job of this id is there, it is answered as it stands, and nothing stored.
        """

    def claim(
        self, customer: str, job_id: str, step: int, worker: str, *, now: datetime, until: datetime
    ) -> JobClaim | None:
        """Take up a job at this step; None where another worker has it, it has gone on, or it has ended.

        Raises:
            NotFoundError: there is no such job.
        """

    def keep(self, claim: JobClaim, job: NumberJob, outcomes: Sequence[AddOutcome]) -> JobClaim | None:
        """Store the outcomes of the next stretch, and how far the job is with it.

        None, and neither of them stored, where the claim was lost.
        """

    def hand_over(self, claim: JobClaim, job: NumberJob) -> NumberJob | None:
        """Give the job to its next step, for whichever worker; None, and nothing stored, where the claim was lost."""

    def end(self, claim: JobClaim, job: NumberJob) -> bool:
        """Store the job as it ended; False, and nothing stored, where the claim was lost."""

    def stop(self, job: NumberJob, now: datetime) -> bool:
        """Store a job as it ended although no worker has it; False, and nothing stored, where one has or it went on."""

    def get(self, customer: str, job_id: str) -> NumberJob:
        """One job, strongly consistent; raises NotFoundError."""

    def page(self, customer: str, limit: int, after: str | None) -> NumberJobPage:
        """At most `limit` jobs of a customer, the newest first, from those before job `after`."""

    def wanted(self, job: NumberJob, stretch: int) -> Sequence[str]:
        """The numbers of one stretch of a job, in the order of their spelling."""

    def outcomes(self, job: NumberJob, first: int) -> Iterator[tuple[int, Sequence[AddOutcome]]]:
        """What became of the numbers of each stretch that was stored, from stretch `first` on, in order."""


class NumberJobWorkers(Protocol):
    """Those who carry out jobs, apart from whoever asks for them."""

    def wake(self, job: NumberJob) -> None:
        """Let a worker take up the job at its present step, soon and at least once.

        Raises:
            StorageBusyError, StorageRefusedError: nobody could be woken.
        """


# --- requests that have a key


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Another attempt carries the request out, until this instant at most."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The request was carried out; this is its answer."""

    answer: bytes


class KeyedRequests(Protocol):
    """Requests that were named by a key, and their answers; kept for a day, then forgotten."""

    def begin(
        self, attempt: Attempt, content: str, now: datetime, forgotten_at: datetime
    ) -> Attempt | UnderWay | Answered | None:
        """Take up a request, which says what `content` is a digest of.

        Returns the attempt where it is to be carried out now: as it was handed in for a new request, or with token,
        beginning and intentions of the attempts before, which died. None where another request has the key.
        """

    def intend(self, attempt: Attempt, numbers: Sequence[str]) -> None:
        """Note numbers before they are taken, so that a later attempt finds them; raises LeaseLostError."""

    def settle(self, attempt: Attempt, answer: bytes) -> None:
        """Keep the answer for whoever sends the request again; nothing where a later attempt has it."""

    def let_go(self, attempt: Attempt, now: datetime) -> None:
        """Let the request be carried out again at once; nothing where a later attempt has it."""


class TakenBefore(Protocol):
    """What earlier attempts at a claim have taken, and what this one is about to take."""

    @property
    def mark(self) -> str:
        """What every attempt at this claim signs its numbers with."""

    @property
    def intended(self) -> Collection[str]:
        """Numbers that earlier attempts may have taken."""

    def intend(self, numbers: Sequence[str]) -> None:
        """Note numbers before they are taken; raises LeaseLostError where another attempt has the claim by now."""


# --- settings, secrets, sources


class StockDays(Protocol):
    """What was left to give away on past days, and what is known of low stock."""

    def watches(self, customer: str) -> Sequence[StockWatch]:
        """What is known of a customer's stock and of its sites'; nothing where it was never low."""

    def put_watch(self, watch: StockWatch, seen: StockWatch | None) -> bool:
        """Store what is known now; False, and nothing stored, where it is no longer as it was seen.

        Raises:
            StorageBusyError, StorageRefusedError: it may be stored.
        """

    def keep(self, customer: str, day: date, levels: Mapping[str, StockLevel]) -> None:
        """Store a day's levels by site, in place of what was stored for that day.

        Raises:
            StorageBusyError, StorageRefusedError: some of them may be stored.
        """

    def since(self, customer: str, day: date) -> Mapping[str, Sequence[DailyLevel]]:
        """The levels of that day and of those after it, by site, the oldest first."""


class StockEvents(Protocol):
    """Where others learn that stock has run low, or has recovered."""

    def tell(self, watch: StockWatch, days_left: int | None) -> None:
        """Publish it, under an id that is the same every time.

        Raises:
            StorageBusyError, StorageRefusedError: it may be published, or not.
        """


class Macros(Protocol):
    """Named macros as stored."""

    def resolve(self, customer: str, names: Sequence[str]) -> Mapping[str, MacroValue]:
        """The values in force for a customer: its own, else the global one, else the built-in default."""

    def put(self, scope: str, name: str, value: str) -> None:
        """Store a value for a customer or for `GLOBAL`; the caller has checked it."""

    def remove(self, scope: str, name: str) -> None:
        """Forget the value of a customer or of `GLOBAL`; nothing where there is none."""

    def stored(self, scope: str) -> Mapping[str, str]:
        """All values stored for a customer or for `GLOBAL`."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A device user and its password; never shown, not even in a traceback.

    Attributes:
        version: grows when the stored credentials change; a refused version is not tried again.
    """

    username: str
    password: str
    version: int = 0

    def __repr__(self) -> str:
        """Say what it is, and nothing of what it holds."""
        return "Credentials(...)"


class Secrets(Protocol):
    """Where device credentials are kept."""

    def credentials(self, key: DeviceKey, *, fresh: bool = False) -> Credentials:
        """The credentials of a device; `fresh` passes by any cache. Raises CredentialsMissingError."""

    def store(self, key: DeviceKey, credentials: Credentials) -> None:
        """Keep a device's credentials, encrypted."""

    def forget(self, key: DeviceKey) -> None:
        """Remove a device's credentials; nothing where there are none."""


class DeviceSource(Protocol):
    """A way to ask devices of one kind."""

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; raises DeviceError where nothing can be concluded."""


class SyncQueue(Protocol):
    """Where single syncs wait for a worker."""

    def send(self, keys: Sequence[DeviceKey], *, scheduled: bool = False) -> Sequence[DeviceKey]:
        """Queue one sync for each device; returns those that could not be queued.

        What is `scheduled` passes by devices that are not due, see `Devices.acquire_if_due`.
        """
