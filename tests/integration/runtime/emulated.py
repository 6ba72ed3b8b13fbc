"""A built function under AWS's runtime interface emulator: real init and invoke phases, one process a function.

The emulator comes within the AWS SAM command line. The runtime interface client is the one that Lambda's own image has.
The function sees what it has on Lambda and nothing else: its build, its layer, and the client.
"""

import importlib.metadata
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

from local_stack import processes
from local_stack.deployment import architecture
from local_stack.layout import Layout
from local_stack.processes import LOOPBACK
from tests.engines.template import TemplateLoader

_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)\)")
_SECONDS = 60.0
_STARTING_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class BuiltFunction:
    """A function as `sam build` left it.

    Attributes:
        handler: as the built template names it.
        code: its folder, which is at /var/task on Lambda.
        layer: the layer's `python` folder, which is at /opt/python.
    """

    handler: str
    code: Path
    layer: Path


@dataclass(frozen=True, slots=True)
class EmulatedFunction:
    """A function that waits for invocations."""

    url: str
    log: Path

    def invoke(self, event: object) -> Any:  # noqa: ANN401 - JSON
        """Invokes it; errors come back as an object with `errorType` and `errorMessage`."""
        answer = urllib3.request("POST", self.url, json=event, timeout=_SECONDS, retries=False)
        assert answer.status == 200
        return json.loads(answer.data)

    def said(self) -> str:
        """All that the function and the emulator have logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def inits(self) -> list[float]:
        """How long each init phase took, in milliseconds."""
        return [float(found) for found in _INIT.findall(self.said())]


def emulator(layout: Layout) -> Path:
    """The emulator for this machine."""
    [found] = layout.sam.parents[1].glob(
        f"lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-{architecture()}"
    )
    return found


def built_function(layout: Layout, logical_id: str) -> BuiltFunction:
    """The build of one function of the template."""
    text = (layout.build / "template.yaml").read_text(encoding="utf-8")
    resources = yaml.load(text, TemplateLoader)["Resources"]  # noqa: S506 - built on the safe loader
    properties = resources[logical_id]["Properties"]
    layer = layout.build / resources["CommonLayer"]["Properties"]["ContentUri"] / "python"
    return BuiltFunction(properties["Handler"], layout.build / properties["CodeUri"], layer)


def copy_client(target: Path) -> Path:
    """Lambda's runtime interface client in a folder of its own, apart from the packages that only tests have."""
    target.mkdir(parents=True, exist_ok=True)
    for name in _CLIENT:
        distribution = importlib.metadata.distribution(name)
        for part in {file.parts[0] for file in distribution.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            source = Path(str(distribution.locate_file(part)))
            if source.is_dir():
                shutil.copytree(source, target / part, dirs_exist_ok=True)
            else:
                shutil.copy(source, target / part)
    return target


@contextmanager
def emulated(
    function: BuiltFunction, layout: Layout, client: Path, environment: Mapping[str, str], seconds: int = 60
) -> Iterator[EmulatedFunction]:
    """The function, ready to be invoked; `seconds` is its timeout."""
    port = processes.free_port()
    addresses = (
        *("--runtime-interface-emulator-address", f"{LOOPBACK}:{port}"),
        *("--runtime-api-address", f"{LOOPBACK}:{processes.free_port()}"),
    )
    name = function.handler.rpartition(".")[0]
    log = layout.log(name)
    process = processes.start(
        name,
        # Without `site`, nothing that is installed for this interpreter can be imported.
        [emulator(layout), *addresses, sys.executable, "-S", "-m", "awslambdaric", function.handler],
        environment={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(path) for path in (client, function.code, function.layer)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": str(function.code),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            **environment,
        },
        folder=function.code,
        log=log,
    )
    processes.save(process, layout.state / f"{name}.process.json")
    try:
        _wait_for(port)
        yield EmulatedFunction(f"http://{LOOPBACK}:{port}/2015-03-31/functions/function/invocations", log)
    finally:
        process.stop()


def _wait_for(port: int) -> None:
    end = time.monotonic() + _SECONDS
    while processes.port_is_free(port) and time.monotonic() < end:
        time.sleep(_STARTING_SECONDS)
