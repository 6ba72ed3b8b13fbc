"""A local AWS with fresh tables, a played device, and an operator who knows both."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.listing import Style
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.engines.engine import REGION, Engine, create_tables, drop_tables
from tests.engines.fixtures import ministack
from tests.integration.cli.operator import CANARY, Operator

__all__ = ["ministack"]

DOMAIN = "10.8.5.71"
NUMBERS = ("+493012340001", "+493012340002", "4711")
AUDIT_FUNCTION = "number-inventory-audit"
JOB_FUNCTION = "number-inventory-number-jobs"
RECORD_FUNCTION = "number-inventory-record-history"
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sends all tests here to the worker that has the emulator."""
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("engine-ministack"))


@pytest.fixture
def operator(ministack: Engine, tmp_path: Path) -> Iterator[Operator]:
    """An operator in a folder below the one with the local stack's description; every test has tables of its own."""
    client = ministack.session().dynamodb()
    tables = create_tables(client)
    description = {
        "endpoint_url": ministack.endpoint_url,
        "region": REGION,
        "stack_name": "number-inventory",
        "tables": {
            "numbers": tables.numbers,
            "registrations": tables.registrations,
            "devices": tables.devices,
            "macros": tables.macros,
            "audits": tables.audits,
            "jobs": tables.jobs,
            "history": tables.history,
            "stock": tables.stock,
        },
        "functions": {"audit": AUDIT_FUNCTION, "number_jobs": JOB_FUNCTION, "record_history": RECORD_FUNCTION},
        "parameter_prefix": f"/{tables.numbers}",
    }
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(json.dumps(description))
    below = tmp_path / "somewhere" / "below"
    below.mkdir(parents=True)
    yield Operator(below)
    drop_tables(client, tables)
    client.close()


@pytest.fixture
def devices(tmp_path: Path) -> Iterator[Simulator]:
    """A played device with three users that are numbers and one that is none."""
    users = tuple(plain_user(f"{user}@{DOMAIN}", DOMAIN) for user in (*NUMBERS, "Lobby"))
    scenario = DeviceScenario(name="sbc-1", style=Style.MODERN, domain=DOMAIN, password=CANARY, users=users)
    with Simulator([scenario], tmp_path / "simulator") as simulator:
        yield simulator
