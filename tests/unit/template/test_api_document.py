"""docs/openapi.json, on which other systems rely: it fits the routes, and the deployed API has what it describes."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.rest.access import Role, required_role
from local_stack.api_document import document as document_module
from local_stack.api_document.document import UndescribedTagError, as_text, document

Operations = dict[tuple[str, str], dict[str, Any]]

FAILED = {"400", "403", "429", "500", "503", "504"}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The document as it is kept."""
    read: dict[str, Any] = json.loads(Path("docs/openapi.json").read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def operations(kept: dict[str, Any]) -> Operations:
    """What can be asked, by method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in kept["paths"].items()
        for method, operation in methods.items()
    }


def test_the_document_is_that_of_the_routes() -> None:
    """GIVEN the routes WHEN the document is made anew THEN it is the one that is kept, letter by letter."""
    assert Path("docs/openapi.json").read_text(encoding="utf-8") == as_text(document()), "run 'make openapi'"


def test_the_gateway_has_what_the_document_describes(
    operations: Operations, resources: dict[str, dict[str, Any]]
) -> None:
    """GIVEN the template WHEN compared with the document THEN the API has the same paths and methods."""
    paths = resources["Api"]["Properties"]["DefinitionBody"]["paths"]

    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(operations)


def test_every_operation_is_described(operations: Operations) -> None:
    """GIVEN every operation WHEN read THEN it has a name of its own, a summary, a tag and all its parameters."""
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))

    for (method, path), operation in operations.items():
        assert operation["summary"].endswith((".", ")")), path
        assert operation["tags"], path
        assert operation["x-required-role"] == required_role(method, path).name.lower()
        taken = {parameter.get("name") for parameter in operation["parameters"] if parameter.get("in") == "path"}
        assert taken == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        told = [parameter for parameter in operation["parameters"] if "$ref" not in parameter]
        assert all(parameter["description"] for parameter in told), path


def test_every_operation_tells_its_errors(operations: Operations) -> None:
    """GIVEN every operation WHEN its answers are read THEN one is a success, and no error is left out."""
    for (method, path), operation in operations.items():
        answers = operation["responses"]
        assert [status for status in answers if status.startswith("2")], path
        assert set(answers) >= FAILED, path
        assert ("requestBody" in operation) <= ({"413", "415"} <= set(answers)), path
        assert ("{" in path.replace("{customer}", "")) <= ("404" in answers), path
        assert ("412" in answers) == ({"$ref": "#/components/parameters/IfMatch"} in operation["parameters"]), (
            method,
            path,
        )
        for status, answer in answers.items():
            assert status < "400" or answer == {"$ref": f"#/components/responses/Problem{status}"}


def test_all_that_is_referred_to_is_there(kept: dict[str, Any]) -> None:
    """GIVEN the document WHEN its references are followed THEN each leads somewhere, and no schema is left over."""
    text = json.dumps(kept)
    references = {part.partition('"')[0] for part in text.split('"#/components/')[1:]}
    there = {f"{kind}/{name}" for kind, parts in kept["components"].items() for name in parts}

    assert references <= there
    assert {name for name in there if name.startswith("schemas/")} <= references


def test_what_nobody_has_described_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a path about something new WHEN the document is made THEN the error says where to describe it."""
    monkeypatch.delitem(document_module.TAGS, "audits")

    with pytest.raises(UndescribedTagError, match=r"'audits' is about in TAGS, local_stack/api_document/document\.py"):
        document()


@pytest.mark.parametrize(
    ("method", "resource", "role"),
    [
        ("GET", "/customers/{customer}/numbers", Role.READER),
        ("GET", "/customers/{customer}/devices", Role.READER),
        ("POST", "/customers/{customer}/numbers/lookup", Role.READER),
        ("POST", "/customers/{customer}/numbers/bulk", Role.OPERATOR),
        ("DELETE", "/customers/{customer}/numbers/{number}", Role.OPERATOR),
        ("POST", "/customers/{customer}/audits", Role.OPERATOR),
        ("PUT", "/customers/{customer}/macros/{macro}", Role.ADMINISTRATOR),
        ("POST", "/customers/{customer}/devices", Role.ADMINISTRATOR),
        ("GET", "/customers/{customer}/devices/{device}/removals", Role.READER),
        ("POST", "/customers/{customer}/devices/{device}/removals/approve", Role.ADMINISTRATOR),
        ("POST", "/customers/{customer}/whatever/comes", Role.ADMINISTRATOR),
        ("POST", "/numbers", Role.ADMINISTRATOR),
        ("POST", "", Role.ADMINISTRATOR),
    ],
)
def test_requests_need_a_role(method: str, resource: str, role: Role) -> None:
    """GIVEN a request WHEN its role is asked for THEN reading needs the least, and what is not known the most."""
    assert required_role(method, resource) is role
