"""The one place that wires adapters to services; each part is built when first asked for, and once a process.

An import stands in the function that needs it, so that a function loads only what it uses: that is cold-start time.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.adapters.system_clock import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient

    from number_inventory.adapters.audiocodes.connection import Listener
    from number_inventory.adapters.aws import AwsSession
    from number_inventory.domain.audit_runs import AuditRun
    from number_inventory.ports.audits import Audits, AuditWorkers
    from number_inventory.ports.clock import Clock
    from number_inventory.ports.devices import Devices
    from number_inventory.ports.history import Counters, DeadLetters, History
    from number_inventory.ports.keyed_requests import KeyedRequests, TakenBefore
    from number_inventory.ports.macros import Macros
    from number_inventory.ports.number_jobs import NumberJobs, NumberJobWorkers
    from number_inventory.ports.numbers import Inventory
    from number_inventory.ports.registrations import Registrations
    from number_inventory.ports.secrets import Secrets
    from number_inventory.ports.stock import StockDays
    from number_inventory.ports.whole_tables import BackupFiles, WholeTables
    from number_inventory.services.answer_once import AnswerOnce
    from number_inventory.services.ask_device import AskDevice
    from number_inventory.services.back_up import BackUp, Restore
    from number_inventory.services.check_up import CheckUp
    from number_inventory.services.count_numbers import LookAtCounts
    from number_inventory.services.dispatch import DispatchSyncs
    from number_inventory.services.held_removals import ApproveRemovals, ReviewRemovals
    from number_inventory.services.import_numbers import ImportNumbers
    from number_inventory.services.list_conflicts import ListConflicts
    from number_inventory.services.list_cooling import ListCooling
    from number_inventory.services.look_at_audits import LookAtAudits
    from number_inventory.services.look_at_history import LookAtHistory
    from number_inventory.services.look_at_number_jobs import LookAtNumberJobs
    from number_inventory.services.look_at_stock import LookAtStock
    from number_inventory.services.lookup import LookUpNumbers
    from number_inventory.services.manage_devices import ConfigureDevices, RemoveDevice
    from number_inventory.services.manage_macros import ManageMacros
    from number_inventory.services.manage_numbers import AddNumbers, ManageNumbers
    from number_inventory.services.migrate_numbers import MigrateNumbers
    from number_inventory.services.next_available import ClaimAvailable, FindAvailable
    from number_inventory.services.record_history import RecordHistory
    from number_inventory.services.release import ReleaseCooled
    from number_inventory.services.run_audit import RunAudit
    from number_inventory.services.run_number_job import RunNumberJob
    from number_inventory.services.start_audit import StartAudit
    from number_inventory.services.start_number_job import StartNumberJob
    from number_inventory.services.sync import SyncDevice
    from number_inventory.services.watch_stock import WatchStock
    from number_inventory.settings import (
        AuditSettings,
        AuditsSettings,
        AuditStartSettings,
        DevicesSettings,
        DispatchSettings,
        HistoryApiSettings,
        HistorySettings,
        InventorySettings,
        JobsSettings,
        ManageSettings,
        OperatorSettings,
        RecordSettings,
        RunJobSettings,
        StockSettings,
        SyncSettings,
        WatchStockSettings,
    )


_SHARE_OF_THE_DEVICE = 0.6
"""How much of a sync's time the device may take over its answers; the rest is for the numbers."""

NewId = Callable[[datetime], str]
"""Makes the name of an audit or a job from the instant at which it begins."""

Warn = Callable[[str], None]
"""Where an adapter says what a person should know, such as a certificate that is not verified."""


@lru_cache(maxsize=1)
def clock() -> "Clock":
    """The system's clock."""
    return SystemClock()


@lru_cache(maxsize=1)
def session() -> "AwsSession":
    """AWS as the environment says: region, credentials, and AWS_ENDPOINT_URL on a local stack."""
    from number_inventory.adapters.aws import AwsSession

    return AwsSession()


@lru_cache(maxsize=1)
def inventory(settings: "InventorySettings") -> "Inventory":
    """The numbers."""
    from number_inventory.adapters.dynamodb.inventory import DynamoInventory

    return DynamoInventory(_dynamodb(), settings.numbers_table, batched=settings.batched_writes)


