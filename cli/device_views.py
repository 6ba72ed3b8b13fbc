"""Devices as people and programs see them; credentials are no part of it."""

from collections import Counter
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from cli.tables import details, listing, state
from cli.times import distance, duration, instant
from number_inventory.domain.devices import Device, DeviceState, Health, LoginMethod, SourceKind, TlsTrust
from number_inventory.ports.devices import DeviceEntry
from number_inventory.services.held_removals import RemovalReview
from number_inventory.services.manage_devices import DeviceTest
from number_inventory.services.remove_device import RemovalPreview

_SOURCES = {SourceKind.SBC: "SBC or gateway (sbc)", SourceKind.ARM: "Routing Manager (arm)"}
NAMED_AT_MOST = 10
"""How many numbers or AORs a table names; JSON has them all."""


def device_json(entry: DeviceEntry) -> dict[str, Any]:
    """A device and how it fares."""
    device, health = entry.device, entry.state
    return {
        "customer": device.key.customer,
        "device": device.key.name,
        "source": device.source,
        "address": device.address,
        "login": device.login,
        "enabled": device.enabled,
        "tls": device.tls,
        "number_rules": device.number_rules,
        "hosts": device.hosts,
        "ip_groups": device.ip_groups,
        "read_timeout_seconds": device.read_timeout_seconds,
        "health": health.health,
        "since": health.since,
        "cause": health.cause,
        "last_sync_at": health.last_sync_at,
        "last_complete_at": health.last_complete_at,
        "product": health.product,
        "version": health.version,
        "serial": health.serial,
        "uptime_seconds": health.uptime_seconds,
        "held_numbers": health.held_numbers,
        "unmapped": health.unmapped,
        "failures": health.failures,
        "next_try_at": health.next_try_at,
        "restarted_at": health.restarted_at,
        "removed_within_24_hours": health.removals.removed,
        "flapping": health.returns.flapping,
        "held_removals": health.held_removals,
        "approval": health.approval,
    }


def devices_table(entries: list[DeviceEntry], now: datetime, width: int) -> Table:
    """A line for each device."""
    headings = ("Device", "Address", "State", "Numbers", "Last sync")
    rows = [
        (
            entry.device.key.name,
            entry.device.address,
            _health(entry),
            entry.state.held_numbers,
            distance(entry.state.last_sync_at, now) if entry.state.last_sync_at else "never",
        )
        for entry in entries
    ]
    return listing(headings, rows, keep=len(headings), width=width)


def device_table(entry: DeviceEntry, now: datetime) -> Table:
    """Everything about one device."""
    device, health = entry.device, entry.state
    limits = [*sorted(device.hosts), *(f"IP group {group}" for group in sorted(device.ip_groups))]
    uptime = "" if health.uptime_seconds is None else duration(health.uptime_seconds)
    return details(
        [
            ("Device", device.key.name),
            ("Customer", device.key.customer),
            ("Address", device.address),
            ("Source", _SOURCES[device.source]),
            ("Login", "by session" if device.login is LoginMethod.SESSION else ""),
            ("Enabled", "yes" if device.enabled else Text("no: schedules pass it by", style="yellow")),
            ("TLS", tls_words(device)),
            ("Number rules", "\n".join(f"{rule.pattern} => {rule.replacement}" for rule in device.number_rules)),
            ("Only users of", ", ".join(limits)),
            ("Read timeout", f"{device.read_timeout_seconds} seconds"),
            ("Health", state(health.health)),
            ("Since", instant(health.since, now)),
            ("Cause", health.cause),
            ("Failed", f"{health.failures} times in a row" if health.failures > 1 else ""),
            ("Next try", instant(health.next_try_at, now)),
            ("Last sync", instant(health.last_sync_at, now) or "never"),
            ("Last complete", instant(health.last_complete_at, now)),
            ("Product", " ".join(filter(None, (health.product, health.version)))),
            ("Serial", health.serial),
            ("Uptime then", uptime),
            ("Numbers held", health.held_numbers),
            ("AORs unmapped", health.unmapped or ""),
            ("Restarted", instant(health.restarted_at, now)),
            ("Gone in 24 h", health.removals.removed or ""),
            ("Flapping", _named(health.returns.flapping)),
            ("Held back", _held_back(health)),
            ("Checksum", health.held_removals.checksum if health.held_removals else ""),
            ("Approved", f"by {health.approval.by}, {instant(health.approval.at, now)}" if health.approval else ""),
        ]
    )


def tls_words(device: Device) -> str | Text:
    """How the device's certificate is trusted."""
    if device.tls.trust is TlsTrust.INSECURE:
        return Text("not verified: anybody on the way could play the device", style="red")
    if device.tls.trust is TlsTrust.FINGERPRINT:
        return f"certificate pinned, SHA-256 {device.tls.fingerprint}"
    return "verified against the device's own CA file" if device.tls.ca_pem else "verified against the system's CAs"


