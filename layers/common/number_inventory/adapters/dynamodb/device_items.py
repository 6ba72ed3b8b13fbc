"""A device as an item of the Devices table: configuration, state, lease and the head of its register."""

from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from number_inventory.adapters.dynamodb.attributes import (
    SCHEMA,
    Attribute,
    Item,
    ItemReader,
    instant,
    text,
    whole,
)
from number_inventory.domain.aors import NumberRule
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
from number_inventory.domain.flapping import Returning, Returns
from number_inventory.domain.removals import Approval, HeldRemovals, HourOfRemovals, RemovalLedger
from number_inventory.ports.devices import DeviceEntry, DeviceHead, Lease

SCHEDULE_INDEX = "scheduled"
SCHEDULE_SHARDS = 4
"""Partitions of the index of enabled devices."""

CONFIGURATION = (
    "source",
    "address",
    "enabled",
    "tls",
    "read_timeout_seconds",
    "number_rules",
    "hosts",
    "ip_groups",
    "login",
    "schedule_shard",
    "device_key",
)
"""The attributes that say how a device is asked, and whether schedules ask it."""
_DIGITS_OF_A_TIME = 12

_STATE_TEXTS = ("cause", "product", "version", "serial")
_STATE_INSTANTS = ("since", "last_sync_at", "last_complete_at", "restarted_at")
_STATE_COUNTS = ("held_numbers", "unmapped")


def device_item_key(key: DeviceKey) -> Item:
    """The key of a device's item."""
    return {"customer": text(key.customer), "device": text(key.name)}


def schedule_attributes(key: DeviceKey) -> Item:
    """What puts a device into the index of enabled devices."""
    name = f"{key.customer}#{key.name}"
    return {"schedule_shard": text(str(crc32(name.encode()) % SCHEDULE_SHARDS)), "device_key": text(name)}


def device_item(device: Device) -> Item:
    """The item of a device's configuration; what is empty is left out."""
    item: Item = {
        **device_item_key(device.key),
        "schema": SCHEMA,
        "source": text(device.source),
        "address": text(device.address),
        "enabled": {"BOOL": device.enabled},
        "tls": _tls_attribute(device.tls),
        "read_timeout_seconds": whole(device.read_timeout_seconds),
    }
    if device.number_rules:
        item["number_rules"] = {"L": [_rule_attribute(rule) for rule in device.number_rules]}
    if device.hosts:
        item["hosts"] = {"SS": sorted(device.hosts)}
    if device.ip_groups:
        item["ip_groups"] = {"NS": [str(group) for group in sorted(device.ip_groups)]}
    if device.login is not LoginMethod.BASIC:
        item["login"] = text(device.login)
    if device.enabled:
        item.update(schedule_attributes(device.key))
    return item


def _tls_attribute(tls: TlsSettings) -> Attribute:
    inner = {"trust": text(tls.trust)}
    if tls.ca_pem:
        inner["ca_pem"] = text(tls.ca_pem)
    if tls.fingerprint:
        inner["fingerprint"] = text(tls.fingerprint)
    return {"M": inner}


def _rule_attribute(rule: NumberRule) -> Attribute:
    inner = {"pattern": text(rule.pattern)} if rule.pattern else {}
    if rule.replacement:
        inner["replacement"] = text(rule.replacement)
    return {"M": inner}


def state_attribute(state: DeviceState) -> Attribute:
    """The state as one map.

    `refused_credentials`, `next_try_at` and `approval` stand beside it, because an operator changes them while a sync
    is under way, and because a lease may depend on them.
    """
    inner: Item = {"health": text(state.health)}
    for name in _STATE_TEXTS:
        words = getattr(state, name)
        if words:
            inner[name] = text(words)
    for name in _STATE_INSTANTS:
        moment = getattr(state, name)
        if moment is not None:
            inner[name] = instant(moment)
    for name in _STATE_COUNTS:
        inner[name] = whole(getattr(state, name))
    if state.failures:
        inner["failures"] = whole(state.failures)
    if state.uptime_seconds is not None:
        inner["uptime_seconds"] = whole(state.uptime_seconds)
    return {"M": {**inner, **_what_comes_and_goes(state)}}


