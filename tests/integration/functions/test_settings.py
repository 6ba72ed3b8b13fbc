"""What each function needs of its environment, and how it says that something is missing."""

import pytest

from number_inventory.domain.errors import SettingBrokenError
from tests.integration.functions.account import API, AUDIT, DISPATCHER, RELEASE, WORKER, Account, batch, failures
from tests.integration.functions.api_requests import audits, listing, lookup

MESSAGE = batch({"customer": "acme", "device": "sbc-1"})


@pytest.mark.parametrize(
    ("module", "variable"),
    [
        (DISPATCHER, "DEVICES_TABLE"),
        (DISPATCHER, "SYNC_QUEUE_URL"),
        (RELEASE, "NUMBERS_TABLE"),
        (AUDIT, "NUMBERS_TABLE"),
        (AUDIT, "DEVICES_TABLE"),
        (AUDIT, "REGISTRATIONS_TABLE"),
        (AUDIT, "MACROS_TABLE"),
        (AUDIT, "AUDITS_TABLE"),
        (AUDIT, "AUDIT_FUNCTION"),
    ],
)
@pytest.mark.parametrize("value", [None, "", "x"])
def test_a_broken_setting_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch, module: str, variable: str, value: str | None
) -> None:
    """GIVEN a variable that is missing, empty or too short WHEN the function runs THEN the error names it."""
    _set(monkeypatch, variable, value)
    error = account.refused(module, {})

    assert isinstance(error, SettingBrokenError)
    assert variable in str(error)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NUMBERS_TABLE", None),
        ("REGISTRATIONS_TABLE", None),
        ("DEVICES_TABLE", None),
        ("MACROS_TABLE", ""),
        ("PARAMETER_PREFIX", "no-slash"),
        ("PARAMETER_PREFIX", "/ends/with/"),
        ("DEVICE_ADDRESS_POLICY", "everything"),
    ],
)
def test_a_worker_with_a_broken_setting_gives_messages_back(
    account: Account, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    """GIVEN a worker with a broken variable WHEN a message comes THEN it comes again, and the log names it."""
    _set(monkeypatch, variable, value)
    ran = account.run(WORKER, MESSAGE)

    assert failures(ran) == ["m0"]
    [line] = ran.logged
    assert (line["level"], line["exception_name"]) == ("ERROR", "SettingBrokenError")
    assert variable in line["exception"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AUDIT_PROOF_HOURS", "0"),
        ("AUDIT_PROOF_HOURS", "a day"),
        ("AUDIT_PROOF_HOURS", ""),
        ("AUDIT_RETENTION_DAYS", "-1"),
        ("AUDIT_RETENTION_DAYS", "1.5"),
        ("AUDIT_RETENTION_DAYS", "1000000"),
    ],
)
def test_a_time_that_makes_no_sense_is_named(
    account: Account, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """GIVEN hours or days that are no such number WHEN the audit runs THEN the error names the variable."""
    monkeypatch.setenv(variable, value)
    error = account.refused(AUDIT, {})

    assert isinstance(error, SettingBrokenError)
    assert variable in str(error)


def test_every_broken_setting_is_named_at_once(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN two broken variables WHEN the function runs THEN one error names both, and none of their values."""
    _set(monkeypatch, "DEVICES_TABLE", None)
    _set(monkeypatch, "SYNC_QUEUE_URL", "short")
    text = str(account.refused(DISPATCHER, {}))

    assert "DEVICES_TABLE" in text
    assert "SYNC_QUEUE_URL" in text
    assert "'short'" not in text


@pytest.mark.parametrize(("variable", "value"), [("NUMBERS_TABLE", None), ("PARAMETER_PREFIX", "no-slash")])
def test_the_api_tells_its_log_and_not_its_caller(
    account: Account, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None
) -> None:
    """GIVEN an API with a broken variable WHEN it is asked THEN the answer is a bare 500, and the log names it."""
    _set(monkeypatch, variable, value)
    for event in (lookup("acme", "4711"), listing("acme")):
        ran = account.run(API, event)
        assert ran.answer["statusCode"] == 500
        assert variable not in ran.answer["body"]
        assert variable in ran.output


def test_numbers_are_shown_where_audits_are_not_set_up(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """GIVEN an API that is not told where audits are WHEN asked for numbers THEN it answers; for audits THEN 500."""
    monkeypatch.delenv("AUDITS_TABLE")

    assert account.run(API, listing("acme")).answer["statusCode"] == 200
    ran = account.run(API, audits("acme"))
    assert ran.answer["statusCode"] == 500
    assert "AUDITS_TABLE" not in ran.answer["body"]
    assert "AUDITS_TABLE" in ran.output


def _set(monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None) -> None:
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
