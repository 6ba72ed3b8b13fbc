"""`number-inventory sync`: sync devices here and now."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from cli.output import Output
from cli.request import AsJson, Customer, Request, request_of
from cli.tables import Cell, listing, state
from cli.times import duration
from number_inventory.bootstrap import configuration, syncs
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import InventoryError
from number_inventory.services.sync_summary import SyncResult, SyncSummary

_BUDGET = timedelta(minutes=5)
"""How long the sync of one device may take, as much as a deployed worker has; the next sync goes on."""

_FAILED = frozenset({SyncResult.FAILED, SyncResult.UNFINISHED})
_NAMED_AT_MOST = 5


def sync(
    context: typer.Context,
    devices: Annotated[
        list[str] | None, typer.Argument(metavar="DEVICE", help="Their names.", show_default=False)
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every enabled device of the customer.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Sync devices from this machine now, one after the other, without waiting for the schedule.

    Ends with exit code 1 if a device could not be synced. A device that another sync has at this moment is left to it.
    """
    request = request_of(context, customer, as_json)
    if all_ == bool(devices):
        raise typer.BadParameter("name devices or take --all, one of both", param_hint=("DEVICE", "--all"))
    keys = _enabled(request) if all_ else [request.device(name) for name in dict.fromkeys(devices or ())]
    summaries = [_sync(request, key, f"{place} of {len(keys)}") for place, key in enumerate(keys, start=1)]
    request.output.json({"syncs": summaries})
    if not summaries:
        request.output.show(f"Customer {request.customer} has no enabled device.")
        return
    request.output.show(_table(summaries, request.output.width))
    for summary in summaries:
        _remark(request.output, summary)
    failed = [summary.device.name for summary in summaries if summary.result in _FAILED]
    if failed:
        raise typer.TyperException(f"not synced: {', '.join(failed)}")


def _enabled(request: Request) -> list[DeviceKey]:
    configure = configuration.configure_devices(request.settings, request.output.warn, _BUDGET)
    return [entry.device.key for entry in configure.all(request.customer) if entry.device.enabled]


def _sync(request: Request, key: DeviceKey, place: str) -> SyncSummary:
    """Sync one device; whatever stops it stops only this one."""
    service = syncs.sync_device(request.settings, request.output.warn, _BUDGET)
    try:
        with request.output.working(f"Syncing {key.name} ({place})"):
            return service(key)
    except InventoryError as error:
        return SyncSummary(device=key, cause=str(error))
    except KeyboardInterrupt:
        longest = duration(_BUDGET.total_seconds())
        request.output.note(f"\n{key.name} may stay reserved for this sync for a little more than {longest}.")
        raise


def _table(summaries: Sequence[SyncSummary], width: int) -> Table:
    headings = ("Device", "Result", "Users", "Numbers", "Came", "Went", "Written")
    return listing(headings, [_row(summary) for summary in summaries], keep=len(headings), width=width)


def _row(summary: SyncSummary) -> Sequence[Cell]:
    """A device that gave no answer shows no counts: nothing is known, which is not the same as none."""
    start = (summary.device.name, state(summary.result))
    if summary.result in {SyncResult.FAILED, SyncResult.BUSY}:
        return (*start, "", "", "", "", "")
    return (*start, summary.users, summary.held, summary.appeared, summary.disappeared, summary.writes)


def _remark(output: Output, summary: SyncSummary) -> None:
    """What a person should know about a sync, line by line under the table."""
    name = summary.device.name
    if summary.cause and summary.cause not in summary.removals_wait:
        output.show(f"{name}: {summary.cause}")
    if summary.removals_wait:
        output.show(f"{name}: no number was taken from it: {summary.removals_wait}")
    if summary.conflicts:
        output.show(
            f"{name}: registered, but used by another vendor: {_named(summary.conflicts, len(summary.conflicts))}"
        )
    if summary.flapping:
        output.show(f"{name}: gone and back again and again: {_named(summary.flapping, len(summary.flapping))}")
    if summary.unmapped:
        output.show(f"{name}: no number for {_named(summary.unmapped_examples, summary.unmapped)}")
    if summary.foreign:
        output.show(f"{name}: {summary.foreign} users of other hosts or IP groups passed by")


def _named(names: Sequence[str], count: int) -> str:
    shown = names[:_NAMED_AT_MOST]
    rest = count - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
