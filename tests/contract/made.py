"""Records, devices and stamps for the contract tests, made up or generated."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from number_inventory.domain.aors import NumberRule
from number_inventory.domain.audit_runs import AuditMode, AuditRun, AuditScope, RunState
from number_inventory.domain.decisions import Decision, Outcome, Stamp
from number_inventory.domain.devices import (
    BegunRemoval,
    Device,
    DeviceKey,
    DeviceState,
    Health,
    LoginMethod,
    SourceKind,
    TlsSettings,
    TlsTrust,
)
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.domain.flapping import Returning, Returns
from number_inventory.domain.lifecycle import Registration, registered, registration_gone
from number_inventory.domain.numbers import AUDIOCODES, Holder, NumberRecord, Status, Usage
from number_inventory.domain.removals import HeldRemovals, HourOfRemovals, RemovalLedger
from number_inventory.domain.testimony import Statement, Word
from number_inventory.ports.numbers import Inventory, WriteResult

CUSTOMER = "acme"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KEY = DeviceKey(CUSTOMER, "sbc-1")


def stamp(by: str = "operator:test", at: datetime = NOW) -> Stamp:
    """A stamp."""
    return Stamp(at, by, "a test")


def record(number: str = "4711", **fields: object) -> NumberRecord:
    """A record that is not stored yet."""
    return replace(NumberRecord(customer=CUSTOMER, number=number), **fields)  # type: ignore[arg-type]


def used(number: str = "4711", device: str = KEY.name, **fields: object) -> NumberRecord:
    """A number that a device holds."""
    holders = (Holder(device, NOW, 1),)
    return record(number, status=Status.USED, usage=Usage.DEVICE, vendor=AUDIOCODES, holders=holders, **fields)


def cooling(number: str = "4711", until: datetime = NOW + timedelta(days=2), **fields: object) -> NumberRecord:
    """A cooling number."""
    return record(number, status=Status.COOLING, release_date=until, cooling_since=NOW, **fields)


def written(after: NumberRecord, before: NumberRecord | None = None) -> Decision:
    """The decision to bring a number from one state to another; its outcome is of no matter here."""
    return Decision(before, after, Outcome.HOLDER_ADDED)


def put(inventory: Inventory, *records: NumberRecord) -> list[NumberRecord]:
    """Store new records; returns them as they are stored."""
    results = inventory.save([written(new) for new in records])
    assert set(results) <= {WriteResult.WRITTEN}
    return [replace(new, version=1) for new in records]


def come(number: str, before: NumberRecord | None = None, sync: int = 1) -> Decision:
    """The number is registered on the device."""
    return registered(before, Registration(CUSTOMER, number, KEY.name, sync), stamp(f"sync:{KEY.name}#{sync}"))


def gone(before: NumberRecord, days: int = 2, sync: int = 2) -> Decision:
    """The number is no longer registered on the device."""
    registration = Registration(CUSTOMER, before.number, KEY.name, sync)
    decision = registration_gone(before, registration, days, stamp(f"sync:{KEY.name}#{sync}"))
    assert decision is not None
    return decision


def listed(count: int, first: int = 0) -> list[str]:
    """E.164 numbers in the order of their spelling."""
    return [f"+4989{index:08d}" for index in range(first, first + count)]


def device(key: DeviceKey = KEY, **fields: object) -> Device:
    """A device."""
    return replace(Device(key=key, source=SourceKind.SBC, address="https://192.0.2.7"), **fields)  # type: ignore[arg-type]


def run(name: str = "20260301T120000-000001", customer: str = CUSTOMER, **fields: object) -> AuditRun:
    """A run that nobody has taken up yet."""
    new = AuditRun(
        id=name,
        scope=AuditScope(customer=customer),
        requested_by="operator:test",
        state=RunState.QUEUED,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(new, **fields)  # type: ignore[arg-type]


def finding(number: str = "4711", code: FindingCode = FindingCode.ORPHANED, **fields: object) -> Finding:
    """A finding."""
    found = Finding(number=number, code=code, before="Used", after="Cooling", reason="nobody holds it")
    return replace(found, **fields)  # type: ignore[arg-type]


# --- generated

numbers = st.one_of(
    st.from_regex(r"\A\+[0-9]{1,15}\Z", fullmatch=True),
    st.from_regex(r"\A[0-9*#]{1,20}\Z", fullmatch=True),
)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
whole_seconds = instants.map(lambda moment: moment.replace(microsecond=0))
words = st.text(st.characters(codec="utf-8"), max_size=40)
slugs = st.from_regex(r"\A[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?\Z", fullmatch=True)
holder_sets = st.dictionaries(slugs, st.tuples(instants, st.integers(1, 2**40)), max_size=4).map(
    lambda found: tuple(Holder(name, since, sync) for name, (since, sync) in sorted(found.items()))
)


@st.composite
def records(draw: st.DrawFn) -> NumberRecord:
    """Any record that can be stored, sensible or not."""
    texts: dict[str, Any] = {
        name: draw(words)
        for name in (
            *("vendor", "tag", "description", "extra1", "extra2", "extra3", "internal_number_type", "e164_number"),
            *("site", "assigned_to", "reserved_for", "reservation_notes", "created_by", "updated_by", "reason"),
            "claim",
        )
    }
    moments: dict[str, Any] = {
        name: draw(st.none() | instants) for name in ("cooling_since", "reserved_until", "created_at", "updated_at")
    }
    return NumberRecord(
        customer=draw(slugs),
        number=draw(numbers),
        status=draw(st.sampled_from(Status)),
        usage=draw(st.sampled_from(Usage)),
        release_date=draw(st.none() | whole_seconds),
        holders=draw(holder_sets),
        **texts,
        **moments,
    )


states = st.builds(
    DeviceState,
    health=st.sampled_from(Health),
    since=st.none() | instants,
    cause=words,
    last_sync_at=st.none() | instants,
    last_complete_at=st.none() | instants,
    product=words,
    version=words,
    serial=words,
    uptime_seconds=st.none() | st.integers(0, 2**40),
    held_numbers=st.integers(0, 2**40),
    unmapped=st.integers(0, 2**40),
    refused_credentials=st.integers(0, 1000),
    failures=st.integers(0, 2**40),
    next_try_at=st.none() | instants,
    restarted_at=st.none() | instants,
    begun_removal=st.none()
    | st.builds(BegunRemoval, sync=st.integers(1, 2**40), sweeps=st.booleans(), upto=st.just("") | numbers),
    held_removals=st.none()
    | st.builds(
        HeldRemovals,
        checksum=st.just("5f2b"),
        count=st.integers(1, 2**40),
        of=st.integers(1, 2**40),
        sample=st.lists(numbers, min_size=1, max_size=10, unique=True).map(lambda names: tuple(sorted(names))),
        since=instants,
    ),
    returns=st.lists(
        st.builds(
            Returning,
            number=numbers,
            returns=st.integers(1, 2**40),
            since=whole_seconds.filter(lambda at: at.year > 1970),
        ),
        max_size=20,
    ).map(lambda counted: Returns(tuple(counted))),
    removals=st.lists(
        st.builds(
            HourOfRemovals,
            hour=instants.map(lambda moment: moment.replace(minute=0, second=0, microsecond=0)),
            removed=st.integers(1, 2**40),
            held_before=st.integers(1, 2**40),
        ),
        max_size=25,
    ).map(lambda hours: RemovalLedger(tuple(hours))),
)
devices = st.builds(
    Device,
    key=st.builds(DeviceKey, slugs, slugs),
    source=st.sampled_from(SourceKind),
    address=st.just("https://sbc.example.net:8443"),
    enabled=st.booleans(),
    tls=st.builds(TlsSettings, trust=st.sampled_from(TlsTrust), ca_pem=words, fingerprint=words),
    number_rules=st.lists(st.builds(NumberRule, words, words), max_size=3).map(tuple),
    hosts=st.frozensets(words.filter(bool), max_size=3),
    ip_groups=st.frozensets(st.integers(0, 2**30), max_size=3),
    read_timeout_seconds=st.integers(5, 120),
    login=st.sampled_from(LoginMethod),
)


statements = st.builds(
    Statement,
    device=slugs,
    word=st.sampled_from(Word),
    sync=st.integers(0, 2**40),
    proven_at=st.none() | instants,
    note=words,
)
findings = st.builds(
    Finding,
    number=numbers,
    code=st.sampled_from(FindingCode),
    before=words,
    after=words,
    reason=words,
    evidence=st.lists(statements, max_size=3).map(tuple),
    frees=st.booleans(),
    outcome=st.sampled_from(FindingOutcome),
    cause=words,
)
counts = st.dictionaries(
    st.sampled_from(FindingCode), st.dictionaries(st.sampled_from(FindingOutcome), st.integers(0, 2**40)), max_size=3
)


@st.composite
def runs(draw: st.DrawFn) -> AuditRun:
    """Any run that can be stored, sensible or not."""
    names = ("step", "numbers", "expected", "used", "unreadable", "held_back", "moving")
    return AuditRun(
        id=draw(st.from_regex(r"\A[0-9]{8}T[0-9]{6}-[0-9a-f]{6}\Z", fullmatch=True)),
        scope=AuditScope(
            customer=draw(slugs),
            mode=draw(st.sampled_from(AuditMode)),
            site=draw(st.none() | words),
            codes=draw(st.frozensets(st.sampled_from(FindingCode))),
            plan=draw(st.text("0123456789abcdef", max_size=64)),
        ),
        requested_by=draw(words),
        state=draw(st.sampled_from(RunState)),
        created_at=draw(instants),
        updated_at=draw(instants),
        ended_at=draw(st.none() | instants),
        position=draw(st.just("") | numbers),
        checksum=draw(st.text("0123456789abcdef", max_size=64)),
        counts=draw(counts),
        cause=draw(words),
        **{name: draw(st.integers(0, 2**40)) for name in names},
    )


def spellings(found: Iterable[NumberRecord]) -> list[str]:
    """The numbers of records."""
    return [each.number for each in found]
