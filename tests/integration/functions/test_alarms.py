"""Alarms: none is raised by a system that is well and at rest, and each by a run that has what it is for.

The metrics of the product are those that its functions write here; those of AWS itself are made up, as AWS would send
them.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from number_inventory.bootstrap import lookups, number_changes
from number_inventory.domain.device_health import WELL
from number_inventory.domain.devices import Health
from number_inventory.domain.errors import StorageBusyError
from number_inventory.domain.findings import FindingCode
from number_inventory.domain.macros import AUDIOCODES_COOLING_DURATION
from number_inventory.domain.numbers import NumberRecord, Status, Usage
from number_inventory.observability import BACKLOG, SCHEDULED, WATCHED
from simulator.server import Simulator
from tests.integration.functions.account import API, AUDIT, DISPATCHER, RELEASE, WORKER, Account, Ran, batch
from tests.integration.functions.alarms import OWN, Alarm, Datum, Series, alarms, template, ticks, written_by
from tests.integration.functions.api_requests import add, lookup
from tests.integration.functions.conftest import users
from tests.integration.functions.test_api_jobs import RANGE
from tests.integration.functions.test_stock import WATCH
from tests.unit.adapters.test_stock_events import Bus

MINUTES, DAY = 60.0, 24 * 3600.0
LONG_AGO = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
MESSAGE = batch({"customer": "acme", "device": "sbc-1", "scheduled": True})
ALARMS = alarms()
Broken = Callable[["Plant"], Ran]


class Plant:
    """An account with one device that is well, and what breaks it."""

    def __init__(self, account: Account, simulator: Simulator, patch: pytest.MonkeyPatch) -> None:
        self.account, self.device, self.patch = account, simulator.devices["sbc-1"], patch
        self.key = account.add_device("sbc-1", simulator)
        self.sync()

    def sync(self) -> Ran:
        return self.account.run(WORKER, MESSAGE)

    def audit(self) -> Ran:
        return self.account.run(AUDIT, {"customer": "acme", "mode": "correct"})


@pytest.fixture
def plant(account: Account, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """A plant that is well."""
    monkeypatch.setenv("EVENT_BUS", "numbers")
    monkeypatch.setattr(account.engine.session(), "events", Bus)
    return Plant(account, simulator, monkeypatch)


def of_aws(namespace: str, name: str, resource: tuple[str, str], every: float, value: float) -> list[Datum]:
    """A metric that AWS sends of a resource, for as long as any alarm looks back."""
    series = Series(namespace, name, frozenset({resource}))
    return [Datum(series, ago, value) for ago in ticks(every, 3 * DAY)]


def _iterator_age(milliseconds: float) -> list[Datum]:
    return of_aws("AWS/Lambda", "IteratorAge", ("FunctionName", "RecordHistory"), 5 * MINUTES, milliseconds)


def _api_metric(value: float) -> list[Datum]:
    series = Series(
        "AWS/ApiGateway", "5XXError", frozenset({("ApiName", "${AWS::StackName}-numbers"), ("Stage", "v1")})
    )
    return [Datum(series, ago, value) for ago in ticks(5 * MINUTES, DAY)]


HEARTBEATS = {
    "SyncHeartbeatAlarm": ("SyncDispatcher", DISPATCHER, 5 * MINUTES),
    "ReleaseHeartbeatAlarm": ("ReleaseCooled", RELEASE, 5 * MINUTES),
    "AuditHeartbeatAlarm": ("Audit", AUDIT, DAY),
    "StockHeartbeatAlarm": ("WatchStock", WATCH, DAY),
}
"""The function whose schedule each watches, its handler, and how often it runs by default."""

QUEUES = ("SyncDeadLetters", "ScheduleDeadLetters", "InvocationDeadLetters", "HistoryDeadLetters")


def aws_at_rest() -> list[Datum]:
    """What AWS sends of a stack that is well: queues are empty, nobody gets an error."""
    data = [*_api_metric(0), *_iterator_age(900)]
    for queue in QUEUES:
        visible = "ApproximateNumberOfMessagesVisible"
        data += of_aws("AWS/SQS", visible, ("QueueName", f"{queue}.QueueName"), 5 * MINUTES, 0)
    oldest = "ApproximateAgeOfOldestMessage"
    return data + of_aws("AWS/SQS", oldest, ("QueueName", "SyncQueue.QueueName"), 5 * MINUTES, 20)


def schedule_of(function: str) -> tuple[str, dict[str, Any]]:
    """The schedule of a function: the logical id that SAM gives it, and the event that it sends by default."""
    [(name, event)] = template()["Resources"][function]["Properties"]["Events"].items()
    mode = template()["Parameters"]["AuditMode"]["Default"]
    sent: dict[str, Any] = json.loads(event["Properties"]["Input"].replace("${AuditMode}", mode))
    return function + name, sent


def test_a_system_that_is_well_raises_no_alarm(plant: Plant) -> None:
    """GIVEN every function on its schedule with nothing to do WHEN all metrics are there THEN no alarm is raised.

    What the functions themselves send then is what alarms wait for, and no more: each is charged by the hour.
    """
    account = plant.account
    runs = [
        (plant.sync(), 5 * MINUTES),
        (account.run(API, lookup("acme", "4711")), 5 * MINUTES),
        *((account.run(handler, schedule_of(name)[1]), every) for name, handler, every in HEARTBEATS.values()),
    ]
    assert [ran.error for ran, _ in runs] == [None] * len(runs)
    data = aws_at_rest() + [datum for ran, every in runs for datum in written_by(ran, every, 3 * DAY)]

    assert [alarm.name for alarm in ALARMS.values() if alarm.fires(data)] == []
    assert {series.name for series in {datum.series for datum in data} if series.namespace == OWN} <= (
        WATCHED | {SCHEDULED, "AuditsEnded", "NumbersAudited"}
    ), "metrics that are sent all the time are charged all the time"


# --- one broken thing for each alarm that the product's own metrics raise


def _a_bug(plant: Plant) -> Ran:
    plant.patch.setattr(lookups, "look_up_numbers", lambda _settings: 1 / 0)
    return plant.account.run(API, lookup("acme", "4711"))


def _busy(plant: Plant) -> Ran:
    def refused(*_: object, **__: object) -> None:
        raise StorageBusyError("could not read: throttled")

    plant.patch.setattr(number_changes, "release_cooled", lambda *_: SimpleNamespace(release=refused))
    return plant.account.run(RELEASE, {})


def _removals_wait(plant: Plant) -> Ran:
    plant.account.macros.put("acme", AUDIOCODES_COOLING_DURATION, "two")
    plant.device.replace_users(users("4711"))
    return plant.sync()


def _removals_held(plant: Plant) -> Ran:
    plant.account.macros.put("acme", "audiocodes_removal_guard_count", "1")
    plant.device.replace_users(users("4711"))
    return plant.sync()


def _wrong_password(plant: Plant) -> Ran:
    plant.device.arm("wrong-password")
    return plant.sync()


def _out_of_time(plant: Plant) -> Ran:
    plant.account.put(NumberRecord(customer="acme", number="1", status=Status.COOLING, release_date=LONG_AGO))
    return plant.account.run(RELEASE, {}, seconds_left=5)


def _conflict(plant: Plant) -> Ran:
    plant.account.damage("4711", vendor="Microsoft", usage=Usage.USER)
    return plant.audit()


def _many_corrections(plant: Plant) -> Ran:
    overdue = [
        NumberRecord(customer="acme", number=str(9000 + n), status=Status.COOLING, release_date=LONG_AGO)
        for n in range(21)
    ]
    plant.account.put(*overdue)
    return plant.audit()


def _audit_held(plant: Plant) -> Ran:
    plant.account.macros.put("acme", AUDIOCODES_COOLING_DURATION, "two")
    plant.account.put(
        NumberRecord(customer="acme", number="9", status=Status.USED, usage=Usage.DEVICE, vendor="AudioCodes")
    )
    return plant.audit()


def _audit_stopped(plant: Plant) -> Ran:
    plant.patch.setenv("NUMBERS_TABLE", "no-such-table")
    return plant.audit()


def _job_stopped(plant: Plant) -> Ran:
    plant.account.run(API, add(RANGE))
    plant.patch.setenv("NUMBERS_TABLE", "no-such-table")
    [step] = plant.account.invocations.taken()
    return plant.account.run("functions.number_jobs.handler", step)


BROKEN: dict[str, Broken] = {
    "RunsFailedAlarm": _a_bug,
    "RunsThrottledAlarm": _busy,
    "RemovalsWaitingAlarm": _removals_wait,
    "RemovalsHeldAlarm": _removals_held,
    "SyncsNotAppliedAlarm": _wrong_password,
    "ReleaseBacklogAlarm": _out_of_time,
    "AuditConflictsAlarm": _conflict,
    "AuditCorrectionsAlarm": _many_corrections,
    "AuditHeldAlarm": _audit_held,
    "AuditsStoppedAlarm": _audit_stopped,
    "NumbersNotAddedAlarm": _job_stopped,
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_raises_its_alarm(plant: Plant, name: str) -> None:
    """GIVEN something broken WHEN its runs come as a schedule has them THEN the alarm for it is raised."""
    ran = BROKEN[name](plant)
    alarm = ALARMS[name]
    data = written_by(ran, min(5 * MINUTES, alarm.properties["Period"]), alarm.window_seconds)

    assert alarm.fires(data), (sorted(ran.counted()), alarm.series)


@pytest.mark.parametrize("fault", ["unreachable", "wrong-password", "failed-status", "html-login-page"])
def test_a_device_that_fails_raises_the_alarm_for_as_long_as_it_does(plant: Plant, fault: str) -> None:
    """GIVEN a device that is asked less often, since it fails, WHEN each schedule asks THEN the alarm stays raised."""
    plant.device.arm(fault)
    alarm = ALARMS["SyncsNotAppliedAlarm"]
    for _ in range(3):
        data = written_by(plant.sync(), 5 * MINUTES, alarm.window_seconds)
        assert alarm.fires(data)


def _queue_of(alarm: Alarm) -> list[Datum]:
    [queue] = alarm.series.dimensions
    return of_aws("AWS/SQS", alarm.series.name, queue, 5 * MINUTES, 90 * MINUTES)


OF_AWS: dict[str, Callable[[Alarm], list[Datum]]] = {
    **dict.fromkeys([f"{queue}Alarm" for queue in QUEUES], _queue_of),
    "SyncsWaitingAlarm": _queue_of,
    "HistoryBehindAlarm": lambda _alarm: _iterator_age(600_001),
    "ApiErrorsAlarm": lambda _alarm: _api_metric(1),
    **dict.fromkeys(HEARTBEATS, lambda _alarm: []),
}


@pytest.mark.parametrize("name", OF_AWS)
def test_what_aws_tells_raises_its_alarm(name: str) -> None:
    """GIVEN a full queue, a late stream, server errors, or a schedule that is silent THEN its alarm is raised."""
    alarm = ALARMS[name]
    others = [datum for datum in aws_at_rest() if datum.series != alarm.series]

    assert alarm.fires([*others, *OF_AWS[name](alarm)])


def test_every_alarm_is_tried() -> None:
    """GIVEN the template's alarms WHEN compared with what is broken here THEN none is left out."""
    assert set(ALARMS) == BROKEN.keys() | OF_AWS.keys()


