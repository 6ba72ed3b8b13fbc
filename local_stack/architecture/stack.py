"""What the template says of the functions: what starts each, and what its role lets it read and write."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

_READS = re.compile(r"dynamodb:(Get|BatchGet|Query|Scan|Describe)")
_TABLE = "AWS::DynamoDB::Table"
_FUNCTION = "AWS::Serverless::Function"

Resources = Mapping[str, Mapping[str, Any]]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's own tags as lists that begin with the tag's name."""


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return [tag, loader.construct_scalar(node)]
    if isinstance(node, yaml.SequenceNode):
        return [tag, *loader.construct_sequence(node, deep=True)]
    return [tag, loader.construct_mapping(node, deep=True)]  # type: ignore[arg-type]  # there is no fourth kind of node


_Loader.add_multi_constructor("!", _tagged)


def _resources(root: Path) -> Resources:
    text = (root / "template.yaml").read_text(encoding="utf-8")
    found: Resources = yaml.load(text, Loader=_Loader)["Resources"]  # noqa: S506 - derived from the safe loader
    return found


def _of_type(resources: Resources, kind: str) -> dict[str, Mapping[str, Any]]:
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def what_starts_what(root: Path) -> str:
    """A flowchart: schedules, queues, streams, the API, and functions that wake functions."""
    resources = _resources(root)
    arrows = sorted({arrow for name in _of_type(resources, _FUNCTION) for arrow in _starters(resources, name)})
    return "\n".join(["```mermaid", "flowchart LR", *(f"    {arrow}" for arrow in arrows), "```", ""])


def _starters(resources: Resources, name: str) -> Iterator[str]:
    properties = resources[name]["Properties"]
    yield from _events(name, properties.get("Events", {}))
    for permission in _of_type(resources, "AWS::Lambda::Permission").values():
        granted = permission["Properties"]
        if granted["Principal"] == "apigateway.amazonaws.com" and granted["FunctionName"] == ["Ref", name]:
            yield f"Api{{{{API Gateway}}}} --> {name}"
    for statement in _statements(resources, properties):
        yield from _calls(resources, name, json.dumps(statement))


def _events(name: str, events: Mapping[str, Any]) -> Iterator[str]:
    """What starts a function by itself."""
    for event, told in events.items():
        if told["Type"] == "ScheduleV2":
            yield f"{event}([{_words(event)}]) --> {name}"
        elif told["Type"] == "SQS":
            source = _named(told["Properties"]["Queue"])
            yield f"{source}[/{_words(source)}/] --> {name}"
        else:
            source = _named(told["Properties"]["Stream"])
            yield f"{source}[({_words(source)})] == stream ==> {name}"


def _calls(resources: Resources, name: str, statement: str) -> Iterator[str]:
    """What a function starts or tells, by one statement of its role."""
    if "sqs:SendMessage" in statement and '"SyncQueue.Arn"' in statement:
        yield f"{name} --> SyncQueue[/{_words('SyncQueue')}/]"
    if "events:PutEvents" in statement:
        yield f"{name} --> EventBus{{{{event bus}}}}"
    if "lambda:InvokeFunction" in statement:
        for woken, function in _of_type(resources, _FUNCTION).items():
            own_name = function["Properties"]["FunctionName"][1]
            if f'function:{own_name}"' in statement:
                yield f"{name} -. wakes .-> {woken}"


def who_reads_and_writes_what(root: Path) -> str:
    """A table: functions down, tables across; `r` reads, `w` writes."""
    resources = _resources(root)
    tables = list(_of_type(resources, _TABLE))
    lines = [
        "| function | " + " | ".join(_words(table) for table in tables) + " |",
        "| --- |" + " --- |" * len(tables),
    ]
    for name, function in sorted(_of_type(resources, _FUNCTION).items()):
        cells = [_rights(resources, function["Properties"], table) for table in tables]
        lines.append(f"| {_words(name)} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


def _rights(resources: Resources, properties: Mapping[str, Any], table: str) -> str:
    actions = {
        action
        for statement in _statements(resources, properties)
        if re.search(rf"\b{table}\.Arn(?!\}}/stream)\b", json.dumps(statement["Resource"]))
        for action in _as_list(statement["Action"])
        if action.startswith("dynamodb:")
    }
    reads = any(_READS.match(action) for action in actions)
    writes = any(not _READS.match(action) for action in actions)
    return ("r" if reads else "") + ("w" if writes else "")


def _statements(resources: Resources, properties: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    role = resources[_named(properties["Role"])]["Properties"]
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            # What a parameter makes conditional is drawn as if it were there.
            yield statement[2] if isinstance(statement, list) else statement


def _named(reference: Any) -> str:  # noqa: ANN401 - as YAML gives it
    """The logical id in `[GetAtt, X.Arn]` or `[Ref, X]`."""
    return str(reference[1]).partition(".")[0]


def _as_list(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _words(name: str) -> str:
    """`NumbersTable` as `numbers`, `SyncDispatcher` as `sync dispatcher`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removesuffix("Table")).lower()
