"""How many numbers there are, as people and programs see it."""

from typing import Any

from rich.table import Table

from cli.tables import listing
from number_inventory.domain.counts import UNREADABLE, Counts, Tally
from number_inventory.domain.numbers import Status

_HEADINGS = ("What", "All", *Status, UNREADABLE, "In use")


def counts_json(customer: str, counts: Counts) -> dict[str, Any]:
    """The counts for programs, as the API shows them."""
    return {
        "customer": customer,
        **_tally_json(counts.all),
        "by_vendor": {name: _tally_json(tally) for name, tally in counts.by_vendor.items()},
        "by_site": {name: _tally_json(tally) for name, tally in counts.by_site.items()},
    }


def _tally_json(tally: Tally) -> dict[str, Any]:
    return {"total": tally.total, "utilisation_percent": tally.utilisation, "by_status": dict(tally.by_status)}


def counts_table(counts: Counts, width: int) -> Table:
    """A line for all, one for each Site and one for each Vendor."""
    rows = [
        _row("all numbers", counts.all),
        *(_row(f"site {name or '-'}", tally) for name, tally in counts.by_site.items()),
        *(_row(f"vendor {name or '-'}", tally) for name, tally in counts.by_vendor.items()),
    ]
    # A Status that no number has is no column.
    empty = {_HEADINGS.index(status) for status in (*Status, UNREADABLE) if not counts.all.by_status[status]}
    shown = [[("" if place in empty else cell) for place, cell in enumerate(row)] for row in rows]
    return listing(_HEADINGS, shown, width=width)


def _row(name: str, tally: Tally) -> tuple[str | int, ...]:
    used = "" if tally.utilisation is None else f"{tally.utilisation} %"
    return (name, tally.total, *(tally.by_status[status] for status in (*Status, UNREADABLE)), used)
