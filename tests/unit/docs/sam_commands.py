"""Commands of the SAM command line, read by its own parser; none of them is carried out."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

_PYTHON = Path(__file__).parents[3] / ".tools" / "aws-sam-cli" / "bin" / "python"

_PARSE = """
import json, sys
import click
from samcli.cli.main import cli

def read(words):
    at, context = cli, click.Context(cli, obj=True)  # without an object it loads no command
    while hasattr(at, "list_commands") and words:
        name, *words = words
        at = at.get_command(context, name)
        if at is None:
            return f"there is no command {name}"
        at = getattr(at, "click_command", at)
    try:
        at.make_parser(context).parse_args(list(words))
    except click.ClickException as error:
        return error.format_message()
    return ""

json.dump([read(words) for words in json.load(sys.stdin)], sys.stdout)
"""


def refusals(commands: Sequence[Sequence[str]]) -> list[str]:
    """Why SAM would refuse each command, in its words; empty where it would not.

    Args:
        commands: the words of each, without `sam`.
    """
    done = subprocess.run(  # noqa: S603 - our own tool
        [_PYTHON, "-W", "ignore", "-c", _PARSE],
        input=json.dumps(commands),
        env={"SAM_CLI_TELEMETRY": "0", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    told: list[str] = json.loads(done.stdout)
    return told
