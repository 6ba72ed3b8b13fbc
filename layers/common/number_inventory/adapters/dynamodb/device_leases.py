"""The leases of devices: a device is synced once at a time, and whoever was held up finds that it has lost its turn.

Taking a lease counts the device's syncs on, by one; every write of a sync is bound to its number.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from number_inventory.adapters.aws import AWS_FAULTS, storage_error
from number_inventory.adapters.dynamodb.attributes import (
    NOT_NEWER,
    Attribute,
    Item,
    refuse_newer,
    sortable_instant,
    text,
    whole,
    with_schema,
)
from number_inventory.adapters.dynamodb.device_items import device_item_key, read_entry, read_lease, state_attribute
from number_inventory.adapters.dynamodb.tables import condition_failed, old_item, write_if
from number_inventory.domain.devices import DeviceKey, DeviceState
from number_inventory.domain.errors import NotFoundError
from number_inventory.ports.devices import Lease, NotDue, RegisterHead

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DeviceLeases:
    """Takes leases and gives them back.

    Attributes:
        new_id: makes the name under which a lease is taken.
    """

    def __init__(self, client: "DynamoDBClient", table: str, new_id: Callable[[], str]) -> None:
        self._client = client
        self._table = table
        self._new_id = new_id

    def acquire(self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False) -> Lease | None:
        """Take the lease; None while somebody else has it.

        Raises:
            NotFoundError: there is no such device, or it is disabled.
            RecordBrokenError: its configuration cannot be understood.
        """
        found = self._acquire(key, now, until, even_disabled=even_disabled)
        return found if isinstance(found, Lease) else None

    def acquire_if_due(self, key: DeviceKey, now: datetime, until: datetime) -> Lease | NotDue | None:
        """The same for a schedule's turn: a device that is not due costs this one request."""
        found = self._acquire(key, now, until, even_not_due=False)
        if found is None or isinstance(found, Lease):
            return found
        state = read_entry(found).state
        return NotDue(state, state.next_try_at) if state.next_try_at and state.next_try_at > now else None

    def _acquire(
        self, key: DeviceKey, now: datetime, until: datetime, *, even_disabled: bool = False, even_not_due: bool = True
    ) -> Lease | dict[str, Any] | None:
        """Take the lease; else the item that nobody has the lease of, or None while somebody has."""
        mine = self._new_id()
        values: Item = {
            ":mine": text(mine),
            ":until": sortable_instant(until),
            ":now": sortable_instant(now),
            ":one": whole(1),
        }
        names = {"#customer": "customer", "#until": "lease_until", "#holder": "lease_holder", "#sync": "sync"}
        condition = f"attribute_exists(#customer) AND (attribute_not_exists(#until) OR #until <= :now) AND {NOT_NEWER}"
        with_schema(names, values)
        if not even_disabled:
            condition += " AND #enabled = :enabled"
            names["#enabled"], values[":enabled"] = "enabled", {"BOOL": True}
        if not even_not_due:
            condition += " AND (attribute_not_exists(#next) OR #next <= :now)"
            names["#next"] = "next_try_at"
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=device_item_key(key),
                UpdateExpression="SET #until = :until, #holder = :mine, #sync = #sync + :one",
                ConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except AWS_FAULTS as error:
            if not condition_failed(error):
                raise storage_error(error, f"take the lease of device {key}") from error
            return self._leased_by(mine, key, old_item(error), values[":now"], even_disabled=even_disabled)
        return read_lease(answer["Attributes"])

    def _leased_by(
        self, mine: str, key: DeviceKey, item: dict[str, Any], now: Attribute, *, even_disabled: bool
    ) -> Lease | dict[str, Any] | None:
        """Why the lease was not to be had; it may be our own, where only the answer to the first try was lost."""
        if not item:
            raise not_found(key)
        refuse_newer(item, f"device {key}")
        if item.get("lease_holder") == text(mine):
            return read_lease(item)
        if not even_disabled and not item.get("enabled", {}).get("BOOL"):
            raise NotFoundError(f"device {key} is disabled, so it is not synced")
        leased = item.get("lease_until")
        return None if leased and leased["S"] > now["S"] else item

    def finish(self, lease: Lease, state: DeviceState, head: RegisterHead | None) -> bool:
        """Give the lease back and keep the state; False, and nothing written, where it was lost to somebody else."""
        names = {"#sync": "sync", "#state": "state", "#until": "lease_until", "#holder": "lease_holder"}
        values: Item = {":mine": whole(lease.sync), ":state": state_attribute(state)}
        sets = ["#state = :state"]
        if head is not None:
            names.update({"#digest": "digest", "#base": "base", "#settled": "settled_sync", "#mark": "mark"})
            values.update({":digest": {"S": head.digest}, ":base": {"S": head.base}, ":mark": {"S": head.mark}})
            sets += ["#digest = :digest", "#base = :base", "#settled = :mine", "#mark = :mark"]
        if state.refused_credentials != lease.state.refused_credentials:
            # Otherwise left alone: an operator may have cleared it since the lease was taken.
            names["#refused"] = "refused_credentials"
            values[":refused"] = whole(state.refused_credentials)
            sets.append("#refused = :refused")
        removes = ["#until", "#holder"]
        if state.next_try_at is None:
            names["#next"] = "next_try_at"
            removes.append("#next")
        else:
            names["#next"], values[":next"] = "next_try_at", sortable_instant(state.next_try_at)
            sets.append("#next = :next")
        if _held_set(state) != _held_set(lease.state):
            # An approval was about the set that was held before.
            names["#approval"] = "approval"
            removes.append("#approval")
        refused = write_if(
            f"finish the sync of device {lease.key}",
            self._client.update_item,
            TableName=self._table,
            Key=device_item_key(lease.key),
            UpdateExpression=f"SET {', '.join(sets)} REMOVE {', '.join(removes)}",
            ConditionExpression="#sync = :mine",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
        # Where the answer to the first try was lost and the next sync has begun since, the head shows whose it is.
        return not refused or (head is not None and old_item(refused).get("settled_sync") == whole(lease.sync))


def _held_set(state: DeviceState) -> str:
    return state.held_removals.checksum if state.held_removals else ""


def not_found(key: DeviceKey) -> NotFoundError:
    """The error for a device that is not there."""
    return NotFoundError(f"customer {key.customer} has no device {key.name!r}")
