"""`number-inventory audit`: compare the inventory with what the devices hold, and correct it."""

import getpass
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Annotated

import typer

from cli.audit_export import write_findings, write_json
from cli.audit_views import counts_table, findings_view, run_json, run_table, runs_table
from cli.audit_wait import progress_of
from cli.exports import FormatWord, OutputFile, destination, export_format
from cli.help import command
from cli.request import AsJson, Customer, Request, request_of
from cli.waiting import wait_for_end
from cli.words import one_of
from number_inventory.bootstrap import audits, process
from number_inventory.domain.audit_runs import ENDED, AuditMode, AuditRun, RunState
from number_inventory.domain.errors import AuditUnderWayError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.ports.audits import FindingQuery
from number_inventory.services.look_at_audits import MAX_LIMIT, LookAtAudits

_LATEST = "latest"
_SHOWN = 50
_LISTED = 20
_NAMED = 3
"""How many findings of each kind that needs a person are named after a run."""

_LOOKS = 20
"""How many pages are looked through for them: they may stand at the very end of many."""

_HOUR = 3600
_FOR_A_PERSON = (FindingOutcome.FAILED, FindingOutcome.HELD, FindingOutcome.LEFT, FindingOutcome.UNPROVEN)

app = typer.Typer(no_args_is_help=True, help="Audit the inventory against the devices; look at audits and export them.")

Run = Annotated[
    str,
    typer.Argument(
        metavar="AUDIT", autocompletion=lambda: [_LATEST], help=f"Its id as `audit list` shows it, or {_LATEST}."
    ),
]
Code = Annotated[
    str | None,
    typer.Option(
        metavar="CODE",
        autocompletion=lambda: list(FindingCode),
        help=f"Only these findings: {', '.join(FindingCode)}. Example: --code orphaned",
    ),
]
Outcome = Annotated[
    str | None,
    typer.Option(
        metavar="OUTCOME",
        autocompletion=lambda: list(FindingOutcome),
        help=f"Only with this outcome: {', '.join(FindingOutcome)}. Example: --outcome left",
    ),
]


