"""Why a number is as it is, and what becomes of it: answers for people, each with what programs can read.

All that is certain comes from the number itself. Its history adds who brought it into its Status; where the history has
not caught up with the number, it adds nothing, and the explanation says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from number_inventory.domain.changes import ANOTHER_HAND, MEANINGS, RELEASE, Change, ChangeKind, without_correlation
from number_inventory.domain.cooling import days_until
from number_inventory.domain.decisions import describe_claim
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION, COOLING_DURATION, COOLING_ENABLED, MacroValue
from number_inventory.domain.numbers import AUDIOCODES, NumberRecord, Status, Usage

SETTINGS = (AUDIOCODES_COOLING_DURATION, COOLING_ENABLED, COOLING_DURATION)
"""The macros that explanations speak of."""


class ActorKind(StrEnum):
    """What kind of hand changed a number."""

    DEVICE = "device"
    RELEASE = "release"
    AUDIT = "audit"
    JOB = "job"
    OPERATOR = "operator"
    API = "api"
    ANOTHER_HAND = "another_hand"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changed a number.

    Attributes:
        name: the device, the audit, the job, the operator or the caller's ARN; empty where the kind says all.
        sync: of a device, the number of the sync that saw it; 0 for others.
    """

    kind: ActorKind
    name: str = ""
    sync: int = 0

    @property
    def words(self) -> str:
        """In words that go on from "by"."""
        if self.kind is ActorKind.DEVICE:
            return f"sync {self.sync} of device {self.name}"
        if self.kind is ActorKind.ANOTHER_HAND:
            return "another hand, past this product"
        if self.kind is ActorKind.RELEASE:
            return "the release job"
        return f"{'the API' if self.kind is ActorKind.API else self.kind} {self.name}".strip()


def actor_of(by: str) -> Actor:
    """Who it was, from the stamp of a change."""
    by = without_correlation(by)
    kind, _, name = by.partition(":")
    if kind == "sync":
        device, _, sync = name.rpartition("#")
        return Actor(ActorKind.DEVICE, device, int(sync) if sync.isdigit() else 0)
    if by == RELEASE:
        return Actor(ActorKind.RELEASE)
    if by in {ANOTHER_HAND, ""}:
        return Actor(ActorKind.ANOTHER_HAND)
    known = {"audit": ActorKind.AUDIT, "job": ActorKind.JOB, "operator": ActorKind.OPERATOR}
    # The API's callers come as their ARNs, which have colons of their own.
    return Actor(known[kind], name) if kind in known else Actor(ActorKind.API, by.removeprefix("api").lstrip(":"))


