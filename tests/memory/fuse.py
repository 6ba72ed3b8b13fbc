"""Where the in-memory ports can be made to die, to fail, or to let somebody else go first."""

from collections.abc import Callable


class ProcessDiedError(BaseException):
    """The process is gone: nothing catches this, no clean-up runs in the services."""


class Fuse:
    """Counts every point at which a port is about to have an effect, or just had one.

    A call with one effect passes two points, `<port>.<call> before` and `... after`; a batch passes one more between
    each two of its items. A test first runs without action to learn how many points there are, then once for each.

    Attributes:
        passed: the labels of all points passed, in order.
    """

    def __init__(self) -> None:
        self.passed: list[str] = []
        self._at: int | None = None
        self._action: Callable[[], None] | None = None

    def blow_at(self, point: int, action: Callable[[], None] | None = None) -> None:
        """Do `action` (None: die) once, when the `point`-th point from now (0: the very next) is passed."""
        self._at = len(self.passed) + point
        self._action = action

    def disarm(self) -> None:
        """Let everything go on undisturbed."""
        self._at = None

    @property
    def armed(self) -> bool:
        """Whether the point is still to come."""
        return self._at is not None

    def point(self, label: str) -> None:
        """Pass a point."""
        self.passed.append(label)
        if self._at is None or len(self.passed) <= self._at:
            return
        self._at = None
        if self._action is None:
            raise ProcessDiedError(label)
        self._action()
