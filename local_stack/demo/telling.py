"""`make demo`: the whole story on this machine, from registered users to released numbers."""

import signal
import time
import traceback

from rich.console import Console

from local_stack.demo.errors import StoryFailedError
from local_stack.demo.lifetime import InterruptedByError, playing, signals_as_errors
from local_stack.demo.narrator import Narrator
from local_stack.demo.story import Story
from local_stack.errors import LocalStackError
from local_stack.layout import Layout
from local_stack.progress import Progress

_INTERRUPTED = 128
"""A program that a signal ended has this exit code plus the signal's number."""


def run(layout: Layout, console: Console) -> int:
    """Shows the story and stops everything that it started.

    Args:
        layout: Where its files go.
        console: Where it is shown.

    Returns:
        The exit code: 0 if everything was as it should be, 1 if not, 130 after Ctrl-C.
    """
    begun = time.monotonic()
    narrator = Narrator(console)
    try:
        with signals_as_errors():
            _play(layout, narrator)
    except InterruptedByError as error:
        narrator.failed(f"{signal.Signals(error.number).name} during: {narrator.chapter}")
        return _INTERRUPTED + error.number
    except Exception as error:  # noqa: BLE001 - whatever it was, the user hears where it happened and where to look
        _tell_failure(error, layout, narrator)
        return 1
    console.print(f"Done in {time.monotonic() - begun:.0f} seconds. Everything said above was checked.\n", style="bold")
    console.print(_NEXT, highlight=False, soft_wrap=True)
    return 0


_NEXT = """To go on:
  make up      starts the same and leaves it running; then, for example:
               .venv/bin/number-inventory --local devices list
  make down    stops it
  README.md    tells how to deploy it to AWS and point it at a real device"""


def _play(layout: Layout, narrator: Narrator) -> None:
    narrator.console.print("The number inventory on this machine", style="bold")
    narrator.explain(
        "AWS is played by MiniStack and the devices by a simulator, both on 127.0.0.1. The template, the functions "
        "and the commands are the real ones."
    )
    narrator.console.print()
    with playing(layout, Progress(narrator.console)) as (stack, office, branch):
        Story(stack, office, branch, narrator).tell()


def _tell_failure(error: Exception, layout: Layout, narrator: Narrator) -> None:
    trace = layout.log("demo")
    trace.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    narrator.failed(f"The demonstration failed at: {narrator.chapter}")
    if isinstance(error, StoryFailedError):
        for name, text in (("What", error.what), ("Expected", error.expected), ("Found", error.found)):
            narrator.quotes(f"{name + ':':<10}{text}")
    else:
        known = isinstance(error, LocalStackError)
        narrator.quotes(str(error) if known else f"{type(error).__name__}: {error}")
    narrator.quotes(f"Logs:     {trace.parent}")
    if any(trace.parent.glob("function-*.log")):
        narrator.quotes("          (function-*.log: what the deployed functions said)")
