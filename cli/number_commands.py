"""The commands of `number-inventory numbers` that change numbers, each by itself and safe to give again."""

import getpass
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from cli.asking import confirmed
from cli.help import command
from cli.number_views import number_json, numbers_table
from cli.request import AsJson, Customer, Request, request_of
from cli.tables import listing, state
from cli.words import given_instant, one_of
from number_inventory.bootstrap import number_changes, process
from number_inventory.domain.commands import Assign, Command, Cool, Edit, Release, Reserve, Unassign, Unreserve
from number_inventory.domain.numbers import Usage, canonical_number
from number_inventory.services.manage_numbers import FAILED, MAX_MANY, NOT_FOUND, REFUSED, ItemResult

_UNDONE = frozenset({REFUSED, NOT_FOUND, FAILED})

app = typer.Typer()

Numbers = Annotated[
    list[str], typer.Argument(metavar="NUMBER...", help="One number or many, such as +493012345678 or 4711.")
]
Vendor = Annotated[
    str, typer.Option(help="Of whose subscriber; blank is Cisco UCM. Example: --vendor Microsoft", show_default=False)
]
UsageWord = Annotated[
    str,
    typer.Option(
        metavar="USAGE",
        autocompletion=lambda: list(filter(None, Usage)),
        help=f"What for: {', '.join(filter(None, Usage))}. Example: --usage Hunt_Pilot",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(metavar="RFC3339", help="When it lapses; without it, never. Example: --until 2027-01-31T12:00:00Z"),
]
Notes = Annotated[str, typer.Option(help="What should be known about it. Example: --notes 'new desk'")]
Text = str | None


@command(
    app,
    "assign",
    "numbers assign +493012345678 --to alice",
    "numbers assign +493012345678 --to ann --vendor Microsoft",
    "numbers assign 4711 4712 --to sales --usage Hunt_Pilot",
)
def assign(
    context: typer.Context,
    numbers: Numbers,
    *,
    to: Annotated[str, typer.Option("--to", help="To whom. Example: --to alice@example.com")],
    usage: UsageWord = Usage.USER,
    vendor: Vendor = "",
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Assign numbers that are Available, or Reserved for this very person, to somebody."""
    command = Assign(vendor, one_of(Usage, usage, "--usage"), to)
    _change(request_of(context, customer, as_json), numbers, command)


@command(
    app,
    "unassign",
    "numbers unassign +493012345678",
)
def unassign(context: typer.Context, numbers: Numbers, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """Take assigned numbers back; they cool as the customer's global settings say."""
    _change(request_of(context, customer, as_json), numbers, Unassign())


@command(
    app,
    "reserve",
    "numbers reserve 4711 --for bob --until 2027-01-31T12:00:00Z",
    "numbers reserve 4711 --for 'new office' --notes 'in March'",
)
def reserve(
    context: typer.Context,
    numbers: Numbers,
    *,
    for_whom: Annotated[str, typer.Option("--for", help="For whom. Example: --for bob@example.com")],
    until: Until = None,
    notes: Notes = "",
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Keep Available numbers for somebody; a reservation for the same person gets another end and notes."""
    command = Reserve(for_whom, given_instant(until, "--until"), notes)
    _change(request_of(context, customer, as_json), numbers, command)


@command(
    app,
    "unreserve",
    "numbers unreserve +493012345678",
)
def unreserve(context: typer.Context, numbers: Numbers, *, customer: Customer = None, as_json: AsJson = False) -> None:
    """End reservations; the numbers are Available."""
    _change(request_of(context, customer, as_json), numbers, Unreserve())


@command(
    app,
    "cool",
    "# As long as the customer's global days say",
    "numbers cool +493012345678",
    "numbers cool +493012345678 --days 7",
)
def cool(
    context: typer.Context,
    numbers: Numbers,
    *,
    days: Annotated[
        int | None, typer.Option(help="For how long, 0 to 999; else the customer's global days. Example: --days 7")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Let Available numbers cool."""
    _change(request_of(context, customer, as_json), numbers, Cool(days))


@command(
    app,
    "release",
    "numbers release +493012345678 --reason 'wanted back'",
)
def release(
    context: typer.Context,
    numbers: Numbers,
    *,
    reason: Annotated[str, typer.Option(help="Why; it is kept with the number. Example: --reason 'wanted back'")],
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Make cooling numbers Available before their Release Date."""
    _change(request_of(context, customer, as_json), numbers, Release(reason))


@command(
    app,
    "edit",
    "numbers edit +493012345678 --description 'Front desk'",
    "# Remove a text",
    "numbers edit +493012345678 --tag ''",
)
def edit(
    context: typer.Context,
    numbers: Numbers,
    *,
    description: Annotated[Text, typer.Option(help="Description. Example: --description 'Front desk'")] = None,
    site: Annotated[Text, typer.Option(help="Site. Example: --site Berlin")] = None,
    tag: Annotated[Text, typer.Option(help="Tag; while Cooling it is hidden. Example: --tag spare")] = None,
    extra1: Annotated[Text, typer.Option(help="Extra1. Example: --extra1 red")] = None,
    extra2: Annotated[Text, typer.Option(help="Extra2. Example: --extra2 red")] = None,
    extra3: Annotated[Text, typer.Option(help="Extra3. Example: --extra3 red")] = None,
    internal_number_type: Annotated[
        Text, typer.Option("--type", help="Internal Number Type. Example: --type DID")
    ] = None,
    e164_number: Annotated[
        Text, typer.Option("--e164-number", help="E164 Number. Example: --e164-number +493012345678")
    ] = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Change texts of numbers, whatever their Status; '' removes one, and what is not given stays."""
    given = {
        "description": description,
        "site": site,
        "tag": tag,
        "extra1": extra1,
        "extra2": extra2,
        "extra3": extra3,
        "internal_number_type": internal_number_type,
        "e164_number": e164_number,
    }
    command = Edit({field: text for field, text in given.items() if text is not None})
    _change(request_of(context, customer, as_json), numbers, command)


@command(
    app,
    "delete",
    "numbers delete +493012345678 +493012345679",
    "numbers delete +493012345678 --yes",
)
def delete(
    context: typer.Context,
    numbers: Numbers,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Delete numbers that are Available and that no device holds."""
    request = request_of(context, customer, as_json)
    wanted = _each_once(numbers)
    what = f"number {wanted[0]}" if len(wanted) == 1 else f"{len(wanted)} numbers"
    if not yes:
        if not sys.stdin.isatty():
            raise typer.TyperException(f"{what}: not deleted, since nobody can confirm it here; add --yes")
        if not confirmed(f"Delete {what}, with all that is known about them?"):
            raise typer.TyperException(f"{what}: not deleted")
    manage = number_changes.manage_numbers(request.settings)
    _carry_out(request, wanted, lambda some: manage.delete_many(request.customer, some, _operator()))


@command(
    app,
    "next",
    "# Look",
    "numbers next --count 5 --prefix +4930",
    "# Take two that follow one another, or none",
    "numbers next --count 2 --contiguous --claim --assign-to alice",
    "numbers next --prefix +4930 --claim --reserve-for bob",
)
def next_available(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option(min=1, max=MAX_MANY, help="How many. Example: --count 5")] = 1,
    prefix: Annotated[str, typer.Option(help="Only numbers that begin so. Example: --prefix +4930")] = "",
    contiguous: Annotated[bool, typer.Option("--contiguous", help="Only numbers in a row.")] = False,
    claim: Annotated[
        bool, typer.Option("--claim", help="Take them at once: all of them or none, and nobody else gets them.")
    ] = False,
    assign_to: Annotated[
        Text, typer.Option(help="With --claim: whom to assign them to. Example: --assign-to alice")
    ] = None,
    reserve_for: Annotated[
        Text, typer.Option(help="With --claim: whom to reserve them for. Example: --reserve-for bob")
    ] = None,
    usage: UsageWord = Usage.USER,
    vendor: Vendor = "",
    until: Until = None,
    notes: Notes = "",
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show the next Available numbers, or claim them."""
    request = request_of(context, customer, as_json)
    if claim != (assign_to is not None or reserve_for is not None) or None not in {assign_to, reserve_for}:
        raise typer.BadParameter(
            "goes with one of --assign-to and --reserve-for, and they with it", param_hint="--claim"
        )
    command: Assign | Reserve | None = None
    if assign_to is not None:
        command = Assign(vendor, one_of(Usage, usage, "--usage"), assign_to)
    elif reserve_for is not None:
        command = Reserve(reserve_for, given_instant(until, "--until"), notes)
    with request.output.working("Looking for numbers"):
        if command is None:
            find = number_changes.find_available(request.settings)
            records = find(request.customer, count, prefix, contiguous=contiguous)
        else:
            take = number_changes.claim_available(request.settings)
            records = take(request.customer, count, prefix, contiguous=contiguous, command=command, by=_operator())
    now = process.clock().now()
    request.output.json({"numbers": [number_json(record, now) for record in records]})
    if records:
        request.output.show(numbers_table(tuple(records), now, request.output.width))
    if len(records) < count:
        raise typer.TyperException(f"only {len(records)} of {count} such numbers are available")


def _change(request: Request, numbers: Sequence[str], command: Command) -> None:
    # Before the first hundred is changed: what is wrong with it is wrong for all.
    command.checked(process.clock().now())
    manage = number_changes.manage_numbers(request.settings)
    _carry_out(request, _each_once(numbers), lambda some: manage.many(request.customer, some, command, _operator()))


def _carry_out(request: Request, numbers: Sequence[str], act: Callable[[Sequence[str]], Sequence[ItemResult]]) -> None:
    """Do it a hundred at a time, tell of each, and fail if one is not done."""
    results: list[ItemResult] = []
    with request.output.working("Changing numbers"):
        for start in range(0, len(numbers), MAX_MANY):
            results += act(numbers[start : start + MAX_MANY])
    request.output.json({"results": results})
    undone = [result for result in results if result.outcome in _UNDONE]
    if len(results) == 1 and undone:
        raise typer.TyperException(undone[0].error)
    rows = [(result.number, state(result.outcome), result.error) for result in results]
    request.output.show(listing(("Number", "Outcome", "Why not"), rows))
    if undone:
        raise typer.TyperException(f"{len(undone)} of {len(results)} numbers are not done; the others are")


def _each_once(numbers: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(canonical_number(number) for number in numbers))


def _operator() -> str:
    return f"operator:{getpass.getuser()}"
