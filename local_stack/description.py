"""`stack.json`: what runs locally and how to reach it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_stack.deployment import STACK_NAME
from local_stack.environment import REGION


def describe(
    *,
    endpoint_url: str,
    outputs: Mapping[str, str],
    pids: Mapping[str, int],
    simulator: Mapping[str, object],
    stack_name: str = STACK_NAME,
) -> dict[str, Any]:
    """What `stack.json` says.

    Args:
        endpoint_url: Where the emulator listens.
        outputs: The outputs of the deployed stack.
        pids: Process ids by part.
        simulator: What the simulator plays.
        stack_name: Of the stack.
    """
    return {
        "endpoint_url": endpoint_url,
        "region": REGION,
        "stack_name": stack_name,
        # The emulator takes this path on its one port for the address that the API has on AWS.
        "api_url": f"{endpoint_url}/_aws/execute-api/{outputs['ApiId']}/v1",
        "tables": {
            "numbers": outputs["NumbersTableName"],
            "registrations": outputs["RegistrationsTableName"],
            "devices": outputs["DevicesTableName"],
            "macros": outputs["MacrosTableName"],
            "audits": outputs["AuditsTableName"],
            "jobs": outputs["JobsTableName"],
            "history": outputs["HistoryTableName"],
            "stock": outputs["StockTableName"],
            "requests": outputs["RequestsTableName"],
        },
        "functions": {
            "sync_dispatcher": outputs["SyncDispatcherName"],
            "sync_worker": outputs["SyncWorkerName"],
            "release_cooled": outputs["ReleaseCooledName"],
            "audit": outputs["AuditName"],
            "number_jobs": outputs["NumberJobsName"],
            "settings_api": outputs["SettingsApiName"],
            "record_history": outputs["RecordHistoryName"],
            "watch_stock": outputs["WatchStockName"],
            "number_api": outputs["NumberApiName"],
        },
        "queues": {
            "sync": outputs["SyncQueueUrl"],
            "sync_dead_letters": outputs["SyncDeadLettersUrl"],
            "history_dead_letters": outputs["HistoryDeadLettersUrl"],
        },
        "event_bus": outputs["EventBusArn"],
        "parameter_prefix": outputs["ParameterPrefix"],
        "simulator": simulator,
        "pids": pids,
    }


def write(path: Path, description: Mapping[str, object]) -> None:
    """Writes `stack.json` in one piece: a reader sees all of it or none."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)


def read(path: Path) -> dict[str, Any] | None:
    """The description of the stack, or nothing if none is up."""
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return description
