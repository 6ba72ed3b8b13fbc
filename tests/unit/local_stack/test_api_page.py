"""The API's document as a page: all of it is there, and it needs nothing from anywhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local_stack.api_document.page import page, write_page


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The document as it is kept."""
    read: dict[str, Any] = json.loads(Path("docs/openapi.json").read_text(encoding="utf-8"))
    return read


def test_the_page_has_all_of_the_document(kept: dict[str, Any], tmp_path: Path) -> None:
    """GIVEN the document WHEN its page is written THEN every operation is on it, and each link leads somewhere."""
    write_page(kept, tmp_path / "api.html")
    text = (tmp_path / "api.html").read_text(encoding="utf-8")

    for methods in kept["paths"].values():
        assert all(f'id="{operation["operationId"]}"' in text for operation in methods.values())
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert len(links) > 20
    assert links <= set(re.findall(r'id="([^"]+)"', text))


def test_the_page_needs_nothing_from_elsewhere(kept: dict[str, Any]) -> None:
    """GIVEN the page WHEN read without a network THEN nothing is missing: no script, style or picture is fetched."""
    text = page(kept)

    assert not re.findall(r"<(script|link|img|iframe)\b|\bsrc=|@import|url\(", text)
    assert set(re.findall(r'href="(.)', text)) == {"#"}


def test_what_the_document_says_is_text(kept: dict[str, Any]) -> None:
    """GIVEN a description with what a browser would take for its own WHEN on the page THEN it is shown as it is."""
    told = {**kept, "info": {**kept["info"], "description": "<script>alert(1)</script>"}}

    assert "<script>" not in page(told)
