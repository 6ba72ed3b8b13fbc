"""What goes where, and what does not."""

import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from rich.cells import cell_len
from rich.console import Console

from cli.output import PIPE, Output, plain, printable
from cli.tables import Cell, details, listing, one_below_another, state, who
from number_inventory.domain.numbers import Status


@dataclass(frozen=True)
class Thing:
    at: datetime
    names: frozenset[str]
    status: Status


def shown(table: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_json_holds_plain_values() -> None:
    """GIVEN records, sets, instants and statuses WHEN they become JSON THEN RFC 3339 in UTC, sorted, by field name."""
    at = datetime(2026, 11, 25, 5, 33, tzinfo=timezone(timedelta(hours=1)))
    thing = Thing(at, frozenset({"b", "a"}), Status.USED)
    assert json.loads(json.dumps(plain({"thing": thing, "all": (1, None)}))) == {
        "thing": {"at": "2026-11-25T04:33:00Z", "names": ["a", "b"], "status": "Used"},
        "all": [1, None],
    }


def test_what_a_device_says_cannot_steer_the_terminal() -> None:
    """GIVEN text with escape sequences WHEN it is shown THEN they are gone, and the text is not markup."""
    assert printable("\x1b[31mred\x07\u202e") == "�[31mred��"
    assert shown(details([("AOR", "\x1b]0;owned\x07[bold]x[/bold]")]), 80) == ["AOR  �]0;owned�[bold]x[/bold]"]


def test_json_is_alone_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    """GIVEN --json WHEN results, notes and warnings are told THEN standard output holds the JSON only."""
    output = Output(as_json=True)
    output.show("a table")
    output.note("a note")
    output.warn("a warning")
    with output.working("working"):
        output.json({"a": 1})
    told = capsys.readouterr()
    assert json.loads(told.out) == {"a": 1}
    assert told.err == "a note\nwarning: a warning\n"


def test_without_a_terminal_nothing_is_wrapped_or_coloured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN a pipe WHEN a long table is shown THEN each row is one plain line without blanks at its end."""
    monkeypatch.delenv("COLUMNS", raising=False)
    long = "word " * 60
    Output(as_json=False).show(listing(("Number", "Status", "Tag"), [("4711", state("Cooling"), long), ("1", "", "")]))
    assert capsys.readouterr().out == f"Number  Status   Tag\n4711    Cooling  {long.strip()}\n1\n"


def test_colours_go_to_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a terminal WHEN a status is shown THEN it is coloured; with NO_COLOR it is not."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def painted() -> str:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        Output(as_json=False).show(state("Cooling"))
        return terminal.getvalue()

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[33mCooling" in painted()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[33m" not in painted()


ROWS: list[tuple[Cell, ...]] = [
    ("+493012340001", "Used", "", "Berlin", "Sales desk on the second floor"),
    ("+493012340002", "Used", "", "Bonn", ""),
]
HEADINGS = ("Number", "Status", "Usage", "Site", "Description")


def test_blank_columns_are_left_out() -> None:
    """GIVEN a column that is blank in every row WHEN rows are listed THEN it is not there."""
    assert shown(listing(HEADINGS, ROWS), 80)[0] == "Number         Status  Site    Description"


def test_a_narrow_terminal_does_without_spare_columns() -> None:
    """GIVEN spare columns WHEN the terminal is too narrow THEN they go, the last first, until the rest fits."""
    headings = [shown(listing(HEADINGS, ROWS, width=width, spare=2), width)[0] for width in (80, 50, 25)]
    assert headings == [
        "Number         Status  Site    Description",
        "Number         Status  Site",
        "Number         Status",
    ]


def test_counts_stand_on_the_right() -> None:
    """GIVEN counts, one of them not known WHEN they are listed THEN right-aligned, and the unknown one is blank."""
    table = listing(("Device", "Result", "Users"), [("sbc-1", "applied", 12000), ("sbc-2", "failed", "")])
    assert shown(table, 80) == ["Device  Result   Users", "sbc-1   applied  12000", "sbc-2   failed"]


def test_narrow_columns_stay_in_one_piece_and_wide_ones_are_folded() -> None:
    """GIVEN a terminal that is too narrow WHEN rows are listed THEN words such as a Vendor are not torn apart."""
    name = "maximilian.mustermann-von-und-zu@example.com"
    rows = [
        ("+493012340001", "Used", "CTI_RoutePoint", "Webex Calling", name),
        ("4711", "Used", "Device", "AudioCodes", ""),
    ]
    lines = shown(listing(("Number", "Status", "Usage", "Vendor", "Assigned to"), rows, width=80), 80)
    assert lines[1] == "+493012340001  Used    CTI_RoutePoint  Webex Calling  maximilian.mustermann-von-"
    assert lines[-1] == "4711           Used    Device          AudioCodes"


def test_wide_characters_count_twice() -> None:
    """GIVEN texts whose characters take two columns WHEN they are listed THEN what follows stands below itself."""
    rows = [("東京本社", "Used"), ("München", "Cooling")]
    lines = shown(listing(("Site", "Status"), rows), 80)
    words = zip(lines, ("Status", "Used", "Cooling"), strict=True)
    assert {cell_len(line[: line.index(word)]) for line, word in words} == {10}


def test_a_terminal_gets_names_below_one_another_and_a_pipe_a_line_a_row() -> None:
    assert one_below_another(["sbc-1", "sbc-2"], 80) == "sbc-1\nsbc-2"
    assert one_below_another(["sbc-1", "sbc-2"], PIPE) == "sbc-1, sbc-2"


def test_a_terminal_gets_the_name_of_a_caller_and_a_pipe_all_of_it() -> None:
    caller = "api:arn:aws:sts::123456789012:assumed-role/operators/ann@example.com"
    assert who(caller, 80) == "api:ann@example.com"
    assert who(caller, PIPE) == caller
    assert who("operator:alice", 80) == "operator:alice"


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_no_width_cuts_anything_off(width: int) -> None:
    """GIVEN long and short columns WHEN they are listed in few columns or many THEN every character is there."""
    headings = ("Site", "Available", "Of", "Percent", "Low below", "Since")
    rows: list[tuple[Cell, ...]] = [
        ("München-Riem, Gebäude 7", 3, 100000, 3, "20 % or 500", "36 hours ago"),
        ("all numbers", 12000, 100000, 12, "", ""),
    ]
    told = "".join(shown(listing(headings, rows, width=width), width))
    given = "".join(str(cell) for row in (headings, *rows) for cell in row)
    assert Counter(told.replace(" ", "")) == Counter(given.replace(" ", ""))
