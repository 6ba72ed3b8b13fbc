"""Tables that no stack has: the files with which CloudFormation adopts them."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_stack.adoption import main, resources_to_import, tables_alone
from local_stack.errors import LocalStackError

TABLES = list(tables_alone()["Resources"])
LEFT = [f"number-inventory-{table}-1A2B3C4D5E6F" for table in TABLES]


def _conditions(part: Any) -> list[str]:  # noqa: ANN401 - any part of a template
    if isinstance(part, dict):
        return [value[0] for key, value in part.items() if key == "Fn::If"] + _conditions(list(part.values()))
    return [name for each in part for name in _conditions(each)] if isinstance(part, list) else []


@pytest.mark.parametrize("restored", [False, True])
def test_the_template_is_one_that_cloudformation_imports(*, restored: bool) -> None:
    """GIVEN the tables alone WHEN CloudFormation is to import them THEN it has nothing to object to.

    Each is kept when the stack goes, which an import asks for. Nothing else is in it, no outputs and no transform, and
    all that it refers to. No table has a name: the whole template has none, and taking one away would replace it.
    """
    template = tables_alone(restored=restored)
    assert set(template) == {"AWSTemplateFormatVersion", "Description", "Parameters", "Conditions", "Resources"}
    assert len(template["Resources"]) == 9
    for name, table in template["Resources"].items():
        assert (table["Type"], table["DeletionPolicy"]) == ("AWS::DynamoDB::Table", "Retain"), name
        assert "TableName" not in table["Properties"], name
        assert table["Properties"]["DeletionProtectionEnabled"] is False, name
        assert set(table.get("DependsOn", "").split()) <= set(TABLES), name
    assert set(_conditions(template["Resources"])) == set(template["Conditions"]) == {"HasDataKey"}
    assert set(template["Parameters"]) == {"DataKeyArn"}
    assert all("Default" in parameter for parameter in template["Parameters"].values())


def test_tables_are_as_they_were_left_or_restored() -> None:
    """GIVEN tables of a stack that is gone, or of backups, WHEN described THEN as they are before they are adopted.

    What a restore does not bring back comes with the deployment of the whole template; where it is there already, a
    template without it would have CloudFormation switch it on a second time.
    """
    left, restored = (tables_alone(restored=each)["Resources"] for each in (False, True))
    lost = ("StreamSpecification", "TimeToLiveSpecification", "PointInTimeRecoverySpecification")

    assert {name for name, table in left.items() if "StreamSpecification" in table["Properties"]} == {"NumbersTable"}
    assert all("PointInTimeRecoverySpecification" in table["Properties"] for table in left.values())
    for name, table in restored.items():
        kept = {key: value for key, value in left[name]["Properties"].items() if key not in lost}
        assert table["Properties"] == kept, name
        assert {"KeySchema", "AttributeDefinitions", "BillingMode"} <= kept.keys()


def test_each_table_is_found_by_its_name() -> None:
    """GIVEN names as CloudFormation made them, with or without an end, WHEN matched THEN each is one table's."""
    for end in ("", "-restored"):
        found = resources_to_import(TABLES, [*(name + end for name in reversed(LEFT)), "other-table"])
        assert {each["LogicalResourceId"]: each["ResourceIdentifier"]["TableName"] for each in found} == {
            table: name + end for table, name in zip(TABLES, LEFT, strict=True)
        }
        assert {each["ResourceType"] for each in found} == {"AWS::DynamoDB::Table"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (LEFT[:-1], f"{TABLES[-1]}: of 8 tables none has that in its name"),
        ([*LEFT, LEFT[0] + "-restored"], f"several could be it: {LEFT[0]}, {LEFT[0]}-restored"),
        ([*LEFT[1:], "xNumbersTable-1"], "NumbersTable: of 9 tables none"),
    ],
)
def test_a_table_that_is_missing_or_doubtful_is_said(names: list[str], said: str) -> None:
    """GIVEN a table that is not among the names, or twice, WHEN matched THEN the error says which."""
    with pytest.raises(LocalStackError, match=said):
        resources_to_import(TABLES, names)


def test_both_files_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN the names of all tables WHEN asked for THEN both files are there; of too few tables, none is."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="Give the names of the 9 tables"):
        main(LEFT[1:])
    assert not list(tmp_path.iterdir())

    main(["--restored", *LEFT])
    template, resources = (json.loads(Path(f".adopt/{name}.json").read_text()) for name in ("tables", "resources"))
    assert template == tables_alone(restored=True)
    assert resources == resources_to_import(TABLES, LEFT)