@dataclass(frozen=True, slots=True)
class Cause:
    """What brought a number into its Status, or, where that is not known, what last changed it.

    Attributes:
        kind: None where only the last stamp of the number is known.
    """

    sentence: str
    kind: ChangeKind | None
    at: datetime | None
    by: Actor
    reason: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A macro that decides about a number.

    Attributes:
        macro: as it is now.
        days: how long the number cools, or would; None where it does not, or where the macro is broken.
    """

    sentence: str
    macro: MacroValue
    days: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of a number.

    Attributes:
        status: the Status that it will have; None where that is open.
        at: when; None where that is not known.
    """

    sentence: str
    status: Status | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a number is as it is.

    Attributes:
        state: how it is, in a sentence.
        since: since when it has its Status; None where that is not known.
        history: what the explanation owes to the history, in a sentence.
        caught_up: whether the history has all changes of the number.
    """

    record: NumberRecord
    state: str
    since: datetime | None
    cause: Cause
    setting: Setting | None
    next: Outlook
    history: str
    caught_up: bool


def explain(
    record: NumberRecord, changes: tuple[Change, ...], macros: Mapping[str, MacroValue], now: datetime
) -> Explanation:
    """Explain a number.

    Args:
        record: the number as it is.
        changes: its latest changes, the newest first, as far as they are of interest.
        macros: those of `SETTINGS`, as they are in force.
        now: the present.
    """
    newest = changes[0] if changes else None
    caught_up = newest is not None and newest.after is not None and newest.key.version >= record.version
    entered = _entered(record, changes) if caught_up else None
    cause = _cause(record, entered)
    since = entered.at if entered else record.cooling_since
    return Explanation(
        record=record,
        state=_state(record),
        since=since,
        cause=cause,
        setting=_setting(record, cause, macros),
        next=_outlook(record, macros, now),
        history=_told_by_history(record, newest, caught_up=caught_up, entered=entered),
        caught_up=caught_up,
    )


def _state(record: NumberRecord) -> str:
    """How the number is: the answer to "why can't I have it?", with its Release Date as people read it."""
    claim = describe_claim(replace(record, release_date=None)).removeprefix("it ")
    until = f", until {_words(record.release_date)}" if record.release_date else ""
    return f"{record.number} {claim}{until}."


def _entered(record: NumberRecord, changes: tuple[Change, ...]) -> Change | None:
    """The change since which the number has its Status, its owner and its usage."""
    for change in changes:
        before = change.before
        if not isinstance(before, NumberRecord) or _place(before) != _place(record):
            return change
    return None


def _place(record: NumberRecord) -> tuple[Status, str, Usage, str, str]:
    return record.status, record.vendor, record.usage, record.assigned_to, record.reserved_for


def _cause(record: NumberRecord, entered: Change | None) -> Cause:
    if entered is not None:
        by = actor_of(entered.by)
        because = f": {entered.reason}" if entered.reason else ""
        sentence = f"{record.number} {MEANINGS[entered.kind]} by {by.words}, {_words(entered.at)}{because}."
        return Cause(sentence, entered.kind, entered.at, by, entered.reason)
    by = actor_of(record.updated_by)
    because = f": {record.reason}" if record.reason else ""
    when = f", {_words(record.updated_at)}" if record.updated_at else ""
    sentence = f"It was last changed by {by.words}{when}{because}."
    return Cause(sentence, None, record.updated_at, by, record.reason)


# --- settings


def _setting(record: NumberRecord, cause: Cause, macros: Mapping[str, MacroValue]) -> Setting | None:
    """The macro that decides how long the number cools, or would if it were freed now."""
    if record.status is Status.COOLING:
        return _setting_of_cooling(record, cause, macros)
    if record.status not in {Status.USED, Status.USED_UTILITY}:
        return None
    if record.vendor == AUDIOCODES:
        macro = macros[AUDIOCODES_COOLING_DURATION]
        return Setting(f"{_named(macro)}: it cools for so many days once no device has it.", macro, _days(macro))
    switch, macro = macros[COOLING_ENABLED], macros[COOLING_DURATION]
    if switch.value.strip().lower() != "true":
        return Setting(f"{_named(switch)}: it does not cool when it is given back.", switch, None)
    return Setting(f"{_named(macro)}: it cools for so many days when it is given back.", macro, _days(macro))


def _setting_of_cooling(record: NumberRecord, cause: Cause, macros: Mapping[str, MacroValue]) -> Setting:
    devices = cause.by.kind in {ActorKind.DEVICE, ActorKind.AUDIT}
    macro = macros[AUDIOCODES_COOLING_DURATION if devices else COOLING_DURATION]
    days = None
    if record.release_date is not None and record.cooling_since is not None:
        days = round((record.release_date - record.cooling_since) / timedelta(days=1))
    asked = f"{macro.name} said when it began" if devices else "was said when it began, by the settings or by hand"
    known = f"It cools for {days} {'day' if days == 1 else 'days'}, as {asked}. " if days is not None else ""
    return Setting(f"{known}Now {_named(macro)}.", macro, days)


def _named(macro: MacroValue) -> str:
    level = {"customer": "the customer's value", "global": "the global value", "default": "the built-in default"}
    return f"{macro.name} is {macro.value!r} ({level.get(macro.origin, macro.origin)})"


def _days(macro: MacroValue) -> int | None:
    return int(macro.value) if macro.value.strip().isdecimal() else None


# --- what comes next

_RETURN = "It is Used as soon as a device registers it."


def _outlook(record: NumberRecord, macros: Mapping[str, MacroValue], now: datetime) -> Outlook:
    if record.deleting:
        return Outlook("It is being deleted. If that does not happen, any change makes it a number again.", None, None)
    outlooks = {Status.COOLING: _of_cooling, Status.RESERVED: _of_reserved, Status.AVAILABLE: _of_available}
    if record.holders and record.status in outlooks:
        text = "A device holds it although its Status says otherwise: the next sync or audit makes it Used."
        return Outlook(text, Status.USED, None)
    if record.status in outlooks:
        return outlooks[record.status](record, now)
    return _of_used(record, macros)


def _of_cooling(record: NumberRecord, now: datetime) -> Outlook:
    until = record.release_date
    if until is None:
        return Outlook("It has no Release Date: the next audit gives it one, counted from then.", None, None)
    if until <= now:
        return Outlook(
            f"It is due: the release job makes it Available at its next run. {_RETURN}", Status.AVAILABLE, until
        )
    days = days_until(until, now)
    left = f"in {days} {'day' if days == 1 else 'days'}, {_words(until)}"
    return Outlook(f"It becomes Available {left}. {_RETURN}", Status.AVAILABLE, until)


def _of_reserved(record: NumberRecord, now: datetime) -> Outlook:
    until = record.reserved_until
    if until is None:
        return Outlook(f"It stays Reserved until it is assigned or unreserved. {_RETURN}", None, None)
    if until <= now:
        text = f"Its reservation is over: the release job makes it Available at its next run. {_RETURN}"
        return Outlook(text, Status.AVAILABLE, until)
    return Outlook(f"Its reservation ends {_words(until)}: then it is Available. {_RETURN}", Status.AVAILABLE, until)


def _of_available(_record: NumberRecord, _now: datetime) -> Outlook:
    return Outlook(f"It may be assigned, reserved or deleted. {_RETURN}", None, None)


def _of_used(record: NumberRecord, macros: Mapping[str, MacroValue]) -> Outlook:
    devices = ", ".join(holder.device for holder in record.holders)
    if record.vendor == AUDIOCODES and devices:
        days = _days(macros[AUDIOCODES_COOLING_DURATION])
        then = "waits, because the setting is broken" if days is None else f"cools for {days} days"
        if days == 0:
            then = "is Available at once"
        status = {None: None, 0: Status.AVAILABLE}.get(days, Status.COOLING)
        return Outlook(f"It stays Used until it is registered on none of {devices}; then it {then}.", status, None)
    if record.vendor == AUDIOCODES:
        text = "No device holds it: an audit lets it cool once every device has proved that it does not have it."
        return Outlook(text, Status.COOLING, None)
    if devices:
        text = f"It is registered on {devices} as well, a conflict for a person: once given back it is the devices'."
        return Outlook(text, Status.USED, None)
    cools = macros[COOLING_ENABLED].value.strip().lower() == "true"
    then = "cools" if cools else "is Available at once"
    text = f"It stays Used until it is given back (unassigned); then it {then}. A device that registers it is noted."
    return Outlook(text, Status.COOLING if cools else Status.AVAILABLE, None)


# --- the history


def _told_by_history(record: NumberRecord, newest: Change | None, *, caught_up: bool, entered: Change | None) -> str:
    if newest is None:
        return "The history knows nothing of it: it is new, or has not changed for as long as the history is kept."
    if not caught_up:
        behind = f"it ends with version {newest.key.version}, and the number is at {record.version}"
        return f"The history has not caught up: {behind}. Ask again in a few seconds for who did it."
    if entered is None:
        return "What brought it here is further back than was looked, or than the history is kept."
    return "The history has all of its changes."


def _words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
