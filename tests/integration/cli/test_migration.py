"""An operator after an upgrade and after a loss: what is to be done is told, done, and told as done."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cli import wiring
from tests.engines.engine import Engine, create_tables, drop_tables
from tests.integration.cli.operator import Operator


@pytest.fixture(autouse=True)
def _no_clock_but_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recount waits for clocks that may be apart; here there is one."""
    waits = wiring.migrate_numbers
    at_once = timedelta(0)
    monkeypatch.setattr(
        wiring, "migrate_numbers", lambda settings: replace(waits(settings), lead=at_once, settle=at_once)
    )


def said(text: str) -> str:
    """A text without the line ends that a terminal needs."""
    return " ".join(text.split())


def described(operator: Operator) -> Path:
    """The description of the operator's stack."""
    return operator.folder.parents[1] / ".local" / "stack.json"


def test_an_operator_migrates(operator: Operator, ministack: Engine) -> None:
    """GIVEN numbers of an earlier form that nobody has counted WHEN migrated THEN each step says what is left to do."""
    operator("numbers", "add", "5001", "5002")
    client = ministack.session().dynamodb()
    table = json.loads(described(operator).read_text())["tables"]["numbers"]
    for number in ("5001", "5002"):
        key = {"customer": {"S": "default"}, "number": {"S": number}}
        names = {"#schema": "schema"}
        client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE #schema", ExpressionAttributeNames=names)

    seen = operator("migrate")
    assert (seen.code, "Of an earlier form" in said(seen.out)) == (0, True)
    # There is no stream here, so nobody has counted them.
    assert "number-inventory --local migrate --apply --recount" in said(seen.err)
    seen_by_program = operator("migrate", "--json").json
    assert {name: seen_by_program[name] for name in ("numbers", "outdated", "counted", "off", "finished")} == {
        "numbers": 2,
        "outdated": 2,
        "counted": 0,
        "off": 1,
        "finished": False,
    }
    assert operator("migrate", "--recount").code == 2
    done = operator("migrate", "--apply", "--recount", "--json").json
    assert (done["rewritten"], done["finished"]) == (2, True)
    assert operator("migrate", "--json").json["outdated"] == 0


def test_an_operator_backs_up_and_restores(operator: Operator, ministack: Engine, tmp_path: Path) -> None:
    """GIVEN a stack with numbers WHEN backed up and put into an empty one THEN counts wait for a migration."""
    operator("numbers", "add", "5001", "--site", "Berlin")
    wrote = operator("backup", "write", str(tmp_path / "backup"))
    assert (wrote.code, "keep it where few can read it" in said(wrote.err)) == (0, True)
    assert operator("backup", "write", str(tmp_path / "backup")).code == 1
    full = operator("backup", "restore", str(tmp_path / "backup"))
    assert (full.code, "a backup goes into a new stack" in said(full.err)) == (1, True)

    client = ministack.session().dynamodb()
    fresh = create_tables(client)
    stack = json.loads(described(operator).read_text())
    stack["tables"] = {name: getattr(fresh, name) for name in stack["tables"]}
    described(operator).write_text(json.dumps(stack))
    restored = operator("backup", "restore", str(tmp_path / "backup"))
    assert (restored.code, "number-inventory --local migrate --apply" in said(restored.err)) == (0, True)
    refused = operator("numbers", "count")
    assert (refused.code, "are being counted anew" in said(refused.err)) == (1, True)
    assert operator("numbers", "show", "5001", "--json").json["site"] == "Berlin"
    assert operator("migrate", "--apply", "--json").json["rewritten"] == 1
    assert operator("numbers", "count").code == 0
    drop_tables(client, fresh)
