"""The story that the demonstration tells; every claim in it is checked against the deployed stack."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local_stack.demo.errors import StoryFailedError, require
from local_stack.demo.narrator import Narrator
from local_stack.demo.stack import DemoStack, eventually
from simulator.control import Control

COOLING_DAYS = 2
"""How long AudioCodes numbers cool unless a macro says otherwise."""

_LONDON = tuple(f"+44163296010{last}" for last in range(1, 6))
_LEAVING, _RETURNING, _SHARED, *_SPARE = _LONDON
_ORPHAN = _SPARE[-1]
_EXTENSION, _BRANCH_EXTENSION, _NEWCOMER = "2001", "2002", "2003"
_IN_USE = ("Used", "Device", "AudioCodes")

_WHY_USED = "A dispatcher queues the devices; a worker asks each for its users over TLS."
_WHY_COOLING = f"The macro audiocodes_cooling_duration says for how long; {COOLING_DAYS} days by default."

_WHY_SCHEDULED = (
    f"Since chapter 2, {_BRANCH_EXTENSION} is gone from sbc-2 and {_NEWCOMER} is there; no sync of sbc-2 was asked for."
)

_WHY_AUDITED = "A sync looks at what changes on a device; an audit compares every number with what the devices hold."

_CHECKSUM = re.compile(r"\b[0-9a-f]{64}\b")

_SYNC_SECONDS = 20.0
_SYNC_TRIES = 3
_SCHEDULE_SECONDS = 150.0
_SCHEDULE_EVERY = timedelta(minutes=1)
_SCHEDULE_CHECKED = timedelta(seconds=10)


@dataclass(frozen=True)
class PlayedDevice:
    """A device that the simulator plays.

    Attributes:
        name: Its name in the inventory.
        url: Where it listens.
        ca_path: The CA that signed its certificate.
        username: The user that may ask it.
        password: That user's password; never shown.
        control: Registers and unregisters users on it.
        source: Its name in its simulator.
    """

    name: str
    url: str
    ca_path: Path
    username: str
    password: str
    control: Control
    source: str

    def register(self, *numbers: str) -> None:
        """Lets users with these numbers register."""
        self.control.register_many(self.source, numbers)

    def unregister(self, *numbers: str) -> None:
        """Lets the users with these numbers leave."""
        self.control.unregister(self.source, *numbers)


@dataclass(frozen=True)
class Story:
    """The story, chapter by chapter.

    Attributes:
        stack: The deployed stack.
        office: The first device.
        branch: The second device.
        narrator: Who tells it.
    """

    stack: DemoStack
    office: PlayedDevice
    branch: PlayedDevice
    narrator: Narrator

    def tell(self) -> None:
        """Tells all chapters.

        Raises:
            StoryFailedError: Something is not as it should be.
        """
        chapters: Sequence[tuple[Callable[[], None], str, str]] = (
            (self._devices, "A customer gets two devices", "Their credentials go to SSM, as SecureStrings."),
            (self._registered, "Registered on a device: Used, Device, AudioCodes", _WHY_USED),
            (self._looked_up, "The lookup API says so", "Through API Gateway, as any other program would ask."),
            (self._left, "Users leave: Cooling", _WHY_COOLING),
            (self._returned, "One comes back: Used again", "A device that was only offline gets its numbers back."),
            (self._nothing_early, "Nothing is released early", "Not before the Release Date, however often it runs."),
            (self._report, "What will be released by a given day", "The same function tells, and changes nothing."),
            (self._scheduled, "The schedule works by itself", _WHY_SCHEDULED),
            (self._audited, "Somebody damages the table: an audit finds it", _WHY_AUDITED),
        )
        for chapter, title, why in chapters:
            self.narrator.begin(title, why)
            chapter()
        self.narrator.begin("The numbers now")
        self.narrator.table(self.stack.all_numbers())

    def _devices(self) -> None:
        for device in (self.office, self.branch):
            device.control.replace_all(device.source, [])
            self._add(device)
        self._type(["numbers", "add", *_LONDON, "--site", "London"])
        require("status of a number just added", expected="Available", found=self._status(_LEAVING))
        self.narrator.checked(f"{_LONDON[0]} to {_LONDON[-1][-3:]} are Available")

    def _add(self, device: PlayedDevice) -> None:
        ca_path = device.ca_path
        if ca_path.is_relative_to(self.stack.layout.root):
            ca_path = ca_path.relative_to(self.stack.layout.root)
        options = ["--address", device.url, "--username", device.username, "--ca-file", str(ca_path)]
        self._type(["devices", "add", device.name, *options, "--password-stdin"], answer=f"{device.password}\n")
        name = f"{self.stack.description['parameter_prefix']}/{self.stack.customer}/{device.name}/credentials"
        kind = self.stack.parameter(name).get("Type", "no parameter")
        require(f"type of the SSM parameter {name}", expected="SecureString", found=kind)
        self.narrator.checked(f"{name} in SSM is a {kind}; its value is shown nowhere")

    def _registered(self) -> None:
        office, branch = (_LEAVING, _RETURNING, _SHARED, _EXTENSION), (_SHARED, _BRANCH_EXTENSION)
        users: tuple[tuple[PlayedDevice, tuple[str, ...]], ...] = ((self.office, office), (self.branch, branch))
        for device, registered in users:
            device.register(*registered)
            self.narrator.acts(f"{len(registered)} users register on {device.name}: {', '.join(registered)}")
        numbers = sorted({*office, *branch})
        self._synced(None, "what is registered", lambda: self._states(numbers), dict.fromkeys(numbers, _IN_USE))
        holders = self._synced(None, f"devices that hold {_SHARED}", lambda: self._holders(_SHARED), ["sbc-1", "sbc-2"])
        self.narrator.checked(f"{', '.join(numbers)}: Used, Device, AudioCodes")
        self.narrator.checked(f"{_SHARED} is held by both devices: {', '.join(holders)}")
        for number in _SPARE:
            require(f"status of {number}", expected="Available", found=self._status(number))
        self.narrator.checked(f"{', '.join(_SPARE)}: registered nowhere, Available still")
        self._leave_to_schedule()

    def _leave_to_schedule(self) -> None:
        """Changes something now, so that the schedule, which fires once a minute, has time until its chapter."""
        self.branch.unregister(_BRANCH_EXTENSION)
        self.branch.register(_NEWCOMER)
        self.narrator.acts(
            f"later, {_BRANCH_EXTENSION} leaves sbc-2 and {_NEWCOMER} registers there; no sync of sbc-2 is asked for: "
            "that is left to the schedule (chapter 8)"
        )

    def _looked_up(self) -> None:
        self.narrator.asks(self.stack.api_url, self.stack.path(_LEAVING))
        answer = self.stack.look_up(_LEAVING)
        shown = ("number", "status", "usage", "vendor", "tag", "release_date", "site")
        holders = [holder["device"] for holder in answer["holders"]]
        for name, value in ({name: answer[name] for name in shown} | {"holders": holders}).items():
            self.narrator.quotes(f"{name + ':':<14}{json.dumps(value)}")
        found = (answer["status"], answer["usage"], answer["vendor"], holders)
        require(f"what the API says about {_LEAVING}", expected=(*_IN_USE, ["sbc-1"]), found=found)
        self.narrator.checked("API Gateway and its function answer as the table has it")

    def _left(self) -> None:
        leaving = (_LEAVING, _RETURNING, _SHARED)
        before = datetime.now(UTC)
        self.office.unregister(*leaving)
        self.narrator.acts(f"{', '.join(leaving)} leave sbc-1")
        cooling = dict.fromkeys(leaving[:2], ("Cooling", "", ""))
        self._synced("sbc-1", "what has left", lambda: self._states(cooling), cooling)
        for number in cooling:
            self._check_cooling(number, before)
        self._synced("sbc-1", f"devices that hold {_SHARED}", lambda: self._holders(_SHARED), ["sbc-2"])
        require(f"state of {_SHARED}", expected=_IN_USE, found=self._state(_SHARED))
        self.narrator.checked(f"{_SHARED}: Used still, since sbc-2 holds it")

    def _check_cooling(self, number: str, before: datetime) -> None:
        answer = self.stack.look_up(number)
        release = _instant(answer["release_date"])
        days = timedelta(days=COOLING_DAYS)
        on_time = before + days <= release <= datetime.now(UTC) + days + timedelta(seconds=1)
        promise = f"{COOLING_DAYS} days after it left, at about {before + days:%Y-%m-%d %H:%M:%S} UTC"
        require(f"Release Date of {number}", expected=promise, found=promise if on_time else answer["release_date"])
        counted = re.search(rf"\b{COOLING_DAYS} days\b", answer["tag"])
        require(f"Tag of {number}", expected=f"{COOLING_DAYS} days", found=counted[0] if counted else answer["tag"])
        self.narrator.checked(f"{number}: Cooling, Release Date {release:%Y-%m-%d %H:%M:%S} UTC")
        self.narrator.quotes(f"Tag: {answer['tag']}")

    def _returned(self) -> None:
        self.office.register(_RETURNING)
        self.narrator.acts(f"{_RETURNING} registers on sbc-1 again")
        self._synced("sbc-1", "what has come back", lambda: self._state(_RETURNING), _IN_USE)
        answer = self.stack.look_up(_RETURNING)
        found = (answer["tag"], answer["release_date"])
        require(f"Tag and Release Date of {_RETURNING}", expected=("", None), found=found)
        self.narrator.checked(f"{_RETURNING}: Used, Device, AudioCodes; Tag and Release Date are gone")

    def _nothing_early(self) -> None:
        answer = self.stack.invoke("release_cooled", {})
        self.narrator.acts(f"invoke release function {{}}: {answer['due']} due, {answer['released']} released")
        require("numbers released", expected=0, found=answer["released"])
        require(f"status of {_LEAVING}", expected="Cooling", found=self._status(_LEAVING))
        self.narrator.checked(f"{_LEAVING}: Cooling still, until its Release Date")
        self._type(["numbers", "explain", _LEAVING])

    def _report(self) -> None:
        release = _instant(self.stack.look_up(_LEAVING)["release_date"])
        last = release.replace(hour=23, minute=59, second=59)
        for day, expected in ((last - timedelta(days=1), []), (last, [_LEAVING])):
            as_of = f"{day:%Y-%m-%dT%H:%M:%SZ}"
            answer = self.stack.invoke("release_cooled", {"mode": "report", "as_of": as_of})
            found = [entry["number"] for entry in answer["numbers"]]
            self.narrator.acts(f'invoke release function {{"mode": "report", "as_of": "{as_of}"}}')
            require(f"numbers to be released by {as_of}", expected=expected, found=found)
            self.narrator.checked(f"by the end of {day:%Y-%m-%d}: {', '.join(found) or 'none'}")
        require(f"status of {_LEAVING} after a report", expected="Cooling", found=self._status(_LEAVING))
        self.narrator.checked(f"the report changed nothing: {_LEAVING} is Cooling still")

    def _scheduled(self) -> None:
        schedule = self.stack.schedule("sync_dispatcher")
        expected = {_BRANCH_EXTENSION: ("Cooling", "", ""), _NEWCOMER: _IN_USE}
        what = f"Sync schedule {schedule.expression} fires"
        due = next_firing(schedule.created, datetime.now(UTC))
        self.narrator.waits(what, lambda: self._states(expected) == expected, due=due, seconds=_SCHEDULE_SECONDS)
        require("what the schedule brought in", expected=expected, found=self._states(expected))
        # The dispatcher's log may come in a moment after its work.
        fired = eventually(lambda: self._fired() > 0, wanted=True, seconds=_SYNC_SECONDS)
        require("the dispatcher was invoked by somebody else than this program", expected=True, found=fired)
        self.narrator.checked(f"EventBridge Scheduler, {schedule.expression}, invoked the dispatcher by itself")
        seconds = (_instant(self.stack.look_up(_NEWCOMER)["created_at"]) - schedule.created).total_seconds()
        self.narrator.checked(f"sbc-2 was synced {seconds:.0f} seconds after the schedule was made")
        self.narrator.checked(f"{_BRANCH_EXTENSION}: Cooling")
        self.narrator.checked(f"{_NEWCOMER}: Used, Device, AudioCodes")
        require("syncs given up (dead letters)", expected=0, found=self.stack.dead_letters())

    def _audited(self) -> None:
        """Comes right behind the schedule, which then leaves the devices alone for most of a minute."""
        self.stack.damage(_RETURNING, status="Available")
        self.narrator.acts(f"in DynamoDB, {_RETURNING} is set to Available, though sbc-1 holds it")
        self.stack.damage(_ORPHAN, status="Used", usage="Device", vendor="AudioCodes")
        self.narrator.acts(f"and {_ORPHAN} to Used, Device, AudioCodes, though no device holds it")
        damaged = {_RETURNING: ("Available", *_IN_USE[1:]), _ORPHAN: _IN_USE}

        checksum = _CHECKSUM.search(self._type(["audit", "run", "--report"]))
        require("checksum of the plan", expected="64 digits", found="64 digits" if checksum else "none")
        self._type(["audit", "show", "latest"], begin="Number  ")
        require("the damaged numbers after a report", expected=damaged, found=self._states(damaged))
        self.narrator.checked("it found both, and has changed nothing")

        self._type(["audit", "run", "--plan", checksum[0] if checksum else ""])
        right = {_RETURNING: _IN_USE, _ORPHAN: ("Cooling", "", "")}
        require("the damaged numbers once corrected", expected=right, found=self._states(right))
        self.narrator.checked(f"{_RETURNING}: Used, Device, AudioCodes")
        self.narrator.checked(f"{_ORPHAN}: Cooling, as if its last device had just let it go")

        event = {"customer": self.stack.customer, "mode": "correct"}
        [again] = self.stack.invoke("audit", event)["audits"]
        self.narrator.acts(f"invoke audit function {_json(event)}: {again['numbers']} numbers read")
        require("what the next audit finds", expected={}, found=again["counts"])
        self.narrator.checked("the next audit finds nothing")

    def _fired(self) -> int:
        """How often the dispatcher was invoked by somebody else: by its schedule."""
        return self.stack.invocations("sync_dispatcher") - self.stack.dispatches

    def _type(self, arguments: Sequence[str], *, answer: str = "", begin: str = "") -> str:
        """Runs a command, and quotes what it prints from the line on that begins like that."""
        self.narrator.types(f"number-inventory --local --customer {self.stack.customer} {' '.join(arguments)}")
        with self.narrator.working("  Running it"):
            printed = self.stack.program(arguments, answer=answer, width=self.narrator.quotable)
        start = printed.find(f"\n{begin}") if begin else -1
        self.narrator.quotes(printed if start < 0 else f"[...]{printed[start:]}")
        return printed

    def _synced(self, device: str | None, what: str, look: Callable[[], Any], wanted: Any) -> Any:  # noqa: ANN401
        """Has the dispatcher invoked until the tables show what is wanted.

        Once is enough, unless the schedule's own sync of the device is under way: then ours is turned away, and the
        schedule's may have asked the device before its users changed.
        """
        seen = look()
        for _ in range(_SYNC_TRIES):
            if seen == wanted:
                return seen
            event = {"customer": self.stack.customer} | ({"device": device} if device else {})
            queued = self.stack.invoke("sync_dispatcher", event)["queued"]
            self.narrator.acts(f"invoke sync dispatcher {_json(event)}: {queued} queued")
            with self.narrator.working("  Waiting for the worker"):
                seen = eventually(look, wanted, seconds=_SYNC_SECONDS)
        require(what, expected=wanted, found=seen)
        return seen

    def _state(self, number: str) -> tuple[str, str, str]:
        stored = self.stack.stored(number)
        return (stored.get("status", "not there"), stored.get("usage", ""), stored.get("vendor", ""))

    def _states(self, numbers: Sequence[str] | Mapping[str, object]) -> dict[str, tuple[str, str, str]]:
        return {number: self._state(number) for number in numbers}

    def _status(self, number: str) -> str:
        return self._state(number)[0]

    def _holders(self, number: str) -> list[str]:
        return sorted(self.stack.stored(number).get("holders", {}))


def _instant(text: str | None) -> datetime:
    """An instant as the API writes it.

    Raises:
        StoryFailedError: There is none.
    """
    if text is None:
        raise StoryFailedError("Release Date", expected="an instant", found="none")
    return datetime.fromisoformat(text)


def next_firing(created: datetime, now: datetime) -> float:
    """In how many seconds a schedule of once a minute is expected to fire: the local AWS looks every ten seconds."""
    waited = (now - created) % _SCHEDULE_EVERY
    return (_SCHEDULE_EVERY - waited + _SCHEDULE_CHECKED / 2).total_seconds()


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False)
