"""A Routing Manager (ARM) with as many users as AudioCodes licenses by default."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

USERS = 1_000_000
_MODULE = [sys.executable, "-m", "tests.integration.arm_pages"]


@pytest.fixture
def url() -> Iterator[str]:
    """Where a million users are served, a page at a time, by a process of its own."""
    command = [*_MODULE, "serve", str(USERS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own program
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.kill()


@pytest.mark.long
def test_a_million_users_fit_into_a_worker(url: str) -> None:
    """GIVEN a million users on a thousand pages, WHEN read twice and compared, THEN half of 1024 MB is enough."""
    command = [*_MODULE, "ask", url, str(USERS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    spent = json.loads(done.stdout)
    assert spent["peak_mb"] < 512, spent
