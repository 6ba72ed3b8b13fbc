"""The Audits port: runs that one worker has at a time, customers that one run has, and findings in order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.domain.audit_runs import ENDED, AuditRun, AuditScope, RunState
from number_inventory.domain.errors import NotFoundError, RecordBrokenError, StorageBusyError
from number_inventory.domain.findings import Finding, FindingCode, FindingOutcome
from number_inventory.ports.audits import Audits, FindingQuery
from number_inventory.ports.turns import Claim
from tests.contract.conftest import RETENTION, Aws, Ports
from tests.contract.made import CUSTOMER, NOW, finding, findings, listed, run, runs
from tests.contract.test_broken_items import change
from tests.engines.template import TEMPLATE, TemplateLoader

MINUTE = timedelta(minutes=1)
FIRST, SECOND, THIRD = (f"20260301T12000{second}-00000a" for second in (1, 2, 3))
_EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def audits(ports: Ports) -> Audits:
    return ports.audits


def opened(audits: Audits, name: str = FIRST, at: int = 0, **fields: object) -> AuditRun:
    """Open a run `at` minutes from now, which waits ten minutes for its worker."""
    new = run(name, **fields)  # type: ignore[arg-type]
    stored = audits.open(new, NOW + (at + 10) * MINUTE, NOW + at * MINUTE)
    assert stored == new
    return stored


def take(audits: Audits, name: str = FIRST, step: int = 0, worker: str = "w1", at: int = 0) -> Claim[AuditRun] | None:
    """Claim a run `at` minutes from now, for five minutes."""
    now = NOW + at * MINUTE
    return audits.claim(CUSTOMER, name, step, worker, now=now, until=now + 5 * MINUTE)


def taken(audits: Audits, name: str = FIRST, step: int = 0, worker: str = "w1", at: int = 0) -> Claim[AuditRun]:
    """Claim a run that is to be had."""
    claim = take(audits, name, step, worker, at)
    assert claim is not None
    return claim


def further(before: AuditRun, **fields: object) -> AuditRun:
    """The same run, further on."""
    return replace(before, state=RunState.PLANNING, numbers=before.numbers + 100, **fields)  # type: ignore[arg-type]


def finished(before: AuditRun) -> AuditRun:
    """The same run, at its end."""
    return replace(before, state=RunState.FINISHED, ended_at=NOW + MINUTE, updated_at=NOW + MINUTE, checksum="f" * 64)


def is_free(audits: Audits, at: int) -> bool:
    """Whether the customer can be had then; afterwards, another run has it."""
    new = run("20260301T125959-0000ff")
    return audits.open(new, NOW + (at + 10) * MINUTE, NOW + at * MINUTE).id == new.id


# --- runs


@_EXAMPLES
@given(new=runs(), later=runs())
def test_any_run_survives(audits: Audits, new: AuditRun, later: AuditRun) -> None:
    """GIVEN any run WHEN opened, and stored again in any other shape THEN each is read as it was written."""
    opening = replace(new, state=RunState.QUEUED)
    stored = audits.open(opening, NOW + MINUTE, NOW)
    if stored != opening:
        # Hypothesis may draw the same customer again.
        assert stored.customer == new.customer
        return
    assert audits.get(new.customer, new.id) == opening

    claim = audits.claim(new.customer, new.id, new.step, "w1", now=NOW, until=NOW + MINUTE)
    assert claim is not None
    assert claim.run == opening
    other = replace(later, id=new.id, scope=replace(later.scope, customer=new.customer))
    kept = audits.keep(claim, other)
    assert kept is not None
    assert kept.run == audits.get(new.customer, new.id) == other
    assert audits.page(new.customer, 10, None).runs == (other,)


@pytest.mark.parametrize("site", [None, "", "Munich"])
def test_numbers_without_a_site_are_a_scope_of_their_own(audits: Audits, site: str | None) -> None:
    """GIVEN a run of all numbers, of one Site or of those that have none THEN it stays what it is."""
    new = opened(audits, scope=AuditScope(customer=CUSTOMER, site=site))
    assert audits.get(CUSTOMER, new.id).scope.site == site


def test_unknown_run_is_not_found(audits: Audits) -> None:
    opened(audits)
    with pytest.raises(NotFoundError, match=SECOND):
        audits.get(CUSTOMER, SECOND)
    with pytest.raises(NotFoundError, match=SECOND):
        take(audits, SECOND)
    with pytest.raises(NotFoundError, match=FIRST):
        audits.get("other", FIRST)
    assert not audits.abandon(finished(run(SECOND)), NOW + 60 * MINUTE)
    with pytest.raises(NotFoundError, match=SECOND):
        audits.get(CUSTOMER, SECOND)


def test_runs_are_listed_from_the_newest_page_by_page(audits: Audits) -> None:
    names = [f"20260301T1200{second:02d}-00000a" for second in range(7)]
    for name in names:
        opened(audits, name)
        audits.end(taken(audits, name), finished(run(name)))
    audits.open(run("20260301T120003-00000b", "other"), NOW + MINUTE, NOW)

    for limit in (1, 2, 3, 7, 100):
        found: list[str] = []
        after: str | None = None
        while True:
            page = audits.page(CUSTOMER, limit, after)
            assert len(page.runs) <= limit
            found += [each.id for each in page.runs]
            after = page.last
            if after is None:
                break
            assert after == page.runs[-1].id
        assert found == names[::-1]
    assert [each.id for each in audits.page(CUSTOMER, 2, "20260301T120002-ffffff").runs] == names[2:0:-1]
    assert audits.page("nobody", 10, None).runs == ()


def test_customers_with_numbers_are_known_once_an_audit_has_ended(audits: Audits) -> None:
    """GIVEN audits of customers, WHEN they end having read numbers, THEN these customers are known, in order."""
    assert list(audits.customers()) == []
    for customer, numbers in (("b-2", 5), ("a", 1), ("b", 2), ("b-10", 1), ("misspelt", 0)):
        opened = audits.open(run(FIRST, customer), NOW + MINUTE, NOW)
        claim = audits.claim(customer, FIRST, 0, "worker", now=NOW, until=NOW + MINUTE)
        assert claim is not None
        assert audits.end(claim, replace(opened, state=RunState.FINISHED, numbers=numbers))
    audits.open(run(SECOND, "still-running", numbers=7), NOW + MINUTE, NOW)
    assert list(audits.customers()) == ["a", "b", "b-10", "b-2"]


# --- the customer is one run's


def test_customer_that_is_taken_is_not_opened_again(audits: Audits) -> None:
    """GIVEN a run under way WHEN another is opened THEN the first is answered, and nothing of the second is stored."""
    first = opened(audits)
    assert audits.open(run(SECOND), NOW + 20 * MINUTE, NOW + 9 * MINUTE) == first
    with pytest.raises(NotFoundError):
        audits.get(CUSTOMER, SECOND)

    claim = taken(audits, at=9)
    kept = audits.keep(claim, further(first))
    assert kept is not None
    assert audits.open(run(SECOND), NOW + 20 * MINUTE, NOW + 13 * MINUTE) == kept.run
    assert [each.id for each in audits.page(CUSTOMER, 10, None).runs] == [FIRST]


def test_other_customers_are_free(audits: Audits) -> None:
    opened(audits)
    other = run(FIRST, "other")
    assert audits.open(other, NOW + MINUTE, NOW) == other
    assert audits.get(CUSTOMER, FIRST).customer == CUSTOMER
    assert audits.get("other", FIRST) == other
    claim = audits.claim("other", FIRST, 0, "w1", now=NOW, until=NOW + MINUTE)
    assert claim is not None
    assert audits.end(claim, finished(other))
    assert audits.get(CUSTOMER, FIRST).state is RunState.QUEUED
    assert not is_free(audits, at=1)


def test_opening_can_be_asked_again(audits: Audits) -> None:
    """GIVEN a run WHEN its opening is asked again THEN it is answered as it stands, and nothing goes back."""
    new = opened(audits)
    assert audits.open(new, NOW + 10 * MINUTE, NOW) == new
    claim = taken(audits)
    kept = audits.keep(claim, further(new))
    assert kept is not None
    assert audits.open(new, NOW + 10 * MINUTE, NOW) == kept.run
    assert audits.end(kept, finished(kept.run))
    assert audits.open(new, NOW + 10 * MINUTE, NOW) == finished(kept.run)
    assert is_free(audits, at=1), "the customer must not be taken by a run that has ended"


def test_customer_is_free_once_the_run_has_ended(audits: Audits) -> None:
    opened(audits)
    assert audits.end(taken(audits), finished(run(FIRST)))
    assert audits.get(CUSTOMER, FIRST) == finished(run(FIRST))
    assert is_free(audits, at=1)


def test_customer_is_free_once_nobody_takes_the_run_up(audits: Audits) -> None:
    """GIVEN a run that no worker takes up in time THEN the next one has the customer, and the first gets no worker."""
    opened(audits)
    second = run(SECOND)
    assert audits.open(second, NOW + 20 * MINUTE, NOW + 10 * MINUTE - MINUTE / 60).id == FIRST
    assert audits.open(second, NOW + 20 * MINUTE, NOW + 10 * MINUTE) == second
    assert take(audits, at=11) is None
    assert taken(audits, SECOND, at=11).run == second


def test_late_worker_gets_its_run_while_nobody_else_has_the_customer(audits: Audits) -> None:
    opened(audits)
    assert taken(audits, at=300).until == NOW + 305 * MINUTE
    assert not is_free(audits, at=304)


# --- the run is one worker's


def test_run_is_one_workers_at_a_time(audits: Audits) -> None:
    opened(audits)
    assert taken(audits, worker="w1").worker == "w1"
    assert take(audits, worker="w2", at=4) is None
    assert taken(audits, worker="w2", at=5).worker == "w2"
    assert take(audits, worker="w1", at=6) is None


def test_run_is_taken_up_at_its_step_only(audits: Audits) -> None:
    opened(audits)
    assert take(audits, step=1) is None
    handed = audits.hand_over(taken(audits), further(run(FIRST), step=1), NOW + 10 * MINUTE)
    assert handed is not None
    assert take(audits, step=0) is None
    assert take(audits, step=2) is None
    assert taken(audits, step=1, worker="w2").run == handed


def test_run_that_has_ended_is_nobodys(audits: Audits) -> None:
    opened(audits)
    audits.end(taken(audits), finished(run(FIRST)))
    assert take(audits) is None
    assert take(audits, at=60) is None


def test_worker_that_comes_again_takes_over_from_its_earlier_self(audits: Audits) -> None:
    """GIVEN an invocation made again WHEN the first one still lives THEN the second has the run, the first none."""
    opened(audits)
    earlier = taken(audits)
    kept = audits.keep(earlier, further(earlier.run))
    assert kept is not None
    later = taken(audits, at=1)
    assert later.run == kept.run
    assert audits.keep(kept, further(kept.run)) is None
    assert audits.keep(later, further(later.run)) is not None


@pytest.mark.parametrize("heir", ["w1", "w2"])
def test_worker_that_lost_its_claim_stores_nothing_more(audits: Audits, heir: str) -> None:
    """GIVEN a worker whose time was over WHEN another has the run THEN it can neither keep, hand over nor end it."""
    opened(audits)
    late = taken(audits)
    mine = taken(audits, worker=heir, at=6)
    stored = further(mine.run, position="4711")
    kept = audits.keep(mine, stored)
    assert kept is not None

    assert audits.keep(late, further(late.run)) is None
    assert audits.hand_over(late, further(late.run, step=1), NOW + 99 * MINUTE) is None
    assert not audits.end(late, finished(late.run))

    assert audits.get(CUSTOMER, FIRST) == stored
    assert not is_free(audits, at=7)
    assert audits.end(kept, finished(stored))


def test_handed_over_run_waits_for_its_next_step(audits: Audits) -> None:
    """GIVEN a run at step 0 WHEN handed over THEN the customer stays taken, and the next worker goes on from there."""
    opened(audits)
    claim = taken(audits)
    done = further(claim.run, position="4711", step=1)
    handed = audits.hand_over(claim, done, NOW + 20 * MINUTE)
    assert handed == done == audits.get(CUSTOMER, FIRST)
    assert audits.keep(claim, further(claim.run)) is None
    assert audits.open(run(SECOND), NOW + 30 * MINUTE, NOW + 19 * MINUTE) == done

    heir = taken(audits, step=1, worker="w2", at=1)
    assert heir.run == done
    assert audits.end(heir, finished(done))


def test_handed_over_run_that_nobody_takes_up_leaves_the_customer_free(audits: Audits) -> None:
    opened(audits)
    handed = audits.hand_over(taken(audits), further(run(FIRST)), NOW + 10 * MINUTE)
    assert handed is not None
    assert is_free(audits, at=10)
    assert take(audits, step=1, at=11) is None


def test_what_a_worker_stored_may_be_asked_again(audits: Audits) -> None:
    """GIVEN answers that got lost WHEN the same is asked again THEN it is known to be done, and done once."""
    opened(audits)
    claim = taken(audits)
    done = further(claim.run)
    assert audits.keep(claim, done) == audits.keep(claim, done) == replace(claim, run=done)
    handed = audits.hand_over(claim, done, NOW + 10 * MINUTE)
    assert handed is not None
    assert handed.step == 1
    assert audits.hand_over(claim, done, NOW + 10 * MINUTE) == handed
    heir = taken(audits, step=1, worker="w2")
    assert audits.hand_over(claim, done, NOW + 10 * MINUTE) is None, "the next step has it already"
    assert audits.end(heir, finished(handed))
    assert audits.end(heir, finished(handed))
    assert not audits.end(heir, replace(finished(handed), cause="another end"))

    second = opened(audits, SECOND)
    assert audits.end(heir, finished(handed)), "whoever has the customer by now"
    assert audits.open(run(THIRD), NOW + MINUTE, NOW) == second


# --- runs that nobody works on


def test_run_without_a_worker_can_be_abandoned(audits: Audits) -> None:
    new = opened(audits)
    stopped = replace(new, state=RunState.STOPPED, ended_at=NOW, cause="nobody came")
    assert audits.abandon(stopped, NOW)
    assert audits.get(CUSTOMER, FIRST) == stopped
    assert audits.abandon(stopped, NOW), "asked again, it is done"
    assert not audits.abandon(replace(stopped, cause="another"), NOW)
    assert audits.get(CUSTOMER, FIRST) == stopped
    assert take(audits) is None
    assert is_free(audits, at=0)


def test_run_with_a_worker_is_not_abandoned(audits: Audits) -> None:
    opened(audits)
    claim = taken(audits)
    assert not audits.abandon(finished(claim.run), claim.until - MINUTE / 60)
    assert audits.keep(claim, further(claim.run)) is not None
    assert audits.abandon(finished(claim.run), claim.until)
    assert audits.keep(claim, further(claim.run)) is None
    assert is_free(audits, at=5)


def test_run_that_went_on_is_not_abandoned(audits: Audits) -> None:
    opened(audits)
    handed = audits.hand_over(taken(audits), further(run(FIRST)), NOW + 10 * MINUTE)
    assert handed is not None
    assert not audits.abandon(finished(run(FIRST)), NOW + 60 * MINUTE)
    assert audits.get(CUSTOMER, FIRST) == handed
    assert not is_free(audits, at=9)


def test_abandoned_run_leaves_the_customer_to_the_one_that_has_it(audits: Audits) -> None:
    opened(audits)
    second = opened(audits, SECOND, at=10)
    assert audits.abandon(finished(run(FIRST)), NOW + 10 * MINUTE)
    assert audits.get(CUSTOMER, FIRST).state in ENDED
    assert audits.open(run(THIRD), NOW + 30 * MINUTE, NOW + 19 * MINUTE) == second


# --- plans


def test_plan_leads_to_the_latest_run_that_gave_it(audits: Audits) -> None:
    with pytest.raises(NotFoundError, match="abc"):
        audits.with_plan("abc")
    for name in (FIRST, SECOND):
        opened(audits, name)
        audits.end(taken(audits, name), replace(finished(run(name)), checksum="abc"))
    audits.remember_plan(audits.get(CUSTOMER, SECOND))
    audits.remember_plan(audits.get(CUSTOMER, FIRST))
    audits.remember_plan(audits.get(CUSTOMER, SECOND))
    assert audits.with_plan("abc") == audits.get(CUSTOMER, SECOND)
    with pytest.raises(NotFoundError):
        audits.with_plan("abcd")


# --- findings


@_EXAMPLES
@given(found=st.lists(findings, max_size=8, unique_by=lambda each: (each.number, each.code)))
def test_any_finding_survives(audits: Audits, found: list[Finding]) -> None:
    """GIVEN any findings, in any order WHEN recorded THEN they are read as they were written, by their numbers."""
    customer = f"c{abs(hash(tuple(found)))}"
    audits.record(run(customer=customer), found)
    batches = list(audits.findings(run(customer=customer)))
    assert [each for batch in batches for each in batch] == sorted(found, key=lambda each: (each.number, each.code))
    for one, next_one in pairwise(batches):
        assert one[-1].number < next_one[0].number


def test_finding_takes_the_place_of_an_earlier_one(audits: Audits) -> None:
    audits.record(run(), [finding("1"), finding("2")])
    corrected = finding("1", outcome=FindingOutcome.CORRECTED, cause="done")
    audits.record(run(), [corrected, finding("3"), finding("3", cause="the last of two counts")])
    audits.record(run(), [])
    third = finding("3", cause="the last of two counts")
    assert stream(audits, run()) == [corrected, finding("2"), third]


def test_findings_are_their_runs_own(audits: Audits) -> None:
    audits.record(run(FIRST), [finding("1")])
    audits.record(run(SECOND), [finding("2")])
    audits.record(run(FIRST, "other"), [finding("3")])
    assert stream(audits, run(FIRST)) == [finding("1")]
    assert stream(audits, run(SECOND)) == [finding("2")]
    assert stream(audits, run(FIRST, "other")) == [finding("3")]
    assert stream(audits, run(SECOND, "other")) == []
    assert audits.finding_page(FindingQuery(customer="other", run=SECOND), 10, None).findings == ()


def test_findings_go_on_behind_a_number(audits: Audits) -> None:
    """GIVEN numbers of which one begins like another WHEN going on behind one THEN none is left out or read twice."""
    stored = [finding(number, code) for number in ("#1", "*1", "+1", "1", "12", "123", "13") for code in FindingCode]
    audits.record(run(), stored)
    by_number = sorted(stored, key=lambda each: (each.number, each.code))
    assert stream(audits, run()) == by_number
    for after in ("#", "#1", "*1", "+1", "1", "11", "12", "121", "123", "124", "13", "99"):
        assert stream(audits, run(), after) == [each for each in by_number if each.number > after]


def stream(audits: Audits, of: AuditRun, after: str = "") -> list[Finding]:
    """All findings behind a number, one after the other."""
    return [each for batch in audits.findings(of, after) for each in batch]


def test_findings_of_one_number_stay_together_over_all_pages(aws: Aws) -> None:
    """GIVEN megabytes of findings, several for each number THEN those of a number come in one batch."""
    some = list(FindingCode)[:4]
    stored = [finding(number, code, reason="x" * 6000) for number in listed(110) for code in some]
    aws.audits.record(run(), stored)
    aws.meter.reset()
    batches = list(aws.audits.findings(run()))
    assert aws.meter.requests["Query"] >= 3
    assert [each.number for batch in batches for each in batch] == [number for number in listed(110) for _ in some]
    assert all(sum(each.number == batch[-1].number for each in batch) == len(some) for batch in batches)


# --- pages of findings


def all_pages(audits: Audits, query: FindingQuery, limit: int) -> Iterator[Finding]:
    """Page through to the end."""
    after: str | None = None
    while True:
        page = audits.finding_page(query, limit, after)
        assert len(page.findings) <= limit
        yield from page.findings
        if page.last is None:
            return
        assert after is None or page.last > after, "a page must come forward"
        after = page.last


@pytest.mark.parametrize("limit", [1, 7, 60, 500])
def test_paging_finds_every_matching_finding_once(audits: Audits, limit: int) -> None:
    codes, outcomes = list(FindingCode), list(FindingOutcome)
    stored = [
        finding(number, codes[(index + extra) % len(codes)], outcome=outcomes[index % len(outcomes)])
        for index, number in enumerate(listed(30))
        for extra in (0, 1)
    ]
    audits.record(run(), stored)
    for code in (None, codes[0], codes[3]):
        for outcome in (None, outcomes[0], outcomes[2]):
            query = FindingQuery(customer=CUSTOMER, run=run().id, code=code, outcome=outcome)
            expected = sorted(
                (each for each in stored if code in {None, each.code} and outcome in {None, each.outcome}),
                key=lambda each: (each.number, each.code),
            )
            assert list(all_pages(audits, query, limit)) == expected


def test_page_of_findings_that_finds_little_stays_bounded(aws: Aws) -> None:
    """GIVEN 301 findings of which one matches WHEN listed by ones THEN no page takes more than ten requests."""
    aws.audits.record(run(), [*(finding(number) for number in listed(300)), finding("5", FindingCode.CONFLICT)])
    query = FindingQuery(customer=CUSTOMER, run=run().id, code=FindingCode.CONFLICT)
    after: str | None = None
    found: list[Finding] = []
    for _ in range(20):
        aws.meter.reset()
        page = aws.audits.finding_page(query, 1, after)
        assert aws.meter.total_requests <= 10
        found += page.findings
        after = page.last
        if after is None:
            break
    assert found == [finding("5", FindingCode.CONFLICT)]


# --- beyond the port: what the table promises


def items(aws: Aws) -> list[dict[str, dict[str, str]]]:
    """All items of the table."""
    return aws.client.scan(TableName=aws.tables.audits)["Items"]  # type: ignore[return-value]


def test_all_but_locks_and_customers_is_forgotten_after_the_set_time(aws: Aws) -> None:
    """GIVEN runs, plans and findings THEN each says when DynamoDB may forget it; who was audited is never forgotten."""
    opened(aws.audits)
    claim = taken(aws.audits)
    aws.audits.record(claim.run, [finding("1"), finding("2")])
    kept = aws.audits.keep(claim, further(claim.run, checksum="abc"))
    assert kept is not None
    aws.audits.remember_plan(kept.run)

    kept_for_good = {item["part"]["S"] for item in items(aws) if "expires_at" not in item}
    assert kept_for_good == {"lock"}
    expiries = [item["expires_at"]["N"] for item in items(aws) if "expires_at" in item]
    assert expiries == [str(int((NOW + RETENTION).timestamp()))] * 4

    assert aws.audits.end(kept, replace(finished(kept.run), numbers=1))
    assert {item["part"]["S"] for item in items(aws) if "expires_at" not in item} == {CUSTOMER}


def test_table_is_told_which_attribute_is_the_time_to_forget() -> None:
    import yaml

    template = yaml.load(TEMPLATE.read_text(encoding="utf-8"), TemplateLoader)  # noqa: S506 - built on the safe loader
    table = template["Resources"]["AuditsTable"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def run_key(name: str = FIRST) -> dict[str, dict[str, str]]:
    return {"owner": {"S": CUSTOMER}, "part": {"S": f"run#{name}"}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("state", {"S": "dreaming"}),
        ("state", None),
        ("mode", {"S": "destroy"}),
        ("codes", {"SS": ["orphaned", "from_the_future"]}),
        ("created_at", None),
        ("updated_at", {"S": "yesterday"}),
        ("step", {"S": "one"}),
        ("counts", {"M": {"from_the_future": {"M": {"reported": {"N": "1"}}}}}),
        ("counts", {"M": {"orphaned": {"M": {"forgotten": {"N": "1"}}}}}),
        ("counts", {"M": {"orphaned": {"M": {"reported": {"S": "1"}}}}}),
    ],
)
def test_broken_run_is_named_and_the_others_are_listed(aws: Aws, name: str, value: dict[str, object] | None) -> None:
    """GIVEN two runs of which one is spoilt, or of a newer release THEN it is named, and the other one is listed."""
    for each in (FIRST, SECOND):
        opened(aws.audits, each)
        aws.audits.end(taken(aws.audits, each), finished(run(each)))
    change(aws, aws.tables.audits, run_key(), name, value)
    with pytest.raises(RecordBrokenError, match=f"audit {FIRST} of customer {CUSTOMER}"):
        aws.audits.get(CUSTOMER, FIRST)
    assert [each.id for each in aws.audits.page(CUSTOMER, 10, None).runs] == [SECOND]
    assert [error.what for error in aws.broken] == [f"audit {FIRST} of customer {CUSTOMER}"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", {"S": "from_the_future"}),
        ("outcome", {"S": "forgotten"}),
        ("outcome", None),
        ("frees", {"S": "yes"}),
        ("evidence", {"S": "x"}),
        ("evidence", {"L": [{"M": {"device": {"S": "sbc-1"}, "word": {"S": "mumbles"}}}]}),
    ],
)
def test_broken_finding_is_named_and_never_left_out_of_a_plan(
    aws: Aws, name: str, value: dict[str, object] | None
) -> None:
    """GIVEN findings of which one is spoilt THEN a page reports it and shows the others, and a plan cannot be had."""
    opened(aws.audits)
    aws.audits.record(run(FIRST), [finding("1"), finding("2")])
    key = {"owner": {"S": f"{CUSTOMER}#{FIRST}"}, "part": {"S": "1 orphaned"}}
    change(aws, aws.tables.audits, key, name, value)
    said = f"finding 1 orphaned of audit {FIRST} of customer {CUSTOMER}"
    with pytest.raises(RecordBrokenError, match=said):
        list(aws.audits.findings(run(FIRST)))
    page = aws.audits.finding_page(FindingQuery(customer=CUSTOMER, run=FIRST), 10, None)
    assert page.findings == (finding("2"),)
    assert [error.what for error in aws.broken] == [said]


def test_lock_that_names_no_run_lets_nobody_in_before_its_time_is_over(aws: Aws) -> None:
    """GIVEN a table that lost a run WHEN another is opened THEN the lock counts till its end, and not longer."""
    opened(aws.audits)
    aws.client.delete_item(TableName=aws.tables.audits, Key=run_key())
    with pytest.raises(StorageBusyError, match="taken"):
        aws.audits.open(run(SECOND), NOW + 20 * MINUTE, NOW)
    assert aws.audits.open(run(SECOND), NOW + 20 * MINUTE, NOW + 10 * MINUTE).id == SECOND


def test_run_whose_lock_was_lost_gets_it_back_with_its_worker(aws: Aws) -> None:
    """GIVEN a table of which the lock was lost WHEN the run is claimed THEN the customer is taken again."""
    opened(aws.audits)
    aws.client.delete_item(TableName=aws.tables.audits, Key={"owner": {"S": CUSTOMER}, "part": {"S": "lock"}})
    taken(aws.audits)
    assert not is_free(aws.audits, at=4)


def test_finding_of_a_number_with_blanks_is_read_as_it_was_written(aws: Aws) -> None:
    """GIVEN a number that some other hand has spelled with blanks WHEN its finding is read THEN it is whole."""
    odd = finding("+49 30 123")
    opened(aws.audits)
    claim = taken(aws.audits)
    aws.audits.record(claim.run, [odd])
    assert [each for batch in aws.audits.findings(claim.run) for each in batch] == [odd]