@pytest.mark.parametrize("name", HEARTBEATS)
def test_runs_by_hand_do_not_hide_that_a_schedule_is_dead(plant: Plant, name: str) -> None:
    """GIVEN a schedule that is dead WHEN its function is run by hand again and again THEN its alarm stays raised.

    The event that the schedule sends ends it, whatever becomes of the run: failures have alarms of their own.
    """
    function, handler, every = HEARTBEATS[name]
    alarm, account = ALARMS[name], plant.account
    by_hand = account.run(handler, {})
    assert by_hand.error is None
    assert alarm.fires(written_by(by_hand, 5 * MINUTES, alarm.window_seconds))

    for failing in (False, True):
        for table in ("DEVICES_TABLE", "HISTORY_TABLE", "NUMBERS_TABLE")[: 3 * failing]:
            plant.patch.setenv(table, "no-such-table")
        ran = account.run(handler, schedule_of(function)[1])
        assert (ran.error is not None) is failing
        assert not alarm.fires(written_by(ran, every, alarm.window_seconds))


@pytest.mark.parametrize("name", HEARTBEATS)
def test_a_heartbeat_is_listened_for_once_there_is_a_schedule(name: str) -> None:
    """GIVEN a stack that is made WHEN its alarms come THEN after their schedules, which begin with a run at once."""
    function, *_ = HEARTBEATS[name]

    assert template()["Resources"][name]["DependsOn"] == schedule_of(function)[0]
    assert ALARMS[name].series.dimensions == {("service", _service(function))}