@lru_cache(maxsize=1)
def devices(table: str) -> "Devices":
    """The configured devices."""
    from number_inventory.adapters.dynamodb.devices import DynamoDevices

    return DynamoDevices(_dynamodb(), table, clock())


@lru_cache(maxsize=1)
def registrations(table: str) -> "Registrations":
    """Which numbers each device is known to hold."""
    from number_inventory.adapters.dynamodb.registrations import DynamoRegistrations

    return DynamoRegistrations(_dynamodb(), table)


@lru_cache(maxsize=1)
def macros(table: str) -> "Macros":
    """The named macros."""
    from number_inventory.adapters.dynamodb.macros import DynamoMacros

    return DynamoMacros(_dynamodb(), table)


@lru_cache(maxsize=1)
def audits(settings: "AuditsSettings") -> "Audits":
    """The runs of audits and what they found."""
    from number_inventory.adapters.dynamodb.audits import DynamoAudits

    return DynamoAudits(_dynamodb(), settings.audits_table, timedelta(days=settings.audit_retention_days))


@lru_cache(maxsize=1)
def audit_workers(settings: "AuditStartSettings") -> "AuditWorkers":
    """Those who carry out audits: invocations of the audit function."""
    from number_inventory.adapters.lambda_functions import LambdaAuditWorkers

    return LambdaAuditWorkers(session().functions(), settings.audit_function)


@lru_cache(maxsize=1)
def number_jobs(settings: "JobsSettings") -> "NumberJobs":
    """The jobs that add numbers, and what became of each number."""
    from number_inventory.adapters.dynamodb.number_jobs import DynamoNumberJobs

    return DynamoNumberJobs(_dynamodb(), settings.jobs_table, timedelta(days=settings.job_retention_days))


@lru_cache(maxsize=1)
def number_job_workers(settings: "JobsSettings") -> "NumberJobWorkers":
    """Those who carry out jobs: invocations of their function."""
    from number_inventory.adapters.lambda_functions import LambdaNumberJobWorkers

    return LambdaNumberJobWorkers(session().functions(), settings.job_function)


@lru_cache(maxsize=1)
def history(settings: "HistorySettings") -> "History":
    """What became of numbers."""
    from number_inventory.adapters.dynamodb.history import DynamoHistory

    return DynamoHistory(_dynamodb(), settings.history_table, timedelta(days=settings.history_retention_days))


@lru_cache(maxsize=1)
def history_dead_letters(settings: "RecordSettings") -> "DeadLetters":
    """Where that goes which cannot be recorded."""
    from number_inventory.adapters.sqs import SqsDeadLetters

    return SqsDeadLetters(session().sqs(), settings.dead_letters_url)


@lru_cache(maxsize=1)
def record_history(settings: "RecordSettings") -> "RecordHistory":
    """Keep what becomes of numbers."""
    from number_inventory.adapters.eventbridge import EventBridgeStatusEvents
    from number_inventory.services.count_numbers import CountChanges
    from number_inventory.services.record_history import RecordHistory

    events = EventBridgeStatusEvents(session().events(), settings.event_bus)
    return RecordHistory(CountChanges(history(settings), counters(settings.history_table)), history(settings), events)


@lru_cache(maxsize=1)
def counters(table: str) -> "Counters":
    """How many numbers there are."""
    from number_inventory.adapters.dynamodb.counters import DynamoCounters

    return DynamoCounters(_dynamodb(), table)


def look_at_counts(settings: "HistorySettings") -> "LookAtCounts":
    """Look at how many numbers there are."""
    from number_inventory.services.count_numbers import LookAtCounts

    return LookAtCounts(counters(settings.history_table))


@lru_cache(maxsize=1)
def stock_days(settings: "StockSettings") -> "StockDays":
    """What was left on past days, and what is known of low stock."""
    from number_inventory.adapters.dynamodb.stock_days import DynamoStockDays

    return DynamoStockDays(_dynamodb(), settings.stock_table, timedelta(days=settings.history_retention_days))


