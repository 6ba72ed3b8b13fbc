"""What operators alone do, wired as `number_inventory.bootstrap` wires what functions do, too; no layer has it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from number_inventory.bootstrap import configuration, process, stores, syncs

if TYPE_CHECKING:
    from pathlib import Path

    from number_inventory.bootstrap.syncs import Warn
    from number_inventory.ports.whole_tables import BackupFiles, WholeTables
    from number_inventory.services.back_up import BackUp, Restore
    from number_inventory.services.check_up import CheckUp
    from number_inventory.services.held_removals import ReviewRemovals
    from number_inventory.services.import_numbers import ImportNumbers
    from number_inventory.services.list_conflicts import ListConflicts
    from number_inventory.services.list_cooling import ListCooling
    from number_inventory.services.migrate_numbers import MigrateNumbers
    from number_inventory.services.replay_history import ReplayHistory
    from number_inventory.settings import (
        HistoryApiSettings,
        InventorySettings,
        ManageSettings,
        OperatorSettings,
        SyncSettings,
    )


def settings_of(values: Mapping[str, str]) -> "OperatorSettings":
    """The settings of an operator's command, under the names that a function's environment has."""
    from number_inventory.settings import OperatorSettings

    return OperatorSettings.load(values)


def deployed_settings(stack: str) -> "OperatorSettings":
    """The settings of a command on a deployed stack, read from that stack."""
    from cli.adapters.cloudformation import DeployedStacks

    return settings_of(DeployedStacks(process.session(), process.clock()).settings(stack))


def review_removals(settings: "SyncSettings", warn: "Warn", budget: timedelta) -> "ReviewRemovals":
    """Look at removals that are held back; the device may take `budget` over its answer."""
    from number_inventory.services.held_removals import ReviewRemovals

    registers = stores.registrations(settings.registrations_table)
    return ReviewRemovals(stores.devices(settings.devices_table), registers, syncs.ask_device(settings, warn, budget))


def list_cooling(settings: "HistoryApiSettings | OperatorSettings") -> "ListCooling":
    """List what cools, and whose it was."""
    from number_inventory.services.list_cooling import ListCooling

    return ListCooling(stores.inventory(settings), stores.history(settings))


def list_conflicts(settings: "InventorySettings") -> "ListConflicts":
    """List the numbers that two claim."""
    from number_inventory.services.list_conflicts import ListConflicts

    return ListConflicts(stores.inventory(settings))


def import_numbers(settings: "ManageSettings") -> "ImportNumbers":
    """Bring numbers in, row by row."""
    from number_inventory.services.import_numbers import ImportNumbers

    return ImportNumbers(stores.inventory(settings), stores.macros(settings.macros_table), process.clock())


def migrate_numbers(settings: "OperatorSettings") -> "MigrateNumbers":
    """Bring stored numbers to the form of this release, and count them anew."""
    from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
    from number_inventory.services.migrate_numbers import MigrateNumbers

    return MigrateNumbers(
        numbers=DynamoStoredNumbers(process.dynamodb(), settings.numbers_table),
        counters=stores.counters(settings.history_table),
        clock=process.clock(),
    )


def replay_history(settings: "OperatorSettings") -> "ReplayHistory":
    """Have the deployed function record what the numbers' stream still keeps."""
    from cli.adapters.history_function import PATIENCE_SECONDS, DeployedHistoryFunction
    from cli.adapters.number_stream import TableStream
    from number_inventory.services.replay_history import ReplayHistory

    session = process.session()
    return ReplayHistory(
        stream=TableStream(process.dynamodb(), session.streams(), settings.numbers_table),
        history=stores.history(settings),
        function=DeployedHistoryFunction(session.functions(PATIENCE_SECONDS), settings.record_function),
        clock=process.clock(),
    )


def back_up(settings: "OperatorSettings", folder: "Path", suffix: str = "") -> "BackUp":
    """Write all tables of a stack into a folder, or those whose names end in `suffix` in addition."""
    from number_inventory.services.back_up import BackUp

    return BackUp(_whole_tables(settings, suffix), _backup(folder))


def restore_backup(settings: "OperatorSettings", folder: "Path") -> "Restore":
    """Put a backup into the empty tables of a stack."""
    from number_inventory.services.back_up import Restore

    return Restore(_whole_tables(settings), _backup(folder), migrate_numbers(settings))


def _backup(folder: "Path") -> "BackupFiles":
    from cli.adapters.backup_files import BackupFolder

    return BackupFolder(folder, process.clock().now())


def _whole_tables(settings: "OperatorSettings", suffix: str = "") -> "WholeTables":
    """All but the requests, which are kept for a day. Numbers come last: nothing that they rest on is missing then."""
    from number_inventory.adapters.dynamodb.whole_tables import DynamoWholeTables

    tables = {
        "macros": settings.macros_table,
        "devices": settings.devices_table,
        "registrations": settings.registrations_table,
        "audits": settings.audits_table,
        "jobs": settings.jobs_table,
        "stock": settings.stock_table,
        "history": settings.history_table,
        "numbers": settings.numbers_table,
    }
    return DynamoWholeTables(process.dynamodb(), {kind: name + suffix for kind, name in tables.items()})


def check_up(
    settings: "OperatorSettings", stack: str, warn: "Warn", budget: timedelta, tell: Callable[[str], None]
) -> "CheckUp":
    """Look at everything that must work; a device may take `budget` over its answer."""
    from cli.adapters.deployed_parts import DeployedParts
    from number_inventory.services.check_up import CheckUp

    return CheckUp(
        deployment=DeployedParts(process.session(), stack),
        inventory=stores.inventory(settings),
        macros=stores.macros(settings.macros_table),
        audits=stores.audits(settings),
        configure=configuration.configure_devices(settings, warn, budget),
        clock=process.clock(),
        tell=tell,
    )
