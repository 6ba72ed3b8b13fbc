"""`make security`: what the tools find fails it, what cannot be asked is said and does not."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from local_stack.security import (
    Ended,
    Run,
    Verdict,
    check_all,
    check_packages,
    check_secrets,
    check_template,
    write_baseline,
)

CLEAN_TEMPLATE = {"summary": {"passed": 3}, "results": {"failed_checks": []}}
AUDITED = {"dependencies": [{"name": "urllib3", "version": "2.8.0", "vulns": []}]}
UNKNOWN = {"dependencies": [{"name": "urllib3", "skip_reason": "Dependency not found"}]}
PASSWORD = "c4nary-7f3a"
SECRET = {"filename": "cli/main.py", "type": "Secret Keyword", "hashed_secret": "a94a", "line_number": 7}


def answering(**outputs: object) -> Run:
    """Runs nothing: each program gives this output, as JSON where it is no text."""

    def run(command: Sequence[str]) -> Ended:
        name = Path(command[0]).name.replace("-", "_")
        answer = outputs.get(name, "")
        if isinstance(answer, Exception):
            raise answer
        return Ended(0, answer if isinstance(answer, str) else json.dumps(answer), "")

    return run


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a template, one file and a baseline that knows of nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("template.yaml", ".checkov.yaml", "cli/main.py"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("x", encoding="utf-8")
    Path(".secrets.baseline").write_text('{"results": {}}', encoding="utf-8")
    return tmp_path


def test_a_clean_product_passes(capsys: pytest.CaptureFixture[str]) -> None:
    """GIVEN tools that find nothing WHEN asked THEN each says so and the check passes."""
    run = answering(checkov=CLEAN_TEMPLATE, pip_audit=AUDITED, git="cli/main.py\0", detect_secrets={"results": {}})

    assert check_all(run, lambda _tool: True) == 0
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == ["clean"] * 3


def test_a_tool_that_could_not_be_fetched_is_skipped_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """GIVEN a machine without a network WHEN asked THEN each missing tool is named and nothing fails."""
    assert check_all(answering(), lambda _tool: False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("SKIPPED: ") and "could not be fetched" in line for line in lines)


def test_a_tool_that_waits_for_a_network_is_skipped_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    """GIVEN a tool that does not end WHEN asked THEN it is skipped; what the others find still fails the check."""
    slow = subprocess.TimeoutExpired("pip-audit", 1)
    run = answering(
        checkov={
            **CLEAN_TEMPLATE,
            "results": {"failed_checks": [{"check_id": "CKV_1", "check_name": "Encrypt", "resource": "Table"}]},
        },
        pip_audit=slow,
        git="",
    )

    assert check_all(run, lambda _tool: True) == 1
    out = capsys.readouterr().out
    assert "CKV_1 Encrypt: Table" in out
    assert "SKIPPED: pip-audit gave no answer" in out


@pytest.mark.parametrize("answer", [UNKNOWN, "", "Traceback"])
def test_packages_that_cannot_be_audited_are_not_called_clean(answer: object) -> None:
    """GIVEN a database that cannot be reached, or that knows no package WHEN audited THEN it is skipped, not clean."""
    result = check_packages(answering(pip_audit=answer))

    assert result.verdict is Verdict.SKIPPED
    assert "no package is audited" in result.what


def test_a_vulnerable_package_is_found() -> None:
    """GIVEN a package with a known flaw WHEN audited THEN it is named with the version that mends it."""
    flaw = {"id": "CVE-1", "fix_versions": ["2.8.1"]}
    report = {"dependencies": [{"name": "urllib3", "version": "2.8.0", "vulns": [flaw]}]}
    result = check_packages(answering(pip_audit=report))

    assert result.verdict is Verdict.FOUND
    assert "urllib3 2.8.0: CVE-1, mended in 2.8.1" in result.what


def test_a_new_secret_is_found_and_not_repeated() -> None:
    """GIVEN what looks like a secret WHEN searched THEN its place is told, not its text; once noted it is none."""
    run = answering(git="cli/main.py\0", detect_secrets={"results": {"cli/main.py": [{**SECRET, "secret": PASSWORD}]}})
    result = check_secrets(run)

    assert result.verdict is Verdict.FOUND
    assert "cli/main.py:7: Secret Keyword" in result.what
    assert PASSWORD not in result.what
    write_baseline(run)
    assert PASSWORD not in Path(".secrets.baseline").read_text(encoding="utf-8")
    assert check_secrets(run).verdict is Verdict.CLEAN


@pytest.mark.parametrize("check", [check_template, check_secrets])
def test_a_tool_that_breaks_is_not_called_clean(check: Callable[[Run], object]) -> None:
    """GIVEN a tool that is there and says nothing that can be read WHEN asked THEN the check fails."""
    result = check(answering(git="cli/main.py\0", checkov="Traceback", detect_secrets="Traceback"))

    assert str(result).startswith("FOUND: ")


def test_what_has_not_changed_is_not_searched_again(checkout: Path) -> None:
    """GIVEN a clean search WHEN asked again THEN only what changed is searched, and all with a new baseline."""
    asked: list[Sequence[str]] = []
    answers = answering(checkov=CLEAN_TEMPLATE, git="cli/main.py\0new.py\0", detect_secrets={"results": {}})

    def run(command: Sequence[str]) -> Ended:
        asked.append(command)
        return answers(command)

    def searched() -> list[str]:
        asked.clear()
        assert check_secrets(run).verdict is check_template(run).verdict is Verdict.CLEAN
        return [part for command in asked for part in command if part.endswith(".py") or part == ".checkov.yaml"]

    assert searched() == ["cli/main.py", ".checkov.yaml"]
    assert searched() == []
    Path("new.py").write_text("x", encoding="utf-8")
    assert searched() == ["new.py"]
    Path(".secrets.baseline").write_text('{"results": {} }', encoding="utf-8")
    Path("template.yaml").write_text("y", encoding="utf-8")
    assert searched() == ["cli/main.py", "new.py", ".checkov.yaml"]
