"""`sam local`: the built functions in Lambda's containers, by a real Docker engine, on the local stack's tables."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import urllib3

from local_stack.deployment import architecture
from local_stack.docker_engine import host_for_containers
from local_stack.emulator import client
from local_stack.errors import LocalStackError
from local_stack.processes import free_port
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, eventually

NUMBER = "+493012349999"
IMAGE = f"public.ecr.aws/lambda/python:3.13-{architecture()}"
START_SECONDS = 150.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def docker() -> None:
    """Skips, and says why, where there is no Docker engine with Lambda's image in it."""
    try:
        host_for_containers()
    except LocalStackError as error:
        pytest.skip(f"needs Docker: {error}")
    if subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode != 0:  # noqa: S603, S607
        pytest.skip(f"needs Lambda's image: docker pull {IMAGE}")


def sam_local(stack: DeployedStack, *command: str) -> Sequence[str]:
    """The command as a user types it, after `make`'s setup."""
    state = str(stack.folder / ".local")
    return [sys.executable, "-m", "local_stack", "sam-local", "--state", state, *command, "--skip-pull-image"]


@contextmanager
def running(stack: DeployedStack, log: Path, *command: str) -> Iterator[int]:
    """A server of `sam local` on a free port, until the context ends."""
    port = free_port()
    with log.open("wb") as output:
        server = subprocess.Popen(  # noqa: S603
            [*sam_local(stack, *command), "--port", str(port), "--warm-containers", "LAZY"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        listens = re.compile(rf"Running on http://127\.0\.0\.1:{port}")
        assert eventually(
            lambda: listens.search(log.read_text()) or server.poll() is not None, seconds=START_SECONDS
        ), log.read_text()
        assert server.poll() is None, log.read_text()
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60.0)


def test_a_function_is_invoked_in_a_container(stack: DeployedStack, customer: Customer) -> None:
    """GIVEN numbers on the local stack WHEN the audit is invoked by `sam local invoke` THEN it has audited them."""
    customer.operate("numbers", "add", NUMBER)
    event = json.dumps({"customer": customer.name, "mode": "report"})

    ended = subprocess.run(  # noqa: S603
        sam_local(stack, "invoke", "Audit", "--event", "-"),
        cwd=ROOT,
        input=event,
        capture_output=True,
        text=True,
        timeout=300.0,
        check=False,
        env=os.environ,
    )

    assert ended.returncode == 0, ended.stderr
    answered = re.search(r"^\{.*\}", ended.stdout, re.MULTILINE)
    assert answered, ended.stdout
    [audit] = json.loads(answered[0])["audits"]
    assert (audit["state"], audit["customer"], audit["numbers"]) == ("finished", customer.name, 1)
    assert customer.audits(audit["id"]).body["numbers"] == 1, "it is on the stack's own tables"


def test_the_api_is_served_from_containers(stack: DeployedStack, customer: Customer, tmp_path: Path) -> None:
    """GIVEN `sam local start-api` WHEN a number is added, assigned and looked up there THEN the stack has it so."""
    numbers = f"/customers/{customer.name}/numbers"
    with running(stack, tmp_path / "start-api.log", "start-api") as port:
        base = f"http://127.0.0.1:{port}"
        added = urllib3.request("POST", base + numbers, json={"numbers": [NUMBER]}, timeout=120.0)
        assert added.status == 200, added.data
        holder = {"vendor": "Fax", "usage": "Device", "assignee": "hall"}
        where = f"{base}{numbers}/{quote(NUMBER)}"
        assigned = urllib3.request("POST", f"{where}/assign", json=holder, timeout=120.0)
        assert assigned.status == 200, assigned.data
        found = urllib3.request("GET", where, timeout=120.0)
        nothing = urllib3.request("GET", f"{base}{numbers}/%2B999", timeout=120.0)

    assert (found.json()["status"], found.json()["vendor"]) == ("Used", "Fax")
    assert (nothing.status, nothing.headers["Content-Type"]) == (404, "application/problem+json")
    assert customer.look(NUMBER)["status"] == "Used"


def test_functions_are_invoked_by_the_aws_api(stack: DeployedStack, customer: Customer, tmp_path: Path) -> None:
    """GIVEN `sam local start-lambda` WHEN the release is invoked as on AWS THEN what was due is released."""
    customer.operate("numbers", "add", NUMBER)
    customer.operate("numbers", "cool", NUMBER, "--days", "1")
    release_date = {"S": "2020-01-01T00:00:00Z"}
    customer.arrange("numbers", {"customer": customer.name, "number": NUMBER}, release_at=release_date)
    with running(stack, tmp_path / "start-lambda.log", "start-lambda") as port:
        functions = client("lambda", f"http://127.0.0.1:{port}")
        answer = functions.invoke(FunctionName="ReleaseCooled", Payload=b"{}")
        released = json.loads(answer["Payload"].read())

    assert "FunctionError" not in answer, released
    assert customer.look(NUMBER)["status"] == "Available", released
