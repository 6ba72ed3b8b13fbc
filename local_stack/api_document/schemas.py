"""Schemas as people and programs like to read them: what pydantic and Powertools say, without what says nothing."""

from typing import Any

_NULL = {"type": "null"}
_SUCCESS = ("200", "202", "204")


def answer_schemas(responses: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What a route answers: the schema of the answer, and of another kind of answer where there are two.

    A null is no answer: it stands for an answer without a body.
    """
    [answer] = [responses[status] for status in _SUCCESS if status in responses]
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind != _NULL]
    return kinds[0] if kinds else {}, kinds[1] if len(kinds) > 1 else None


def tidy(part: Any) -> Any:  # noqa: ANN401 - JSON
    """The same without titles that only repeat a name, and with parameters that cannot be null."""
    if isinstance(part, list):
        return [tidy(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("in") in {"path", "query"} and "schema" in part:
        part = {**part, "schema": _parameter_schema(part["schema"])}
    return {name: tidy(value) for name, value in part.items() if not _is_made_title(name, value, part)}


def _is_made_title(name: str, value: object, part: dict[str, Any]) -> bool:
    """Whether it is a title that pydantic makes of a name, with capitals, and not a property that is called so."""
    made = isinstance(value, str) and value[:1].isupper()
    return name == "title" and made and ("type" in part or "anyOf" in part or "$ref" in part)


def _parameter_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter: one that is not there is not null, and its description stands beside it already."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != _NULL]
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "description", "title"}}
    if len(kinds) == 1:
        rest = {**kinds[0], **rest}
    elif kinds:
        rest = {"anyOf": kinds, **rest}
    return {name: value for name, value in rest.items() if (name, value) != ("default", None)}
