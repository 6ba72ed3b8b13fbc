"""Numbers in files: what is read and written, what hostile or broken files do, and what is told of each row."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from cli import wiring
from number_inventory.bootstrap import lookups, process
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.numbers import Status
from number_inventory.services.import_numbers import ImportNumbers, RowResult
from number_inventory.services.lookup import LookUpNumbers
from tests.memory.world import World
from tests.unit.cli.conftest import Call
from tests.unit.domain.records import available, cooling, reserved, used

CUSTOMER = "default"
VOSS = "\r\n".join(
    (
        "Internal Number,Status,Usage,Vendor,Tag,Release Date,Description,Extra1,Hierarchy",
        r"\+4930100,Available,,,,,Lobby,,sys.hcs",
        r'\+4930101,Used,User,Microsoft,,,"Müller, ""Ann""",,sys.hcs',
        r"\+4930102,Used,Device,AudioCodes,,,,,sys.hcs",
        r"\+4930103,Cooling,,,Cooling: 2 days,2026-03-05,,\=red,sys.hcs",
    )
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """1001 is Available, 2001 cools, 3001 is a device's."""
    world = World()
    world.inventory.put(replace(available(), customer=CUSTOMER, number="1001"))
    world.inventory.put(replace(cooling(), customer=CUSTOMER, number="2001"))
    world.inventory.put(replace(used("sbc1"), customer=CUSTOMER, number="3001"))
    importing = ImportNumbers(world.inventory, world.macros, world.clock)
    monkeypatch.setattr(wiring, "import_numbers", lambda _settings: importing)
    monkeypatch.setattr(lookups, "look_up_numbers", lambda _settings: LookUpNumbers(world.inventory))
    monkeypatch.setattr(process, "clock", lambda: world.clock)
    monkeypatch.setattr("cli.request.connect", lambda _target: None)
    monkeypatch.setenv("LOGNAME", "ann")
    return world


def written(folder: Path, text: str | bytes, name: str = "numbers.csv") -> str:
    """A file with this in it."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


# --- import


def test_rows_that_are_not_done_for_one_reason_are_told_once(world: World, call: Call, tmp_path: Path) -> None:
    """GIVEN many rows that name nobody, and another fault WHEN imported THEN each reason once, and what helps."""
    nobody = [f"{5000 + index},Used,User" for index in range(100)]
    file = written(tmp_path, "\n".join(["Internal Number,Status,Usage", *nobody, "6000,Busy,"]))
    ended = call("numbers", "import", file)
    _, first, second = ended.out[ended.out.index("Row  ") :].splitlines()
    assert "Assigned to: must name who has the number; --for NAME names one for all rows that name nobody" in first
    assert (first.split()[:2], first.endswith("(so 99 more)")) == (["1", "5000"], True)
    assert second.split()[:3] == ["101", "6000", "refused"]
    assert "more rows are not done" not in ended.err


def test_an_interrupted_import_says_how_far_it_came_and_nothing_else(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN an import WHEN it is interrupted in the middle THEN how far it came, and no word of files half read."""
    file = written(tmp_path, "Internal Number\n" + "\n".join(str(5000 + index) for index in range(1000)))
    importing = wiring.import_numbers(None)  # type: ignore[arg-type]  # nobody looks at the settings here
    unraised: list[object] = []

    def interrupted(*given: object, **options: object) -> Iterator[RowResult]:
        yield from islice(importing(*given, **options), 250)  # type: ignore[arg-type]  # as they were given
        raise KeyboardInterrupt

    monkeypatch.setattr(wiring, "import_numbers", lambda _settings: interrupted)
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)
    ended = call("numbers", "import", file)
    assert (ended.code, unraised) == (130, [])
    assert ended.err.splitlines() == [
        "250 of 1000 rows were seen to. Run it again: it goes on.",
        "error: interrupted",
    ]


def test_an_export_of_voss_comes_in(world: World, call: Call, tmp_path: Path) -> None:
    """GIVEN a file as VOSS writes it WHEN it is imported THEN each row is told, and no number is given away early."""
    ended = call("numbers", "import", written(tmp_path, VOSS), "--for", "from VOSS")
    assert ended.code == 1
    assert "created     3" in ended.out
    assert "refused     1" in ended.out
    [line] = [line for line in ended.out.splitlines() if line.startswith("  3  ")]
    assert "by a sync of its device alone" in line
    assert ended.err == (
        "warning: columns that are no field of a number are passed over: 'Hierarchy'\n"
        "error: 1 of 4 rows are not done; the others are\n"
    )
    assert world.number("+4930101", CUSTOMER).description == 'Müller, "Ann"'
    assert world.number("+4930101", CUSTOMER).assigned_to == "from VOSS"
    cools = world.number("+4930103", CUSTOMER)
    assert (cools.status, cools.tag, cools.extra1) == (Status.COOLING, "", "=red")
    assert world.inventory.get(CUSTOMER, "+4930102") is None


