"""The Devices table; implements `ports.Devices`.

One item a device holds all that a sync of an unchanged device needs: taking the lease reads it, giving it back writes
what was learned. The sync number starts at the second in which the device was added, so that a device removed and
added again counts on from above its earlier life, and what older syncs left behind is known to be older.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from number_inventory.adapters.aws import aws_errors, was_retried
from number_inventory.adapters.dynamodb.attributes import (
    NOT_NEWER,
    Item,
    refuse_newer,
    text,
    whole,
    with_schema,
)
from number_inventory.adapters.dynamodb.batch_get import batch_get
from number_inventory.adapters.dynamodb.device_items import (
    CONFIGURATION,
    SCHEDULE_INDEX,
    SCHEDULE_SHARDS,
    approval_attribute,
    device_item,
    device_item_key,
    read_entry,
    read_head,
    schedule_attributes,
    state_attribute,
)
from number_inventory.adapters.dynamodb.device_leases import DeviceLeases, not_found
from number_inventory.adapters.dynamodb.tables import (
    OnBroken,
    log_broken,
    old_item,
    query_pages,
    write_if,
)
from number_inventory.domain.devices import Device, DeviceKey, DeviceState
from number_inventory.domain.errors import AlreadyExistsError, LeaseLostError, RecordBrokenError
from number_inventory.domain.removals import Approval
from number_inventory.ports.clock import Clock
from number_inventory.ports.devices import DeviceEntry, DeviceHead, Lease, NotDue, RegisterHead

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_DISTRUSTED = "distrusted"
"""Stands where the digest of a device's last snapshot did: no snapshot has this digest."""


