"""`python -m local_stack.api_document`: writes docs/openapi.json; with `--check`, says whether it fits the routes."""

import sys

from local_stack.api_document.document import as_text, document
from local_stack.layout import default_layout


def main(arguments: list[str]) -> int:
    """Writes the document, or compares it; the exit code is 1 where it does not fit."""
    path = default_layout().root / "docs" / "openapi.json"
    text = as_text(document())
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(default_layout().root)} is written.")
        return 0
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        print(
            "docs/openapi.json does not fit the routes: run 'make openapi', and look at what changed.", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
