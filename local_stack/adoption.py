"""`python -m local_stack.adoption`: the files with which CloudFormation adopts tables that no stack has.

They are two: a template that has the tables of template.yaml and nothing else, as they are before the adoption, and
which table is which. docs/operations.md says what to do with them.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from local_stack.errors import LocalStackError

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
FOLDER = Path(".adopt")
"""Where the files go."""

_TABLE = "AWS::DynamoDB::Table"
_NOT_RESTORED = frozenset(
    {"StreamSpecification", "TimeToLiveSpecification", "PointInTimeRecoverySpecification", "Tags"}
)
"""What a restore from a backup or to a point in time does not bring back."""

Part = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as the long ones, which JSON has as well."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Part:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}  # type: ignore[arg-type]  # there is no fourth kind of node


_Loader.add_multi_constructor("!", _long_form)


def tables_alone(template: Path = TEMPLATE, *, restored: bool = False) -> Part:
    """A template of the tables, which CloudFormation takes for an import.

    It gives no table a name, as template.yaml does not: a name that were taken away later would replace the table.
    Nothing protects the tables yet; that comes with the deployment of the whole template.

    Args:
        template: template.yaml.
        restored: the tables come from backups, and lack what a restore does not bring back.
    """
    whole: Part = yaml.load(template.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - derived from the safe loader
    resources = {name: _before(each, restored) for name, each in whole["Resources"].items() if each["Type"] == _TABLE}
    conditions = {name: whole["Conditions"][name] for name in sorted(_found("Fn::If", resources))}
    parameters = sorted(_found("Ref", resources) | _found("Ref", conditions))
    return {
        "AWSTemplateFormatVersion": whole["AWSTemplateFormatVersion"],
        "Description": "The tables of a number inventory, to be adopted.",
        "Parameters": {name: whole["Parameters"][name] for name in parameters if name in whole["Parameters"]},
        "Conditions": conditions,
        "Resources": resources,
    }


def resources_to_import(tables: Sequence[str], names: Sequence[str]) -> list[Part]:
    """Which existing table is which of the template's.

    Args:
        tables: logical ids.
        names: of existing tables, each of which has its logical id in it: `number-inventory-NumbersTable-1A2B3C4D5E6F`.

    Raises:
        LocalStackError: a table is not among them, or several could be it.
    """
    found = {table: [name for name in names if re.search(rf"(^|-){table}(-|$)", name)] for table in tables}
    for table, candidates in found.items():
        if len(candidates) != 1:
            which = f"several could be it: {', '.join(candidates)}" if candidates else "none has that in its name"
            raise LocalStackError(
                f"{table}: of {len(names)} tables {which}. Give the names of the {len(tables)} tables."
            )
    return [
        {"ResourceType": _TABLE, "LogicalResourceId": table, "ResourceIdentifier": {"TableName": candidates[0]}}
        for table, candidates in found.items()
    ]


def _before(table: Part, restored: bool) -> Part:  # noqa: FBT001 - of the one caller
    """A table as it is before its adoption."""
    left_out = _NOT_RESTORED if restored else frozenset[str]()
    kept = {name: value for name, value in table["Properties"].items() if name not in left_out}
    return {**table, "Properties": {**kept, "DeletionProtectionEnabled": False}}


def _found(function: str, part: object) -> set[str]:
    """The conditions that a part asks for, or the parameters that it refers to."""
    return set(_walked(function, part))


def _walked(function: str, part: object) -> Iterator[str]:
    if isinstance(part, list):
        for each in part:
            yield from _walked(function, each)
    if isinstance(part, Mapping):
        for name, value in part.items():
            if name == function:
                yield value if isinstance(value, str) else value[0]
            yield from _walked(function, value)


def main(arguments: Sequence[str]) -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(prog="make adopt", description=__doc__)
    parser.add_argument("--restored", action="store_true", help="the tables were restored from backups")
    parser.add_argument("names", nargs="+", metavar="TABLE", help="the names of the tables")
    given = parser.parse_args(arguments)
    template = tables_alone(restored=given.restored)
    try:
        resources = resources_to_import(list(template["Resources"]), given.names)
    except LocalStackError as error:
        sys.exit(f"error: {error}")
    FOLDER.mkdir(exist_ok=True)
    for name, content in (("tables.json", template), ("resources.json", resources)):
        (FOLDER / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    print(f"{FOLDER}/tables.json and {FOLDER}/resources.json: {len(resources)} tables.")


if __name__ == "__main__":
    main(sys.argv[1:])
