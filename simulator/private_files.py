"""Files that only the user who runs the simulator may read."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Writes `content` in one step: a reader finds the old file or the whole new one, never a part."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
