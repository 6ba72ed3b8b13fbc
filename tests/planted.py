"""A planted password, and the search for it in whatever comes out."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

_USERS = ("Admin", "inventory")
"""Whom tests give it to: a login is encoded as a whole."""


def spellings_found(text: str, password: str) -> list[str]:
    """The spellings of a password that a text holds: as it is, escaped, or encoded alone or with its user."""
    quoted = {quote(password), quote(password, safe=""), quote_plus(password)}
    plain = {password, json.dumps(password)[1:-1], repr(password)[1:-1], *quoted}
    logins = [password, *(f"{user}:{password}" for user in _USERS)]
    encoded = {encode(login.encode()).decode() for login in logins for encode in _ENCODINGS}
    return sorted(spelling for spelling in plain | encoded if spelling in text)


_ENCODINGS = (base64.b64encode, base64.urlsafe_b64encode, base64.b16encode)


def files_under(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder with its text; what is packed is unpacked."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            yield path, raw.decode(errors="replace")
