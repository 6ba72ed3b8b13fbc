"""How the demonstration can fail."""

from local_stack.errors import LocalStackError


class StoryFailedError(LocalStackError):
    """Something in the demonstration is not as the product promises.

    Attributes:
        what: What was looked at.
        expected: What should have been there.
        found: What was there.
    """

    def __init__(self, what: str, *, expected: object, found: object) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}")
        self.what = what
        self.expected = expected
        self.found = found


def require(what: str, *, expected: object, found: object) -> None:
    """Checks a claim of the demonstration; of two dictionaries, only what differs is told.

    Raises:
        StoryFailedError: `found` is not `expected`.
    """
    if found == expected:
        return
    if isinstance(expected, dict) and isinstance(found, dict):
        wrong = [name for name in expected if found.get(name) != expected[name]]
        expected, found = ({name: side.get(name) for name in wrong} for side in (expected, found))
    raise StoryFailedError(what, expected=expected, found=found)
