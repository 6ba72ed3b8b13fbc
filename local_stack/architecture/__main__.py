"""`python -m local_stack.architecture`: draw docs/architecture.md anew; `--check` says whether it is stale."""

import sys

from local_stack.architecture.page import PAGE, drawn


def main() -> None:
    """Writes the page, or with `--check` ends with 1 where it is not as it would be drawn."""
    stands = PAGE.read_text(encoding="utf-8")
    fresh = drawn(stands)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != stands:
        sys.exit("docs/architecture.md does not fit template.yaml and the imports: run 'make architecture'.")


main()