def look_at_stock(settings: "StockSettings") -> "LookAtStock":
    """Look at how many numbers are left."""
    from number_inventory.services.look_at_stock import LookAtStock

    return LookAtStock(
        counters=counters(settings.history_table),
        days=stock_days(settings),
        macros=macros(settings.macros_table),
        clock=clock(),
    )


def watch_stock(settings: "WatchStockSettings") -> "WatchStock":
    """Look at it, and tell others when it runs low or has recovered."""
    from number_inventory.adapters.stock_events import EventBridgeStockEvents
    from number_inventory.services.watch_stock import WatchStock

    events = EventBridgeStockEvents(session().events(), settings.event_bus)
    return WatchStock(look=look_at_stock(settings), days=stock_days(settings), events=events)


@lru_cache(maxsize=1)
def secrets(parameter_prefix: str, credentials_key: str) -> "Secrets":
    """The devices' credentials; a key of the customer's own counts only where credentials are stored."""
    from number_inventory.adapters.ssm import SsmSecrets

    return SsmSecrets(session().ssm(), parameter_prefix, key_id=credentials_key)


def settings_of(values: Mapping[str, str]) -> "OperatorSettings":
    """The settings of an operator's command, under the names that a function's environment has."""
    from number_inventory.settings import OperatorSettings

    return OperatorSettings.load(values)


def deployed_settings(stack: str) -> "OperatorSettings":
    """The settings of a command on a deployed stack, read from that stack."""
    from number_inventory.adapters.cloudformation import DeployedStacks

    return settings_of(DeployedStacks(session(), clock()).settings(stack))


@lru_cache(maxsize=1)
def page_token_key(parameter_prefix: str) -> bytes:
    """The key that page tokens are signed with; made at first use."""
    from number_inventory.adapters.ssm import PageTokenKey

    return PageTokenKey(session().ssm(), parameter_prefix).value()


def ask_device(settings: "SyncSettings", warn: Warn, budget: timedelta, heard: "Listener | None" = None) -> "AskDevice":
    """Ask a device for its registered users; a snapshot ends within `budget`, retries included.

    `heard` takes what the device answers.
    """
    from number_inventory.adapters.audiocodes.calls import DeviceCalls
    from number_inventory.adapters.audiocodes.source import AudioCodesSource
    from number_inventory.services.ask_device import AskDevice

    calls = DeviceCalls(
        clock=clock(),
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
        devices=devices(settings.devices_table),
        registrations=registrations(settings.registrations_table),
        inventory=inventory(settings),
        macros=macros(settings.macros_table),
        ask=ask_device(settings, warn, budget * _SHARE_OF_THE_DEVICE),
        clock=clock(),
        budget=budget,
        correlation_id=correlation_id,
    )


def dispatch_syncs(settings: "DispatchSettings", correlation_id: str = "") -> "DispatchSyncs":
    """Queue syncs; `correlation_id` goes with each."""
    from number_inventory.adapters.sqs import SqsSyncQueue
    from number_inventory.services.dispatch import DispatchSyncs

    return DispatchSyncs(
        devices(settings.devices_table), SqsSyncQueue(session().sqs(), settings.sync_queue_url, correlation_id)
    )


def release_cooled(settings: "InventorySettings", budget: timedelta, correlation_id: str = "") -> "ReleaseCooled":
    """Release what has cooled, within `budget`; `correlation_id` stands in the numbers that it changes."""
    from number_inventory.services.release import ReleaseCooled

    return ReleaseCooled(inventory=inventory(settings), clock=clock(), budget=budget, correlation_id=correlation_id)


def start_audit(settings: "AuditStartSettings", new_id: "NewId | None" = None) -> "StartAudit":
    """Start audits; `new_id` makes their names."""
    from number_inventory.services.run_ids import new_run_id
    from number_inventory.services.start_audit import StartAudit

    return StartAudit(audits(settings), audit_workers(settings), clock(), new_id or new_run_id)


@lru_cache(maxsize=1)
def keyed_requests(table: str) -> "KeyedRequests":
    """Requests that have a key, and their answers."""
    from number_inventory.adapters.dynamodb.keyed_requests import DynamoKeyedRequests

    return DynamoKeyedRequests(_dynamodb(), table)


