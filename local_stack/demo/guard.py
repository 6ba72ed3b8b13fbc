"""Stops what the demonstration has started once the demonstration itself is gone, even if it was killed."""

import sys
from pathlib import Path

from local_stack.demo.lifetime import stop_all
from local_stack.layout import Layout

if __name__ == "__main__":
    root, state = (Path(argument) for argument in sys.argv[1:])
    # Nothing is ever written to it: it ends when the demonstration does, in whatever way.
    sys.stdin.buffer.read()
    stop_all(Layout(root=root, state=state))
