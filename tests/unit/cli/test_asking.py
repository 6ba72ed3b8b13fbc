"""Asking a person: credentials, and whether a device is really meant."""

import getpass
import io
import sys

import pytest
import typer

from cli.asking import ask_credentials, confirmed

CANARY = "canary-password-91bc"


class Terminal(io.StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody at the terminal who types a password where nobody sees it; holds what was asked."""
    asked: list[str] = []

    def hidden(prompt: str) -> str:
        asked.append(prompt)
        return CANARY

    monkeypatch.setattr(getpass, "getpass", hidden)
    monkeypatch.setattr(sys, "stdin", Terminal("inventory\n"))
    monkeypatch.delenv("NUMBER_INVENTORY_DEVICE_PASSWORD", raising=False)
    return asked


def test_a_person_is_asked_for_what_is_missing(person: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """GIVEN a terminal WHEN user and password are missing THEN both are asked for, off standard output."""
    credentials = ask_credentials("sbc-1", None, password_stdin=False)
    assert (credentials.username, credentials.password) == ("inventory", CANARY)
    assert person == ["Password of inventory on sbc-1: "]
    told = capsys.readouterr()
    assert told.out == ""
    assert "User on sbc-1" in told.err
    assert CANARY not in told.err + repr(credentials)


def test_the_environment_goes_before_the_prompt(person: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN the password in the environment WHEN the user is named THEN nobody is asked."""
    monkeypatch.setenv("NUMBER_INVENTORY_DEVICE_PASSWORD", "from-environment")
    credentials = ask_credentials("sbc-1", "sync", password_stdin=False)
    assert (credentials.username, credentials.password, person) == ("sync", "from-environment", [])


@pytest.mark.parametrize("typed", ["pass word\n", "pass word\r\n", "pass word"])
def test_a_piped_password_loses_its_line_end_only(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """GIVEN a password on standard input WHEN it is read THEN without the line's end, inner blanks kept."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert ask_credentials("sbc-1", "sync", password_stdin=True).password == "pass word"


def test_nobody_is_asked_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN no terminal WHEN the user or the password is missing THEN the error names the option."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delenv("NUMBER_INVENTORY_DEVICE_PASSWORD", raising=False)
    with pytest.raises(typer.BadParameter, match="name the user"):
        ask_credentials("sbc-1", None, password_stdin=True)
    with pytest.raises(typer.BadParameter, match="no terminal to ask on"):
        ask_credentials("sbc-1", "sync", password_stdin=False)


@pytest.mark.parametrize(
    ("typed", "yes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("yo\n", False)]
)
def test_only_a_yes_is_a_yes(monkeypatch: pytest.MonkeyPatch, typed: str, yes: bool) -> None:
    """GIVEN a question WHEN it is answered THEN only y or yes counts."""
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    assert confirmed("Remove it?") is yes


def test_no_answer_at_all_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN a question WHEN standard input ends THEN the command is given up."""
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(typer.Abort):
        confirmed("Remove it?")
