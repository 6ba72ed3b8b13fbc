"""Commands of the AWS CLI, held against the models that it makes its own commands from.

The CLI is not among this project's tools. Its commands are the operations of botocore's models, and its options their
members, spelt with hyphens; what it adds of its own stands here, as its reference has it.
Source: https://awscli.amazonaws.com/v2/documentation/api/latest/reference/index.html
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import jmespath  # type: ignore[import-untyped]  # comes with botocore, without types
from botocore import xform_name

_OF_ALL = {
    "--query": True,
    "--output": True,
    "--cli-binary-format": True,
    "--region": True,
    "--profile": True,
    "--cli-read-timeout": True,
}
"""Options of every command, and whether they take a value."""

_OUTPUTS = frozenset({"json", "text", "table", "yaml", "yaml-stream"})
_OF_BASH = "1"
"""What stands for the answer of another command (tests/unit/docs/shell.py)."""


class WrongCommandError(AssertionError):
    """The AWS CLI would refuse the command."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What a command takes.

    Attributes:
        shapes: of the values of options, in botocore's words; None for flags.
        required: options that it cannot do without.
        positional: how many words it takes besides.
    """

    shapes: Mapping[str, Any]
    required: frozenset[str] = frozenset()
    positional: int = 0
    texts: frozenset[str] = field(default_factory=frozenset)


_CUSTOM = {
    ("logs", "tail"): _Known(
        shapes={"--follow": None},
        texts=frozenset({"--since", "--format", "--filter-pattern", "--log-stream-names", "--log-stream-name-prefix"}),
        positional=1,
    )
}


def check(words: Sequence[str]) -> dict[str, str]:
    """What a command gives each of its options.

    Args:
        words: `aws`, the service, the operation, and what it is given.

    Raises:
        WrongCommandError: there is no such service, operation, option or value, or a required option is missing.
    """
    service, operation, *rest = words[1:]
    if operation == "wait":
        operation, *rest = _waited_for(service, *rest[:1]), *rest[1:]
    known = _CUSTOM.get((service, operation)) or _operation(service, operation)
    given, positional = _split(rest, known)
    missing = known.required - given.keys()
    if missing:
        raise WrongCommandError(f"lacks {', '.join(sorted(missing))}")
    if len(positional) != known.positional:
        raise WrongCommandError(f"takes {known.positional} words besides options, not {positional}")
    for option, value in given.items():
        _check_value(option, value, known.shapes.get(option))
    return given


@functools.cache
def _session() -> botocore.session.Session:
    return botocore.session.Session()


def _waited_for(service: str, waiter: str = "") -> str:
    """The operation by which a waiter sees whether it has waited long enough; it is given the same options."""
    waiters = _session().get_waiter_model(service)
    names = {xform_name(name, "-"): name for name in waiters.waiter_names}
    if waiter not in names:
        raise WrongCommandError(f"nobody can wait for {waiter or 'nothing'} of {service}")
    return xform_name(waiters.get_waiter(names[waiter]).operation, "-")


@functools.cache
def _operation(service: str, operation: str) -> _Known:
    if service not in _session().get_available_services():
        raise WrongCommandError(f"AWS has no service {service}")
    model = _session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    if operation not in names:
        raise WrongCommandError(f"{service} has no operation {operation}")
    found = model.operation_model(names[operation])
    shapes: dict[str, Any] = {}
    taken = found.input_shape
    for name, shape in (taken.members if taken else {}).items():
        option = f"--{xform_name(name, '-')}"
        if shape.type_name == "boolean":
            shapes |= {option: None, option.replace("--", "--no-", 1): None}
        else:
            shapes[option] = shape
    required = {f"--{xform_name(name, '-')}" for name in (taken.required_members if taken else ())}
    return _Known(shapes, frozenset(required), positional=int(found.has_streaming_output))


def _split(words: Sequence[str], known: _Known) -> tuple[dict[str, str], list[str]]:
    """Options with their values, and the words besides."""
    given: dict[str, str] = {}
    positional: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("--"):
            positional.append(word)
        elif word in known.shapes and known.shapes[word] is None:
            given[word] = ""
        elif word in known.shapes or word in known.texts or word in _OF_ALL:
            if not left:
                raise WrongCommandError(f"{word} lacks its value")
            given[word] = left.pop(0)
        else:
            raise WrongCommandError(f"has no option {word}")
    return given, positional


def _check_value(option: str, value: str, shape: Any) -> None:  # noqa: ANN401 - botocore's shapes have no common type
    if option == "--query":
        jmespath.compile(value)
    elif option == "--output" and value not in _OUTPUTS:
        raise WrongCommandError(f"--output cannot be {value}")
    elif shape is not None:
        if getattr(shape, "enum", []) and value not in shape.enum:
            raise WrongCommandError(f"{option} must be one of {shape.enum}, not {value}")
        if shape.type_name in {"structure", "map"}:
            _check_json(option, value, shape)
        if shape.type_name in {"integer", "long"} and value != _OF_BASH and not value.isdigit():
            raise WrongCommandError(f"{option} must be a number, not {value}")


def _check_json(option: str, value: str, shape: Any) -> None:  # noqa: ANN401 - as above
    """Whether a value has the members of its shape."""
    read = json.loads(value)
    if shape.type_name == "structure" and (unknown := read.keys() - shape.members.keys()):
        raise WrongCommandError(f"{option} has no {', '.join(sorted(unknown))}")
    if shape.type_name == "map" and shape.value.type_name == "structure":
        for each in read.values():
            if unknown := each.keys() - shape.value.members.keys():
                raise WrongCommandError(f"{option} has no {', '.join(sorted(unknown))}")