class DynamoDevices:
    """The devices of all customers in one table.

    Attributes:
        clock: dates the birth of a device.
        on_broken: told of devices that a listing leaves out, because they cannot be understood.
        new_id: makes the name under which a lease is taken.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        clock: Clock,
        on_broken: OnBroken = log_broken,
        new_id: Callable[[], str] = lambda: uuid4().hex,
    ) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._on_broken = on_broken
        self._leases = DeviceLeases(client, table, new_id)

    def add(self, device: Device) -> None:
        """Add a device; raises AlreadyExistsError where the name is taken, and changes nothing then."""
        birth = whole(int(self._clock.now().timestamp()))
        item = {**device_item(device), "state": state_attribute(DeviceState()), "sync": birth, "settled_sync": birth}
        refused = write_if(
            f"add device {device.key}",
            self._client.put_item,
            TableName=self._table,
            Item=item,
            ConditionExpression="attribute_not_exists(#customer)",
            ExpressionAttributeNames={"#customer": "customer"},
        )
        if refused and not (was_retried(refused) and old_item(refused) == item):
            raise AlreadyExistsError(f"device {device.key} exists already and is left as it is")

    def get(self, key: DeviceKey) -> DeviceEntry:
        """One device, strongly consistent; raises NotFoundError, or RecordBrokenError."""
        with aws_errors(f"read device {key}"):
            answer = self._client.get_item(TableName=self._table, Key=device_item_key(key), ConsistentRead=True)
        item = answer.get("Item")
        if not item:
            raise not_found(key)
        return read_entry(item)

    def of_customer(self, customer: str) -> Sequence[DeviceEntry]:
        """All devices of a customer, by name, strongly consistent; broken ones are reported and left out."""
        entries = []
        for item in self._items_of(customer):
            try:
                entries.append(read_entry(item))
            except RecordBrokenError as error:
                self._on_broken(error)
        return entries

    def heads(
        self, customer: str, names: Collection[str] | None = None
    ) -> Mapping[str, DeviceHead | RecordBrokenError]:
        """The heads of a customer's devices by name, strongly consistent; a broken device is its own error."""
        if names is None:
            items = self._items_of(customer)
        else:
            keys = [device_item_key(DeviceKey(customer, name)) for name in sorted(set(names))]
            purpose = f"read {len(keys)} devices of customer {customer}"
            items = batch_get(self._client, self._table, keys, purpose=purpose, consistent=True)
        return {item["device"]["S"]: _head_or_error(item) for item in items}

    def reconfigure(self, before: Device, after: Device) -> bool:
        """Store how a device is asked; False, and nothing stored, where it is configured otherwise by now.

        Raises:
            NotFoundError: there is no such device.
        """
        old, new = device_item(before), device_item(after)
        key = device_item_key(before.key)
        names = [name for name in CONFIGURATION if name in old or name in new]
        sets = [name for name in names if name in new]
        removes = [name for name in names if name not in new]
        seen = [f"#{name} = :old_{name}" if name in old else f"attribute_not_exists(#{name})" for name in names]
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
        in_names = {f"#{name}": name for name in names}
        values = {
            **{f":{name}": new[name] for name in sets},
            **{f":old_{name}": old[name] for name in names if name in old},
        }
        with_schema(in_names, values)
        refused = write_if(
            f"configure device {before.key}",
            self._client.update_item,
            TableName=self._table,
            Key=key,
            UpdateExpression=change + (" REMOVE " + ", ".join(f"#{name}" for name in removes) if removes else ""),
            ConditionExpression=" AND ".join([*seen, NOT_NEWER]),
            ExpressionAttributeNames=in_names,
            ExpressionAttributeValues=values,
        )
        if refused is None:
            return True
        # Sent again after a lost answer it meets its own work.
        return self.get(before.key).device == after

    def set_enabled(self, key: DeviceKey, *, enabled: bool) -> None:
        """Let schedules sync the device, or not; raises NotFoundError, or RecordNewerError.

        Enabling also lets refused credentials be tried again: a person says that they are good now.
        """
        index = schedule_attributes(key)
        names = {"#enabled": "enabled", "#shard": "schedule_shard", "#key": "device_key", "#customer": "customer"}
        values: Item = {":enabled": {"BOOL": enabled}}
        expression = "SET #enabled = :enabled"
        if enabled:
            expression += ", #shard = :shard, #key = :key REMOVE #refused, #next"
            names.update({"#refused": "refused_credentials", "#next": "next_try_at"})
            values.update({":shard": index["schedule_shard"], ":key": index["device_key"]})
        else:
            expression += " REMOVE #shard, #key"
        with_schema(names, values)
        refused = write_if(
            f"{'enable' if enabled else 'disable'} device {key}",
            self._client.update_item,
            TableName=self._table,
            Key=device_item_key(key),
            UpdateExpression=expression,
            ConditionExpression=f"attribute_exists(#customer) AND {NOT_NEWER}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        if refused:
            refuse_newer(old_item(refused), f"device {key}")
            raise not_found(key)

    def distrust(self, head: DeviceHead) -> bool:
        """Let the next sync compare everything; False, and nothing written, where the device has moved since."""
        refused = write_if(
            f"distrust the register of device {head.device.key}",
            self._client.update_item,
            TableName=self._table,
            Key=device_item_key(head.device.key),
            UpdateExpression="SET #digest = :distrusted",
            ConditionExpression="#sync = :sync AND #settled = :settled",
            ExpressionAttributeNames={"#digest": "digest", "#sync": "sync", "#settled": "settled_sync"},
            ExpressionAttributeValues={
                ":distrusted": text(_DISTRUSTED),
                ":sync": whole(head.sync),
                ":settled": whole(head.settled_sync),
            },
        )
        return refused is None

    def approve_removals(self, key: DeviceKey, approval: Approval) -> bool:
        """Keep a person's word, if exactly this set is held back now; raises NotFoundError."""
        refused = write_if(
            f"approve removals of device {key}",
            self._client.update_item,
            TableName=self._table,
            Key=device_item_key(key),
            UpdateExpression="SET #approval = :approval",
            ConditionExpression="#state.#held.#checksum = :checksum",
            ExpressionAttributeNames={
                "#approval": "approval",
                "#state": "state",
                "#held": "held_removals",
                "#checksum": "checksum",
            },
            ExpressionAttributeValues={
                ":approval": approval_attribute(approval),
                ":checksum": text(approval.checksum),
            },
        )
        if refused and not old_item(refused):
            raise not_found(key)
        return refused is None

    def remove(self, key: DeviceKey, lease: Lease) -> None:
        """Forget the device under its lease; nothing where it is gone already.

        Raises:
            LeaseLostError: another sync has begun since.
        """
        refused = write_if(
            f"remove device {key}",
            self._client.delete_item,
            TableName=self._table,
            Key=device_item_key(key),
            ConditionExpression="#sync = :mine",
            ExpressionAttributeNames={"#sync": "sync"},
            ExpressionAttributeValues={":mine": whole(lease.sync)},
        )
        if refused and old_item(refused):
            raise LeaseLostError(f"device {key} is not removed: another sync of it has begun; try again in a moment")

    def enabled(self) -> Iterator[DeviceKey]:
        """Every enabled device of every customer, eventually consistent."""
        for shard in range(SCHEDULE_SHARDS):
            request: dict[str, Any] = {
                "IndexName": SCHEDULE_INDEX,
                "KeyConditionExpression": "#shard = :shard",
                "ExpressionAttributeNames": {"#shard": "schedule_shard"},
                "ExpressionAttributeValues": {":shard": text(str(shard))},
            }
            for item in self._query(request, "list the enabled devices"):
                yield DeviceKey(item["customer"]["S"], item["device"]["S"])

    def customers(self) -> Iterator[str]:
        """Every customer that has an enabled device, each once, in order."""
        yield from sorted({key.customer for key in self.enabled()})

    def acquire(self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False) -> Lease | None:
        """Take the lease of a device; see `ports.Devices`."""
        return self._leases.acquire(key, now, until, even_disabled=even_disabled)

    def acquire_if_due(self, key: DeviceKey, now: datetime, until: datetime) -> Lease | NotDue | None:
        """The same, unless the device is not to be asked yet; see `ports.Devices`."""
        return self._leases.acquire_if_due(key, now, until)

    def finish(self, lease: Lease, state: DeviceState, head: RegisterHead | None) -> bool:
        """Give the lease back and keep the state; False, and nothing written, where it was lost to somebody else."""
        return self._leases.finish(lease, state, head)

    def _items_of(self, customer: str) -> Iterator[dict[str, Any]]:
        """All devices of a customer, by name, strongly consistent."""
        request: dict[str, Any] = {
            "KeyConditionExpression": "#customer = :customer",
            "ExpressionAttributeNames": {"#customer": "customer"},
            "ExpressionAttributeValues": {":customer": text(customer)},
            "ConsistentRead": True,
        }
        yield from self._query(request, f"list the devices of customer {customer}")

    def _query(self, request: dict[str, Any], purpose: str) -> Iterator[dict[str, Any]]:
        for items in query_pages(self._client, self._table, request, purpose=purpose):
            yield from items


def _head_or_error(item: dict[str, Any]) -> DeviceHead | RecordBrokenError:
    try:
        return read_head(item)
    except RecordBrokenError as error:
        return error
