"""Each built function: a cold start, a good event, and a malformed one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from number_inventory.adapters.dynamodb.devices import DynamoDevices
from number_inventory.adapters.ssm import SsmSecrets
from number_inventory.adapters.system_clock import SystemClock
from number_inventory.domain.devices import Device, DeviceKey, SourceKind, TlsSettings
from number_inventory.domain.numbers import NumberRecord
from number_inventory.ports.secrets import Credentials
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.integration.functions.api_requests import audits, listing, lookup, start
from tests.integration.functions.settings_requests import devices, macro
from tests.integration.functions.test_record_history import streamed
from tests.integration.runtime.conftest import PREFIX, Runtime
from tests.integration.runtime.emulated import EmulatedFunction, built_function, emulated

DOMAIN = "10.8.5.71"
PASSWORD = "canary-password-7f3a"


@pytest.fixture(scope="module")
def device(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeviceKey]:
    """A played device with one number, configured."""
    scenario = DeviceScenario(domain=DOMAIN, password=PASSWORD, users=(plain_user(f"4711@{DOMAIN}", DOMAIN),))
    key = DeviceKey("acme", "sbc-1")
    session = runtime.engine.session()
    with Simulator([scenario], tmp_path_factory.mktemp("simulator")) as simulator:
        tls = TlsSettings(ca_pem=Path(simulator.certificates.ca_path).read_text(encoding="utf-8"))
        SsmSecrets(session.ssm(), PREFIX).store(key, Credentials("Admin", PASSWORD))
        DynamoDevices(session.dynamodb(), runtime.tables.devices, SystemClock()).add(
            Device(key=key, source=SourceKind.SBC, address=simulator.url("sbc-1"), tls=tls)
        )
        yield key


def function(runtime: Runtime, logical_id: str) -> Any:  # noqa: ANN401 - a context manager
    """The built function of that logical id, running."""
    return emulated(built_function(runtime.layout, logical_id), runtime.layout, runtime.client, runtime.environment)


def check(running: EmulatedFunction, refused: Any, named: str) -> None:  # noqa: ANN401 - JSON
    """One clean init; a malformed event was refused by name; nothing else was wrong, and no password was logged."""
    assert refused["errorType"] == "InvalidInputError"
    assert named in refused["errorMessage"]
    said = running.said()
    assert len(running.inits()) == 1, said
    assert 0 < running.inits()[0] < 10_000
    assert "Runtime.ImportModuleError" not in said
    assert "Warning" not in said
    assert PASSWORD not in said


def test_the_dispatcher(runtime: Runtime, device: DeviceKey) -> None:
    """GIVEN the built dispatcher WHEN it starts cold and is invoked THEN the device is queued."""
    with function(runtime, "SyncDispatcher") as running:
        assert running.invoke({}) == {"queued": 1}
        check(running, running.invoke([]), "must be a JSON object")


def test_the_worker(runtime: Runtime, device: DeviceKey) -> None:
    """GIVEN the built worker WHEN it starts cold and gets a message THEN it syncs the device over TLS."""
    body = json.dumps({"customer": device.customer, "device": device.name})
    with function(runtime, "SyncWorker") as running:
        assert running.invoke({"Records": [{"messageId": "m0", "body": body}]}) == {"batchItemFailures": []}
        assert running.invoke({"Records": [{"messageId": "m0", "body": "{"}]}) == {
            "batchItemFailures": [{"itemIdentifier": "m0"}]
        }
        check(running, running.invoke({"Records": []}), "Records")
        assert '"Numbers_created":[1.0]' in running.said()


def test_the_release(runtime: Runtime) -> None:
    """GIVEN the built release function WHEN it starts cold and is invoked THEN it finds nothing due."""
    with function(runtime, "ReleaseCooled") as running:
        answer = running.invoke({})
        assert (answer["due"], answer["finished"]) == (0, True)
        check(running, running.invoke({"mode": "report", "as_of": "2026-11-25"}), "as_of")


def test_the_audit(runtime: Runtime) -> None:
    """GIVEN the built audit WHEN it starts cold and is invoked THEN it audits the customer, and corrects it."""
    with function(runtime, "Audit") as running:
        for mode in ("report", "correct"):
            [audit] = running.invoke({"customer": "nobody", "mode": mode})["audits"]
            assert (audit["customer"], audit["numbers"], audit["state"]) == ("nobody", 0, "finished")
        check(running, running.invoke({"mode": "repair"}), "mode")
        assert '"AuditsEnded":[1.0]' in running.said()


def test_the_api(runtime: Runtime) -> None:
    """GIVEN the built API function WHEN it starts cold and is asked THEN it answers, pages included."""
    with function(runtime, "NumberApi") as running:
        assert running.invoke(lookup("acme", "4799"))["statusCode"] == 404
        assert running.invoke(lookup("acme", "47a1"))["statusCode"] == 400
        assert running.invoke(listing("acme", limit="1"))["statusCode"] == 200
        assert running.invoke(audits("acme", limit="1"))["statusCode"] == 200
        assert running.invoke(start("acme", {"mode": "repair"}))["statusCode"] == 400
        # Nobody is there to be woken: the client of Lambda is there all the same, and says so.
        assert running.invoke(start("acme", {}))["statusCode"] == 500
        check(running, running.invoke({}), "API Gateway")


def test_the_history(runtime: Runtime) -> None:
    """GIVEN the built history function WHEN it starts cold and gets a change THEN it counts, keeps and publishes it."""
    added = streamed(None, NumberRecord(customer="history", number="4711", version=1), 1)
    with function(runtime, "RecordHistory") as running:
        assert running.invoke({"Records": [added, {"dynamodb": {}}]}) == {"batchItemFailures": []}
        check(running, running.invoke({}), "Records")
        assert '"EventsPublished":[1.0]' in running.said()
        assert '"RecordsPoisoned":[1.0]' in running.said()


def test_the_settings_api(runtime: Runtime) -> None:
    """GIVEN the built function of devices and macros WHEN it starts cold and is asked THEN it answers and stores."""
    with function(runtime, "SettingsApi") as running:
        assert running.invoke(devices("nobody"))["statusCode"] == 200
        name = "audiocodes_cooling_duration"
        for value, status in (("7", 200), ("soon", 400)):
            assert running.invoke(macro("PUT", name, {"value": value}, "nobody"))["statusCode"] == status
        check(running, running.invoke({}), "API Gateway")


def test_the_jobs(runtime: Runtime) -> None:
    """GIVEN the built function of jobs WHEN it starts cold THEN it knows which jobs there are, and what is no step."""
    with function(runtime, "NumberJobs") as running:
        missing = running.invoke({"customer": "acme", "job": "none", "step": 0})
        assert missing["errorType"] == "NotFoundError"
        check(running, running.invoke({"customer": "acme"}), "step")


def test_the_stock(runtime: Runtime) -> None:
    """GIVEN the built function that watches stock WHEN it starts cold and is invoked THEN it looks at the customer."""
    with function(runtime, "WatchStock") as running:
        answer = running.invoke({"customer": "nobody"})
        assert (answer["customers"], answer["low"], answer["failed"]) == (1, 0, {})
        check(running, running.invoke({"site": "Berlin"}), "site")
        assert '"stock watched"' in running.said()


def test_the_layer_has_nothing_for_tests(runtime: Runtime) -> None:
    """GIVEN the built layer WHEN its packages are listed THEN none is there that functions have no use for."""
    layer = built_function(runtime.layout, "NumberApi").layer
    packages = {entry.name.partition("-")[0].partition(".")[0] for entry in layer.iterdir()}

    assert not packages & {"boto3", "moto", "pytest", "hypothesis", "typer", "rich", "awslambdaric", "cli", "simulator"}
    assert "number_inventory" in packages
