"""The shape of the deployment: data that survives, failures that are kept, parameters that explain themselves."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from number_inventory import settings
from number_inventory.adapters.aws import AwsSession
from number_inventory.domain.checkup import INDEXES
from number_inventory.events import AuditEvent, read_audit_event
from number_inventory.observability import BACKLOG, FAILED, SCHEDULED, THROTTLED, WATCHED

Resources = dict[str, dict[str, Any]]
Template = dict[str, Any]

# A key is named when credentials are stored; to read them no function needs its name.
_FOR_STORING_CREDENTIALS = "CREDENTIALS_KEY_ARN"


def _of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def test_tables_outlive_the_stack(resources: Resources) -> None:
    """GIVEN a table WHEN the stack is deleted or the table replaced THEN it stays, and it can be restored."""
    tables = _of_type(resources, "AWS::DynamoDB::Table")

    assert len(tables) == 9
    for name, table in tables.items():
        properties = table["Properties"]
        assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain", name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, name
        assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["ProtectTables", True, False]}, name
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name


def test_the_doctor_knows_every_index(resources: Resources) -> None:
    """GIVEN the tables with indexes WHEN the doctor looks at them THEN it misses each that is not there."""
    tables = _of_type(resources, "AWS::DynamoDB::Table")
    indexes = {name: table["Properties"].get("GlobalSecondaryIndexes", []) for name, table in tables.items()}
    assert {name: tuple(each["IndexName"] for each in some) for name, some in indexes.items() if some} == INDEXES
    assert [name for name, table in tables.items() if "StreamSpecification" in table["Properties"]] == ["NumbersTable"]


def test_indexes_project_keys_only(resources: Resources) -> None:
    """GIVEN an index WHEN a number changes THEN nothing beyond its keys is written a second time."""
    for table in _of_type(resources, "AWS::DynamoDB::Table").values():
        for index in table["Properties"].get("GlobalSecondaryIndexes", []):
            assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}, index["IndexName"]


def test_messages_stay_hidden_for_six_timeouts(template: Template) -> None:
    """GIVEN every timeout that the worker may have WHEN a message is taken THEN it stays hidden six times as long."""
    timeouts = template["Parameters"]["WorkerTimeout"]["AllowedValues"]
    mapping = template["Mappings"]["WorkerTimeouts"]

    assert set(mapping) == set(timeouts)
    for timeout in timeouts:
        assert mapping[timeout]["VisibilityTimeout"] == 6 * int(timeout)


def test_a_message_in_its_third_try_is_late(template: Template, resources: Resources) -> None:
    """GIVEN a message that two dead workers had taken WHEN it is taken anew THEN it is too early to call it late."""
    alarm = resources["SyncsWaitingAlarm"]["Properties"]
    assert alarm["Threshold"] == {"Fn::FindInMap": ["WorkerTimeouts", {"Ref": "WorkerTimeout"}, "Late"]}
    for times in template["Mappings"]["WorkerTimeouts"].values():
        assert times["Late"] >= max(3600, 2 * times["VisibilityTimeout"] + alarm["Period"])


def test_nothing_waits_for_what_may_be_left_out(resources: Resources) -> None:
    """GIVEN resources that a condition leaves out WHEN others wait for resources THEN for none of these.

    CloudFormation would leave out the others, too; cfn-lint does not see it where SAM's own names could be meant.
    """
    conditional = {name for name, resource in resources.items() if "Condition" in resource}
    assert conditional
    for name, resource in resources.items():
        waits = resource.get("DependsOn", [])
        assert not conditional & set([waits] if isinstance(waits, str) else waits), name


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARN", "ERROR"])
def test_metrics_pass_at_every_level(template: Template, resources: Resources, level: str) -> None:
    """GIVEN any level WHEN metrics are written, lines without a level THEN Lambda keeps them: to it they are INFO."""
    assert level in template["Parameters"]["LogLevel"]["AllowedValues"]
    assert template["Conditions"]["LogsDebug"] == {"Fn::Equals": [{"Ref": "LogLevel"}, "DEBUG"]}
    for name, function in _of_type(resources, "AWS::Serverless::Function").items():
        kept = function["Properties"]["LoggingConfig"]["ApplicationLogLevel"]
        assert kept == {"Fn::If": ["LogsDebug", "DEBUG", "INFO"]}, name
    assert template["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


def test_every_role_can_be_bounded(resources: Resources) -> None:
    """GIVEN an account whose roles need a boundary WHEN it is named THEN every role of the stack has it."""
    bound = {"Fn::If": ["HasRoleBoundary", {"Ref": "RoleBoundaryArn"}, {"Ref": "AWS::NoValue"}]}
    assert {
        role["Properties"]["PermissionsBoundary"] == bound for role in _of_type(resources, "AWS::IAM::Role").values()
    } == {True}


def test_the_end_of_an_alarm_is_told_to_whom_its_beginning_was(resources: Resources) -> None:
    for name, alarm in _of_type(resources, "AWS::CloudWatch::Alarm").items():
        assert alarm["Properties"]["OKActions"] == alarm["Properties"]["AlarmActions"], name


def test_failures_are_kept(resources: Resources) -> None:
    """GIVEN a scheduled function WHEN it is not reached, or fails THEN either is kept in a queue of its own kind."""
    functions = _of_type(resources, "AWS::Serverless::Function")
    scheduled = 0
    for name, function in functions.items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] != "ScheduleV2":
                continue
            scheduled += 1
            assert event["Properties"]["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": "ScheduleDeadLetters.Arn"}}, name
            assert event["Properties"]["RetryPolicy"]["MaximumRetryAttempts"] > 0, name
            failed = function["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
            assert failed["Destination"] == {"Fn::GetAtt": "InvocationDeadLetters.Arn"}, name
    assert scheduled == 4


def test_each_function_logs_for_a_limited_time(resources: Resources) -> None:
    """GIVEN a function WHEN it logs THEN into its own group, in JSON, and not for ever."""
    groups = _of_type(resources, "AWS::Logs::LogGroup")
    assert all("RetentionInDays" in group["Properties"] for group in groups.values())

    used = [
        function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        for function in _of_type(resources, "AWS::Serverless::Function").values()
    ]
    assert len(used) == len(set(used)) == 9
    assert set(used) < set(groups)


def test_handlers_exist(resources: Resources) -> None:
    """GIVEN the handler of every function WHEN it is imported by that very name THEN it is there."""
    for name, function in _of_type(resources, "AWS::Serverless::Function").items():
        module, _, attribute = function["Properties"]["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), attribute)), name


def test_every_setting_comes_from_the_template(template: Template, resources: Resources) -> None:
    """GIVEN what the functions read from their environment WHEN the template is searched THEN it sets all of it."""
    read = {
        field.alias
        for kind in vars(settings).values()
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind is not settings.OperatorSettings
        for field in kind.model_fields.values()
    }
    for_all = set(template["Globals"]["Function"]["Environment"]["Variables"])
    for_dispatcher = set(resources["SyncDispatcher"]["Properties"]["Environment"]["Variables"])

    assert len(read) > 5
    for_history = set(resources["RecordHistory"]["Properties"]["Environment"]["Variables"])
    assert read - for_all - {_FOR_STORING_CREDENTIALS} == {
        *("SYNC_QUEUE_URL", "EVENT_BUS", "HISTORY_DEAD_LETTERS_URL", "CALLER_WAITS")
    }
    assert "SYNC_QUEUE_URL" in for_dispatcher
    for_settings = set(resources["SettingsApi"]["Properties"]["Environment"]["Variables"])
    assert {"SYNC_QUEUE_URL", _FOR_STORING_CREDENTIALS} < for_settings
    assert {"EVENT_BUS", "HISTORY_DEAD_LETTERS_URL"} < for_history


@pytest.mark.parametrize("name", ["NumberApi", "SettingsApi"])
def test_whoever_waits_is_told_before_the_function_ends(resources: Resources, name: str) -> None:
    """GIVEN calls of AWS that get no answer WHEN one is given up THEN there is time for as long a one, to undo it."""
    function = resources[name]["Properties"]
    session = AwsSession(region="eu-central-1", access_key=("x", "x"), caller_waits=True)
    config: Any = session.dynamodb().meta.config
    attempts = config.retries["total_max_attempts"]
    assert max(config.read_timeout, config.connect_timeout) == config.read_timeout
    # botocore's standard mode waits up to 1, 2, 4 ... seconds in between.
    longest = attempts * config.read_timeout + 2 ** (attempts - 1) - 1

    assert function["Environment"]["Variables"]["CALLER_WAITS"] == "true"
    assert attempts > 1
    assert 2 * longest < function["Timeout"] <= 29  # API Gateway waits no longer


def test_functions_are_built_by_their_makefile(resources: Resources) -> None:
    """GIVEN a function or the layer WHEN sam build runs THEN it needs no Docker and no matching interpreter."""
    built = _of_type(resources, "AWS::Serverless::Function") | _of_type(resources, "AWS::Serverless::LayerVersion")

    assert {resource["Metadata"]["BuildMethod"] for resource in built.values()} == {"makefile"}


def test_parameters_explain_themselves(template: Template) -> None:
    """GIVEN a guided deployment WHEN it asks for a parameter THEN it says what for, under a label and in a group."""
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    labels = {name: label["default"] for name, label in interface["ParameterLabels"].items()}

    assert sorted(grouped) == sorted(template["Parameters"]) == sorted(labels)
    assert len(set(labels.values())) == len(labels)
    for name, parameter in template["Parameters"].items():
        description = parameter["Description"]
        assert len(description) > 20, name
        assert description.endswith("."), name
        assert "Default" in parameter, f"{name} would have to be answered"
        if parameter["Default"] == "":
            assert "Empty" in description, f"{name} does not say what an empty answer means"


@pytest.mark.parametrize(
    ("parameter", "default"),
    [
        ("Architecture", "arm64"),
        ("SyncSchedule", "rate(5 minutes)"),
        ("ReleaseSchedule", "rate(5 minutes)"),
        ("AuditSchedule", "rate(1 day)"),
        ("AuditMode", "correct"),
        ("AuditProofHours", 24),
        ("AuditRetentionDays", 400),
        ("JobRetentionDays", 30),
        ("AuditCorrectionsAlarmThreshold", 20),
        ("HistoryRetentionDays", 400),
        ("EventBusArn", ""),
        ("ApiAuth", "AWS_IAM"),
        ("DeviceAddressPolicy", "public-and-private"),
        ("TableDeletionProtection", "true"),
        ("LocalEndpointUrl", ""),
    ],
)
def test_defaults_are_safe_for_a_real_account(template: Template, parameter: str, default: str | int) -> None:
    """GIVEN a deployment that answers no question WHEN it is done THEN it has the documented defaults."""
    assert template["Parameters"][parameter]["Default"] == default


def test_a_change_of_who_may_call_reaches_the_stage(resources: Resources) -> None:
    """GIVEN a condition in the API's definition WHEN a parameter changes its meaning THEN the stage is deployed anew.

    And there is the one stage that has logs and throttling, no other.
    """
    api = resources["Api"]["Properties"]

    assert api["AlwaysDeploy"] is True
    assert api["OpenApiVersion"] == api["DefinitionBody"]["openapi"]


def test_only_audits_jobs_answers_history_and_stock_are_forgotten(resources: Resources) -> None:
    """GIVEN the tables WHEN time goes by THEN audits, jobs, answers and what became of numbers go, the others stay."""
    forgetful = {
        name: table["Properties"]["TimeToLiveSpecification"]["AttributeName"]
        for name, table in _of_type(resources, "AWS::DynamoDB::Table").items()
        if "TimeToLiveSpecification" in table["Properties"]
    }

    assert forgetful == dict.fromkeys(
        ("AuditsTable", "JobsTable", "RequestsTable", "HistoryTable", "StockTable"), "expires_at"
    )


def test_no_change_of_a_number_is_missed_or_lost(resources: Resources) -> None:
    """GIVEN the stream of numbers WHEN its mapping is read THEN it has all of it, tries again, and keeps failures."""
    stream = resources["NumbersTable"]["Properties"]["StreamSpecification"]
    mapping = resources["RecordHistory"]["Properties"]["Events"]["NumberChanges"]["Properties"]

    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert mapping["Stream"] == {"Fn::GetAtt": "NumbersTable.StreamArn"}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert 0 < mapping["MaximumRecordAgeInSeconds"] <= 24 * 3600 / 2, "a stream keeps its records for a day"
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": "HistoryDeadLetters.Arn"}
    watched = {name for name, alarm in _of_type(resources, "AWS::CloudWatch::Alarm").items() if "History" in name}
    assert watched == {"HistoryDeadLettersAlarm", "HistoryBehindAlarm"}


def test_the_scheduled_audit_does_what_the_parameter_says(template: Template, resources: Resources) -> None:
    """GIVEN every value of AuditMode WHEN the schedule fires THEN its input is an event that the function takes."""
    written = resources["Audit"]["Properties"]["Events"]["AuditSchedule"]["Properties"]["Input"]["Fn::Sub"]
    for mode in template["Parameters"]["AuditMode"]["AllowedValues"]:
        event = read_audit_event(json.loads(written.replace("${AuditMode}", mode)))
        assert isinstance(event, AuditEvent)
        assert (event.mode, event.customer) == (mode, None)


def test_every_schedule_says_that_it_is_one(resources: Resources) -> None:
    """GIVEN a schedule WHEN its input is read THEN it says so: only such runs are the heartbeat of a schedule."""
    inputs = [
        event["Properties"]["Input"]
        for function in _of_type(resources, "AWS::Serverless::Function").values()
        for event in function["Properties"].get("Events", {}).values()
        if event["Type"] == "ScheduleV2"
    ]
    heard = [name for name, each in resources.items() if each.get("Properties", {}).get("MetricName") == SCHEDULED]

    assert len(inputs) == len(heard) == 4
    for written in inputs:
        assert json.loads(written["Fn::Sub"] if isinstance(written, dict) else written)["scheduled"] is True


def test_an_audit_or_a_job_wakes_the_function_of_its_own_name(template: Template, resources: Resources) -> None:
    """GIVEN the name that functions are told WHEN compared THEN it is their own, and their chains have an end."""
    told = template["Globals"]["Function"]["Environment"]["Variables"]

    for variable, function in (("AUDIT_FUNCTION", "Audit"), ("JOB_FUNCTION", "NumberJobs")):
        properties = resources[function]["Properties"]
        assert told[variable] == properties["FunctionName"]
        assert properties["RecursiveLoop"] == "Terminate"
        failed = properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failed["Destination"] == {"Fn::GetAtt": "InvocationDeadLetters.Arn"}


def test_what_the_rules_want_told_is_watched(resources: Resources) -> None:
    """GIVEN removals that wait or syncs that fail WHEN the worker counts them THEN an alarm is raised, and says why."""
    watched = {alarm["Properties"]["MetricName"] for alarm in _of_type(resources, "AWS::CloudWatch::Alarm").values()}

    assert {"RemovalsWaiting", "SyncsNotApplied"} < watched
    worker = Path("functions/sync_devices/worker.py").read_text(encoding="utf-8")
    assert all(f'"{name}"' in worker for name in ("RemovalsWaiting", "SyncsNotApplied"))


def test_zeros_are_sent_for_every_alarm_and_for_nothing_else(resources: Resources) -> None:
    """GIVEN an alarm on a metric of ours WHEN all is well again THEN a zero ends it; other zeros would only cost."""
    alarms = [alarm["Properties"] for alarm in _of_type(resources, "AWS::CloudWatch::Alarm").values()]
    own = {alarm["MetricName"] for alarm in alarms if not str(alarm["Namespace"]).startswith("AWS/")}
    assert own - {FAILED, THROTTLED, BACKLOG, SCHEDULED} == WATCHED


def test_what_audits_leave_to_a_person_is_watched(resources: Resources) -> None:
    """GIVEN an audit that ends WHEN it counts what waits for a person THEN an alarm is raised, of a day's audits.

    Where nothing was audited, or nothing is wrong, none is.
    """
    alarms = [
        alarm["Properties"]
        for alarm in _of_type(resources, "AWS::CloudWatch::Alarm").values()
        if {"Name": "service", "Value": "audit"} in alarm["Properties"].get("Dimensions", [])
        and alarm["Properties"]["MetricName"] != SCHEDULED
    ]

    assert {alarm["MetricName"]: alarm["Threshold"] for alarm in alarms} == {
        "Findings_conflict": 0,
        "AuditCorrections": {"Ref": "AuditCorrectionsAlarmThreshold"},
        "AuditHeld": 0,
        "AuditsStopped": 0,
    }
    for alarm in alarms:
        assert alarm["Period"] == 24 * 3600
        assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
        assert alarm["TreatMissingData"] == "notBreaching"
    told = Path("functions/audit/handler.py").read_text(encoding="utf-8")
    assert all(f'"{alarm["MetricName"]}"' in told or alarm["MetricName"].startswith("Findings_") for alarm in alarms)
