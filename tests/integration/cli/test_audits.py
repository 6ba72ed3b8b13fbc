"""Audits as an operator starts, reads and exports them; the audit function is played in this process."""

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from number_inventory.bootstrap import audits
from number_inventory.domain.audit_runs import AuditRun
from number_inventory.domain.errors import StorageRefusedError
from number_inventory.settings import AuditSettings, OperatorSettings
from simulator.server import Simulator
from tests.engines.engine import Engine
from tests.integration.cli.conftest import AUDIT_FUNCTION, NUMBERS
from tests.integration.cli.operator import CANARY, Operator

PASSWORD = {"NUMBER_INVENTORY_DEVICE_PASSWORD": CANARY}


@dataclass
class PlayedFunction:
    """The audit function: it carries a run out when it is woken, unless it is told to wait or to be missing."""

    settings: list[OperatorSettings] = field(default_factory=list)
    waits: bool = False
    missing: bool = False

    def workers(self, settings: OperatorSettings) -> "PlayedFunction":
        """In place of the bootstrap's workers."""
        self.settings = [settings]
        return self

    def wake(self, run: AuditRun) -> None:
        """Carry it out here and now."""
        if self.missing:
            raise StorageRefusedError("cannot invoke the audit function: AccessDenied")
        if self.waits:
            return
        told = self.settings[0]
        settings = AuditSettings.model_validate(told.model_dump(by_alias=True))
        audits.run_audit(settings, timedelta(minutes=5))(run.customer, run.id, run.step, "played")


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> PlayedFunction:
    """The audit function, played."""
    function = PlayedFunction()
    monkeypatch.setattr(audits, "audit_workers", function.workers)
    return function


@pytest.fixture
def synced(operator: Operator, devices: Simulator) -> Operator:
    """An operator with a synced device."""
    trust = ("--ca-file", str(devices.certificates.ca_path))
    add = ("devices", "add", "sbc-1", "--address", devices.url("sbc-1"), "-u", "Admin", *trust)
    assert operator(*add, **PASSWORD).code == 0
    assert operator("sync", "sbc-1").code == 0
    return operator


def lose(operator: Operator, ministack: Engine, number: str) -> None:
    """Delete a number behind the product's back."""
    described = json.loads((operator.folder.parents[1] / ".local" / "stack.json").read_text())
    table = described["tables"]["numbers"]
    client = ministack.session().dynamodb()
    keys = client.describe_table(TableName=table)["Table"]["KeySchema"]
    values = {"HASH": {"S": "default"}, "RANGE": {"S": number}}
    client.delete_item(TableName=table, Key={key["AttributeName"]: values[key["KeyType"]] for key in keys})
    client.close()


def test_a_lost_number_is_reported_corrected_by_its_plan_and_exported(
    synced: Operator, function: PlayedFunction, ministack: Engine, tmp_path: Path
) -> None:
    """GIVEN a number lost by force WHEN it is reported and the plan corrected THEN it is back, and all is on record."""
    lose(synced, ministack, NUMBERS[0])
    reported = synced("audit", "run")
    assert reported.code == 0, reported.err
    assert "missing number         1" in reported.out
    assert synced("numbers", "show", NUMBERS[0]).code == 1, "a report changes nothing"
    command = reported.out.splitlines()[-1].split()
    assert command[:5] == ["number-inventory", "--local", "audit", "run", "--plan"]

    corrected = synced(*command[2:], "--json").json["audit"]
    assert (corrected["state"], corrected["counts"]) == ("finished", {"missing_number": {"corrected": 1}})
    assert corrected["requested_by"].startswith("operator:")
    back = synced("numbers", "show", NUMBERS[0], "--json").json
    assert (back["status"], back["usage"], back["vendor"]) == ("Used", "Device", "AudioCodes")

    refused = synced(*command[2:])
    assert refused.code == 1
    assert "was refused: nothing was corrected: reality has moved" in refused.err
    again = synced("audit", "run", "--correct")
    assert again.out.endswith("\n\nNothing wrong was found.\n")
    listed = synced("audit", "list", "--json").json["audits"]
    assert sorted(each["state"] for each in listed) == ["finished", "finished", "finished", "refused"]

    shown = synced("audit", "show", corrected["id"], "--json").json
    [found] = shown["findings"]
    assert (found["number"], found["code"], found["outcome"]) == (NUMBERS[0], "missing_number", "corrected")
    assert [(said["device"], said["word"]) for said in found["evidence"]] == [("sbc-1", "holds")]
    path = tmp_path / "findings.csv"
    assert synced("audit", "export", corrected["id"], "-o", str(path)).code == 0
    [row] = csv.DictReader(io.StringIO(path.read_text(), newline=""))
    assert (row["number"], row["outcome"]) == (f"\\{NUMBERS[0]}", "corrected")


def test_one_audit_at_a_time(synced: Operator, function: PlayedFunction) -> None:
    """GIVEN an audit that waits for its worker WHEN another is started THEN one line names the first one."""
    function.waits = True
    first = synced("audit", "run", "--no-wait", "--json").json["audit"]
    assert first["state"] == "queued"
    second = synced("audit", "run")
    assert (second.code, second.out, second.err.count("\n")) == (1, "", 1)
    assert f"audit {first['id']} of customer default is under way" in second.err
    late = synced("-c", "acme", "audit", "run", "--timeout", "1")
    assert late.code == 1
    assert "is still queued after 1 seconds and goes on" in late.err


def test_who_may_not_invoke_the_function_is_told(synced: Operator, function: PlayedFunction) -> None:
    """GIVEN nobody can be woken WHEN an audit is started THEN one line says so, and the next one need not wait."""
    function.missing = True
    refused = synced("audit", "run")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "cannot invoke the audit function" in refused.err
    assert function.settings[0].audit_function == AUDIT_FUNCTION
    function.missing = False
    assert synced("audit", "run").code == 0
    listed = synced("audit", "list", "--json").json["audits"]
    assert sorted(each["state"] for each in listed) == ["finished", "stopped"]


def test_the_function_itself_is_what_is_woken(synced: Operator) -> None:
    """GIVEN no such function WHEN an audit is started THEN AWS says so by its name, in one line."""
    refused = synced("audit", "run")
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert AUDIT_FUNCTION in refused.err