def _what_comes_and_goes(state: DeviceState) -> Item:
    inner: Item = {}
    if state.held_removals is not None:
        inner["held_removals"] = _held_attribute(state.held_removals)
    if state.removals.hours:
        inner["removals"] = text(" ".join(map(_hour_spelling, state.removals.hours)))
    if state.returns.counted:
        inner["returns"] = text(" ".join(map(_return_spelling, state.returns.counted)))
    if state.begun_removal is not None:
        inner["begun_removal"] = _begun_attribute(state.begun_removal)
    return inner


def _begun_attribute(begun: BegunRemoval) -> Attribute:
    inner: Item = {"sync": whole(begun.sync), "sweeps": {"BOOL": begun.sweeps}}
    if begun.upto:
        inner["upto"] = text(begun.upto)
    return {"M": inner}


def _held_attribute(held: HeldRemovals) -> Attribute:
    return {
        "M": {
            "checksum": text(held.checksum),
            "count": whole(held.count),
            "of": whole(held.of),
            "sample": {"SS": list(held.sample)},
            "since": instant(held.since),
        }
    }


def _hour_spelling(hour: HourOfRemovals) -> str:
    """One string for all hours, such as `2026-11-23T11=3/400`: a map for each would make the item a unit dearer."""
    return f"{hour.hour:%Y-%m-%dT%H}={hour.removed}/{hour.held_before}"


def _return_spelling(each: Returning) -> str:
    """As compact, such as `+493012345678=3@1795432100`: three times since that second."""
    return f"{each.number}={each.returns}@{int(each.since.timestamp())}"


def approval_attribute(approval: Approval) -> Attribute:
    """A person's word that held removals may go."""
    return {"M": {"checksum": text(approval.checksum), "by": text(approval.by), "at": instant(approval.at)}}


def read_entry(item: dict[str, Any]) -> DeviceEntry:
    """The device and its state.

    Raises:
        RecordBrokenError: the configuration cannot be understood; the message names device and attribute.
    """
    key = DeviceKey(item["customer"]["S"], item["device"]["S"])
    read = ItemReader(item, f"device {key}")
    return DeviceEntry(_device(read, key), _state(read))


def read_lease(item: dict[str, Any]) -> Lease:
    """The lease that stands in an item.

    Raises:
        RecordBrokenError: the item cannot be understood, or there is no lease in it.
    """
    entry = read_entry(item)
    read = ItemReader(item, f"device {entry.device.key}")
    until = read.instant("lease_until")
    if until is None:
        raise read.broken("lease_until", "is missing")
    return Lease(
        key=entry.device.key,
        sync=read.whole("sync"),
        until=until,
        device=entry.device,
        state=entry.state,
        digest=read.text("digest"),
        settled_sync=read.whole("settled_sync"),
        base=read.text("base"),
        mark=read.text("mark"),
    )


def read_head(item: dict[str, Any]) -> DeviceHead:
    """The device, its state and the head of its register, leased or not.

    Raises:
        RecordBrokenError: the item cannot be understood.
    """
    entry = read_entry(item)
    read = ItemReader(item, f"device {entry.device.key}")
    return DeviceHead(
        device=entry.device,
        state=entry.state,
        sync=read.whole("sync"),
        settled_sync=read.whole("settled_sync"),
        digest=read.text("digest"),
        base=read.text("base"),
        mark=read.text("mark"),
        leased_until=read.instant("lease_until"),
    )


