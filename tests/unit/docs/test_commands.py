"""Every command that the documentation shows or mentions is one that there is, with all its words and options.

Commands of this program are read by its own parser, SAM's by SAM's, those of the AWS CLI are held against botocore's
models, requests against the API's document, and `make` against the Makefile. Which of them are run besides, and where,
is told in tests/integration/cli/test_documented_commands.py.
"""

import contextlib
import functools
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import typer
import yaml
from typer.main import get_command

from cli import main as program
from number_inventory.events import read_audit_event
from tests.unit.docs import aws_commands, sam_commands
from tests.unit.docs.documented import PAGES, ROOT, Documented, commands, mentions, requests, spans
from tests.unit.docs.own_commands import PROGRAM, idle_parser, leaves, says_only_which

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

OF_OTHERS = {
    "git": "is not this project's; `git switch --detach` takes a tag",
    "docker": "is not this project's, and not on every machine; asks for the address of its own bridge",
    "source": "is of the shell: `make setup` makes .venv with uv, which writes bin/activate",
}
"""Programs whose commands are only read by bash, and why."""


@pytest.fixture(scope="module")
def parser() -> Any:  # noqa: ANN401 - Typer's own
    return idle_parser()


def _read(parser: Any, words: tuple[str, ...]) -> None:  # noqa: ANN401 - Typer's own
    """Read a command line without its program; what is wrong with it is raised."""
    parser.main(list(words), prog_name=PROGRAM, standalone_mode=False)


@pytest.mark.parametrize("documented", commands(PROGRAM), ids=str)
def test_a_documented_command_can_be_given(parser: Any, documented: Documented) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN a command line of the documentation THEN the program takes it, with every word and option."""
    _read(parser, documented.words[1:])


@pytest.mark.parametrize("documented", mentions(PROGRAM), ids=str)
def test_a_mentioned_command_can_be_given(parser: Any, documented: Documented) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN a command line in running text THEN it is whole, unless it says no more than which command is meant."""
    words = documented.words[1:]
    with contextlib.ExitStack() as may_lack_something:
        if says_only_which(parser, words):
            may_lack_something.enter_context(contextlib.suppress(typer.TyperException))
        _read(parser, words)


def _shortened() -> Iterator[Documented]:
    """Commands in running text that leave the program's name out, of more words than one."""
    command: Any = get_command(program.app)
    within = {name for group in command.commands.values() for name in getattr(group, "commands", {})}
    for page in PAGES:
        for span in spans(page):
            first, *rest = span.split(" ")
            group = getattr(command.commands.get(first), "commands", {})
            known = bool(group) or (first in command.commands or first in within)
            if known and rest and (rest[0] in group or rest[0].startswith("-") or rest[0].isupper()):
                yield Documented(page.name, tuple(span.split(" ")))


@pytest.mark.parametrize("documented", list(_shortened()), ids=str)
def test_a_shortened_command_is_there(parser: Any, documented: Documented) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN a command without the program's name, and perhaps its group's THEN all that it does say is taken."""
    groups = [(), *((name,) for name in parser.commands if hasattr(parser.commands[name], "commands"))]
    refused = []
    for group in groups:
        try:
            _read(parser, (*group, *documented.words))
        except typer.TyperException as error:
            lacking = re.match(r"Missing (argument|option)|Option .* requires", error.format_message())
            refused += [] if lacking else [f"{' '.join(group)}: {error.format_message()}"]
    assert len(refused) < len(groups), refused


def test_every_option_that_is_named_is_there(parser: Any) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN the options that the page of the command line names alone THEN each is one of some command."""
    there = {option for command in (parser, *leaves(parser)) for each in command.params for option in each.opts}
    there |= {option for command in leaves(parser) for each in command.params for option in each.secondary_opts}
    named = {span.split(" ")[0] for span in spans(ROOT / "docs" / "cli.md") if span.startswith("--")}
    assert len(named) > 30
    assert named - there - {"--help"} == set()


@pytest.mark.parametrize("documented", [*commands("make"), *mentions("make")], ids=str)
def test_a_documented_target_is_in_the_makefile(documented: Documented) -> None:
    """GIVEN a call of make THEN its targets can be made, and its variables are looked at."""
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    variables = set(re.findall(r"\$\(?([A-Z]+)\b", MAKEFILE))
    for word in documented.words[1:]:
        name, given, _ = word.partition("=")
        assert name in (variables if given else targets)


AWS = [*commands("aws"), *mentions("aws")]
SAM = [*commands("sam"), *mentions("sam")]


@pytest.mark.parametrize("documented", AWS, ids=str)
def test_a_documented_command_of_aws_can_be_given(documented: Documented) -> None:
    """GIVEN a command of the AWS CLI THEN service, operation, options and values are, and what it needs is there."""
    aws_commands.check(documented.words)


