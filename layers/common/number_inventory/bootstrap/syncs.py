"""Syncs: queued by a schedule and the settings API, carried out by the worker. Whoever loads this may reach devices."""

from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores

if TYPE_CHECKING:
    from number_inventory.adapters.audiocodes.connection import Listener
    from number_inventory.ports.secrets import Secrets
    from number_inventory.services.ask_device import AskDevice
    from number_inventory.services.dispatch import DispatchSyncs
    from number_inventory.services.sync import SyncDevice
    from number_inventory.settings import DispatchSettings, SyncSettings

_SHARE_OF_THE_DEVICE = 0.6
"""How much of a sync's time the device may take over its answers; the rest is for the numbers."""

Warn = Callable[[str], None]
"""Where an adapter says what a person should know, such as a certificate that is not verified."""


@lru_cache(maxsize=1)
def secrets(parameter_prefix: str, credentials_key: str) -> "Secrets":
    """The devices' credentials; a key of the customer's own counts only where credentials are stored."""
    from number_inventory.adapters.ssm import SsmSecrets

    return SsmSecrets(process.session().ssm(), parameter_prefix, key_id=credentials_key)


def ask_device(settings: "SyncSettings", warn: Warn, budget: timedelta, heard: "Listener | None" = None) -> "AskDevice":
    """Ask a device for its registered users; a snapshot ends within `budget`, retries included.

    `heard` takes what the device answers.
    """
    from number_inventory.adapters.audiocodes.calls import DeviceCalls
    from number_inventory.adapters.audiocodes.source import AudioCodesSource
    from number_inventory.services.ask_device import AskDevice

    calls = DeviceCalls(
        clock=process.clock(),
        address_policy=settings.device_address_policy,
        budget_seconds=budget.total_seconds(),
        warn=warn,
        heard=heard,
    )
    return AskDevice(secrets(settings.parameter_prefix, settings.credentials_key), AudioCodesSource(calls))


def sync_device(settings: "SyncSettings", warn: Warn, budget: timedelta, correlation_id: str = "") -> "SyncDevice":
    """Sync one device within `budget`, of which the device itself may take the larger part."""
    from number_inventory.services.sync import SyncDevice

    return SyncDevice(
        devices=stores.devices(settings.devices_table),
        registrations=stores.registrations(settings.registrations_table),
        inventory=stores.inventory(settings),
        macros=stores.macros(settings.macros_table),
        ask=ask_device(settings, warn, budget * _SHARE_OF_THE_DEVICE),
        clock=process.clock(),
        budget=budget,
        correlation_id=correlation_id,
    )


def dispatch_syncs(settings: "DispatchSettings", correlation_id: str = "") -> "DispatchSyncs":
    """Queue syncs; `correlation_id` goes with each."""
    from number_inventory.adapters.sqs import SqsSyncQueue
    from number_inventory.services.dispatch import DispatchSyncs

    return DispatchSyncs(
        stores.devices(settings.devices_table),
        SqsSyncQueue(process.session().sqs(), settings.sync_queue_url, correlation_id),
    )