def _service(function: str) -> str:
    properties = template()["Resources"][function]["Properties"]
    named: str = properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    return named


def test_one_late_run_of_a_daily_schedule_is_no_silence() -> None:
    """GIVEN a daily schedule whose last run was 25 hours ago WHEN looked at THEN no alarm; after 27 hours, one."""
    alarm = ALARMS["AuditHeartbeatAlarm"]
    for hours, raised in ((25, False), (27, True)):
        assert alarm.fires([Datum(alarm.series, hours * 3600.0, 1)]) is raised


# --- the dashboard


def test_the_dashboard_shows_what_there_is() -> None:
    """GIVEN the dashboard WHEN it is read THEN it is valid, and functions send each metric of ours in it."""
    properties = template()["Resources"]["Dashboard"]["Properties"]
    shown = [each["properties"] for each in json.loads(properties["DashboardBody"])["widgets"]]
    own = {metric[1] for each in shown for metric in each.get("metrics", []) if metric[0] == OWN}
    handlers = "".join(path.read_text(encoding="utf-8") for path in Path("functions").glob("*/*.py"))
    made = {f"Findings_{code}" for code in FindingCode} | {f"InStatus_{status}" for status in Status}
    made |= {BACKLOG} | {f"Devices_{health}" for health in Health if health not in WELL}

    assert [name for name in own - made if f'"{name}"' not in handlers] == []
    assert own >= {alarm.series.name for alarm in ALARMS.values() if alarm.series.dimensions and "Rem" in alarm.name}
    assert {f"InStatus_{status}" for status in Status} | {f"Findings_{code}" for code in FindingCode} < own
    assert all(each["region"] == "${AWS::Region}" for each in shown if "alarms" not in each)
    [ages] = [each["query"] for each in shown if "query" in each]
    assert all(f"sync.{field}" in ages for field in ("device.customer", "device.name", "result", "health"))