@pytest.mark.parametrize("documented", AWS, ids=str)
def test_a_documented_command_of_aws_names_what_the_stack_has(documented: Documented) -> None:
    """GIVEN a command on parts of the stack THEN functions, outputs and resources are those of the template."""
    template = _template()
    text = " ".join(documented.words)
    functions = set(
        re.findall(r"(?<!-stack-name )(?:/aws/lambda/|--function-name )(?:number-)?inventory-([a-z-]+)", text)
    )
    assert functions <= {_hyphened(name) for name in _functions()}
    assert set(re.findall(r"OutputKey=='(\w+)'", text)) <= template["Outputs"].keys()
    assert set(re.findall(r"--logical-resource-id (\w+)", text)) <= template["Resources"].keys()
    if types := re.findall(r"ResourceType=='([\w:]+)'", text):
        assert set(types) <= {part["Type"] for part in template["Resources"].values()}


def test_documented_commands_of_sam_can_be_given() -> None:
    """GIVEN all commands of SAM, also those that `make sam-local` hands on THEN SAM's own parser takes each of them."""
    handed_on = [
        ("sam", "local", *word.removeprefix("RUN=").split())
        for command in (*commands("make"), *mentions("make"))
        for word in command.words
        if word.startswith("RUN=")
    ]
    given = [*(command.words for command in SAM), *handed_on]
    refused = sam_commands.refusals([words[1:] for words in given])
    assert handed_on
    assert [(words, why) for words, why in zip(given, refused, strict=True) if why] == []


@pytest.mark.parametrize("documented", commands("python3"), ids=str)
def test_a_documented_piece_of_python_can_be_read(documented: Documented) -> None:
    option, code = documented.words[1:]
    assert option == "-c"
    compile(code, str(documented), "exec")


def test_every_exception_is_one() -> None:
    """GIVEN the programs whose commands nothing checks THEN the documentation uses each of them."""
    assert [name for name in OF_OTHERS if not [*commands(name), *mentions(name)]] == []


@pytest.mark.parametrize("documented", commands("pytest"), ids=str)
def test_documented_tests_are_there(documented: Documented) -> None:
    paths = [word for word in documented.words if word.startswith("tests/")]
    assert paths
    assert all((ROOT / path).exists() for path in paths)


def _invoking(word: str) -> list[Documented]:
    return [command for command in (*AWS, *SAM) if word in command.words and len(command.words) > 3]


@pytest.mark.parametrize("documented", _invoking("invoke"), ids=str)
def test_documented_invocations_name_functions_and_events_that_there_are(documented: Documented) -> None:
    """GIVEN an invocation by hand THEN the function is in the template, and an audit's event can be read."""
    words = documented.words
    given = dict(itertools.pairwise(words))
    function = given["--function-name"].removeprefix("number-").removeprefix("inventory-") if "lambda" in words else ""
    event = given.get("--payload") or given["--event"]
    if words[0] == "sam":
        assert given["invoke"] in _functions()
    if "audit" in {function, given["invoke"].lower()} and not event.startswith("fileb://"):
        read_audit_event(json.loads(event))


@pytest.mark.parametrize("documented", _invoking("--parameter-overrides"), ids=str)
def test_documented_parameters_are_in_the_template(documented: Documented) -> None:
    given = documented.words[documented.words.index("--parameter-overrides") + 1 :]
    assert {word.partition("=")[0] for word in given} <= _template()["Parameters"].keys()


@pytest.mark.parametrize("documented", commands("curl"), ids=str)
def test_a_documented_request_is_in_the_api(documented: Documented) -> None:
    """GIVEN a request of the documentation THEN the API has that path and method, and the body is JSON."""
    words = documented.words
    given = dict(itertools.pairwise(words))
    [address] = [word for word in words if "/customers/" in word]
    _find(given.get("-X", "GET"), address[address.index("/customers/") :])
    if "-d" in given:
        json.loads(given["-d"])


@pytest.mark.parametrize("documented", requests(), ids=str)
def test_a_mentioned_request_is_in_the_api(documented: Documented) -> None:
    _find(*documented.words)


def _find(method: str, address: str) -> None:
    """Look for a request in the API's document.

    Raises:
        AssertionError: it has no such path, or not with this method and these parameters.
    """
    asked = urlsplit(address)
    operations = [
        operations[method.lower()]
        for template, operations in _api()["paths"].items()
        if method.lower() in operations and _fits(template.strip("/").split("/"), asked.path.strip("/").split("/"))
    ]
    assert operations, f"{method} {address}"
    parameters = {_resolved(each)["name"] for operation in operations for each in operation.get("parameters", [])}
    assert parse_qs(asked.query).keys() <= parameters


def _resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, also one that it keeps elsewhere."""
    return functools.reduce(lambda at, name: at[name], part["$ref"].split("/")[1:], _api()) if "$ref" in part else part


@functools.cache
def _api() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    return document


def _fits(template: list[str], path: list[str]) -> bool:
    same = (part == wanted or part.startswith("{") for part, wanted in zip(template, path, strict=False))
    return len(template) == len(path) and all(same)


def _hyphened(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _functions() -> set[str]:
    return {name for name, part in _template()["Resources"].items() if part["Type"] == "AWS::Serverless::Function"}


@functools.cache
def _template() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """YAML with the short forms of CloudFormation's functions, which say nothing here."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    loaded: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - safe
    return loaded
