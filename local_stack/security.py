"""What `make security` asks: the template, the packages, and whether anybody has committed a secret.

The three tools run beside each other, and what has not changed since it was last found clean is not searched again.
What cannot be asked, since a tool could not be fetched or the database of vulnerabilities cannot be reached, is said
and skipped: that is no fault of the product. What is found is one.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

TOOLS = Path(".tools/security/bin")
"""Where `make .tools/security/.ready` installs the tools, relative to the checkout."""

KEPT = TOOLS.parent
"""What is known of the last time that all was clean."""

UV = Path(".tools/uv/bin/uv")
BASELINE = Path(".secrets.baseline")
PATIENCE_SECONDS = 240
"""A tool that takes longer is waiting for a network."""

NOT_SEARCHED = r"(^uv\.lock|requirements\.txt|^local_stack/tools/.*\.txt|^docs/openapi\.json|^\.secrets\.baseline)$"
"""Files of checksums, and what is made of others."""

NOISY = ("HexHighEntropyString", "Base64HighEntropyString")
"""Detectors of what merely looks random: here those are numbers, checksums and the tests' own identifiers."""


class Verdict(StrEnum):
    """How a check ended."""

    CLEAN = "clean"
    FOUND = "FOUND"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Result:
    """What a check says."""

    verdict: Verdict
    what: str

    def __str__(self) -> str:
        """One line, or more where much was found."""
        return f"{self.verdict}: {self.what}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    exit_code: int
    out: str
    err: str


Run = Callable[[Sequence[str]], Ended]
"""Runs a command; raises OSError where it is not there, TimeoutExpired where it does not end."""


def run_command(command: Sequence[str]) -> Ended:
    """Run a command to its end, with `PATIENCE_SECONDS`."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def check_template(run: Run, kept: Path = KEPT) -> Result:
    """What checkov says of template.yaml; what it is not asked, and why, stands in .checkov.yaml."""
    stamp = _Stamp(kept / "template.clean")
    if not stamp.changed([Path("template.yaml"), Path(".checkov.yaml")]):
        return Result(Verdict.CLEAN, "checkov: template.yaml has not changed since it was clean")
    ended = run([str(TOOLS / "checkov"), "--config-file", ".checkov.yaml", "--output", "json"])
    report = _json(ended.out)
    if not isinstance(report, dict) or "summary" not in report:
        return Result(Verdict.FOUND, f"checkov could not read the template: {_last_line(ended)}")
    failed = [
        f"{check['check_id']} {check['check_name']}: {check['resource']}"
        for check in report["results"]["failed_checks"]
    ]
    if failed:
        return Result(Verdict.FOUND, "\n  ".join(["checkov objects to template.yaml:", *failed]))
    stamp.keep()
    return Result(Verdict.CLEAN, f"checkov: {report['summary']['passed']} checks of template.yaml")


def check_packages(run: Run) -> Result:
    """What pip-audit knows of the packages that functions and commands are shipped with."""
    export = [str(UV), "export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--no-header"]
    pinned = KEPT / "packages.txt"
    listed = run([*export, "--output-file", str(pinned)])
    if listed.exit_code:
        return Result(Verdict.FOUND, f"uv could not list the packages: {_last_line(listed)}")
    audit = [str(TOOLS / "pip-audit"), "--format", "json", "--progress-spinner", "off", "--disable-pip"]
    ended = run([*audit, "--requirement", str(pinned)])
    report = _json(ended.out)
    if not isinstance(report, dict):
        return Result(
            Verdict.SKIPPED, f"pip-audit cannot reach its database, no package is audited: {_last_line(ended)}"
        )
    packages: list[dict[str, Any]] = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    if not known:
        why = "pip-audit cannot reach its database, no package is audited: it does not know any of them"
        return Result(Verdict.SKIPPED, why)
    vulnerable = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'none'}"
        for package in known
        for flaw in package["vulns"]
    ]
    if vulnerable:
        return Result(Verdict.FOUND, "\n  ".join(["packages with known vulnerabilities:", *vulnerable]))
    return Result(Verdict.CLEAN, f"pip-audit: {len(known)} of {len(packages)} packages, no known vulnerability")


def check_secrets(run: Run, kept: Path = KEPT, baseline: Path = BASELINE) -> Result:
    """Whether detect-secrets finds anything that is not in the baseline, where tests' own passwords are listed."""
    stamp = _Stamp(kept / "secrets.clean")
    files = _files(run)
    searched = files if stamp.changed([baseline]) else stamp.changed(files)
    found = _found_secrets(run, searched)
    if found is None:
        return Result(Verdict.FOUND, "detect-secrets could not search the files")
    known = {_identity(secret) for secret in _secrets(json.loads(baseline.read_text(encoding="utf-8")))}
    new = [secret for secret in _secrets(found) if _identity(secret) not in known]
    if new:
        # Where it is, not what: logs of CI are read by many.
        places = [f"{secret['filename']}:{secret['line_number']}: {secret['type']}" for secret in new]
        what = "what looks like a secret; take it out, or if it is none, run 'make secrets-baseline':"
        return Result(Verdict.FOUND, "\n  ".join([what, *places]))
    stamp.keep()
    return Result(Verdict.CLEAN, f"detect-secrets: {len(searched)} files that are new or have changed")


