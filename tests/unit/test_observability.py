"""What the functions write is decided by them, whatever Lambda would let pass."""

import json
from datetime import datetime, timedelta

import pytest

from number_inventory.observability import logger_for


@pytest.mark.parametrize(
    ("level", "written"), [("INFO", ["INFO", "WARNING", "ERROR"]), ("WARN", ["WARNING", "ERROR"]), ("ERROR", ["ERROR"])]
)
def test_lines_below_the_level_are_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], level: str, written: list[str]
) -> None:
    """GIVEN Lambda's own level at INFO, for the metrics' sake WHEN a function logs THEN its own level decides."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", "INFO")
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", level)
    logger = logger_for(f"a-function-at-{level}")
    logger.info("synced")
    logger.warning("late")
    logger.error("lost")

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["level"] for line in lines] == written
    assert all(datetime.fromisoformat(line["timestamp"]).utcoffset() == timedelta() for line in lines)
    assert all(line["timestamp"][10] == "T" for line in lines), (
        "RFC 3339: Lambda takes a line with another for one without a level"
    )
