"""Where the local stack finds its tools and keeps its files."""

import os
from dataclasses import dataclass
from pathlib import Path

from local_stack.errors import LocalStackError, ToolMissingError


@dataclass(frozen=True)
class Layout:
    """The folders and files of one local stack.

    Attributes:
        root: The checkout: `template.yaml` and `.tools` are in it.
        state: What this stack keeps while it runs: `stack.json`, logs, build output, the simulator's certificates.
    """

    root: Path
    state: Path

    @property
    def description(self) -> Path:
        """`stack.json`: what runs and how to reach it, for the command line, the tests and users."""
        return self.state / "stack.json"

    @property
    def api_page(self) -> Path:
        """The API's document as a page for the browser."""
        return self.state / "api.html"

    @property
    def build(self) -> Path:
        """Where `sam build` puts the functions and the layer for this machine."""
        return self.state / "build"

    @property
    def sam_local(self) -> Path:
        """What `sam local` needs: the build for containers and the functions' variables."""
        return self.state / "sam-local"

    @property
    def scratch(self) -> Path:
        """Temporary files of the emulator and its functions; emptied when the stack stops."""
        return self.state / "tmp"

    @property
    def simulator(self) -> Path:
        """The simulator's state: certificates, passwords and, while it runs, `simulator.json`."""
        return self.state / "simulator"

    @property
    def uv(self) -> Path:
        """The uv that installs the layer's packages: the one in the environment variable `UV`, else the fetched one."""
        return Path(os.environ.get("UV") or self._tool("uv", "uv"))

    @property
    def find_python(self) -> Path:
        """The program that finds an interpreter of a version."""
        return self.root / "local_stack" / "tools" / "find-python"

    @property
    def sam(self) -> Path:
        """The AWS SAM command line.

        Raises:
            ToolMissingError: `make setup` has not been run.
        """
        return self._tool("aws-sam-cli", "sam")

    @property
    def emulator_python(self) -> Path:
        """The interpreter that runs MiniStack, and the deployed functions in it.

        Raises:
            ToolMissingError: `make setup` has not been run.
        """
        return self._tool("ministack", "python")

    def record(self, name: str) -> Path:
        """The file that tells later commands which process is one part of the stack."""
        return self.state / f"{name}.process.json"

    def log(self, name: str) -> Path:
        """The log file of one part of the stack, in a folder that exists."""
        logs = self.state / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return logs / f"{name}.log"

    def _tool(self, environment: str, command: str) -> Path:
        tool = self.root / ".tools" / environment / "bin" / command
        if not tool.exists():
            raise ToolMissingError(tool)
        return tool


def default_layout(state: Path | None = None) -> Layout:
    """The layout of the checkout that this package is in.

    Args:
        state: Another place for the stack's files than `.local` in the checkout.

    Raises:
        LocalStackError: The package was installed without its checkout.
    """
    root = Path(__file__).resolve().parent.parent
    if not (root / "template.yaml").exists():
        raise LocalStackError(f"no template.yaml in {root}: the local stack runs from a checkout only")
    return Layout(root=root, state=state or root / ".local")
