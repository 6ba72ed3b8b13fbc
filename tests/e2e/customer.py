"""A customer of the deployed stack: devices that are played for it, and an operator who looks after them.

Every test has a customer of its own, so that tests share a stack and nothing else. What a test wants to happen goes
through the stack: dispatcher, queue, worker, device, tables, API.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from simulator.server import Simulator
from tests.e2e.deployed_stack import Answer, DeployedStack, eventually
from tests.integration.cli.operator import CANARY, Ended, Operator

PASSWORD = {"NUMBER_INVENTORY_DEVICE_PASSWORD": CANARY}
_DISPATCHES = 6
_SYNC_SECONDS = 10.0
_WORK_SECONDS = 300.0
"""For jobs and audits, which take seconds on a machine that has nothing else to do."""


@dataclass(frozen=True)
class Customer:
    """A customer and what it has."""

    name: str
    stack: DeployedStack
    simulator: Simulator

    @property
    def operator(self) -> Operator:
        """Runs the command line for this customer."""
        return Operator(self.stack.folder, options=("--local", "--customer", self.name))

    def operate(self, *words: str, **environment: str) -> Ended:
        """Runs a command that must succeed."""
        ended = self.operator(*words, **environment)
        assert ended.code == 0, ended.err
        return ended

    def add_device(self, name: str = "sbc-1", *options: str) -> None:
        """Configures the played device of that name, as an operator does."""
        trust = ("--ca-file", str(self.simulator.certificates.ca_path))
        address = ("--address", self.simulator.url(name))
        self.operate("devices", "add", name, *address, "-u", "Admin", *trust, *options, **PASSWORD)

    def disable_devices(self) -> None:
        """Lets schedules pass its devices by."""
        for device in self.operate("devices", "list", "--json").json["devices"]:
            self.operate("devices", "disable", device["device"])

    def state(self, device: str = "sbc-1") -> dict[str, Any]:
        """How a device fares, as the operator sees it."""
        shown: dict[str, Any] = self.operate("devices", "show", device, "--json").json
        return shown

    def sync(self, device: str = "sbc-1") -> dict[str, Any]:
        """Has a device synced by dispatcher, queue and worker, and waits until a sync that began after now has ended.

        A schedule may have a sync of its own under way, which then need not have seen what the test did just before:
        the dispatcher is asked again until there was a later one.

        Returns:
            How the device fares after it.
        """
        before = self._sync_number(device)

        def ended() -> bool:
            item = self.item("devices", {"customer": self.name, "device": device})
            return "lease_until" not in item and self._sync_number(device) > before

        for _ in range(_DISPATCHES):
            answer = self.stack.invoke("sync_dispatcher", {"customer": self.name, "device": device})
            assert answer == {"queued": 1}
            if eventually(ended, seconds=_SYNC_SECONDS):
                return self.state(device)
        raise AssertionError(f"device {device} of {self.name} was not synced: {self.state(device)}")

    def shows(self, status: str, *numbers: str, seconds: float = 120.0) -> None:
        """Waits until the API shows these numbers with this Status."""

        def found() -> list[str | None]:
            return [self.look(number).get("status") for number in numbers]

        eventually(lambda: set(found()) == {status}, seconds=seconds)
        assert found() == [status] * len(numbers)

    def look(self, number: str) -> dict[str, Any]:
        """What the API shows of a number; empty where there is none."""
        answer = self.get(number)
        assert answer.status in {200, 404}, answer.body
        return dict(answer.body) if answer.status == 200 else {}

    def get(self, number: str) -> Answer:
        """Asks the API for a number."""
        return self.stack.get(self._path(number))

    def do(self, verb: str, number: str, body: object = None, **headers: str) -> Answer:
        """Has the API do something with a number, such as `assign`."""
        return self.stack.send("POST", f"{self._path(number)}/{verb}", body, **headers)

    def change(self, method: str, number: str, body: object = None, **headers: str) -> Answer:
        """Has the API change a number itself: PATCH or DELETE."""
        return self.stack.send(method, self._path(number), body, **headers)

    def have(self, path: str, body: object, **headers: str) -> Answer:
        """Posts to what stands below the customer, such as `numbers` or `next-available/claim`."""
        return self.stack.send("POST", f"/customers/{self.name}/{path}", body, **headers)

    def configure(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Asks the API about what stands below the customer: `devices/sbc-1`, `macros`, `settings`."""
        return self.stack.send(method, f"/customers/{self.name}/{path}", body, **headers)

    def items(self, table: str) -> Any:  # noqa: ANN401 - items as they are stored
        """All that a table holds."""
        return self.stack.client("dynamodb").scan(TableName=self.stack.table(table))["Items"]

    def job(self, body: object) -> dict[str, Any]:
        """Has a job add numbers over the API, and waits until it has ended; returns it as the API shows it then."""
        begun = self.have("numbers", body)
        assert begun.status == 202, begun.body
        address = f"/customers/{self.name}/{begun.headers['Location']}"
        ended = eventually(lambda: self.stack.get(address).body["ended_at"], seconds=_WORK_SECONDS)
        assert ended, self.stack.get(address).body
        assert self.stack.get(f"{address}/outcomes", limit="1").status == 200
        return dict(self.stack.get(address).body)

    def _path(self, number: str) -> str:
        return f"/customers/{self.name}/numbers/{quote(number, safe='')}"

    def list(self, **query: str) -> Answer:
        """Asks the API for a page of numbers."""
        return self.stack.get(f"/customers/{self.name}/numbers", **query)

    def audit(self, **order: object) -> dict[str, Any]:
        """Starts an audit over the API, and waits until it has ended; returns it as the API shows it then."""
        begun = self.stack.post(f"/customers/{self.name}/audits", order)
        assert begun.status == 202, begun.body
        return self.audit_ended(begun.body["id"])

    def audit_ended(self, run: str, *, seconds: float = _WORK_SECONDS) -> dict[str, Any]:
        """Waits until an audit has ended; returns it as the API shows it then."""
        ended = eventually(lambda: self._ended(run), seconds=seconds)
        assert ended, self.audits(run).body
        return ended

    def _ended(self, run: str) -> dict[str, Any]:
        shown = self.audits(run)
        assert shown.status == 200, shown.body
        return dict(shown.body) if shown.body["ended_at"] else {}

    def audits(self, *path: str, **query: str) -> Answer:
        """Asks the API for audits, or for what stands below them."""
        return self.stack.get("/".join((f"/customers/{self.name}/audits", *path)), **query)

    def lose(self, *numbers: str) -> None:
        """Deletes numbers from the table past all rules, as nothing of the product does."""
        requests = [
            {"DeleteRequest": {"Key": {"customer": {"S": self.name}, "number": {"S": number}}}} for number in numbers
        ]
        for start in range(0, len(requests), 25):
            batch = {self.stack.table("numbers"): requests[start : start + 25]}
            assert not self.stack.client("dynamodb").batch_write_item(RequestItems=batch)["UnprocessedItems"]

    def damage(self, number: str, **values: str) -> None:
        """Writes attributes of a number past all rules."""
        key = {"customer": self.name, "number": number}
        self.arrange("numbers", key, **{name: {"S": value} for name, value in values.items()})

    def item(self, table: str, key: dict[str, str]) -> dict[str, Any]:
        """An item as it is stored; to wait for, and to arrange what takes days."""
        answer = self.stack.client("dynamodb").get_item(
            TableName=self.stack.table(table),
            Key={name: {"S": value} for name, value in key.items()},
            ConsistentRead=True,
        )
        return dict(answer.get("Item", {}))

    def arrange(self, table: str, key: dict[str, str], **values: dict[str, Any]) -> None:
        """Writes attributes of an item past all rules, as a test's arrangement."""
        self.stack.client("dynamodb").update_item(
            TableName=self.stack.table(table),
            Key={name: {"S": value} for name, value in key.items()},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def _sync_number(self, device: str) -> int:
        item = self.item("devices", {"customer": self.name, "device": device})
        return int(item.get("sync", {"N": "0"})["N"])
