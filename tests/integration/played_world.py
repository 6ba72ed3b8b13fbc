"""The product in memory, asking a played device over real TLS on this machine."""

from dataclasses import replace
from pathlib import Path

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.adapters.audiocodes.connection import Listener
from number_inventory.adapters.audiocodes.source import AudioCodesSource
from number_inventory.domain.devices import DeviceKey, Health, LoginMethod, SourceKind, TlsSettings
from number_inventory.domain.numbers import NumberRecord, Status
from number_inventory.ports.secrets import Credentials
from number_inventory.services.ask_device import AskDevice
from simulator.server import Simulator
from simulator.users import plain_user
from tests.memory.law_watch import LawWatch
from tests.memory.world import CUSTOMER, World

CANARY = "canary-Pa55word:@/?#"
NUMBERS = [str(number) for number in range(1000, 1020)]
USERS = tuple(plain_user(f"{number}@10.8.5.71", "10.8.5.71") for number in NUMBERS)
HALF = USERS[:10]


class Played(World):
    """The product in memory, with the real source on a played device that has `USERS`.

    Attributes:
        lost: numbers that lost a holder, ever.
    """

    def __init__(
        self,
        simulator: Simulator,
        name: str,
        login: LoginMethod = LoginMethod.BASIC,
        heard: Listener | None = None,
    ) -> None:
        super().__init__()
        calls = DeviceCalls(
            clock=self.clock,
            address_policy=AddressPolicy.LOCAL,
            maximum_bytes=1024 * 1024,
            budget_seconds=20,
            sleep=lambda _seconds: None,
            heard=heard,
        )
        self.sync_device = replace(self.sync_device, ask=AskDevice(self.secrets, AudioCodesSource(calls)))
        self.lost: list[str] = []
        self.inventory.observers += [LawWatch(self.clock), self._sees]
        certificates = simulator.certificates
        self.key = self.add_device(
            name,
            source=SourceKind(simulator.devices[name].scenario.source),
            address=simulator.url(name),
            login=login,
            tls=TlsSettings(ca_pem=Path(certificates.ca_path).read_text(encoding="utf-8")),
        )
        self.devices.replace_device(self.key, read_timeout_seconds=1)
        account = simulator.devices[name].accounts[0]
        self.secrets.store(self.key, Credentials(account.username, account.password))
        assert self.sync(self.key).held == len(NUMBERS)

    def _sees(self, before: NumberRecord | None, after: NumberRecord) -> None:
        if before is not None and len(after.holders) < len(before.holders):
            self.lost.append(after.number)

    def recovered(self, key: DeviceKey) -> None:
        """The fault is over: one sync finds all well, and nothing was ever lost."""
        self.configure.set_enabled(key, enabled=True)
        assert self.sync(key).health is Health.OK
        assert self.held_by(key) == set(NUMBERS)
        assert {self.number(number, CUSTOMER).status for number in NUMBERS} == {Status.USED}
        assert self.lost == []
