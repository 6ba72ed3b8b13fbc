"""Devices and macros: what the settings API configures."""

from datetime import timedelta
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process, stores, syncs

if TYPE_CHECKING:
    from number_inventory.adapters.audiocodes.connection import Listener
    from number_inventory.bootstrap.syncs import Warn
    from number_inventory.services.held_removals import ApproveRemovals
    from number_inventory.services.manage_devices import ConfigureDevices
    from number_inventory.services.manage_macros import ManageMacros
    from number_inventory.services.remove_device import RemoveDevice
    from number_inventory.settings import DevicesSettings, SyncSettings


def configure_devices(
    settings: "SyncSettings", warn: "Warn", budget: timedelta, heard: "Listener | None" = None
) -> "ConfigureDevices":
    """Add, look at, try, enable and disable devices; a try ends within `budget`, and `heard` takes its answers."""
    from number_inventory.services.manage_devices import ConfigureDevices

    ask = syncs.ask_device(settings, warn, budget, heard)
    return ConfigureDevices(
        stores.devices(settings.devices_table), syncs.secrets(settings.parameter_prefix, settings.credentials_key), ask
    )


def remove_device(settings: "SyncSettings", budget: timedelta) -> "RemoveDevice":
    """Remove a device and let its numbers cool, within `budget`."""
    from number_inventory.services.remove_device import RemoveDevice

    return RemoveDevice(
        devices=stores.devices(settings.devices_table),
        registrations=stores.registrations(settings.registrations_table),
        inventory=stores.inventory(settings),
        macros=stores.macros(settings.macros_table),
        secrets=syncs.secrets(settings.parameter_prefix, settings.credentials_key),
        clock=process.clock(),
        budget=budget,
    )


def approve_removals(settings: "DevicesSettings") -> "ApproveRemovals":
    """Approve removals that are held back."""
    from number_inventory.services.held_removals import ApproveRemovals

    return ApproveRemovals(stores.devices(settings.devices_table), process.clock())


def manage_macros(settings: "SyncSettings") -> "ManageMacros":
    """Read and set named macros."""
    from number_inventory.services.manage_macros import ManageMacros

    return ManageMacros(stores.macros(settings.macros_table))