# --- what an alarm says


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_leads_to_its_entry_in_the_runbook(name: str) -> None:
    """GIVEN an alarm WHEN it is read THEN it says what is wrong and ends with the address of an entry, whole."""
    said = ALARMS[name].properties["AlarmDescription"]
    what, _, anchor = said.partition(" ${RunbookUrl}#")
    entries = dict(
        re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", Path("docs/runbook.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
    by_anchor = {heading.lower().replace(" ", "-"): entry for heading, entry in entries.items()}

    assert len(what) > 40
    assert len(said) < 900, "CloudWatch takes 1,024 characters"
    assert [part for part in ("Means:", "Look at:", "Do:", "Ends:") if f"**{part}**" not in by_anchor[anchor]] == []


def test_the_runbook_has_no_entry_that_nothing_leads_to() -> None:
    """GIVEN the runbook WHEN compared with the alarms THEN there is one entry for each."""
    headings = re.findall(r"^## (.+)$", Path("docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {alarm.properties["AlarmDescription"].partition("#")[2] for alarm in ALARMS.values()}

    assert {heading.lower().replace(" ", "-") for heading in headings} == anchors
    assert len(anchors) == len(ALARMS)


def test_alarms_go_to_the_topic_and_heartbeats_with_their_schedules() -> None:
    """GIVEN an alarm WHEN it is raised THEN the topic is told; where schedules are off nobody waits for them."""
    for name, resource in template()["Resources"].items():
        if name in ALARMS:
            assert resource["Properties"]["AlarmActions"] == ["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"], name
            assert resource.get("Condition") == ("Scheduled" if "Heartbeat" in name else None)
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == OWN
