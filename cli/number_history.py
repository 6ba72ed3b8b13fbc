"""The commands of `number-inventory numbers` that tell what became of numbers, why they are so, and how many."""

from typing import Annotated

import typer

from cli.count_views import counts_json, counts_table
from cli.help import command
from cli.history_views import change_json, changes_table, explanation_json, explanation_table
from cli.request import AsJson, Customer, request_of
from number_inventory.bootstrap import histories, process
from number_inventory.services.look_at_history import DEFAULT_LIMIT, MAX_LIMIT, ChangeQuery

app = typer.Typer()

Number = Annotated[str, typer.Argument(metavar="NUMBER", help="The number, such as +493012345678 or 4711.")]


@command(
    app,
    "history",
    "numbers history +493012345678",
    "numbers history +493012345678 --limit 10 --json",
)
def history(
    context: typer.Context,
    number: Number,
    *,
    limit: Annotated[
        int, typer.Option(min=1, max=MAX_LIMIT, help="At most so many. Example: --limit 10")
    ] = DEFAULT_LIMIT,
    after: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Go on where an earlier answer said to (next_after).")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of a number, the newest change first; also of one that was deleted."""
    request = request_of(context, customer, as_json)
    page = histories.look_at_history(request.settings).page(ChangeQuery(request.customer, number), limit, after)
    changes = [change_json(change) for change in page.changes]
    request.output.json({"changes": changes, "next_after": page.last})
    if page.changes:
        request.output.show(changes_table(page.changes, process.clock().now(), request.output.width))
    else:
        request.output.show(f"Nothing has happened to {number} for as long as the history is kept.")
    if page.last is not None:
        request.output.note(f"{len(page.changes)} shown, and there are more: --limit, or --after {page.last} to go on.")


@command(
    app,
    "count",
    "numbers count",
    "numbers count --site Berlin",
)
def count(
    context: typer.Context,
    *,
    site: Annotated[str | None, typer.Option(help="Only of this Site; '' is blank. Example: --site Berlin")] = None,
    vendor: Annotated[
        str | None, typer.Option(help="Only of this Vendor; '' is blank. Example: --vendor AudioCodes")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Count numbers by Status, Site and Vendor; in use is whatever is not Available."""
    request = request_of(context, customer, as_json)
    counts = histories.look_at_counts(request.settings)(request.customer, site, vendor)
    request.output.json(counts_json(request.customer, counts))
    request.output.show(counts_table(counts, request.output.width))


@command(
    app,
    "explain",
    "numbers explain +493012345678",
)
def explain(context: typer.Context, number: Number, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Say why a number is as it is: by whom, under which setting, and what comes next."""
    request = request_of(context, customer, as_json)
    explanation = histories.look_at_history(request.settings).explain(request.customer, number)
    request.output.json(explanation_json(explanation))
    request.output.show(explanation_table(explanation, process.clock().now()))