def answer_once(requests: "KeyedRequests") -> "AnswerOnce":
    """Answer requests that have a key."""
    from number_inventory.services.answer_once import AnswerOnce

    return AnswerOnce(requests, clock())


def run_audit(
    settings: "AuditSettings", budget: timedelta, on_buried: "Callable[[AuditRun], None]" = lambda _run: None
) -> "RunAudit":
    """Carry out audits: as far as `budget` reaches, then somebody else goes on; told of runs that it had to end."""
    from number_inventory.services.run_audit import RunAudit

    return RunAudit(
        audits=audits(settings),
        workers=audit_workers(settings),
        inventory=inventory(settings),
        devices=devices(settings.devices_table),
        registrations=registrations(settings.registrations_table),
        macros=macros(settings.macros_table),
        clock=clock(),
        proof_age=timedelta(hours=settings.audit_proof_hours),
        budget=budget,
        on_buried=on_buried,
    )


def look_at_audits(settings: "AuditsSettings") -> "LookAtAudits":
    """Look at audits and what they found."""
    from number_inventory.services.look_at_audits import LookAtAudits

    return LookAtAudits(audits(settings))


def look_at_history(settings: "HistoryApiSettings | OperatorSettings") -> "LookAtHistory":
    """Look at what became of numbers."""
    from number_inventory.services.look_at_history import LookAtHistory

    return LookAtHistory(
        inventory=inventory(settings),
        history=history(settings),
        macros=macros(settings.macros_table),
        clock=clock(),
        retention=timedelta(days=settings.history_retention_days),
    )


def look_up_numbers(settings: "InventorySettings") -> "LookUpNumbers":
    """Look numbers up."""
    from number_inventory.services.lookup import LookUpNumbers

    return LookUpNumbers(inventory(settings))


@lru_cache(maxsize=1)
def lookups_of_the_api() -> "LookUpNumbers":
    """Look numbers up for the API, by the environment as it was at the first request: lookups come most often."""
    from number_inventory.settings import ApiSettings

    return look_up_numbers(ApiSettings.load())


def list_cooling(settings: "HistoryApiSettings | OperatorSettings") -> "ListCooling":
    """List what cools, and whose it was."""
    from number_inventory.services.list_cooling import ListCooling

    return ListCooling(inventory(settings), history(settings))


def list_conflicts(settings: "InventorySettings") -> "ListConflicts":
    """List the numbers that two claim."""
    from number_inventory.services.list_conflicts import ListConflicts

    return ListConflicts(inventory(settings))


def add_numbers(settings: "InventorySettings") -> "AddNumbers":
    """Add numbers by hand."""
    from number_inventory.services.manage_numbers import AddNumbers

    return AddNumbers(inventory(settings), clock())


def start_number_job(settings: "JobsSettings", new_id: "NewId | None" = None) -> "StartNumberJob":
    """Start jobs that add numbers; `new_id` makes their names."""
    from number_inventory.services.run_ids import new_run_id
    from number_inventory.services.start_number_job import StartNumberJob

    return StartNumberJob(number_jobs(settings), number_job_workers(settings), clock(), new_id or new_run_id)


def run_number_job(settings: "RunJobSettings", budget: timedelta) -> "RunNumberJob":
    """Carry out jobs: as far as `budget` reaches, then somebody else goes on."""
    from number_inventory.services.run_number_job import RunNumberJob

    return RunNumberJob(
        jobs=number_jobs(settings),
        workers=number_job_workers(settings),
        inventory=inventory(settings),
        clock=clock(),
        budget=budget,
    )


def look_at_number_jobs(settings: "JobsSettings") -> "LookAtNumberJobs":
    """Look at jobs and what became of their numbers."""
    from number_inventory.services.look_at_number_jobs import LookAtNumberJobs

    return LookAtNumberJobs(number_jobs(settings))