def test_a_dry_run_says_so_and_changes_nothing(world: World, call: Call, tmp_path: Path) -> None:
    before = world.inventory.all()
    ended = call("numbers", "import", written(tmp_path, VOSS), "--for", "x", "--dry-run")
    assert "Nothing was changed" in ended.err
    assert ended.err.endswith("error: 1 of 4 rows are not done; the others would be\n")
    assert world.inventory.all() == before


def test_json_and_outcomes_have_every_row(world: World, call: Call, tmp_path: Path) -> None:
    outcomes = tmp_path / "outcomes.csv"
    file = written(tmp_path, "number\n4711\n=1+1\n3001\n")
    ended = call("numbers", "import", file, "--outcomes", str(outcomes), "--json")
    told = json.loads(ended.out)
    assert (told["dry_run"], told["stopped"]) == (False, False)
    assert told["outcomes"] == {"created": 1, "changed": 0, "unchanged": 1, "refused": 1, "failed": 0}
    assert [(row["row"], row["number"], row["outcome"]) for row in told["rows"]] == [
        (1, "4711", "created"),
        (2, "=1+1", "refused"),
        (3, "3001", "unchanged"),
    ]
    [_, bad, _] = csv.DictReader(io.StringIO(outcomes.read_text(), newline=""))
    assert (bad["Row"], bad["Internal Number"], bad["Outcome"]) == ("2", "\\=1+1", "refused")
    assert bad["Reason"].startswith("Internal Number: must be '+'")


