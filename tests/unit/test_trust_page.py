"""The pages that name the tests on which trust and security rest name tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "docs" / "trust.md", ROOT / "SECURITY.md")
NAMED = [
    named for page in PAGES for named in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
]


def test_the_page_names_tests() -> None:
    """GIVEN the page, THEN every line of its tables names at least one test, in the form that is checked."""
    page = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    lines = [line for line in rows if "held by" not in line and "---" not in line]
    assert len(lines) > 20
    assert [line for line in lines if "::" not in line] == []
    assert len(NAMED) == sum(each.read_text(encoding="utf-8").count("::") for each in PAGES)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_exists(path: str, name: str) -> None:
    """GIVEN a test that the page names, THEN there is one of this name in that file."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert re.search(rf"^(def {name}\(|{name} = |class {name}\b)", text, re.MULTILINE), f"{path} has no {name}"