@command(
    app,
    "run",
    "# What is wrong; nothing is changed",
    "audit run",
    "# Correct exactly what a report said, by the checksum at its end",
    "audit run --plan 5f2b...",
    "# Numbers of one site, one kind of finding, corrected at once",
    "audit run --correct --site Berlin --code orphaned",
)
def run(
    context: typer.Context,
    *,
    correct: Annotated[
        bool | None,
        typer.Option(
            "--correct/--report", help="Correct what is found; or only report it, the default.", show_default=False
        ),
    ] = None,
    site: Annotated[str | None, typer.Option(help="Only numbers of this Site. Example: --site Berlin")] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            autocompletion=lambda: list(FindingCode),
            help=f"Only these findings, may be repeated: {', '.join(FindingCode)}. Example: --code orphaned",
        ),
    ] = None,
    plan: Annotated[
        str,
        typer.Option(
            metavar="CHECKSUM",
            show_default=False,
            help="Correct exactly what the report of this plan said, or nothing if that is no longer what is found. "
            "Example: --plan 5f2b...",
        ),
    ] = "",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait for its end; else only start it.")] = True,
    timeout: Annotated[
        int, typer.Option(min=1, metavar="SECONDS", help="Wait at most so long. Example: --timeout 600")
    ] = _HOUR,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Audit the numbers of a customer: report what is wrong, or correct it.

    The deployed audit function does it, and goes on even if this command is interrupted.

    Ends with exit code 1 if the audit was refused, was stopped, could not correct a number, or has not ended in time.
    """
    if plan and correct is False:
        raise typer.BadParameter("a plan is for correcting: leave out --report", param_hint="--plan")
    if plan and (site is not None or code):
        raise typer.BadParameter("a plan brings its own: leave out --site and --code", param_hint="--plan")
    codes = [one_of(FindingCode, text, "--code") for text in code or ()]
    request = request_of(context, customer, as_json)
    begun = _start(request, AuditMode.CORRECT if plan or correct else AuditMode.REPORT, site, codes, plan)
    if not wait:
        request.output.json({"audit": run_json(begun)})
        request.output.show(f"Audit {begun.id} has begun. How far it is:")
        request.output.show_command(_look_again(request, begun))
        return
    ended = _wait(request, begun, timeout)
    request.output.json({"audit": run_json(ended)})
    _tell(request, ended)
    _fail_unless_done(request, ended, timeout)


@command(
    app,
    "show",
    "# All that the newest audit could not prove",
    "audit show latest --outcome unproven --all",
    "# What two claim",
    "audit show latest --code conflict",
)
def show(
    context: typer.Context,
    audit: Run,
    *,
    code: Code = None,
    outcome: Outcome = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many findings. Example: --limit 200")] = _SHOWN,
    all_: Annotated[bool, typer.Option("--all", help="Every finding that matches, however many there are.")] = False,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """Show an audit and what it found, in the order of the numbers."""
    request = request_of(context, customer, as_json)
    query = _query(request, audit, code, outcome)
    look = audits.look_at_audits(request.settings)
    seen = look.one(query.customer, query.run)
    found = _findings(look, query)
    shown = found if all_ else islice(found, limit)
    if request.as_json:
        write_json(sys.stdout, seen, shown, more=lambda: next(found, None) is not None)
        return
    _show_run(request, seen)
    request.output.show("")
    count = _show_findings(request, shown)
    if not count:
        request.output.show(_nothing(seen, filtered=code is not None or outcome is not None))
    elif not all_ and next(found, None) is not None:
        request.output.note(f"\nThe first {count} are shown: --limit or --all for more, or `audit export`.")


@command(
    app,
    "list",
    "audit list",
    "audit list --customer acme --limit 5",
)
def list_audits(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="At most so many. Example: --limit 100")] = _LISTED,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    """List the audits of a customer, the newest first."""
    request = request_of(context, customer, as_json)
    page = audits.look_at_audits(request.settings).runs(request.customer, limit, None)
    output = request.output
    output.json({"audits": [run_json(each) for each in page.runs], "more": page.last is not None})
    if not page.runs:
        output.show(f"Customer {request.customer} has no audit yet; this starts one, which changes nothing:")
        output.show_command(request.command("audit", "run", "--report"))
        return
    output.show(runs_table(page.runs, process.clock().now(), output.width))
    if page.last is not None:
        output.note(f"The newest {len(page.runs)} are shown: --limit for more.")


@command(
    app,
    "export",
    "audit export latest --output findings.csv",
    "audit export latest --code conflict --format json --output -",
)
def export(
    context: typer.Context,
    audit: Run,
    *,
    format_: FormatWord = None,
    output: OutputFile = None,
    code: Code = None,
    outcome: Outcome = None,
    customer: Customer = None,
    as_json: AsJson = False,
) -> None:
    r"""Export all findings of an audit as CSV or JSON.

    The file is there when it is whole, and not before.

    In CSV, cells that begin with = + - @ or a backslash get a backslash before it: no spreadsheet calculates with them.
    """
    request = request_of(context, customer, as_json)
    path = None if output is None or str(output) == "-" else output
    kind = export_format(format_, path, as_json=request.as_json)
    query = _query(request, audit, code, outcome)
    look = audits.look_at_audits(request.settings)
    seen = look.one(query.customer, query.run)
    matching = (
        finding
        for finding in look.every_finding(query.customer, query.run)
        if query.code in {None, finding.code} and query.outcome in {None, finding.outcome}
    )
    with request.output.working(f"Exporting audit {seen.id}"), destination(path) as stream:
        count = write_findings(stream, kind, seen, matching)
    if path is not None:
        request.output.json({"audit": seen.id, "findings": count, "file": str(path)})
        request.output.show(f"{count} findings of audit {seen.id} are in {path}.")
    if seen.state not in ENDED:
        request.output.warn(f"audit {seen.id} is still {seen.state}: this is not all of it")


def _start(request: Request, mode: AuditMode, site: str | None, codes: list[FindingCode], plan: str) -> AuditRun:
    start = audits.start_audit(request.settings)
    # The plan's own customer would do, but nobody's numbers are corrected who was not meant.
    scope = start.scope(customer=request.customer, mode=mode, site=site, codes=codes, plan=plan)
    try:
        return start(scope, f"operator:{getpass.getuser()}")
    except AuditUnderWayError as error:
        look = request.command("audit", "show", error.run_id)
        raise typer.TyperException(f"{error}. How far it is: {look}") from None


def _wait(request: Request, begun: AuditRun, seconds: int) -> AuditRun:
    look = audits.look_at_audits(request.settings)
    if not request.as_json:
        request.output.note(f"Audit {begun.id} has begun.")
    return wait_for_end(
        request,
        begun,
        seconds,
        look=lambda: look.one(begun.customer, begun.id),
        progress_of=progress_of,
        has_ended=lambda run_: run_.state in ENDED,
        name=f"Audit {begun.id}",
        look_again=_look_again(request, begun),
    )


def _tell(request: Request, ended: AuditRun) -> None:
    """What came of a run, and what to do next."""
    if request.as_json:
        return
    _show_run(request, ended)
    if not ended.total():
        request.output.show(f"\n{_nothing(ended, filtered=False)}")
        return
    _name(request, ended)
    _say_next(request, ended)


def _show_run(request: Request, seen: AuditRun) -> None:
    output = request.output
    output.show(run_table(seen, process.clock().now()))
    if seen.total():
        output.show("")
        output.show(counts_table(seen, output.width))


def _show_findings(request: Request, findings: Iterable[Finding]) -> int:
    """Show them so many at a time as fit in memory; returns how many they were."""
    now, count, left = process.clock().now(), 0, iter(findings)
    while some := list(islice(left, MAX_LIMIT)):
        request.output.show(findings_view(some, now, request.output.width))
        count += len(some)
    return count


def _say_next(request: Request, ended: AuditRun) -> None:
    """How a person goes on, with command lines to copy."""
    output, correct = request.output, request.command("audit", "run", "--plan", ended.checksum)
    open_ = ended.total(FindingOutcome.REPORTED)
    if ended.state is RunState.FINISHED and ended.scope.mode is AuditMode.REPORT and open_:
        output.show(f"\nNothing was changed. To correct {open_} of these, exactly as reported or not at all:")
        output.show_command(correct)
    elif ended.state is RunState.REFUSED and open_:
        output.show(
            "\nNothing was changed: this is no longer what was reported. To see it, and to correct it as it is now:"
        )
        output.show_command(request.command("audit", "show", ended.id, "--all"))
        output.show_command(correct)
    elif ended.scope.mode is AuditMode.CORRECT and ended.total(FindingOutcome.HELD):
        output.show("\nWhat is held waits for a person. To have it reported, with a plan that approves it:")
        output.show_command(request.command("audit", "run", "--report", *_same_scope(ended)))


def _same_scope(run_: AuditRun) -> list[str]:
    site = [] if run_.scope.site is None else ["--site", run_.scope.site]
    return site + [word for code in sorted(run_.scope.codes) for word in ("--code", code)]


def _name(request: Request, ended: AuditRun) -> None:
    """The first findings of each kind that needs a person."""
    look = audits.look_at_audits(request.settings)
    named: list[Finding] = []
    more: list[str] = []
    for outcome in filter(ended.total, _FOR_A_PERSON):
        query = FindingQuery(customer=ended.customer, run=ended.id, outcome=outcome)
        some = list(islice(_findings(look, query, pages=_LOOKS), min(_NAMED, ended.total(outcome))))
        named += some
        if len(some) < ended.total(outcome):
            more.append(request.command("audit", "show", ended.id, "--all", "--outcome", outcome))
    output = request.output
    if named:
        output.show("\nFor a person to look at:")
        _show_findings(request, named)
    if more:
        output.show("\nMore of these:")
    for each in more:
        output.show_command(each)


def _fail_unless_done(request: Request, ended: AuditRun, timeout: int) -> None:
    problem = ""
    if ended.state not in ENDED:
        problem = f"is still {ended.state} after {timeout} seconds and goes on; see: {_look_again(request, ended)}"
    elif ended.state is RunState.REFUSED:
        problem = f"was refused: {ended.cause}"
    elif ended.state is RunState.STOPPED:
        problem = f"was stopped: {ended.cause}"
    elif ended.total(FindingOutcome.FAILED):
        problem = f"could not correct {ended.total(FindingOutcome.FAILED)} of its findings; run it again"
    if problem:
        raise typer.TyperException(f"audit {ended.id} {problem}")


def _look_again(request: Request, run_: AuditRun) -> str:
    return request.command("audit", "show", run_.id)


def _query(request: Request, audit: str, code: str | None, outcome: str | None) -> FindingQuery:
    wanted = None if code is None else one_of(FindingCode, code, "--code")
    result = None if outcome is None else one_of(FindingOutcome, outcome, "--outcome")
    run_id = audit if audit != _LATEST else _latest(request)
    return FindingQuery(customer=request.customer, run=run_id, code=wanted, outcome=result)


def _latest(request: Request) -> str:
    page = audits.look_at_audits(request.settings).runs(request.customer, 1, None)
    if not page.runs:
        begin = request.command("audit", "run", "--report")
        raise typer.TyperException(f"customer {request.customer} has no audit yet: start one with {begin}")
    return page.runs[0].id


def _findings(look: LookAtAudits, query: FindingQuery, pages: int | None = None) -> Iterator[Finding]:
    """Findings in order, page by page; a page may be empty and still have a next one."""
    return chain.from_iterable(islice(_pages(look, query), pages))


def _pages(look: LookAtAudits, query: FindingQuery) -> Iterator[tuple[Finding, ...]]:
    after: str | None = None
    while True:
        page = look.findings(query, MAX_LIMIT, after)
        yield page.findings
        if page.last is None:
            return
        after = page.last


def _nothing(run_: AuditRun, *, filtered: bool) -> str:
    if filtered:
        return "No finding matches."
    if run_.state is RunState.FINISHED:
        return "Nothing wrong was found."
    return "Nothing is found." if run_.state in ENDED else "Nothing is found so far."
