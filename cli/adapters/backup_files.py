"""A backup as a folder: a file of JSON lines a table, packed, and a manifest that is written last.

Only a folder with a manifest is a backup: whatever dies before leaves none. The manifest has the number of items and
the SHA-256 of each file's lines.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from number_inventory.adapters.dynamodb.attributes import NEWEST_SCHEMA
from number_inventory.domain.errors import InvalidInputError
from number_inventory.ports.whole_tables import StoredItem

_MANIFEST = "manifest.json"
_FORMAT = 1


class BackupFolder:
    """The backup in one folder.

    Attributes:
        made_at: stands in the manifest of a backup that is written.
    """

    def __init__(self, folder: Path, made_at: datetime) -> None:
        self._folder = folder
        self._made_at = made_at

    def write(self, tables: Mapping[str, Iterator[StoredItem]], stack: str) -> Mapping[str, int]:
        """Write a backup into a folder that is not there yet, or is empty."""
        if self._folder.exists() and any(self._folder.iterdir()):
            raise InvalidInputError("folder", f"{self._folder} is not empty: name one that is, or a new one")
        # Whoever may read it may read all numbers and whom they belong to.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = {table: self._write_table(table, items) for table, items in tables.items()}
        manifest = {
            "format": _FORMAT,
            "schema": NEWEST_SCHEMA,
            "stack": stack,
            "made_at": self._made_at.isoformat(timespec="seconds"),
            "tables": written,
        }
        fresh = self._folder / f"{_MANIFEST}.new"
        fresh.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self._folder / _MANIFEST)
        return {table: int(told["items"]) for table, told in written.items()}

    def _write_table(self, table: str, items: Iterator[StoredItem]) -> dict[str, Any]:
        count, digest = 0, hashlib.sha256()
        with gzip.open(self._path(table), "wb") as file:
            for item in items:
                line = json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                digest.update(line)
                file.write(line)
                count += 1
        return {"items": count, "sha256": digest.hexdigest()}

    def check(self) -> Mapping[str, int]:
        """Read all of it, and compare it with its manifest."""
        counts = {}
        for table, told in self._manifest()["tables"].items():
            count, digest = 0, hashlib.sha256()
            for line in self._lines(table):
                digest.update(line)
                count += 1
            if (count, digest.hexdigest()) != (told["items"], told["sha256"]):
                raise InvalidInputError("folder", f"{self._path(table)} is not as it was written: take another backup")
            counts[table] = count
        return counts

    def items(self, table: str) -> Iterator[StoredItem]:
        """All items of one table."""
        for line in self._lines(table):
            item: dict[str, Any] = json.loads(line)
            yield item

    def _manifest(self) -> dict[str, Any]:
        path = self._folder / _MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            known, schema, _ = manifest["format"], manifest["schema"], manifest["tables"]
        except (OSError, ValueError, KeyError, TypeError):
            message = f"{self._folder} is no backup, or was not written to its end: it has no sound {_MANIFEST}"
            raise InvalidInputError("folder", message) from None
        if known != _FORMAT or schema > NEWEST_SCHEMA:
            raise InvalidInputError(
                "folder", f"{self._folder} was written by a newer release: put it back with that one"
            )
        return manifest

    def _lines(self, table: str) -> Iterator[bytes]:
        try:
            with gzip.open(self._path(table), "rb") as file:
                yield from file
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidInputError("folder", f"{self._path(table)} cannot be read: {error}") from None

    def _path(self, table: str) -> Path:
        return self._folder / f"{table}.jsonl.gz"
