"""The tables as `template.yaml` describes them: tests run on the very schema that is deployed."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's own tags (`!Ref`, `!Sub`, ...) as what stands behind them."""


def _bare(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node)


TemplateLoader.add_multi_constructor("!", _bare)


@lru_cache(maxsize=1)
def table_schemas() -> dict[str, dict[str, Any]]:
    """What CreateTable needs besides a name, by the logical id of the table."""
    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), TemplateLoader)  # noqa: S506 - built on the safe loader
    wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    return {
        name: {key: resource["Properties"][key] for key in wanted if key in resource["Properties"]}
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }
