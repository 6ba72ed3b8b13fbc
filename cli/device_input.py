"""From the options of `devices add` and `devices edit` to a device."""

import ssl
from pathlib import Path
from typing import Annotated, Any

import typer

from number_inventory.domain.aors import NumberRule
from number_inventory.domain.devices import TlsSettings, TlsTrust

_MAX_CA_BYTES = 64 * 1024
"""Enough for dozens of CA certificates, and well within what one DynamoDB item holds."""

CaFile = Annotated[
    Path | None,
    typer.Option(help="PEM file of the CA that signed its certificate. Example: --ca-file ca.pem", metavar="PEM"),
]
Fingerprint = Annotated[
    str | None,
    typer.Option(
        help="Trust this very certificate, by its SHA-256. Example: --fingerprint 8A:5F:...", metavar="SHA256"
    ),
]
Insecure = Annotated[bool, typer.Option("--insecure", help="Do not verify its certificate; every sync will warn.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host", metavar="HOST", help="Only users of this SIP host; may be repeated. Example: --host acme.example"
    ),
]
IpGroups = Annotated[
    list[int] | None,
    typer.Option(
        "--ip-group", min=0, metavar="ROW", help="Only users of this IP group; may be repeated. Example: --ip-group 2"
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--number-rule",
        metavar="RULE",
        help=r"From a user part to a number, PATTERN=>REPLACEMENT (RE2); the first that matches it as a whole "
        r"decides; may be repeated. "
        r"Example: --number-rule '00(\d+)=>+\1'",
    ),
]


def tls_settings(
    ca_file: Path | None, fingerprint: str | None, *, insecure: bool, system_cas: bool = False
) -> TlsSettings:
    """How the device's certificate is trusted; without any of the options, by the system's CAs.

    Raises:
        typer.BadParameter: more than one of the options was given, or the file is no CA bundle.
    """
    if sum((ca_file is not None, fingerprint is not None, insecure, system_cas)) > 1:
        hints = ("--ca-file", "--fingerprint", "--insecure", *(["--system-cas"] if system_cas else []))
        raise typer.BadParameter("choose one of them", param_hint=hints)
    if ca_file is not None:
        return TlsSettings(trust=TlsTrust.CA, ca_pem=_ca_bundle(ca_file))
    if fingerprint is not None:
        return TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint=fingerprint.replace(":", "").strip().lower())
    return TlsSettings(trust=TlsTrust.INSECURE if insecure else TlsTrust.CA)


def one_of(some: str, given: list[Any] | None, clears: str, *, none: bool) -> bool:
    """Whether a list changes, by the option that gives it anew or the one that empties it.

    Raises:
        typer.BadParameter: both were given.
    """
    if given and none:
        raise typer.BadParameter("choose one of them", param_hint=(some, clears))
    return bool(given) or none


def hosts_of(names: list[str] | None) -> frozenset[str]:
    """The SIP hosts in the spelling that they are compared in."""
    return frozenset(name.lower() for name in names or ())


def rules_of(texts: list[str] | None) -> tuple[NumberRule, ...]:
    """The rules in their order; raises like `number_rule`."""
    return tuple(number_rule(text) for text in texts or ())


def number_rule(text: str) -> NumberRule:
    """A rule as people write it, `pattern=>replacement`.

    Raises:
        typer.BadParameter: there is no `=>` in it.
    """
    pattern, arrow, replacement = text.rpartition("=>")
    if not arrow or not pattern.strip():
        raise typer.BadParameter(f"must be 'pattern=>replacement', not {text!r}", param_hint="--number-rule")
    return NumberRule(pattern.strip(), replacement.strip())


def _ca_bundle(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _bad_ca(path, f"cannot be read ({error.strerror})") from None
    if len(data) > _MAX_CA_BYTES:
        raise _bad_ca(path, f"is larger than {_MAX_CA_BYTES // 1024} KiB")
    if b"PRIVATE KEY" in data:
        raise _bad_ca(path, "holds a private key: give the CA's certificate only")
    try:
        text = data.decode("ascii")
        ssl.create_default_context(cadata=text)
    except (UnicodeDecodeError, ssl.SSLError):
        raise _bad_ca(path, "holds no certificates in PEM form") from None
    return text


def _bad_ca(path: Path, problem: str) -> typer.BadParameter:
    return typer.BadParameter(f"{path} {problem}", param_hint="--ca-file")
