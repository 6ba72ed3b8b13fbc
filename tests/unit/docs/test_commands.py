"""Every command that the documentation shows is one that there is, with all its options."""

import functools
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cli import main as program
from number_inventory.events import read_audit_event
from tests.unit.docs.documented import ROOT, Documented, commands, mentions

_METHOD = re.compile(r"^(GET|POST|PUT|PATCH|DELETE)$")


@pytest.fixture(scope="module")
def parser() -> Any:  # noqa: ANN401 - Typer's own
    """The program as it reads a command line: every command does nothing."""
    command = get_command(program.app)
    for leaf in _leaves(command):
        leaf.callback = lambda **_given: None
    return command


def _leaves(group: Any) -> Iterator[Any]:  # noqa: ANN401 - Typer's own
    for command in group.commands.values():
        yield from _leaves(command) if hasattr(command, "commands") else [command]


@pytest.mark.parametrize("documented", commands("number-inventory"), ids=str)
def test_a_documented_command_can_be_given(parser: Any, documented: Documented) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN a command line of the documentation THEN the program takes it, with every word and option."""
    parser.main(documented.words[1:], prog_name="number-inventory", standalone_mode=False)


@pytest.mark.parametrize("documented", mentions("number-inventory"), ids=str)
def test_a_mentioned_command_is_there(parser: Any, documented: Documented) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN the beginning of a command line in running text THEN each of its words is a command or an option."""
    at, words = parser, iter(documented.words[1:])
    options = {"--help": True}
    while True:
        options |= {
            name: getattr(parameter, "is_flag", False)
            for parameter in at.params
            for name in getattr(parameter, "opts", ())
        }
        word = next(words, None)
        if word is None:
            return
        if word.startswith("-"):
            assert word in options, f"there is no option {word}"
            if not options[word]:
                next(words, None)
        elif hasattr(at, "commands"):
            assert word in at.commands, f"there is no command {word}"
            at = at.commands[word]


@pytest.mark.parametrize("documented", commands("make"), ids=str)
def test_a_documented_target_is_in_the_makefile(documented: Documented) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    wanted = [word for word in documented.words[1:] if "=" not in word]
    assert set(wanted) <= targets


@pytest.mark.parametrize("documented", commands("pytest"), ids=str)
def test_documented_tests_are_there(documented: Documented) -> None:
    paths = [word for word in documented.words if word.startswith("tests/")]
    assert paths
    assert all((ROOT / path).exists() for path in paths)


def _invoking(word: str) -> list[Documented]:
    return [command for command in (*commands("aws"), *commands("sam")) if word in command.words]


@pytest.mark.parametrize("documented", _invoking("invoke"), ids=str)
def test_documented_invocations_name_functions_and_events_that_there_are(documented: Documented) -> None:
    """GIVEN an invocation by hand THEN the function is in the template, and an audit's event can be read."""
    words = documented.words
    functions = {name for name, part in _template()["Resources"].items() if part["Type"] == "AWS::Serverless::Function"}
    named = {f"number-inventory-{_hyphened(name)}": name for name in functions}
    given = dict(itertools.pairwise(words))
    if "lambda" in words:
        assert named[given["--function-name"]] == "Audit"
        read_audit_event(json.loads(given["--payload"]))
    else:
        assert given["invoke"] == "Audit"
        assert given["invoke"] in functions
        read_audit_event(json.loads(given["--event"]))


@pytest.mark.parametrize("documented", _invoking("--parameter-overrides"), ids=str)
def test_documented_parameters_are_in_the_template(documented: Documented) -> None:
    given = documented.words[documented.words.index("--parameter-overrides") + 1 :]
    assert {word.partition("=")[0] for word in given} <= _template()["Parameters"].keys()


@pytest.mark.parametrize("documented", commands("curl"), ids=str)
def test_a_documented_request_is_in_the_api(documented: Documented) -> None:
    """GIVEN a request of the documentation THEN the API has that path and method, and the body is JSON."""
    words = documented.words
    given = dict(itertools.pairwise(words))
    [address] = [word for word in words if word.startswith(("$API/", "$api/"))]
    path = address.partition("/")[2].partition("?")[0].split("/")
    method = given.get("-X", "GET").lower()
    assert _METHOD.match(method.upper())
    operations = [
        operations
        for template, operations in json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"].items()
        if _fits(template.strip("/").split("/"), path)
    ]
    assert any(method in each for each in operations), f"{method} {address}"
    if "-d" in given:
        json.loads(given["-d"])


def _fits(template: list[str], path: list[str]) -> bool:
    same = (part == wanted or part.startswith("{") for part, wanted in zip(template, path, strict=False))
    return len(template) == len(path) and all(same)


def _hyphened(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


@functools.cache
def _template() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """YAML with the short forms of CloudFormation's functions, which say nothing here."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - safe
    return loaded
