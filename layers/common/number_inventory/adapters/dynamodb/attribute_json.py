"""Typed attributes as JSON has them, where what is binary stands in base64: in streams and in backups."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from number_inventory.adapters.dynamodb.attributes import Attribute


def attributes_from_json(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as a client of DynamoDB gives and takes them."""
    return {name: _from_json(value) for name, value in attributes.items()}


def _from_json(value: Mapping[str, Any]) -> Attribute:
    [(kind, inner)] = value.items()
    if kind == "B":
        return {"B": b64decode(inner)}
    if kind == "BS":
        return {"BS": [b64decode(each) for each in inner]}
    if kind == "L":
        return {"L": [_from_json(each) for each in inner]}
    if kind == "M":
        return {"M": attributes_from_json(inner)}
    return {kind: inner}


def attributes_as_json(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round; sets in order, so that equal items are spelt alike."""
    return {name: _as_json(attributes[name]) for name in sorted(attributes)}


def _as_json(value: Mapping[str, Any]) -> Attribute:
    [(kind, inner)] = value.items()
    if kind == "B":
        return {"B": b64encode(inner).decode()}
    if kind == "BS":
        return {"BS": sorted(b64encode(each).decode() for each in inner)}
    if kind == "L":
        return {"L": [_as_json(each) for each in inner]}
    if kind == "M":
        return {"M": attributes_as_json(inner)}
    return {kind: sorted(inner) if kind in {"SS", "NS"} else inner}
