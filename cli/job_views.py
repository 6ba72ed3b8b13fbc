"""Jobs that add numbers, and what became of each, as people and programs see them."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TextIO

from rich.table import Table
from rich.text import Text

from cli.output import plain, printable
from cli.tables import details, listing, state, who
from cli.times import distance, duration, instant
from number_inventory.domain.number_jobs import JOB_ENDED, NumberJob, NumberOutcome


def job_json(job: NumberJob) -> dict[str, Any]:
    """A job for programs, as the API shows it."""
    told: dict[str, Any] = plain(job)
    del told["stretch"]
    return told


def jobs_table(jobs: Sequence[NumberJob], now: datetime, width: int) -> Table:
    """A line for each job."""
    headings = ("Job", "State", "Numbers", "Done", "Created", "Existed", "Failed", "Begun", "By")
    rows = [
        (
            job.id,
            state(job.state),
            job.total,
            job.done,
            job.created or "",
            job.existed or "",
            job.failed or "",
            distance(job.created_at, now),
            who(job.requested_by, width),
        )
        for job in jobs
    ]
    return listing(headings, rows, keep=4, width=width, spare=2)


def job_table(job: NumberJob, now: datetime) -> Table:
    """What a job was asked for, and how far it is."""
    took = f", took {duration((job.ended_at - job.created_at).total_seconds())}" if job.ended_at else ""
    heard = f", last heard of {distance(job.updated_at, now)}" if job.state not in JOB_ENDED else ""
    return details(
        [
            ("Job", job.id),
            ("Customer", job.customer),
            ("State", Text.assemble(state(job.state), heard)),
            ("Note", Text(printable(job.cause), style="yellow")),
            ("Begun", instant(job.created_at, now) + took),
            ("By", job.requested_by),
            ("Adds", f"{job.first} to {job.last}" if job.first else "a list of numbers"),
            ("Description", job.description),
            ("Site", job.site),
            ("Tag", job.tag),
            ("Numbers", f"{job.done} of {job.total} done"),
            ("Created", str(job.created)),
            ("Existed", f"{job.existed}; nothing about them changed" if job.existed else ""),
            ("Failed", Text(str(job.failed), style="red") if job.failed else ""),
        ]
    )


def outcomes_table(outcomes: Sequence[NumberOutcome]) -> Table:
    """A line for each number."""
    return listing(("Number", "Outcome"), [(each.number, state(each.outcome)) for each in outcomes])


def write_outcomes_json(
    stream: TextIO, job: NumberJob, outcomes: Iterable[NumberOutcome], more: Callable[[], bool]
) -> None:
    """One object, a line for each number, written as they come; `more` tells in the end whether these were not all."""
    stream.write(f'{{"job": {json.dumps(job_json(job), ensure_ascii=False)},\n"outcomes": [')
    separator = "\n"
    for each in outcomes:
        stream.write(separator + json.dumps(plain(each)))
        separator = ",\n"
    stream.write(f'],\n"more": {json.dumps(more())}}}\n')
