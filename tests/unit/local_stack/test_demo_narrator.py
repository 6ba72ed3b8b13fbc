"""What the demonstration prints fits the terminal and says everything."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from local_stack.demo.errors import StoryFailedError, require
from local_stack.demo.narrator import Narrator
from local_stack.demo.story import next_firing

_TAG = "Cooling: 2 days until the Release Date, 2026-11-25 05:43 UTC"


def _narrator(width: int) -> tuple[Narrator, io.StringIO]:
    printed = io.StringIO()
    return Narrator(Console(file=printed, width=width, highlight=False)), printed


def _number(number: str, status: str, *devices: str, tag: str = "", release_date: str | None = None) -> dict[str, Any]:
    in_use = {"usage": "Device", "vendor": "AudioCodes"} if devices else {"usage": "", "vendor": ""}
    holders = [{"device": device} for device in devices]
    return {"number": number, "status": status, "holders": holders, "tag": tag, "release_date": release_date, **in_use}


@pytest.mark.parametrize("width", [80, 120])
def test_a_table_says_everything_within_the_terminal(width: int) -> None:
    """GIVEN numbers of every kind WHEN they are shown THEN each is on one line with its Tag, within the width."""
    narrator, printed = _narrator(width)

    narrator.table(
        [
            _number("+441632960101", "Cooling", tag=_TAG, release_date="2026-11-25T05:43:12Z"),
            _number("+441632960102", "Used", "sbc-1", "sbc-2"),
            _number("+441632960104", "Available"),
        ]
    )

    lines = printed.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split() for line in lines if "102" in line] == [
        ["+441632960102", "Used", "Device", "AudioCodes", "sbc-1,", "sbc-2"]
    ]
    assert any(line.split()[:4] == ["+441632960101", "Cooling", "2026-11-25", "05:43"] for line in lines)
    assert set(_TAG.split()) <= set(printed.getvalue().split())


def test_long_texts_hang_below_their_beginning() -> None:
    """GIVEN a claim longer than a line WHEN it is shown THEN further lines are indented, without trailing blanks."""
    narrator, printed = _narrator(30)

    narrator.checked("+441632960101: Cooling still, until its Release Date")

    assert printed.getvalue() == "  ✓ +441632960101: Cooling\n    still, until its Release\n    Date\n"


def test_what_a_program_printed_fits_beside_the_margin() -> None:
    """GIVEN output as wide as can be quoted WHEN it is quoted THEN no line is broken, and blank ones stay blank."""
    narrator, printed = _narrator(80)
    line = "x" * narrator.quotable

    narrator.quotes(f"{line}\n\n{line}")

    assert printed.getvalue() == f"    {line}\n\n    {line}\n"


def test_waiting_without_a_terminal_is_told_in_lines_and_ends_when_it_is_over() -> None:
    """GIVEN output that is no terminal WHEN something is waited for THEN a line says for how long; it may not come."""
    narrator, printed = _narrator(80)

    assert not narrator.waits("The schedule fires", lambda: False, due=40, seconds=0.0)
    assert narrator.waits("The schedule fires", lambda: True, due=40, seconds=0.0)

    assert not printed.getvalue()
    assert not narrator.waits("The schedule fires", lambda: False, due=40.2, seconds=0.1)
    assert printed.getvalue() == "  The schedule fires in about 40 s ...\n"


def test_a_claim_that_is_not_so_says_what_was_expected_and_found() -> None:
    """GIVEN a claim WHEN it is checked and wrong THEN the error has all three; WHEN it is right THEN there is none."""
    require("status", expected="Used", found="Used")

    with pytest.raises(StoryFailedError, match=r"^status: expected Used, found Cooling$"):
        require("status", expected="Used", found="Cooling")
    with pytest.raises(StoryFailedError, match=r"^numbers: expected {'2': 'Used'}, found {'2': 'Cooling'}$"):
        require("numbers", expected={"1": "Used", "2": "Used"}, found={"1": "Used", "2": "Cooling"})


@pytest.mark.parametrize(("passed", "seconds"), [(0, 65), (50, 15), (60, 65), (170, 15)])
def test_a_schedule_fires_each_minute_from_its_making(passed: int, seconds: int) -> None:
    """GIVEN a schedule of once a minute WHEN one waits for it THEN it is for the rest of its minute and a bit."""
    created = datetime(2026, 11, 23, 5, 44, 55, tzinfo=UTC)

    assert next_firing(created, created + timedelta(seconds=passed)) == seconds
