"""The pipelines: they call make targets that there are, hold no secret, and run only what cannot change behind them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PIPELINES = [*WORKFLOWS, ROOT / ".gitlab-ci.yml"]


def read(path: Path) -> dict[Any, Any]:
    """A pipeline as data."""
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def steps(path: Path) -> Iterator[dict[str, Any]]:
    """All steps of all jobs of a workflow."""
    for job in read(path)["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_pipelines_call_targets_that_there_are(path: Path) -> None:
    """GIVEN what a pipeline runs WHEN it calls make THEN the target is one of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    commands = re.findall(r"^\s*-? ?(?:run: )?make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert commands
    assert set(commands) <= targets


def test_both_do_the_same() -> None:
    """GIVEN GitHub's and GitLab's pipelines WHEN compared THEN they check, test, build and deploy alike."""
    called = [
        {target for path in paths for target in re.findall(r"\bmake ([a-z-]+)(?: |$)", path.read_text(), re.MULTILINE)}
        for paths in (WORKFLOWS, PIPELINES[-1:])
    ]
    assert {"check", "test", "build", "deploy"} <= called[0] & called[1]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """GIVEN an action of somebody else WHEN it is used THEN by its commit, with the version that it is."""
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))

    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used), used


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_no_secret_is_needed(path: Path) -> None:
    """GIVEN a pipeline WHEN it is read THEN no stored key is asked for."""
    assert not re.search(r"secrets\.|ACCESS_KEY|PASSWORD", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_little(path: Path) -> None:
    """GIVEN a workflow WHEN it runs THEN it may read the code; only a deployment may ask for a token of AWS.

    Nothing that somebody types becomes part of a command.
    """
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    for name, job in workflow["jobs"].items():
        assert job.get("permissions", {}).get("id-token") == ("write" if name == "deploy" else None)
        assert (job.get("environment") == "production") == (name == "deploy")
    assert not any("${{" in step.get("run", "") for step in steps(path))


def test_gitlab_deploys_by_hand() -> None:
    """GIVEN a push to the default branch THEN GitLab waits for somebody before it deploys."""
    job = read(PIPELINES[-1])["deploy"]
    assert [rule.get("when") for rule in job["rules"]] == ["manual"]
    assert job["environment"] == "production"
    assert job["id_tokens"] == {"AWS_TOKEN": {"aud": "sts.amazonaws.com"}}
