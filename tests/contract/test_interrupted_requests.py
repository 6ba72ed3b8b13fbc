"""Every request to AWS of every function may be the last one, fail, or be sent twice: done again, all ends the same.

The services on the real adapters. What the ports in memory show for each call, this shows for each request below them.
"""

from collections.abc import Callable
from contextlib import suppress

import pytest

from number_inventory.domain.errors import InventoryError
from tests.contract.conftest import Aws
from tests.contract.interrupted_stories import STORIES, Audit, AuditInSteps, Picture, Release, Stage, Sync
from tests.engines.faults import ProcessDiedError
from tests.engines.interruptions import Fault, interrupted

pytestmark = pytest.mark.usefixtures("no_backoff")

EVERY_STORY = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


def undisturbed(aws: Aws, story: type[Stage]) -> tuple[Picture, int]:
    """The picture that it leaves when nothing happens, and how many requests it takes."""
    stage = story(aws, "undisturbed")
    stage.prepare()
    with interrupted(aws.client, None) as passed:
        stage.act()
    stage.check_laws()
    return stage.picture(), len(passed.passed)


def disturbed(aws: Aws, story: type[Stage], fault: Fault, at: int | None, wanted: Picture) -> None:
    """Let this happen to one request, do it all again later, and compare the picture that it leaves."""
    stage = story(aws, f"{fault.name.lower().replace('_', '-')}-{'all' if at is None else at}")
    stage.prepare()
    with interrupted(aws.client, fault, at) as passed, suppress(ProcessDiedError, InventoryError):
        stage.act()
    assert passed.tried, f"{fault}: request {at} was never made"
    if fault is Fault.TWICE:
        assert stage.picture() == wanted, "what is sent twice is done once, and at once"
    stage.check_laws()
    stage.later()
    stage.act()
    stage.check_laws()
    assert stage.picture() == wanted, f"{fault}, request {at}"


@pytest.mark.parametrize(("story", "step"), [(Sync, 1), (Release, 1), (Audit, 8)])
def test_a_process_may_die_at_every_request(story: type[Stage], step: int, aws_on_moto: Aws) -> None:
    """GIVEN a process that dies before any of its requests WHEN it runs again THEN all is as if it had not."""
    wanted, requests = undisturbed(aws_on_moto, story)
    assert requests > 3
    for at in range(0, requests, step):
        disturbed(aws_on_moto, story, Fault.DIES_BEFORE, at, wanted)


@EVERY_STORY
def test_every_request_may_be_sent_twice(story: type[Stage], aws: Aws) -> None:
    """GIVEN the answer to every request lost once WHEN botocore sends it again THEN all is as if it had not."""
    wanted, _ = undisturbed(aws, story)
    disturbed(aws, story, Fault.TWICE, None, wanted)


@pytest.mark.long
@pytest.mark.parametrize("story", [*STORIES, AuditInSteps], ids=lambda story: story.__name__)
@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
def test_everything_may_happen_to_every_request(
    aws_in_process: Aws, story: type[Stage], fault: Fault, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN any fault at any request of any function WHEN it runs again THEN all is as if it had not."""
    wanted, requests = undisturbed(aws_in_process, story)
    for at in range(requests):
        disturbed(aws_in_process, story, fault, at, wanted)
    record_property("interruptions", requests)
