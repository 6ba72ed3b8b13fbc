"""Answers that get lost, throttling and refusals: nothing is dropped, and nothing is done twice."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from number_inventory.adapters.dynamodb import batch_get
from number_inventory.adapters.dynamodb.inventory import DynamoInventory
from number_inventory.domain.audit_runs import AuditRun, RunState
from number_inventory.domain.commands import Assign, Command, Edit, Reserve, Unassign, Unreserve
from number_inventory.domain.devices import DeviceState, Health
from number_inventory.domain.errors import StorageBusyError, StorageRefusedError
from number_inventory.domain.lifecycle import Registration, registered
from number_inventory.domain.numbers import NumberRecord, Status, Usage, first_version
from number_inventory.domain.removals import Approval, HeldRemovals
from number_inventory.ports.audits import FindingQuery
from number_inventory.ports.devices import RegisterHead
from number_inventory.ports.numbers import NumberQuery, WriteResult
from number_inventory.ports.turns import Claim
from number_inventory.services.change_numbers import ChangeNumbers
from number_inventory.services.manage_numbers import ManageNumbers
from number_inventory.services.next_available import ClaimAvailable
from tests.contract.conftest import Aws
from tests.contract.made import (
    CUSTOMER,
    KEY,
    NOW,
    come,
    device,
    finding,
    gone,
    listed,
    put,
    record,
    run,
    stamp,
    used,
    written,
)
from tests.engines.faults import (
    cancelled_transactions,
    failing_statements,
    lost_answers,
    refusals,
    unprocessed,
    unwritten,
)

LATER = NOW + timedelta(minutes=1)
ALL_TRIES = 5

pytestmark = pytest.mark.usefixtures("no_backoff")


def test_change_whose_answer_is_lost_once_is_known_to_be_ours(metered: Aws) -> None:
    """GIVEN a write that stands although its answer was lost WHEN botocore tries again THEN it counts as written."""
    [stored] = put(metered.inventory, used("1"))
    with lost_answers(metered.client, "UpdateItem"):
        assert metered.inventory.save([gone(stored)]) == [WriteResult.WRITTEN]
    after = metered.inventory.get(CUSTOMER, "1")
    assert after is not None
    assert (after.status, after.version) == (Status.COOLING, 2)


def test_new_number_whose_answer_is_lost_once_is_known_to_be_ours(metered: Aws) -> None:
    with lost_answers(metered.client, "PutItem"):
        assert metered.inventory.save([come("1")]) == [WriteResult.WRITTEN]
    after = metered.inventory.get(CUSTOMER, "1")
    assert after is not None
    assert (after.status, after.version) == (Status.USED, first_version(after))


@pytest.fixture
def own(metered: Aws) -> Iterator[Aws]:
    """The same with a client of its own: what a client may retry in all is limited, and others need theirs."""
    client = metered.engine.session().dynamodb()
    yield replace(metered, client=client, inventory=DynamoInventory(client, metered.tables.numbers))
    client.close()


def test_deletion_whose_answer_is_lost_once_is_known_to_be_ours(own: Aws) -> None:
    """GIVEN a deletion that stands although its answer was lost WHEN botocore tries again THEN it counts as done."""
    [first, second] = put(own.inventory, record("1"), record("2"))
    with lost_answers(own.client, "DeleteItem"):
        assert own.inventory.delete(first) is WriteResult.WRITTEN
    with lost_answers(own.client, "DeleteItem", times=ALL_TRIES):
        assert own.inventory.delete(second) is WriteResult.FAILED
    assert dict(own.inventory.get_many(CUSTOMER, ["1", "2"])) == {}


def test_deletion_that_is_throttled_is_tried_again_and_then_reported(own: Aws) -> None:
    [stored] = put(own.inventory, record("1"))
    with refusals(own.client, "DeleteItem", "ThrottlingException", times=ALL_TRIES):
        assert own.inventory.delete(stored) is WriteResult.FAILED
    with refusals(own.client, "DeleteItem", "AccessDeniedException"), pytest.raises(StorageRefusedError, match="1"):
        own.inventory.delete(stored)
    with refusals(own.client, "DeleteItem", "ThrottlingException"):
        assert own.inventory.delete(stored) is WriteResult.WRITTEN


@pytest.mark.parametrize("tries", [1, ALL_TRIES])
def test_command_whose_answers_are_lost_is_done_once(own: Aws, tries: int) -> None:
    """GIVEN an assignment whose answer is lost, once or for good WHEN it is asked again THEN it is done, and once."""
    put(own.inventory, record("1"))
    manage = ManageNumbers(own.inventory, own.macros, own.clock)
    command = Assign("Microsoft", Usage.USER, "alice")
    with lost_answers(own.client, "UpdateItem", times=tries), suppress(StorageBusyError):
        manage.one(CUSTOMER, "1", command, "api:x")
    assert manage.one(CUSTOMER, "1", command, "api:x").version == 2


@pytest.mark.parametrize("tries", [1, ALL_TRIES, 3 * ALL_TRIES])
def test_claim_whose_answers_are_lost_takes_no_more_than_it_returns(own: Aws, tries: int) -> None:
    """GIVEN a claim of three of whose writes some or all answers are lost THEN what it returns is all that is taken."""
    put(own.inventory, *(record(number) for number in listed(8)))
    claim = ClaimAvailable(own.inventory, own.clock)
    with lost_answers(own.client, "UpdateItem", times=tries):
        taken = claim(CUSTOMER, 3, "", contiguous=False, command=Assign("", Usage.USER, "alice"), by="api:x")
    page = own.inventory.page(NumberQuery(customer=CUSTOMER, assigned_to="alice"), 10, None)
    assert list(page.numbers) == list(taken)
    assert len(taken) == 3


def test_change_by_somebody_else_is_not_taken_for_ours(metered: Aws) -> None:
    """GIVEN the very same change made by somebody else before WHEN ours is tried, no answer lost THEN we lost."""
    [stored] = put(metered.inventory, used("1"))
    assert metered.inventory.save([gone(stored)]) == [WriteResult.WRITTEN]
    assert metered.inventory.save([gone(stored)]) == [WriteResult.SUPERSEDED]


ALICES = record("1", status=Status.USED, usage=Usage.USER, vendor="Microsoft", assigned_to="alice")
FOR_ALICE = record("1", status=Status.RESERVED, reserved_for="alice")
TO_BOB = Assign("Microsoft", Usage.USER, "bob")


TAKEN_BACK: dict[str, tuple[NumberRecord, Command, Command]] = {
    "unassign": (ALICES, Unassign(), TO_BOB),
    "unreserve": (FOR_ALICE, Unreserve(), Reserve("bob")),
}


@pytest.mark.parametrize("way", ["one", "many"])
@pytest.mark.parametrize("name", TAKEN_BACK)
def test_a_command_takes_a_number_from_one_person_only(metered: Aws, own: Aws, name: str, way: str) -> None:
    """GIVEN a number taken from alice, the answer lost, and given to bob WHEN botocore tries again THEN it stays bob's.

    The caller is told that nobody knows, and where to look.
    """
    before, undoing, next_one = TAKEN_BACK[name]
    put(metered.inventory, before)
    other, mine = (ManageNumbers(aws.inventory, aws.macros, aws.clock) for aws in (metered, own))
    with lost_answers(own.client, "UpdateItem", meanwhile=lambda: other.one(CUSTOMER, "1", next_one, "api:x")):
        if way == "one":
            with pytest.raises(StorageBusyError, match=r"number 1 .*could not be learnt.*history"):
                mine.one(CUSTOMER, "1", undoing, "api:ann")
        else:
            [told] = mine.many(CUSTOMER, ["1"], undoing, "api:ann")
            assert (told.outcome, "could not be learnt" in told.error) == ("failed", True)
    stands = metered.inventory.get(CUSTOMER, "1")
    assert stands is not None
    assert (stands.assigned_to or stands.reserved_for, stands.version) == ("bob", 3)


def test_a_deletion_does_not_take_what_was_added_since(metered: Aws, own: Aws) -> None:
    """GIVEN a number deleted, the answer lost, and added anew WHEN botocore tries again THEN the new one stays."""
    put(metered.inventory, record("1"))

    def add() -> None:
        put(metered.inventory, record("1", tag="new life", created_at=LATER, updated_at=LATER))

    manage = ManageNumbers(own.inventory, own.macros, own.clock)
    with lost_answers(own.client, "DeleteItem", meanwhile=add), pytest.raises(StorageBusyError, match="history"):
        manage.delete(CUSTOMER, "1", "api:ann")
    stands = metered.inventory.get(CUSTOMER, "1")
    assert stands is not None
    assert stands.tag == "new life"


def test_what_a_sync_finds_is_decided_anew_where_nobody_knows(metered: Aws, own: Aws) -> None:
    """GIVEN a number that came, the answer lost, and was edited WHEN botocore tries again THEN it counts as come."""

    def edited() -> None:
        ManageNumbers(metered.inventory, metered.macros, metered.clock).one(CUSTOMER, "1", Edit({"tag": "x"}), "api:x")

    change = ChangeNumbers(own.inventory, lambda: True)
    with lost_answers(own.client, "PutItem", meanwhile=edited):
        change(CUSTOMER, ["1"], lambda number, seen: registered(seen, Registration(CUSTOMER, number, "a", 1), stamp()))
    stands = metered.inventory.get(CUSTOMER, "1")
    assert stands is not None
    assert change.report.finished
    assert (stands.status, stands.tag, len(stands.holders)) == (Status.USED, "x", 1)


def test_write_whose_every_answer_is_lost_has_failed_but_may_stand(metered: Aws) -> None:
    [stored] = put(metered.inventory, used("1"))
    others = put(metered.inventory, *(used(number) for number in listed(20)))
    with lost_answers(metered.client, "UpdateItem", times=ALL_TRIES):
        assert metered.inventory.save([gone(stored)]) == [WriteResult.FAILED]
    after = metered.inventory.get(CUSTOMER, "1")
    assert after is not None
    assert after.version == 2
    assert set(metered.inventory.save([gone(each) for each in others])) == {WriteResult.WRITTEN}


def test_throttled_writes_are_tried_again_and_then_reported_one_by_one(metered: Aws) -> None:
    """GIVEN throttling beyond all retries for some writes THEN those have failed, and the others stand."""
    stored = put(metered.inventory, *(used(number) for number in listed(12)))
    with refusals(metered.client, "UpdateItem", "ThrottlingException"):
        assert metered.inventory.save([gone(stored[0])]) == [WriteResult.WRITTEN]
    with refusals(metered.client, "UpdateItem", "ProvisionedThroughputExceededException", times=ALL_TRIES):
        assert metered.inventory.save([gone(stored[1])]) == [WriteResult.FAILED]
    results = list(metered.inventory.save([gone(each) for each in stored[1:]]))
    assert results == [WriteResult.WRITTEN] * 11


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_writes_refused_for_good_stop_with_an_error(aws: Aws, code: str) -> None:
    stored = put(aws.inventory, *(used(number) for number in listed(40)))
    with (
        refusals(aws.client, "UpdateItem", code, times=40),
        refusals(aws.client, "BatchExecuteStatement", code, times=40),
        pytest.raises(StorageRefusedError, match=rf"could not write .*{code}"),
    ):
        aws.inventory.save([gone(each) for each in stored])


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("InternalServerError", 500, StorageBusyError),
        ("SomethingNew", 503, StorageBusyError),
        ("SomethingNew", 429, StorageBusyError),
        ("RequestLimitExceeded", 400, StorageBusyError),
        ("AccessDeniedException", 400, StorageRefusedError),
        ("SomethingNew", 400, StorageRefusedError),
    ],
)
def test_failed_reads_are_errors_by_type(aws: Aws, code: str, status: int, error: type[Exception]) -> None:
    with refusals(aws.client, "GetItem", code, status=status, times=ALL_TRIES), pytest.raises(error, match="number 1"):
        aws.inventory.get(CUSTOMER, "1")
    with refusals(aws.client, "Query", code, status=status, times=ALL_TRIES), pytest.raises(error, match="acme"):
        list(aws.inventory.sweep(CUSTOMER))
    with refusals(aws.client, "BatchGetItem", code, status=status, times=ALL_TRIES), pytest.raises(error, match="acme"):
        aws.inventory.get_many(CUSTOMER, ["1"])


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_get, "_FIRST_PAUSE_SECONDS", 0.001)


def test_keys_left_unprocessed_are_asked_for_again(aws: Aws, short_pauses: None) -> None:
    """GIVEN a BatchGetItem that leaves half of its keys WHEN numbers are read THEN all of them come back."""
    put(aws.inventory, *(used(number) for number in listed(150)))
    with unprocessed(aws.client, times=4):
        assert sorted(aws.inventory.get_many(CUSTOMER, listed(150))) == listed(150)


def test_keys_that_stay_unprocessed_are_an_error(aws: Aws, short_pauses: None) -> None:
    put(aws.inventory, used("1"), used("2"))
    with unprocessed(aws.client, times=1000), pytest.raises(StorageBusyError, match="1 items stayed unread"):
        aws.inventory.get_many(CUSTOMER, ["1", "2"])


# --- devices


def test_lease_whose_answer_is_lost_is_known_to_be_ours(metered: Aws) -> None:
    """GIVEN a lease that was taken although the answer was lost WHEN tried again THEN we have it."""
    metered.devices.add(device())
    with lost_answers(metered.client, "UpdateItem"):
        lease = metered.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    assert lease.settled
    assert (lease.until, lease.device) == (LATER, device())
    assert metered.devices.acquire(KEY, NOW, LATER) is None
    assert metered.devices.finish(lease, DeviceState(), RegisterHead("x", ""))


def test_finish_whose_answer_is_lost_has_happened(metered: Aws) -> None:
    metered.devices.add(device())
    lease = metered.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    with lost_answers(metered.client, "UpdateItem"):
        assert metered.devices.finish(lease, DeviceState(health=Health.OK), RegisterHead("x", ""))
    heir = metered.devices.acquire(KEY, NOW, LATER)
    assert heir is not None
    assert heir.settled

    # Even where the next sync has begun meanwhile, the head shows that ours stands.
    assert metered.devices.finish(lease, DeviceState(), RegisterHead("x", ""))
    assert not metered.devices.finish(replace(lease, sync=lease.sync - 1), DeviceState(), RegisterHead("y", ""))


def test_approval_whose_answer_is_lost_stands(metered: Aws) -> None:
    metered.devices.add(device())
    lease = metered.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    held = HeldRemovals("5f2b", 12, 40, ("1001",), NOW)
    assert metered.devices.finish(lease, DeviceState(held_removals=held), None)
    approval = Approval("5f2b", "operator:ann", NOW)
    with lost_answers(metered.client, "UpdateItem"):
        assert metered.devices.approve_removals(KEY, approval)
    assert metered.devices.get(KEY).state.approval == approval


def test_device_whose_adding_lost_its_answer_is_added(metered: Aws) -> None:
    with lost_answers(metered.client, "PutItem"):
        metered.devices.add(device())
    assert metered.devices.get(KEY).device == device()


def test_device_whose_removal_lost_its_answer_is_removed(metered: Aws) -> None:
    metered.devices.add(device())
    lease = metered.devices.acquire(KEY, NOW, LATER)
    assert lease is not None
    with lost_answers(metered.client, "DeleteItem"):
        metered.devices.remove(KEY, lease)
    assert list(metered.devices.of_customer(CUSTOMER)) == []


def test_register_whose_answers_are_lost_is_written(metered: Aws) -> None:
    metered.devices.add(device())
    dead = metered.devices.acquire(KEY, NOW, LATER)
    assert dead is not None
    lease = metered.devices.acquire(KEY, LATER, LATER + timedelta(minutes=1))
    assert lease is not None
    with lost_answers(metered.client, "PutItem"):
        register = metered.registrations.load(lease)
    with lost_answers(metered.client, "PutItem"):
        metered.registrations.intend(lease, register, frozenset({"1", "2"}))
    assert metered.registrations.load(lease).held == {"1", "2"}


def test_new_number_that_somebody_else_added_at_the_same_instant_is_not_ours(metered: Aws) -> None:
    """GIVEN the version that ours would be, with other words WHEN our answer is lost THEN we know that we lost."""
    put(metered.inventory, record("1", tag="theirs"))
    with lost_answers(metered.client, "PutItem"):
        assert metered.inventory.save([written(record("1", tag="ours"))]) == [WriteResult.SUPERSEDED]


# --- audits

WAITS = NOW + timedelta(minutes=10)


def claimed(aws: Aws) -> Claim[AuditRun]:
    """A run that a worker has."""
    aws.audits.open(run(), WAITS, NOW)
    claim = aws.audits.claim(CUSTOMER, run().id, 0, "w1", now=NOW, until=LATER)
    assert claim is not None
    return claim


def test_run_whose_opening_lost_its_answer_is_open(metered: Aws) -> None:
    with lost_answers(metered.client, "TransactWriteItems"):
        assert metered.audits.open(run(), WAITS, NOW) == run()
    assert metered.audits.get(CUSTOMER, run().id) == run()


def test_claim_whose_answer_is_lost_is_known_to_be_ours(metered: Aws) -> None:
    metered.audits.open(run(), WAITS, NOW)
    with lost_answers(metered.client, "TransactWriteItems"):
        claim = metered.audits.claim(CUSTOMER, run().id, 0, "w1", now=NOW, until=LATER)
    assert claim is not None
    assert metered.audits.keep(claim, replace(run(), numbers=5)) is not None


def test_checkpoint_whose_answer_is_lost_is_stored(metered: Aws) -> None:
    claim = claimed(metered)
    with lost_answers(metered.client, "PutItem"):
        assert metered.audits.keep(claim, replace(run(), numbers=5)) is not None
    assert metered.audits.get(CUSTOMER, run().id).numbers == 5


def test_handing_over_whose_answer_is_lost_has_happened(metered: Aws) -> None:
    claim = claimed(metered)
    with lost_answers(metered.client, "TransactWriteItems"):
        handed = metered.audits.hand_over(claim, run(), WAITS)
    assert handed == replace(run(), step=1) == metered.audits.get(CUSTOMER, run().id)


@pytest.mark.parametrize("way", ["end", "abandon"])
def test_end_whose_answer_is_lost_has_happened(metered: Aws, way: str) -> None:
    claim = claimed(metered)
    ended = replace(run(), state=RunState.FINISHED, ended_at=LATER)
    with lost_answers(metered.client, "TransactWriteItems"):
        assert metered.audits.end(claim, ended) if way == "end" else metered.audits.abandon(ended, LATER)
    assert metered.audits.get(CUSTOMER, run().id) == ended
    assert metered.audits.open(run("next"), WAITS, NOW).id == "next"


def test_answers_lost_for_good_are_reported_and_asking_again_finds_all_done(metered: Aws) -> None:
    """GIVEN effects of which no answer ever arrives THEN each call fails, and the next one is as if it had not."""
    with lost_answers(metered.client, "TransactWriteItems", times=ALL_TRIES), pytest.raises(StorageBusyError):
        metered.audits.open(run(), WAITS, NOW)
    claim = claimed(metered)
    ended = replace(run(), state=RunState.FINISHED, ended_at=LATER)
    with lost_answers(metered.client, "TransactWriteItems", times=ALL_TRIES), pytest.raises(StorageBusyError):
        metered.audits.end(claim, ended)
    assert metered.audits.end(claim, ended)


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_transactions_that_others_are_in_the_way_of_are_tried_again(aws: Aws, short_pauses: None, reason: str) -> None:
    """GIVEN transactions cancelled for a passing reason THEN they are made again, and after many tries reported."""
    with cancelled_transactions(aws.client, reason, times=3):
        assert aws.audits.open(run(), WAITS, NOW) == run()
    with (
        cancelled_transactions(aws.client, reason, times=1000),
        pytest.raises(StorageBusyError, match=r"claim audit .* of customer acme"),
    ):
        aws.audits.claim(CUSTOMER, run().id, 0, "w1", now=NOW, until=LATER)


def test_transactions_cancelled_for_good_are_an_error(aws: Aws) -> None:
    with (
        cancelled_transactions(aws.client, "ItemCollectionSizeLimitExceeded"),
        pytest.raises(StorageRefusedError, match=r"open audit .* of customer acme"),
    ):
        aws.audits.open(run(), WAITS, NOW)


def test_findings_left_unwritten_are_written_again(aws: Aws, short_pauses: None) -> None:
    """GIVEN a BatchWriteItem that leaves some of its items THEN all of them are stored in the end."""
    found = [finding(number) for number in listed(60)]
    with unwritten(aws.client, times=5):
        aws.audits.record(run(), found)
    assert [each for batch in aws.audits.findings(run()) for each in batch] == found


def test_findings_that_stay_unwritten_are_an_error(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("number_inventory.adapters.dynamodb.batch_write.MAX_ROUNDS", 3)
    with unwritten(aws.client, times=1000), pytest.raises(StorageBusyError, match="stayed unwritten"):
        aws.audits.record(run(), [finding(number) for number in listed(20)])


def test_findings_whose_answer_is_lost_are_stored_once(metered: Aws) -> None:
    with lost_answers(metered.client, "BatchWriteItem"):
        metered.audits.record(run(), [finding("1"), finding("2")])
    assert [each for batch in metered.audits.findings(run()) for each in batch] == [finding("1"), finding("2")]


@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", StorageBusyError), ("AccessDeniedException", StorageRefusedError)]
)
def test_failed_calls_of_audits_are_errors_by_type(aws: Aws, code: str, error: type[Exception]) -> None:
    for operation, act in (
        ("TransactWriteItems", lambda: aws.audits.open(run(), WAITS, NOW)),
        ("PutItem", lambda: aws.audits.remember_plan(replace(run(), checksum="abc"))),
        ("GetItem", lambda: aws.audits.get(CUSTOMER, run().id)),
        ("Query", lambda: aws.audits.page(CUSTOMER, 1, None)),
        ("Query", lambda: list(aws.audits.findings(run()))),
        ("Query", lambda: aws.audits.finding_page(FindingQuery(customer=CUSTOMER, run=run().id), 1, None)),
        ("Query", aws.audits.customers),
        ("BatchWriteItem", lambda: aws.audits.record(run(), [finding()])),
        ("BatchGetItem", lambda: aws.devices.heads(CUSTOMER, ["sbc-1"])),
        ("Query", lambda: aws.devices.heads(CUSTOMER)),
    ):
        with refusals(aws.client, operation, code, times=ALL_TRIES), pytest.raises(error, match="could not"):
            act()


# --- batched writes


@pytest.fixture
def batched(metered: Aws) -> Aws:
    return replace(metered, inventory=DynamoInventory(metered.client, metered.tables.numbers, batched=True))


def test_batch_whose_answer_is_lost_is_known_to_be_ours(batched: Aws) -> None:
    """GIVEN a batch of changes and news that stands unseen WHEN botocore tries again THEN all count as written."""
    stored = put(batched.inventory, *(used(number) for number in listed(10)))
    decisions = [*(gone(each) for each in stored), *(come(number) for number in listed(10, first=10))]
    with lost_answers(batched.client, "BatchExecuteStatement"):
        assert batched.inventory.save(decisions) == [WriteResult.WRITTEN] * 20
    found = batched.inventory.get_many(CUSTOMER, listed(20))
    assert [found[number].version for number in listed(10)] == [2] * 10
    assert all(found[number].version == first_version(found[number]) for number in listed(10, first=10))


def test_batch_whose_answer_is_lost_leaves_what_others_did_since(batched: Aws, own: Aws) -> None:
    """GIVEN a batch that stands unseen, and a number of it changed since THEN of that one nobody knows."""
    stored = put(batched.inventory, *(used(number) for number in listed(3)))

    def edited() -> None:
        ManageNumbers(own.inventory, own.macros, own.clock).one(CUSTOMER, stored[0].number, Edit({"tag": "x"}), "api:x")

    with lost_answers(batched.client, "BatchExecuteStatement", meanwhile=edited):
        results = batched.inventory.save([gone(each) for each in stored])
    assert results == [WriteResult.UNKNOWN, WriteResult.WRITTEN, WriteResult.WRITTEN]


def test_batch_whose_every_answer_is_lost_has_failed_but_may_stand(batched: Aws) -> None:
    stored = put(batched.inventory, *(used(number) for number in listed(5)))
    with lost_answers(batched.client, "BatchExecuteStatement", times=ALL_TRIES):
        assert batched.inventory.save([gone(each) for each in stored]) == [WriteResult.FAILED] * 5
    assert {each.version for each in batched.inventory.get_many(CUSTOMER, listed(5)).values()} == {2}


def test_statement_that_fails_in_its_batch_is_tried_on_its_own(batched: Aws) -> None:
    """GIVEN a batch of which three are throttled, one of them after its effect THEN all end up written once."""
    stored = put(batched.inventory, *(used(number) for number in listed(10)))
    with (
        failing_statements(batched.client, "InternalServerError", 1, after_effect=True),
        failing_statements(batched.client, "ThrottlingError", 2),
    ):
        assert batched.inventory.save([gone(each) for each in stored]) == [WriteResult.WRITTEN] * 10
    assert {each.version for each in batched.inventory.get_many(CUSTOMER, listed(10)).values()} == {2}


def test_batch_refused_for_good_stops_with_an_error(batched: Aws) -> None:
    stored = put(batched.inventory, *(used(number) for number in listed(60)))
    with (
        refusals(batched.client, "BatchExecuteStatement", "AccessDeniedException", times=9),
        pytest.raises(StorageRefusedError, match=r"write 25 numbers.*AccessDenied"),
    ):
        batched.inventory.save([gone(each) for each in stored])


def test_batches_take_a_request_for_every_25_numbers(batched: Aws) -> None:
    stored = put(batched.inventory, *(used(number) for number in listed(60)))
    batched.meter.reset()
    results = batched.inventory.save([gone(each) for each in stored] + [come("1")])
    assert set(results) == {WriteResult.WRITTEN}
    assert batched.meter.requests == {"BatchExecuteStatement": 3}


def test_new_number_over_a_broken_one_fails_in_a_batch_too(batched: Aws) -> None:
    put(batched.inventory, used("1"))
    batched.client.update_item(
        TableName=batched.tables.numbers,
        Key={"customer": {"S": CUSTOMER}, "number": {"S": "1"}},
        UpdateExpression="SET #status = :junk",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":junk": {"S": "Free"}},
    )
    assert batched.inventory.save([come("1"), come("2")]) == [WriteResult.FAILED, WriteResult.WRITTEN]
