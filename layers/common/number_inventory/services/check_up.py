"""Look at everything that must work, end to end: the parts of the stack, settings, heartbeats, and each device.

It changes nothing. One part that cannot be looked at does not keep the others from being looked at.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from number_inventory.domain.audit_runs import RunState
from number_inventory.domain.checkup import Check, Verdict
from number_inventory.domain.devices import Health
from number_inventory.domain.errors import (
    CredentialsMissingError,
    DeviceRejectedError,
    DeviceUnreachableError,
    InvalidInputError,
    InventoryError,
    LoginRefusedError,
    NotFoundError,
    RetryableError,
    StorageRefusedError,
)
from number_inventory.domain.heartbeats import Beat, Silence, impatient_alarms, silence_of
from number_inventory.domain.macros import GLOBAL, MACROS, check_macro_value
from number_inventory.domain.numbers import slug
from number_inventory.ports.audits import Audits
from number_inventory.ports.clock import Clock
from number_inventory.ports.deployment import Deployment
from number_inventory.ports.devices import DeviceEntry
from number_inventory.ports.macros import Macros
from number_inventory.ports.numbers import Inventory
from number_inventory.services.manage_devices import ConfigureDevices

_RECENT_AUDITS = 20
"""How many audits are looked back over for one that came to its end."""

_UNWELL: Mapping[Health, tuple[Verdict, str, str]] = {
    Health.HELD: (
        Verdict.WARNING,
        "look at what is held back, then approve it with devices approve-removals",
        "removals",
    ),
    Health.WAITING: (Verdict.WARNING, "look at what it waits for", "show"),
    Health.PARTIAL: (Verdict.WARNING, "numbers are added, none are taken; see what it answers", "test"),
    Health.LOGIN_REFUSED: (Verdict.PROBLEM, "store others, or the same once more with devices enable", "credentials"),
    Health.MISCONFIGURED: (Verdict.PROBLEM, "mend what the cause names: devices edit, or on the device", "show"),
}
"""What to do about a device, and the command that shows more. One that is not named here has to be asked."""

_ABOUT: Mapping[type[InventoryError], tuple[str, str]] = {
    CredentialsMissingError: ("store them", "credentials"),
    LoginRefusedError: ("look at user, password and level on the device; to store others", "credentials"),
    DeviceRejectedError: ("see how it is configured, and mend that with devices edit, or on the device", "show"),
    DeviceUnreachableError: ("look at its address, and from this machine at routes, firewalls and names", "show"),
}
"""What to do about a device that cannot be asked, and the command for it."""

_ASK = (
    Verdict.PROBLEM,
    "mend what the cause names: network, firewall, certificate, or the device; then ask it",
    "test",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckUp:
    """The use case.

    Attributes:
        tell: told what is looked at next.
    """

    deployment: Deployment
    inventory: Inventory
    macros: Macros
    audits: Audits
    configure: ConfigureDevices
    clock: Clock
    tell: Callable[[str], None]

    def __call__(self, customer: str, devices: Collection[str] | None = None) -> Iterator[Check]:
        """Each check as it is made.

        Args:
            customer: whose settings, heartbeats and devices.
            devices: names of those that are asked; None are all enabled ones, none at all asks none.

        Raises:
            InvalidInputError: the customer's or a device's name is malformed.
            NotFoundError: there is no such stack, or no device of a name that is given.
        """
        slug(customer, field="customer")
        entries = self._entries(customer, devices)
        self.tell("Looking at the stack")
        parts = []
        for part in self.deployment.parts():
            parts.append(part)
            yield part.judged()
        yield from impatient_alarms(parts)
        self.tell("Looking at settings and heartbeats")
        yield from self._alone("macros", customer, partial(self._macros, customer))
        yield from self._alone("release", customer, partial(self._release, customer, silence_of(Beat.RELEASE, parts)))
        yield from self._alone("audit", customer, partial(self._audit, customer, silence_of(Beat.AUDIT, parts)))
        if not entries and devices is None:
            command = ("devices", "add", "--help")
            yield Check("device", customer, Verdict.WARNING, "there is no enabled device", "add or enable one", command)
        syncs = silence_of(Beat.SYNC, parts)
        for entry in entries:
            name = entry.device.key.name
            yield from self._alone("sync", name, partial(self._sync, entry, syncs))
            self.tell(f"Asking {name}")
            yield from self._alone("device", name, partial(self._device, entry))

    def _entries(self, customer: str, names: Collection[str] | None) -> list[DeviceEntry]:
        entries = {entry.device.key.name: entry for entry in self.configure.all(customer)}
        if names is None:
            return [entry for entry in entries.values() if entry.device.enabled]
        for name in names:
            if name not in entries:
                raise NotFoundError(f"customer {customer} has no device {name!r}")
        return [entries[name] for name in names]

    def _alone(self, area: str, name: str, look: Callable[[], Check]) -> Iterator[Check]:
        try:
            yield look()
        except InventoryError as error:
            yield Check(area, name, Verdict.PROBLEM, str(error), _todo_about(error))

    # --- settings and heartbeats

    def _macros(self, customer: str) -> Check:
        broken = []
        for name, macro in self.macros.resolve(customer, sorted(MACROS)).items():
            try:
                check_macro_value(name, macro.value)
            except InvalidInputError as error:
                broken.append(f"{error} ({'global' if macro.origin == GLOBAL else macro.origin})")
        if broken:
            todo = "set them right with macros set: what depends on them waits"
            return Check("macros", customer, Verdict.PROBLEM, "; ".join(broken), todo, ("macros", "list"))
        return Check("macros", customer, Verdict.OK, f"all {len(MACROS)} can be understood")

    def _release(self, customer: str, silence: Silence) -> Check:
        """What should long be released tells that nothing releases."""
        until = self.clock.now() - silence.limit
        overdue = sum(len(batch) for batch in self.inventory.due(until, customer))
        if not overdue:
            return Check("release", customer, Verdict.OK, "nothing is overdue")
        numbers = "1 number is" if overdue == 1 else f"{overdue} numbers are"
        said = f"{numbers} past the Release Date by more than {silence}"
        todo = "look at the schedule and the log of the release function; by hand it is done with"
        return Check("release", customer, _too_late(silence), said, todo, ("release",))

    def _audit(self, customer: str, silence: Silence) -> Check:
        runs = self.audits.page(customer, _RECENT_AUDITS, None).runs
        ended = next((run for run in runs if run.state is RunState.FINISHED and run.ended_at is not None), None)
        if ended is None or ended.ended_at is None:
            todo = "wait for the first scheduled one, or run one"
            said = "no audit has come to its end yet"
            return Check("audit", customer, Verdict.WARNING, said, todo, ("audit", "run"))
        said = f"the last one ended {_spelt(ended.ended_at)}"
        if self.clock.now() - ended.ended_at > silence.limit:
            todo = "look at its schedule, and at what stopped the last ones"
            said = f"{said}: longer ago than {silence}"
            return Check("audit", customer, _too_late(silence), said, todo, ("audit", "list"))
        return Check("audit", customer, Verdict.OK, said)

    # --- devices

    def _sync(self, entry: DeviceEntry, silence: Silence) -> Check:
        """Whether syncs come by."""
        name, state = entry.device.key.name, entry.state
        if not entry.device.enabled:
            said = "is disabled: schedules pass it by"
            return Check("sync", name, Verdict.WARNING, said, "to have it synced again", ("devices", "enable", name))
        now = self.clock.now()
        last = state.last_sync_at
        paused = state.next_try_at is not None and state.next_try_at > now
        # Refused credentials are not tried again, so nothing comes by until they change.
        stopped = state.health is Health.LOGIN_REFUSED
        by_hand = "look at the schedule, the queue and the log of the sync worker; by hand it is done with"
        if last is None:
            return Check("sync", name, Verdict.WARNING, "has never been synced", by_hand, ("sync", name))
        if now - last > silence.limit and not paused and not stopped:
            said = f"was last synced {_spelt(last)}: longer ago than {silence}"
            return Check("sync", name, _too_late(silence), said, by_hand, ("sync", name))
        if state.health is not Health.OK:
            verdict, todo, command = _UNWELL.get(state.health, _ASK)
            said = f"{state.health.replace('_', ' ')}: {state.cause}"
            return Check("sync", name, verdict, said, todo, ("devices", command, name))
        return Check("sync", name, Verdict.OK, f"last synced {_spelt(last)}, {state.held_numbers} numbers")

    def _device(self, entry: DeviceEntry) -> Check:
        """Whether it can be reached, lets the user in, shows its list, and shows all of it."""
        key, refused = entry.device.key, entry.state.refused_credentials
        if refused and self.configure.secrets.credentials(key, fresh=True).version <= refused:
            # A further refusal could make the device lock out the caller's address (AudioCodes).
            said = "has refused these credentials, and is not asked again: it would lock out the caller's address"
            todo = f"store others, or try the same once more with devices enable {key.name}"
            return Check("device", key.name, Verdict.PROBLEM, said, todo, ("devices", "credentials", key.name))
        try:
            found = self.configure.test(key)
        except (CredentialsMissingError, LoginRefusedError, DeviceRejectedError, DeviceUnreachableError) as error:
            todo, command = next(about for kind, about in _ABOUT.items() if isinstance(error, kind))
            return Check("device", key.name, Verdict.PROBLEM, str(error), todo, ("devices", command, key.name))
        snapshot = found.snapshot
        if not snapshot.complete:
            said = f"answers, but not completely: {snapshot.incomplete_because}"
            todo = "numbers are added, none are taken; see what it answers"
            return Check("device", key.name, Verdict.WARNING, said, todo, ("devices", "test", key.name))
        product = " ".join(filter(None, (snapshot.product, snapshot.version))) or "a device"
        said = f"{product} shows all of its {len(snapshot.users)} users, {len(found.claims.claimed)} numbers"
        return Check("device", key.name, Verdict.OK, said)


def _spelt(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _too_late(silence: Silence) -> Verdict:
    """Where nobody knows how long the silence may last, it may be as it should be."""
    return Verdict.PROBLEM if silence.known else Verdict.WARNING


def _todo_about(error: InventoryError) -> str:
    """What to do where something could not be looked at."""
    if isinstance(error, StorageRefusedError):
        return "ask for the permission (docs/cli.md lists it), then look again"
    if isinstance(error, RetryableError):
        return "look again in a while"
    return "put that right, then look again"
