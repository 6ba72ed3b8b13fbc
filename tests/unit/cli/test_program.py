"""The program itself: help, errors, exit codes, and how fast it starts."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command

from cli import main as program
from number_inventory.domain.errors import StorageBusyError
from tests.unit.docs.own_commands import idle_parser
from tests.unit.docs.shell import started

ROOT = Path(__file__).parents[3]


def run(*words: str, code: str = "") -> subprocess.CompletedProcess[str]:
    """The program in a process of its own; `code` comes before its start."""
    start = f"{code}\nimport sys; from cli.main import main; sys.argv[0] = 'number-inventory'; main()"
    path = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "common")))
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", start, *words],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": path,
            "HOME": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def called(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[object, str, str]:
    """The program in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["number-inventory", *words])
    with pytest.raises(SystemExit) as ended:
        program.main()
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - Typer's own
    """Every command with its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands(get_command(program.app)))


@pytest.fixture(scope="module")
def parser() -> Any:  # noqa: ANN401 - Typer's own
    return idle_parser()


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    """GIVEN a command WHEN its help is read THEN a text, --json, and help for each argument and option."""
    command = COMMANDS[path]
    assert command.help
    assert "--json" in [option for parameter in command.params for option in parameter.opts]
    assert [parameter.name for parameter in command.params if not getattr(parameter, "help", "")] == []


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_examples_that_can_be_given(parser: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401 - Typer's own
    """GIVEN a command WHEN its examples are given THEN the program takes them, and they are of this command."""
    lines = COMMANDS[path].epilog.splitlines()
    given = started(*(line for line in lines if not line.startswith("#")))
    assert 1 <= len(given) <= 4
    for words in given:
        assert " ".join(path) in " ".join(words)
        parser.main(words[1:], prog_name="number-inventory", standalone_mode=False)


@pytest.mark.parametrize("path", [(), ("numbers",), *COMMANDS], ids=" ".join)
def test_help_is_a_page_of_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    """GIVEN 80 columns WHEN help is asked for THEN it fits, and has examples and exit codes."""
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = called(capsys, monkeypatch, *path, "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert f"Usage: {' '.join(('number-inventory', *path))} [OPTIONS]" in " ".join(out.split())
    assert "<" not in out.replace(" < ", " ")
    if path in COMMANDS:
        assert "\nExamples:\n  " in out
        assert "\nExit codes:\n  0 done; 1 failed" in out


def test_help_says_what_an_option_takes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN options of each kind WHEN help is asked for THEN range, default, what is required, and words that are."""
    monkeypatch.setenv("COLUMNS", "100")
    pages = " ".join(
        " ".join(called(capsys, monkeypatch, *words, "--help")[1].split())
        for words in (("numbers", "add"), ("devices", "add"), ("numbers", "list"), ())
    )
    for said in (
        "[NUMBER...] Numbers, such as",
        "--timeout SECONDS Wait at most so long. [at least 1; default: 3600] Example: --timeout 600",
        "--wait, --no-wait Wait for the end of the job. [default: --wait]",
        "--address ADDRESS Where it listens, HTTPS only. [required]",
        "--source sbc|arm",
        "-c, --customer CUSTOMER Whose devices and numbers.",
        "[or NUMBER_INVENTORY_STACK; default: number-inventory]",
    ):
        assert said in pages


def test_an_export_is_picked_by_the_options_of_the_list() -> None:
    """GIVEN what picks the numbers of a list WHEN numbers are exported THEN the same options pick them."""
    listed, exported = (
        {parameter.name for parameter in COMMANDS["numbers", name].params} for name in ("list", "export")
    )
    assert listed - exported == {"reverse", "limit", "all_", "after"}


