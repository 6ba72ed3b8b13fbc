"""What an audit verifies of one number (VOSS: Vendor AudioCodes must be Status Used and Usage Device)."""

from dataclasses import replace

from number_inventory.domain.findings import Finding, FindingCode, verify
from number_inventory.domain.numbers import Status, Usage
from tests.unit.domain.records import NUMBER, available, cooling, of_microsoft, used


def test_a_number_that_is_right_has_no_finding() -> None:
    """GIVEN numbers that are as they must be, WHEN verified, THEN nothing is found."""
    for record in (used(), used("sbc1", "sbc2"), available(), cooling(), of_microsoft(), of_microsoft("sbc1")):
        assert list(verify(record)) == []


def test_a_wrong_status_is_found_with_its_evidence() -> None:
    """GIVEN an AudioCodes number with a holder that says Available, WHEN verified, THEN before, expected and why."""
    found = list(verify(replace(used(), status=Status.AVAILABLE)))

    evidence = "registered on sbc1 since 2026-02-28T12:00:00+00:00 (sync 3)"
    assert found == [Finding("acme", NUMBER, FindingCode.STATUS_MISMATCH, "Available", "Used", evidence)]


def test_a_wrong_usage_is_found() -> None:
    """GIVEN an AudioCodes number with a holder and another usage, WHEN verified, THEN that is found."""
    found = list(verify(replace(used(), usage=Usage.USER)))

    assert [(finding.code, finding.before, finding.expected) for finding in found] == [
        (FindingCode.USAGE_MISMATCH, "User", "Device")
    ]


def test_both_wrong_are_two_findings() -> None:
    """GIVEN both wrong, WHEN verified, THEN both are found."""
    found = list(verify(replace(used(), status=Status.COOLING, usage=Usage.NONE)))

    assert [finding.code for finding in found] == [FindingCode.STATUS_MISMATCH, FindingCode.USAGE_MISMATCH]