def test_whoever_is_stopped_learns_how_far_it_came_and_goes_on(
    world: World, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN the database fails behind the first hundred WHEN the import is run again THEN it does the rest."""
    file = written(tmp_path, "number\n" + "\n".join(str(number) for number in range(5000, 5150)))
    save, calls = world.inventory.save, list[int]()

    def once(decisions: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise StorageBusyError("the table is busy")
        return save(decisions)  # type: ignore[arg-type]

    monkeypatch.setattr(world.inventory, "save", once)
    ended = call("numbers", "import", file)
    assert ended.code == 1
    assert ended.err == "100 of 150 rows were seen to. Run it again: it goes on.\nerror: the table is busy\n"
    again = json.loads(call("numbers", "import", file, "--json").out)
    assert again["outcomes"] == {"created": 50, "changed": 0, "unchanged": 100, "refused": 0, "failed": 0}


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfnumber;Description\r\n4711;L\xc3\xb6bby\r\n",
        "sep=;\r\nnumber;Description\r\n4711;Löbby\r\n".encode(),
        "Number\tDescription\tunknown\n4711\tLöbby\t\n\n \t\n".encode("utf-16"),
        '"INTERNAL_NUMBER","description"\n"4711","Löbby"'.encode(),
        "description,internalNumber\nLöbby,4711\n".encode(),
    ],
    ids=["BOM, semicolons", "sep=", "Excel's Unicode text", "quoted", "other spelling and order"],
)
def test_what_spreadsheets_write_is_understood(world: World, call: Call, tmp_path: Path, text: bytes) -> None:
    assert call("numbers", "import", written(tmp_path, text)).code == 0
    assert world.number("4711", CUSTOMER).description == "Löbby"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "has no column 'Internal Number' in its first line; its columns are: none"),
        (b"+4930100,Lobby\n", "has no column 'Internal Number' in its first line; its columns are: +4930100, Lobby"),
        (b"number,Internal Number\n1,2\n", "more than one column for 'Internal Number'"),
        (b'number\n4711\n"4712\n4713\n', "is no CSV from line"),
        (b"number,site\n4711,M\xfcnchen\n", "is not UTF-8: save it as CSV UTF-8"),
        (b"number\n" + b"4" * 1_000_002, "more than 1000000 characters in line 2"),
        (b"number\n4711\n" + b"x" * 140_000 + b"\n", "is no CSV from line 3 on: field larger than field limit"),
    ],
    ids=["empty", "no header", "twice", "open quote", "encoding", "endless line", "endless cell"],
)
def test_a_broken_file_changes_nothing_at_all(world: World, call: Call, tmp_path: Path, text: bytes, said: str) -> None:
    """GIVEN a file that goes wrong anywhere WHEN it is imported THEN one line says where, before the first change."""
    before = world.inventory.all()
    ended = call("numbers", "import", written(tmp_path, text))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err
    assert world.inventory.all() == before


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("4711,x,y", "has 3 cells, and the header has 2"),
        ("4.93012E+11,x", "a spreadsheet has calculated with it"),
        ('"47\n11",x', "Internal Number: must be '+'"),
        ("4711," + "x" * 201, "Description: must be at most 200 characters"),
        ("4711,a\x00b", "Description: must not hold control characters"),
        ("4711,\u202e", ""),
        (",x", "Internal Number: must be '+'"),
        ("١٢٣,x", "Internal Number: must be '+'"),
    ],
    ids=["more cells", "calculated", "line end", "long", "control", "right to left", "no number", "other digits"],
)
def test_a_hostile_row_is_refused_alone(world: World, call: Call, tmp_path: Path, row: str, said: str) -> None:
    ended = call("numbers", "import", written(tmp_path, f"number,description\n{row}\n4712,good\n"), "--json")
    first, second = json.loads(ended.out)["rows"]
    assert (first["outcome"], said in first["reason"]) == ("refused" if said else "created", True)
    assert second["outcome"] == "created"


@pytest.mark.parametrize(
    ("text", "created"),
    [
        ('{"numbers": [{"number": "4711", "holders": [], "version": 3}, {"number": "+49"}], "next_after": null}', 2),
        ('[{"Internal Number": "\\\\+4930100", "Site": null}, {"number": 4711}]', 2),
        ('{"number": "4711"}\n{"number": "4712"}\n', 2),
        ("[]", 0),
        ("[" + ",".join(f'{{"number": "{number}", "tag": "{"x" * 190}"}}' for number in range(6000, 6800)) + "]", 800),
    ],
    ids=["ours", "array", "lines", "none", "more than a chunk"],
)
def test_json_is_read_piece_by_piece(world: World, call: Call, tmp_path: Path, text: str, created: int) -> None:
    ended = call("numbers", "import", written(tmp_path, text, "numbers.json"), "--json")
    assert (ended.code, json.loads(ended.out)["outcomes"]["created"]) == (0, created)


@pytest.mark.parametrize(
    "text",
    [
        '[{"number": "4711"}',
        '{"number": "4711"',
        "number\n4711",
        "[" * 100_000,
        '[{"number": "4711", "site": "' + "x" * 1_200_000,
    ],
    ids=["cut", "cut object", "CSV", "deep", "long"],
)
def test_broken_json_changes_nothing(world: World, call: Call, tmp_path: Path, text: str) -> None:
    before = world.inventory.all()
    ended = call("numbers", "import", written(tmp_path, text, "numbers.json"))
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert world.inventory.all() == before


def test_json_rows_that_are_no_texts_are_refused_alone(world: World, call: Call, tmp_path: Path) -> None:
    text = '[{"number": "4711", "site": {"a": 1}}, 5, {"number": true}, {"number": "4712"}]'
    told = json.loads(call("numbers", "import", written(tmp_path, text, "numbers.json"), "--json").out)
    assert [row["outcome"] for row in told["rows"]] == ["refused", "refused", "refused", "created"]
    assert told["rows"][0]["reason"] == "Site: must be a text"


def test_standard_input_is_a_file_too(
    world: World, call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"number\n4711\n")))
    assert call("numbers", "import", "-").code == 0
    assert world.number("4711", CUSTOMER).status is Status.AVAILABLE
    missing = call("numbers", "import", str(tmp_path / "none.csv"))
    assert (missing.code, "cannot be read (No such file" in missing.err) == (2, True)
    file = written(tmp_path, "number\n")
    assert call("numbers", "import", file).out == "The file has no rows.\n"
    assert call("numbers", "import", file, "--outcomes", file).code == 2


# --- export


def test_what_is_exported_comes_back_unchanged(world: World, call: Call, tmp_path: Path) -> None:
    """GIVEN numbers of every kind WHEN they are exported and imported THEN every row is unchanged, in each format."""
    hostile = replace(reserved(), number="+4930", description='=cmd|"x", y\\', tag="@\u00fc")
    world.inventory.put(replace(hostile, customer=CUSTOMER))
    for words in (("numbers.csv",), ("numbers.csv", "--excel", "--delimiter", "semicolon"), ("numbers.json",)):
        path = tmp_path / words[0]
        assert call("numbers", "export", "-o", str(path), *words[1:]).out == f"4 numbers are in {path}.\n"
        told = json.loads(call("numbers", "import", str(path), "--json").out)
        assert told["outcomes"] == {"created": 0, "changed": 0, "unchanged": 4, "refused": 0, "failed": 0}


def test_no_cell_is_a_formula_and_no_digit_is_lost(world: World, call: Call, tmp_path: Path) -> None:
    for number in ("+4930", "0049", "4711", "12345678901234567"):
        world.inventory.put(replace(available(), customer=CUSTOMER, number=number, tag="-1", description="\t=1"))
    path = tmp_path / "numbers.csv"
    call("numbers", "export", "-o", str(path), "--excel", "--status", "available")
    text = path.read_bytes().decode("utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    found = {row["Internal Number"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert set(found) == {"\\+4930", "\\0049", "4711", "1001", "\\12345678901234567"}
    assert {row["Tag"] for row in found.values()} == {"\\-1", "for the lobby"}
    assert not [cell for row in found.values() for cell in row.values() if cell[:1] in {"=", "+", "-", "@", "\t"}]


def test_exports_are_what_is_asked_for(world: World, call: Call) -> None:
    told = json.loads(call("numbers", "export", "--device", "sbc1", "--json").out)
    assert [number["number"] for number in told["numbers"]] == ["3001"]
    header, line = call("numbers", "export", "--status", "Cooling").out.splitlines()
    assert header.startswith("Internal Number,Status,Usage,Vendor,Tag,Release Date,Description,Extra1,")
    assert line.startswith('2001,Cooling,,,"Cooling: 2 days until the Release Date, ')
    assert call("numbers", "export", "--delimiter", "dot").code == 2
    assert call("numbers", "export", "--format", "csv", "--json").code == 2