def migrate_numbers(settings: "OperatorSettings") -> "MigrateNumbers":
    """Bring stored numbers to the form of this release, and count them anew."""
    from number_inventory.adapters.dynamodb.stored_numbers import DynamoStoredNumbers
    from number_inventory.services.migrate_numbers import MigrateNumbers

    return MigrateNumbers(
        numbers=DynamoStoredNumbers(_dynamodb(), settings.numbers_table),
        counters=counters(settings.history_table),
        clock=clock(),
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
    from number_inventory.adapters.backup_files import BackupFolder

    return BackupFolder(folder, clock().now())


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
    return DynamoWholeTables(_dynamodb(), {kind: name + suffix for kind, name in tables.items()})


def manage_numbers(settings: "ManageSettings", repeated_since: datetime | None = None) -> "ManageNumbers":
    """Change numbers by command, and delete them; `repeated_since` says when the same was asked for first."""
    from number_inventory.services.manage_numbers import ManageNumbers

    return ManageNumbers(inventory(settings), macros(settings.macros_table), clock(), repeated_since)


def import_numbers(settings: "ManageSettings") -> "ImportNumbers":
    """Bring numbers in, row by row."""
    from number_inventory.services.import_numbers import ImportNumbers

    return ImportNumbers(inventory(settings), macros(settings.macros_table), clock())


def find_available(settings: "InventorySettings") -> "FindAvailable":
    """Find the next Available numbers."""
    from number_inventory.services.next_available import FindAvailable

    return FindAvailable(inventory(settings))


def claim_available(settings: "InventorySettings", before: "TakenBefore | None" = None) -> "ClaimAvailable":
    """Claim the next Available numbers; `before` knows of earlier attempts at the same claim."""
    from number_inventory.services.next_available import ClaimAvailable

    return ClaimAvailable(inventory(settings), clock(), before=before)


def manage_macros(settings: "SyncSettings") -> "ManageMacros":
    """Read and set named macros."""
    from number_inventory.services.manage_macros import ManageMacros

    return ManageMacros(macros(settings.macros_table))


def configure_devices(
    settings: "SyncSettings", warn: Warn, budget: timedelta, heard: "Listener | None" = None
) -> "ConfigureDevices":
    """Add, look at, try, enable and disable devices; a try ends within `budget`, and `heard` takes its answers."""
    from number_inventory.services.manage_devices import ConfigureDevices

    ask = ask_device(settings, warn, budget, heard)
    return ConfigureDevices(
        devices(settings.devices_table), secrets(settings.parameter_prefix, settings.credentials_key), ask
    )


def check_up(
    settings: "OperatorSettings", stack: str, warn: Warn, budget: timedelta, tell: Callable[[str], None]
) -> "CheckUp":
    """Look at everything that must work; a device may take `budget` over its answer."""
    from number_inventory.adapters.deployed_parts import DeployedParts
    from number_inventory.services.check_up import CheckUp

    return CheckUp(
        deployment=DeployedParts(session(), stack),
        inventory=inventory(settings),
        macros=macros(settings.macros_table),
        audits=audits(settings),
        configure=configure_devices(settings, warn, budget),
        clock=clock(),
        tell=tell,
    )


def review_removals(settings: "SyncSettings", warn: Warn, budget: timedelta) -> "ReviewRemovals":
    """Look at removals that are held back; the device may take `budget` over its answer."""
    from number_inventory.services.held_removals import ReviewRemovals

    registers = registrations(settings.registrations_table)
    return ReviewRemovals(devices(settings.devices_table), registers, ask_device(settings, warn, budget))


def approve_removals(settings: "DevicesSettings") -> "ApproveRemovals":
    """Approve removals that are held back."""
    from number_inventory.services.held_removals import ApproveRemovals

    return ApproveRemovals(devices(settings.devices_table), clock())


def remove_device(settings: "SyncSettings", budget: timedelta) -> "RemoveDevice":
    """Remove a device and let its numbers cool, within `budget`."""
    from number_inventory.services.manage_devices import RemoveDevice

    return RemoveDevice(
        devices=devices(settings.devices_table),
        registrations=registrations(settings.registrations_table),
        inventory=inventory(settings),
        macros=macros(settings.macros_table),
        secrets=secrets(settings.parameter_prefix, settings.credentials_key),
        clock=clock(),
        budget=budget,
    )


@lru_cache(maxsize=1)
def _dynamodb() -> "DynamoDBClient":
    return session().dynamodb()
