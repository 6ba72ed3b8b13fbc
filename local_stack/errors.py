"""What can go wrong with the local stack, each said in one line that a user can act on."""

from pathlib import Path


class LocalStackError(Exception):
    """The local stack could not do what it was asked; the message says what, where and what to do."""


class PortInUseError(LocalStackError):
    """Something else listens on a port that the stack needs."""

    def __init__(self, port: int, option: str) -> None:
        super().__init__(
            f"port {port} on 127.0.0.1 is in use by another program: stop it, or choose another with {option}"
        )
        self.port = port


class ToolMissingError(LocalStackError):
    """A development tool is not installed yet."""

    def __init__(self, tool: Path) -> None:
        super().__init__(f"{tool} is missing: run `make setup`")


class CommandFailedError(LocalStackError):
    """A command of the build or the deployment ended with an error.

    Args:
        what: What was being done, as it is shown to the user.
        exit_code: How the command ended.
        log: The file with all that it printed.
        last_lines: The end of that file.
    """

    def __init__(self, what: str, *, exit_code: int, log: Path, last_lines: str) -> None:
        super().__init__(f"{what} failed (exit code {exit_code}). The end of {log}:\n{last_lines}")