def test_no_option_takes_a_password() -> None:
    """GIVEN every command WHEN its options are read THEN none takes a password where process lists show it."""
    options = {option for command in COMMANDS.values() for parameter in command.params for option in parameter.opts}
    assert {option for option in options if "password" in option} == {"--password-stdin"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["devices", "lst"],
            "error: No such command 'lst'. Did you mean 'list'? (see: number-inventory devices --help)",
        ),
        (
            ["devices", "list", "--local"],
            "error: --local stands before the command: number-inventory --local devices list",
        ),
        (
            ["devices", "add", "sbc-1"],
            "error: Missing option '--address' (see: number-inventory devices add --help)",
        ),
        (
            ["numbers", "list", "--status", "gone"],
            "error: Invalid value for --status: must be one of Available, Used, Used-Utility, Reserved, Cooling, ",
        ),
        (["numbers", "list", "--limit", "0"], "error: Invalid value for '--limit': "),
        (["sync"], "error: Invalid value for 'DEVICE' / '--all': name devices or take --all, one of both"),
        (["sync", "sbc-1", "--all"], "error: Invalid value for 'DEVICE' / '--all': name devices or take --all"),
        (["release", "--as-of", "2026-11-25T00:00:00Z"], "error: Invalid value for --as-of: goes with --report only"),
        (["release", "--report", "--as-of", "tomorrow"], "error: Invalid value for --as-of: must be an instant"),
        (["release", "--report", "--as-of", "2026-11-25"], "error: Invalid value for --as-of: must be an instant"),
        (["--local", "--profile", "x", "devices", "list"], "error: Invalid value for --local: the local stack has no"),
    ],
)
def test_a_wrong_call_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    """GIVEN a wrong call WHEN it is made THEN exit code 2, one line on standard error, nothing on standard output."""
    code, out, err = called(capsys, monkeypatch, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(said)


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (StorageBusyError("the table\nis busy\x1b[31m"), 1, "error: the table is busy�[31m\n"),
        (typer.TyperException("not synced: sbc-1"), 1, "error: not synced: sbc-1\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (typer.Abort(), 130, "error: interrupted\n"),
    ],
)
def test_a_failure_is_one_line_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    code: int,
    said: str,
) -> None:
    """GIVEN a failure WHEN a command meets it THEN its line and its exit code, and no traceback."""

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("cli.request.connect", fail)
    assert called(capsys, monkeypatch, "devices", "list") == (code, "", said)


def test_ctrl_c_ends_with_130() -> None:
    """GIVEN a running command WHEN it is interrupted THEN exit code 130, and one line."""
    code = textwrap.dedent(f"""
        import os, cli.request
        cli.request.connect = lambda target: os.kill(os.getpid(), {int(signal.SIGINT)}) or __import__("time").sleep(30)
    """)
    ended = run("devices", "list", code=code)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "error: interrupted\n")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    """GIVEN output into a closed pipe WHEN it is written THEN the program ends without a word."""
    code = textwrap.dedent("""
        import os, sys
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    """)
    ended = run("--version", code=code)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_the_version_is_told() -> None:
    """GIVEN --version WHEN it is asked THEN name and version, exit code 0."""
    ended = run("--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith("number-inventory 0.")


def test_help_is_shown_without_a_command() -> None:
    """GIVEN no command WHEN the program is called THEN its help is shown."""
    ended = run()
    assert "Usage: number-inventory" in ended.stdout
    assert (ended.returncode, ended.stderr) == (2, "")


def test_help_loads_nothing_that_talks_to_the_world() -> None:
    """GIVEN --help WHEN it is asked THEN no AWS, HTTP or regular expression library is loaded: it answers at once."""
    heavy = ("botocore", "boto3", "urllib3", "re2", "number_inventory.settings", "number_inventory.adapters.dynamodb")
    code = textwrap.dedent(f"""
        import atexit, sys
        atexit.register(lambda: print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr))
    """)
    ended = run("--help", code=code)
    assert (ended.returncode, ended.stderr) == (0, "[]\n")


@pytest.mark.parametrize(
    ("shell", "script", "asked", "answer"),
    [
        ("bash", "complete -o default -F _number_inventory_completion number-inventory", {}, ""),
        ("zsh", "#compdef number-inventory", {}, '"devices"'),
        ("fish", "complete --command number-inventory", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "devices"),
    ],
)
def test_each_shell_has_its_completion(shell: str, script: str, asked: dict[str, str], answer: str) -> None:
    """GIVEN a shell WHEN it asks for its script, and then for a word THEN it gets both in its own way."""
    variables = {"_NUMBER_INVENTORY_COMPLETE": f"source_{shell}"}
    assert script in run(code=f"import os; os.environ.update({variables!r})").stdout
    if answer:
        words = {"_NUMBER_INVENTORY_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "number-inventory dev"}
        assert answer in run(code=f"import os; os.environ.update({words | asked!r})").stdout


def test_completion_knows_commands_and_values() -> None:
    """GIVEN a shell WHEN it completes a word THEN commands, and the statuses, codes and outcomes that there are."""

    def completed(words: str, count: int) -> str:
        asked = {"_NUMBER_INVENTORY_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        return run(code=f"import os; os.environ.update({asked!r})").stdout

    assert completed("number-inventory dev", 1).split() == ["devices"]
    assert completed("number-inventory numbers export --delimiter s", 4).split() == ["semicolon"]
    assert completed("number-inventory numbers list --status C", 4).split() == ["Cooling"]
    assert completed("number-inventory audit run --code orph", 4).split() == ["orphaned"]
    assert completed("number-inventory audit show l", 3).split() == ["latest"]
    assert completed("number-inventory macros set audiocodes_c", 3).split() == ["audiocodes_cooling_duration"]
    assert completed("number-inventory audit export latest --outcome un", 5).split() == ["unproven"]
    assert completed("number-inventory audit export latest --format j", 5).split() == ["json"]
