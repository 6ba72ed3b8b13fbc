"""From the options of `devices add` to a device."""

import ssl
from pathlib import Path

import typer

from number_inventory.domain.aors import NumberRule
from number_inventory.domain.devices import TlsSettings, TlsTrust

_MAX_CA_BYTES = 64 * 1024
"""Enough for dozens of CA certificates, and well within what one DynamoDB item holds."""


def tls_settings(ca_file: Path | None, fingerprint: str | None, *, insecure: bool) -> TlsSettings:
    """How the device's certificate is trusted; without any of the options, by the system's CAs.

    Raises:
        typer.BadParameter: more than one of the options was given, or the file is no CA bundle.
    """
    if sum((ca_file is not None, fingerprint is not None, insecure)) > 1:
        raise typer.BadParameter("choose one of them", param_hint=("--ca-file", "--fingerprint", "--insecure"))
    if ca_file is not None:
        return TlsSettings(trust=TlsTrust.CA, ca_pem=_ca_bundle(ca_file))
    if fingerprint is not None:
        return TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint=fingerprint.replace(":", "").strip().lower())
    return TlsSettings(trust=TlsTrust.INSECURE if insecure else TlsTrust.CA)


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