def _device(read: ItemReader, key: DeviceKey) -> Device:
    tls = read.inner("tls")
    rules = read.inners("number_rules")
    return Device(
        key=key,
        source=read.word("source", SourceKind),
        address=read.text("address"),
        enabled=read.switch("enabled"),
        tls=TlsSettings(
            trust=tls.word("trust", TlsTrust), ca_pem=tls.text("ca_pem"), fingerprint=tls.text("fingerprint")
        ),
        number_rules=tuple(NumberRule(rule.text("pattern"), rule.text("replacement")) for rule in rules),
        hosts=read.texts("hosts"),
        ip_groups=read.wholes("ip_groups"),
        read_timeout_seconds=read.whole("read_timeout_seconds"),
        login=read.word("login", LoginMethod) if read.has("login") else LoginMethod.BASIC,
    )


def _state(read: ItemReader) -> DeviceState:
    state = read.inner("state")
    uptime = state.whole("uptime_seconds", -1)
    return DeviceState(
        health=_health(state),
        since=state.instant("since"),
        cause=state.text("cause"),
        last_sync_at=state.instant("last_sync_at"),
        last_complete_at=state.instant("last_complete_at"),
        product=state.text("product"),
        version=state.text("version"),
        serial=state.text("serial"),
        uptime_seconds=None if uptime < 0 else uptime,
        held_numbers=state.whole("held_numbers", 0),
        unmapped=state.whole("unmapped", 0),
        refused_credentials=read.whole("refused_credentials", 0),
        failures=state.whole("failures", 0),
        next_try_at=read.instant("next_try_at"),
        restarted_at=state.instant("restarted_at"),
        held_removals=_held(state),
        removals=_ledger(state),
        returns=_returns(state),
        approval=_approval(read),
        begun_removal=_begun_removal(state),
    )


def _begun_removal(state: ItemReader) -> BegunRemoval | None:
    if not state.has("begun_removal"):
        return None
    read = state.inner("begun_removal")
    return BegunRemoval(sync=read.whole("sync"), sweeps=read.switch("sweeps"), upto=read.text("upto"))


def _held(state: ItemReader) -> HeldRemovals | None:
    if not state.has("held_removals"):
        return None
    read = state.inner("held_removals")
    since = read.instant("since")
    if since is None:
        raise read.broken("since", "is missing")
    sample = tuple(sorted(read.texts("sample")))
    return HeldRemovals(read.text("checksum"), read.whole("count"), read.whole("of"), sample, since)


def _ledger(state: ItemReader) -> RemovalLedger:
    hours = []
    for spelling in state.text("removals").split():
        hour, _, counts = spelling.partition("=")
        removed, _, held_before = counts.partition("/")
        try:
            at = datetime.fromisoformat(hour).replace(tzinfo=UTC)
            hours.append(HourOfRemovals(at, int(removed), int(held_before)))
        except ValueError:
            raise state.broken("removals", f"is no count of removals: {spelling[:40]!r}") from None
    return RemovalLedger(tuple(hours))


def _returns(state: ItemReader) -> Returns:
    counted = []
    for spelling in state.text("returns").split():
        number, _, counts = spelling.partition("=")
        returns, _, since = counts.partition("@")
        if not (returns.isdecimal() and since.isdecimal() and len(since) < _DIGITS_OF_A_TIME):
            raise state.broken("returns", f"is no count of returns: {spelling[:40]!r}")
        counted.append(Returning(number, int(returns), datetime.fromtimestamp(int(since), UTC)))
    return Returns(tuple(counted))


def _approval(read: ItemReader) -> Approval | None:
    if not read.has("approval"):
        return None
    inner = read.inner("approval")
    at = inner.instant("at")
    if at is None:
        raise inner.broken("at", "is missing")
    return Approval(inner.text("checksum"), inner.text("by"), at)


def _health(read: ItemReader) -> Health:
    """The health; one that only a newer release knows says nothing here, and must not stop the device's syncs."""
    spelling = read.text("health")
    return Health(spelling) if spelling in set(Health) else Health.NEVER_SYNCED