def write_baseline(run: Run, baseline: Path = BASELINE) -> None:
    """Note what is found now as known, without line numbers, which every change above it would change."""
    found = _found_secrets(run, _files(run))
    if found is None:
        raise SystemExit("detect-secrets could not search the files: run `make security`")
    secrets = [{name: secret[name] for name in ("filename", "type", "hashed_secret")} for secret in _secrets(found)]
    results: dict[str, list[dict[str, Any]]] = {}
    for secret in sorted(secrets, key=lambda each: tuple(each.values())):
        results.setdefault(secret["filename"], []).append(secret)
    baseline.write_text(json.dumps({"results": results}, indent=2) + "\n", encoding="utf-8")


CHECKS: Mapping[str, Callable[[Run], Result]] = {
    "checkov": check_template,
    "pip-audit": check_packages,
    "detect-secrets": check_secrets,
}


def check_all(run: Run = run_command, installed: Callable[[str], bool] = lambda tool: (TOOLS / tool).exists()) -> int:
    """Run every check whose tool is there, and tell; returns 1 where anything was found, else 0."""

    def checked(tool: str) -> Result:
        if not installed(tool):
            return Result(
                Verdict.SKIPPED, f"{tool} could not be fetched, so it was not asked; `make security` tries again"
            )
        try:
            return CHECKS[tool](run)
        except subprocess.TimeoutExpired:
            return Result(Verdict.SKIPPED, f"{tool} gave no answer within {PATIENCE_SECONDS} seconds")

    with ThreadPoolExecutor(len(CHECKS)) as pool:
        results = list(pool.map(checked, CHECKS))
    for result in results:
        print(result)
    return int(any(result.verdict is Verdict.FOUND for result in results))


def _files(run: Run) -> Sequence[Path]:
    """What is committed or may come to be."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).out.split("\0")
    return [path for path in map(Path, filter(None, listed)) if path.is_file()]


def _found_secrets(run: Run, files: Sequence[Path]) -> dict[str, Any] | None:
    if not files:
        return {"results": {}}
    disabled = [part for plugin in NOISY for part in ("--disable-plugin", plugin)]
    search = [str(TOOLS / "detect-secrets"), "scan", "--exclude-files", NOT_SEARCHED, "--no-verify", *disabled]
    report = _json(run([*search, *map(str, files)]).out)
    return report if isinstance(report, dict) else None


class _Stamp:
    """When something was last clean: the age of a file, which goes when the tools are installed anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = time.time_ns()

    def changed(self, files: Sequence[Path]) -> list[Path]:
        """Those that were written, or came to their place, since then; all of them where it never was."""
        since = self._path.stat().st_mtime_ns if self._path.exists() else -1
        return [path for path in files if max(path.stat().st_mtime_ns, path.stat().st_ctime_ns) > since]

    def keep(self) -> None:
        """It was clean when this check began."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch()
        os.utime(self._path, ns=(self._began, self._began))


def _secrets(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [secret for secrets in report["results"].values() for secret in secrets]


def _identity(secret: Mapping[str, Any]) -> tuple[str, str, str]:
    return secret["filename"], secret["type"], secret["hashed_secret"]


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _last_line(ended: Ended) -> str:
    lines = (ended.err or ended.out).strip().splitlines()
    return lines[-1][:200] if lines else f"exit code {ended.exit_code}"


if __name__ == "__main__":
    if "--write-baseline" in sys.argv[1:]:
        write_baseline(run_command)
    else:
        sys.exit(check_all())
