"""Look at everything that must work, end to end: the parts of the stack, settings, heartbeats, and each device.

It changes nothing. One part that cannot be looked at does not keep the others from being looked at.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from number_inventory.domain.audit_runs import RunState
from number_inventory.domain.checkup import AUDIT_OVERDUE, OVERDUE, Check, Verdict
from number_inventory.domain.devices import Health
from number_inventory.domain.errors import (
    CredentialsMissingError,
    DeviceRejectedError,
    InvalidInputError,
    InventoryError,
    LoginRefusedError,
    NotFoundError,
)
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

_TESTED = {
    Health.HELD: "devices removals {name} shows what is held back; devices approve-removals approves it",
    Health.WAITING: "devices show {name} says what it waits for",
}


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
        yield from (part.judged() for part in self.deployment.parts())
        self.tell("Looking at settings and heartbeats")
        yield from self._alone("macros", customer, partial(self._macros, customer))
        yield from self._alone("release", customer, partial(self._release, customer))
        yield from self._alone("audit", customer, partial(self._audit, customer))
        if not entries and devices is None:
            todo = "add one: number-inventory devices add"
            yield Check("device", customer, Verdict.WARNING, "there is no enabled device", todo)
        for entry in entries:
            name = entry.device.key.name
            yield from self._alone("sync", name, partial(self._sync, entry))
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
            yield Check(area, name, Verdict.PROBLEM, str(error), "put that right, then look again")

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
            return Check("macros", customer, Verdict.PROBLEM, "; ".join(broken), todo)
        return Check("macros", customer, Verdict.OK, f"all {len(MACROS)} can be understood")

    def _release(self, customer: str) -> Check:
        """What should long be released tells that nothing releases."""
        until = self.clock.now() - OVERDUE
        overdue = sum(len(batch) for batch in self.inventory.due(until, customer))
        if not overdue:
            return Check("release", customer, Verdict.OK, "nothing is overdue")
        said = f"{overdue} numbers are past their Release Dates by more than {_minutes(OVERDUE)}"
        todo = "look at the schedule and the log of the release function; release does it by hand"
        return Check("release", customer, Verdict.PROBLEM, said, todo)

    def _audit(self, customer: str) -> Check:
        runs = self.audits.page(customer, _RECENT_AUDITS, None).runs
        ended = next((run for run in runs if run.state is RunState.FINISHED and run.ended_at is not None), None)
        if ended is None or ended.ended_at is None:
            todo = "run one: number-inventory audit run; or wait for the first night"
            return Check("audit", customer, Verdict.WARNING, "no audit has come to its end yet", todo)
        if self.clock.now() - ended.ended_at > AUDIT_OVERDUE:
            todo = "look at its schedule, and at audit list for what stopped the last ones"
            return Check("audit", customer, Verdict.PROBLEM, f"the last one ended {_spelt(ended.ended_at)}", todo)
        return Check("audit", customer, Verdict.OK, f"the last one ended {_spelt(ended.ended_at)}")

    # --- devices

    def _sync(self, entry: DeviceEntry) -> Check:
        """Whether syncs come by."""
        name, state = entry.device.key.name, entry.state
        if not entry.device.enabled:
            todo = f"number-inventory devices enable {name}"
            return Check("sync", name, Verdict.WARNING, "is disabled: schedules pass it by", todo)
        now = self.clock.now()
        last = state.last_sync_at
        paused = state.next_try_at is not None and state.next_try_at > now
        # Refused credentials are not tried again, so nothing comes by until they change.
        stopped = state.health is Health.LOGIN_REFUSED
        if last is None or (now - last > OVERDUE and not paused and not stopped):
            said = "has never been synced" if last is None else f"was last synced {_spelt(last)}"
            todo = "look at the schedule, the queue and the log of the sync worker; sync does it by hand"
            return Check("sync", name, Verdict.PROBLEM if last else Verdict.WARNING, said, todo)
        if state.health in _TESTED:
            return Check(
                "sync", name, Verdict.WARNING, f"{state.health}: {state.cause}", _TESTED[state.health].format(name=name)
            )
        if state.health is not Health.OK:
            return Check(
                "sync", name, Verdict.PROBLEM, f"{state.health.replace('_', ' ')}: {state.cause}", "see its next line"
            )
        return Check("sync", name, Verdict.OK, f"last synced {_spelt(last)}, {state.held_numbers} numbers")

    def _device(self, entry: DeviceEntry) -> Check:
        """Whether it can be reached, lets the user in, shows its list, and shows all of it."""
        key, refused = entry.device.key, entry.state.refused_credentials
        if refused and self.configure.secrets.credentials(key, fresh=True).version <= refused:
            # A further refusal could make the device lock out the caller's address (AudioCodes).
            said = "has refused these credentials, and is not asked again: it would lock out the caller's address"
            todo = f"devices credentials {key.name} stores others; devices enable {key.name} tries the same again"
            return Check("device", key.name, Verdict.PROBLEM, said, todo)
        try:
            found = self.configure.test(key)
        except CredentialsMissingError as error:
            return Check("device", key.name, Verdict.PROBLEM, str(error), f"devices credentials {key.name}")
        except LoginRefusedError as error:
            todo = f"look at user, password and level on the device, then devices credentials {key.name}"
            return Check("device", key.name, Verdict.PROBLEM, str(error), todo)
        except DeviceRejectedError as error:
            return Check("device", key.name, Verdict.PROBLEM, str(error), f"devices edit {key.name}")
        snapshot = found.snapshot
        if not snapshot.complete:
            said = f"answers, but not completely: {snapshot.incomplete_because}"
            todo = f"numbers are added, none are taken; devices test {key.name} shows what it answers"
            return Check("device", key.name, Verdict.WARNING, said, todo)
        product = " ".join(filter(None, (snapshot.product, snapshot.version))) or "a device"
        said = f"{product} shows all of its {len(snapshot.users)} users, {len(found.claims.claimed)} numbers"
        return Check("device", key.name, Verdict.OK, said)


def _spelt(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _minutes(span: timedelta) -> str:
    return f"{int(span.total_seconds() // 60)} minutes"
