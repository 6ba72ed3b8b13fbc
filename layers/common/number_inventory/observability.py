"""What a run says of itself: one structured log line and a few metrics, with few dimensions.

Logs and metrics hold numbers, device names and causes; never a credential.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from number_inventory.domain.errors import AuditUnderWayError, InvalidInputError, NotFoundError, StorageBusyError

if TYPE_CHECKING:
    from number_inventory.domain.audit_runs import AuditRun
    from number_inventory.domain.number_jobs import NumberJob

METRIC_NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "NumberInventory")
"""Deployed, each stack has one of its own."""

WATCHED = frozenset(
    {
        "AuditCorrections",
        "AuditHeld",
        "AuditsStopped",
        "Findings_conflict",
        "NumbersNotAdded",
        "RemovalsHeld",
        "RemovalsWaiting",
        "SyncsNotApplied",
    }
)
"""Metrics that the template has alarms on, and that runs tell of at all times."""

FAILED, THROTTLED, BACKLOG = "RunsFailed", "RunsThrottled", "ReleaseBacklog"
"""Metrics with alarms that tell of trouble alone: they are silent for months, and their alarms end without a zero.

The first two have no dimension: one alarm each watches all functions."""

SCHEDULED = "ScheduledRuns"
"""The heartbeat of a schedule, by function. Its alarm is raised by silence, so it needs no zero."""

_ASKED_WRONGLY = (InvalidInputError, NotFoundError, AuditUnderWayError)

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


def logger_for(service: str) -> Logger:
    """The logger of a function; its level comes from POWERTOOLS_LOG_LEVEL.

    Lambda has a level of its own, which Powertools would prefer. It drops what is below it, metrics among it, which are
    lines without a level; so it stays at INFO, and what the functions write is decided here. Times are in RFC 3339: a
    line with another is of no level either.
    """
    logger = Logger(service=service, utc=True, use_rfc3339=True)
    logging.getLogger(service).setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL", "INFO"))
    return logger


def correlate(logger: Logger, given: str | None, request_id: str) -> str:
    """Give every line of this run's log the id that its cause has, else that of the invocation; returns it."""
    correlation_id = given or request_id
    logger.set_correlation_id(correlation_id)
    return correlation_id


def metrics_for(service: str) -> Metrics:
    """The metrics of a function: CloudWatch embedded metric format on standard output, no calls to AWS."""
    return Metrics(namespace=METRIC_NAMESPACE, service=service)


def count(metrics: Metrics, counts: Mapping[str, int]) -> None:
    """Add each named count as a metric; zero only where an alarm waits for it.

    CloudWatch charges a metric for each hour in which it comes. An alarm goes on by the last value that it got, for
    some of its periods: zero ends it. That a function ran, and for how long, Lambda counts by itself.
    """
    for name, value in counts.items():
        if value or name in WATCHED:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def count_failure(error: Exception) -> None:
    """Count a run that did not come to its end: because AWS was busy beyond all retries, or for whatever else.

    What whoever asked did wrong is told to them, and is no failure; a schedule's event would end in the dead letters.
    """
    if isinstance(error, _ASKED_WRONGLY):
        return
    _write_one(THROTTLED if isinstance(error, StorageBusyError) else FAILED, {})


def count_scheduled_run(service: str) -> None:
    """Count a run that a schedule began, as it begins: what becomes of it has metrics and dead letters of its own.

    Runs by hand do not count. An alarm that heard them would not hear that the schedule is dead.
    """
    _write_one(SCHEDULED, {"service": service})


def _write_one(name: str, dimensions: Mapping[str, str]) -> None:
    """Write a metric of one at once, so that it is there whatever becomes of the run."""
    metric = {"Name": name, "Unit": MetricUnit.Count.value}
    described = {"Namespace": METRIC_NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": [metric]}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    sys.stdout.write(json.dumps({"_aws": aws, **dimensions, name: [1.0]}, separators=(",", ":")) + "\n")


def failures_counted(handler: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
    """Count a run that fails; for functions that count nothing else."""

    @wraps(handler)
    def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            count_failure(error)
            raise

    return run


def measured(metrics: Metrics) -> Callable[[Callable[_Arguments, _Answer]], Callable[_Arguments, _Answer]]:
    """Publish what a run counted once it ends, however it ends, and count it if it failed.

    A run that counted nothing, because it failed before or only reports, publishes nothing and says nothing of that:
    Powertools' own decorator would warn on standard error, in the midst of structured log lines.
    """

    def decorate(handler: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
        counted = failures_counted(handler)

        @wraps(handler)
        def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
            try:
                return counted(*args, **kwargs)
            finally:
                if metrics.metric_set:
                    metrics.flush_metrics()

        return run

    return decorate


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """A summary as plain JSON values: instants as RFC 3339 in UTC, empty parts left in."""
    if is_dataclass(value) and not isinstance(value, type):
        # Field by field: `asdict` makes a Counter anew from its pairs, and so counts the pairs.
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(item) for item in value]
    return value


def audit_as_json(run: "AuditRun") -> dict[str, Any]:
    """A run of the audit as plain JSON values, the same wherever it is shown, without what it keeps for itself."""
    shown: dict[str, Any] = as_json(run)
    del shown["position"]
    scope = shown.pop("scope")
    return {"id": shown.pop("id"), **scope, "codes": sorted(scope["codes"]), **shown}


def job_as_json(job: "NumberJob") -> dict[str, Any]:
    """A job as plain JSON values, the same wherever it is shown, without what it keeps for itself."""
    shown: dict[str, Any] = as_json(job)
    del shown["stretch"]
    return shown
