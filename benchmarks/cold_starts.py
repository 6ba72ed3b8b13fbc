"""P1: how long each built function takes to start cold, against a function that imports boto3 and makes one client.

Both run under Lambda's own runtime interface emulator, in turns, with bytecode, with nothing else that is installed
for this interpreter in sight. What counts is processor time, from the start of the interpreter to the first answer; the
wall time of the init phase, which Lambda bills, is told beside it, since whatever else a machine does disturbs it.
"""

import compileall
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.stage import Stage, staged
from local_stack import processes
from local_stack.deployment import build
from local_stack.environment import aws_variables
from local_stack.layout import default_layout
from tests.integration.functions.api_requests import lookup, request
from tests.integration.runtime.emulated import BuiltFunction, built_function, copy_client, emulated

ROUNDS = 7
_BARE = "a bare handler"
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3")
_BARE_HANDLER = '''"""What any function with boto3 does before its first request."""
import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    """Nothing."""
    return {}
'''
_UNKNOWN = {"no such part": 0}
_SCHEDULED: dict[str, Any] = {
    "SyncDispatcher": _UNKNOWN,
    "SyncWorker": {"Records": []},
    "ReleaseCooled": _UNKNOWN,
    "Audit": _UNKNOWN,
    "NumberJobs": _UNKNOWN,
    "RecordHistory": _UNKNOWN,
    "WatchStock": _UNKNOWN,
}
"""Events that are read, and refused before anything is asked of AWS: the init phase is over by then."""
_DEVICES = "/customers/{customer}/devices"
_APIS = ("NumberApi", "SettingsApi")
_FIRST_LOOKUP, _FIRST_LIST = "NumberApi, with its first lookup", "SettingsApi, with its first list of devices"
_FIRST = {_FIRST_LOOKUP: lookup("acme", "4711"), _FIRST_LIST: request(_DEVICES, {"customer": "acme"})}


def measure(setting: Setting) -> Figure:
    """Build, then start each function again and again."""
    rounds = setting.size(ROUNDS, 2)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, staged(setting) as stage:
        layout = default_layout(Path(folder))
        say("sam build")
        build(layout, Path(sys.executable))
        bare = _bare_function(Path(folder))
        events = {**_SCHEDULED, **{name: [] for name in _APIS}, **_FIRST}
        works: dict[str, tuple[BuiltFunction, Any]] = {_BARE: (bare, {})}
        works |= {name: (built_function(layout, name.partition(",")[0]), event) for name, event in events.items()}
        environment = _environment(setting, stage)
        client = copy_client(Path(folder) / "client")
        inits: dict[str, list[float]] = {name: [] for name in works}
        spent: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(rounds):
            for name, (function, event) in works.items():
                with emulated(function, layout, client, environment) as running:
                    running.invoke(event)
                    inits[name].append(running.inits()[-1])
                    record = layout.state / f"{function.handler.rpartition('.')[0]}.process.json"
                    spent[name].append(_processor_milliseconds(record))
                running.log.unlink()
            say(f"round {turn + 1} of {rounds}: " + ", ".join(f"{name} {each[-1]:.0f}" for name, each in spent.items()))
    return Figure(
        id="P1",
        what="cold start of each built function, against a bare handler with boto3",
        checks=_checks(spent, inits),
        detail={"CPU, ms": spent, "init phase, wall, ms": inits, "python": sys.version.split()[0]},
    )


def _checks(spent: Mapping[str, Sequence[float]], inits: Mapping[str, Sequence[float]]) -> list[Check]:
    def against_bare(name: str, measured: Mapping[str, Sequence[float]] = spent) -> float:
        return _ratio(measured[name], measured[_BARE])

    slowest = max(_SCHEDULED, key=against_bare)
    checks = [
        Check(what=f"scheduled, the slowest ({slowest})", value=against_bare(slowest), unit="x", bound=1.25, aim=1),
        *(Check(what=name, value=against_bare(name), unit="x", bound=1.5, aim=1) for name in _APIS),
    ]
    others = [name for name in _SCHEDULED if name != slowest]
    checks += [Check(what=name, value=against_bare(name), unit="x", bound=1.25, aim=1) for name in others]
    first = [Check(what=name, value=against_bare(name), unit="x") for name in _FIRST]
    wall = {name: against_bare(name, inits) for name in (*_SCHEDULED, *_APIS)}
    checks += [Check(what=f"{name}, wall time of init", value=value, unit="x") for name, value in wall.items()]
    return [*checks, *first, Check(what=f"{_BARE}, CPU", value=min(spent[_BARE]), unit="ms")]


def _ratio(ours: Sequence[float], bare: Sequence[float]) -> float:
    """The least that each took: whatever else the machine does only ever adds to it."""
    return min(ours) / min(bare)


def _bare_function(folder: Path) -> BuiltFunction:
    code, layer = folder / "bare", folder / "sdk"
    code.mkdir()
    (code / "bare.py").write_text(_BARE_HANDLER, encoding="utf-8")
    for name in _SDK:
        for file in importlib.metadata.distribution(name).files or ():
            if file.parts[0] in {"..", "__pycache__"}:
                continue
            target = layer / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)
    for each in (code, layer):
        compileall.compile_dir(str(each), quiet=1, force=True)
    return BuiltFunction("bare.handler", code, layer)


def _environment(setting: Setting, stage: Stage) -> dict[str, str]:
    assert setting.engine.endpoint_url is not None
    return {f"{name}_table".upper(): table for name, table in asdict(stage.tables).items()} | {
        **aws_variables(setting.engine.endpoint_url),
        "SYNC_QUEUE_URL": "http://127.0.0.1/none",
        "AUDIT_FUNCTION": "none",
        "JOB_FUNCTION": "none",
        "API_AUTH": "NONE",
        "EVENT_BUS": "none",
        "HISTORY_DEAD_LETTERS_URL": "http://127.0.0.1/none",
        "POWERTOOLS_METRICS_NAMESPACE": "NumberInventory",
    }


def _processor_milliseconds(record: Path) -> float:
    """CPU of the interpreter under the emulator so far."""
    emulator = processes.load(record)
    assert emulator is not None
    children = Path(f"/proc/{emulator.pid}/task").glob("*/children")
    [interpreter] = " ".join(each.read_text(encoding="ascii") for each in children).split()
    threads = Path(f"/proc/{interpreter}/task").glob("*/schedstat")
    return sum(int(each.read_text(encoding="ascii").split()[0]) for each in threads) / 1e6


if __name__ == "__main__":
    run(measure)
