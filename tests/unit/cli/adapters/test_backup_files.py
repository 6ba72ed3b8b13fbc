"""A backup on disk: whole, as it was written, and of a form that this release knows; or none at all."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.adapters.backup_files import BackupFolder
from number_inventory.domain.errors import InvalidInputError

MADE_AT = datetime(2026, 11, 23, tzinfo=UTC)
ITEMS: list[dict[str, Any]] = [{"number": {"S": "1"}}, {"number": {"S": "ü\n2"}}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sound backup of two tables."""
    backup = tmp_path / "backup"
    told = BackupFolder(backup, MADE_AT).write({"numbers": iter(ITEMS), "macros": iter(())}, "a-stack")
    assert told == {"numbers": 2, "macros": 0}
    return backup


def test_what_was_written_is_read(folder: Path) -> None:
    """GIVEN a backup WHEN it is read THEN every item is as it was, and only its owner can read the folder."""
    read = BackupFolder(folder, MADE_AT)

    assert read.check() == {"numbers": 2, "macros": 0}
    assert list(read.items("numbers")) == ITEMS
    assert folder.stat().st_mode & 0o077 == 0
    assert json.loads((folder / "manifest.json").read_text())["made_at"] == "2026-11-23T00:00:00+00:00"


def test_nothing_is_written_over(folder: Path) -> None:
    """GIVEN a folder that is not empty WHEN a backup is to go there THEN it is refused."""
    with pytest.raises(InvalidInputError, match="is not empty"):
        BackupFolder(folder, MADE_AT).write({}, "a-stack")


def test_a_backup_that_was_not_finished_is_none(tmp_path: Path) -> None:
    """GIVEN a table that could not be read to its end WHEN the folder is put back THEN it is no backup."""

    def dies() -> Iterator[dict[str, Any]]:
        yield ITEMS[0]
        raise ConnectionError

    backup = BackupFolder(tmp_path / "backup", MADE_AT)
    with pytest.raises(ConnectionError):
        backup.write({"numbers": dies()}, "a-stack")
    with pytest.raises(InvalidInputError, match="no backup, or was not written to its end"):
        backup.check()


def test_what_was_changed_since_is_refused(folder: Path) -> None:
    """GIVEN a file of a backup that is shorter, other or torn WHEN checked THEN it is refused by its name."""
    path = folder / "numbers.jsonl.gz"
    sound = path.read_bytes()
    middle = len(sound) // 2
    for damaged in (
        gzip.compress(b'{"number":{"S":"1"}}\n'),
        sound[:-9],
        sound[:middle] + b"\xff" * 9 + sound[middle + 9 :],
        b"junk",
    ):
        path.write_bytes(damaged)
        with pytest.raises(InvalidInputError, match=r"numbers\.jsonl\.gz"):
            BackupFolder(folder, MADE_AT).check()


@pytest.mark.parametrize("name", ["format", "schema"])
def test_a_backup_of_a_newer_release_is_refused(folder: Path, name: str) -> None:
    """GIVEN a backup of a form or with items that came later WHEN checked THEN it names the release that can."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: 2}))
    with pytest.raises(InvalidInputError, match="written by a newer release"):
        BackupFolder(folder, MADE_AT).check()
