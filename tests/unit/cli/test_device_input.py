"""From options to a device."""

from pathlib import Path

import pytest
import trustme
import typer

from cli.device_input import number_rule, tls_settings
from number_inventory.domain.aors import NumberRule
from number_inventory.domain.devices import TlsTrust


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (r"00(\d+)=>+\1", NumberRule(r"00(\d+)", r"+\1")),
        (r" \d+ => 4 ", NumberRule(r"\d+", "4")),
        ("a=>b=>c", NumberRule("a=>b", "c")),
        ("x=>", NumberRule("x", "")),
    ],
)
def test_a_rule_is_read_at_its_last_arrow(text: str, rule: NumberRule) -> None:
    """GIVEN a rule WHEN it is read THEN what stands before the last arrow is the pattern."""
    assert number_rule(text) == rule


@pytest.mark.parametrize("text", ["", "x", "x->y", " =>y"])
def test_what_is_no_rule_is_refused(text: str) -> None:
    """GIVEN no arrow or no pattern WHEN it is read THEN the error quotes it."""
    with pytest.raises(typer.BadParameter, match="must be 'pattern=>replacement'"):
        number_rule(text)


def test_trust_is_what_the_options_say(tmp_path: Path) -> None:
    """GIVEN a CA file, a fingerprint, insecure or nothing WHEN read THEN that trust; without any, the system's CAs."""
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    assert tls_settings(ca, None, insecure=False).ca_pem == ca.read_text()
    pinned = tls_settings(None, "AB:" * 31 + "CD", insecure=False)
    assert (pinned.trust, pinned.fingerprint) == (TlsTrust.FINGERPRINT, "ab" * 31 + "cd")
    assert tls_settings(None, None, insecure=True).trust is TlsTrust.INSECURE
    system = tls_settings(None, None, insecure=False)
    assert (system.trust, system.ca_pem) == (TlsTrust.CA, "")


def test_two_kinds_of_trust_are_refused(tmp_path: Path) -> None:
    """GIVEN more than one of the options WHEN read THEN refused: which one was meant is not guessed."""
    with pytest.raises(typer.BadParameter, match="choose one of them"):
        tls_settings(tmp_path / "ca.pem", None, insecure=True)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"no certificate", "holds no certificates"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificates"),
        (b"\xff\xfe", "holds no certificates"),
        (b"-----BEGIN EC PRIVATE KEY-----\n", "holds a private key"),
        (b"x" * 70_000, "is larger than 64 KiB"),
    ],
)
def test_a_file_that_is_no_ca_is_refused(tmp_path: Path, content: bytes | None, problem: str) -> None:
    """GIVEN a file that is missing, something else, a key or huge WHEN read THEN refused before anything is stored."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(typer.BadParameter, match=problem):
        tls_settings(path, None, insecure=False)