def answer_json(device: Device, found: DeviceTest, warnings: list[str]) -> dict[str, Any]:
    """What a device test found."""
    snapshot, claims = found.snapshot, found.claims
    return {
        "customer": device.key.customer,
        "device": device.key.name,
        "address": device.address,
        "complete": snapshot.complete,
        "incomplete_because": snapshot.incomplete_because,
        "product": snapshot.product,
        "version": snapshot.version,
        "serial": snapshot.serial,
        "uptime_seconds": snapshot.uptime_seconds,
        "taken_at": snapshot.taken_at,
        "users": len(snapshot.users),
        "contacts": _contacts(found),
        "users_by_node": _users_by_node(found),
        "reported_count": snapshot.reported_count,
        "numbers": claims.claimed,
        "dormant": claims.dormant,
        "unmapped": claims.unmapped,
        "foreign": claims.foreign,
        "warnings": warnings,
    }


def answer_table(device: Device, found: DeviceTest) -> Table:
    """What a device test found, for people."""
    snapshot, claims = found.snapshot, found.claims
    uptime = "not said by the device" if snapshot.uptime_seconds is None else duration(snapshot.uptime_seconds)
    return details(
        [
            ("Device", f"{device.key.name} at {device.address}"),
            ("Product", " ".join(filter(None, (snapshot.product, snapshot.version))) or "not said by the device"),
            ("Serial", snapshot.serial),
            ("Uptime", uptime),
            ("TLS", tls_words(device)),
            ("Users", f"{len(snapshot.users)} registered, {_contacts(found)} contacts"),
            ("At nodes", ", ".join(f"{node}: {count}" for node, count in _users_by_node(found).items())),
            ("Device's count", "not given" if snapshot.reported_count is None else snapshot.reported_count),
            ("Snapshot", _completeness(found)),
            ("Numbers", _named(sorted(claims.claimed)) or "none"),
            ("Not active", _named(sorted(claims.dormant))),
            ("No number", _named(claims.unmapped)),
            ("Of others", claims.foreign or ""),
        ]
    )


def _users_by_node(found: DeviceTest) -> dict[str, int]:
    """How many users an ARM shows at each of its nodes; empty for an SBC."""
    nodes = Counter(user.node for user in found.snapshot.users)
    return {node: nodes[node] for node in sorted(nodes) if node}


def _contacts(found: DeviceTest) -> int:
    return sum(len(user.contacts) for user in found.snapshot.users)


def _completeness(found: DeviceTest) -> Text:
    because = found.snapshot.incomplete_because
    if not because:
        return state("complete")
    return Text(f"partial: {because}. Numbers would be added, none removed", style="yellow")


def _named(names: tuple[str, ...] | list[str], count: int | None = None) -> str:
    if not names:
        return ""
    total = len(names) if count is None else count
    shown = names[:NAMED_AT_MOST]
    rest = total - len(shown)
    return f"{total}: {', '.join(shown)}" + (f" and {rest} more" if rest > 0 else "")


def removals_words(name: str, review: RemovalReview, approve: str) -> str:
    """What the list of numbers that a device no longer shows means, and what may be done about it."""
    count = "1 number" if len(review.gone) == 1 else f"{len(review.gone)} numbers"
    if review.incomplete_because:
        return f"{name} does not show {count}, which proves nothing: {review.incomplete_because}."
    if not review.gone:
        return f"{name} shows every number that it holds."
    if not review.as_held:
        held = f"; its last sync held {review.held.count} others back" if review.held else ""
        return f"{name} does not show {count} now{held}. The next sync decides about them."
    if review.approval:
        return f"{name} does not show {count}. They are approved by {review.approval.by}: the next sync takes them."
    return f"{name} does not show {count}, and they are held back. If that is right, approve them with:\n  {approve}"


def removal_fate(preview: RemovalPreview) -> str:
    """What would become of a device's numbers if it were removed."""
    fate = f"it holds {preview.held} {'number' if preview.held == 1 else 'numbers'}"
    days = f"{preview.cooling_days} {'day' if preview.cooling_days == 1 else 'days'}"
    if preview.cooling:
        fate += f"; {preview.cooling} that no other device holds cool for {days}"
    if preview.shared:
        fate += f"; {preview.shared} stay with other devices or vendors"
    return fate


def _held_back(health: DeviceState) -> str:
    held = health.held_removals
    return f"of {held.of} numbers {_named(held.sample, held.count)}" if held else ""


def _health(entry: DeviceEntry) -> Text:
    health = state(entry.state.health)
    if entry.device.enabled:
        return health
    off = state("disabled")
    return off if entry.state.health is Health.NEVER_SYNCED else Text.assemble(off, ", ", health)
