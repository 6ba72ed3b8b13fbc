"""What the answers of the REST API say, and what garbage in their place leads to."""

import json

import pytest

from number_inventory.adapters.audiocodes.answers import (
    DeviceStatus,
    ListOutput,
    count_in,
    output_in,
    status_in,
    why_restarted,
)
from number_inventory.adapters.audiocodes.connection import Answer
from number_inventory.domain.errors import DeviceRejectedError


def answer(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode())


GARBAGE = [
    b"",
    b"<html>Web Login</html>",
    b"[]",
    b"null",
    b'{"output": ',
    b"[" * 100_000,
    b'{"a": ' + b"9" * 5000 + b"}",
    b"\xff\xfe\x00",
]


def test_a_status_tells_who_the_device_is() -> None:
    # GIVEN the documented answer, with fields of newer versions
    content = {
        "productType": "Mediant SW",
        "versionID": "7.20A.200.014",
        "serialNumber": 5967925,
        "systemUpTime": 161446,
        "hostname": "sbc",
    }
    # THEN the device is known, and its uptime in seconds
    assert status_in(answer(content)) == DeviceStatus("Mediant SW", "7.20A.200.014", "5967925", 1614)


@pytest.mark.parametrize("uptime", [None, "soon", -1, 1.5, True, [], "9" * 5000])
def test_an_odd_uptime_is_no_uptime(uptime: object) -> None:
    # GIVEN a status without a usable uptime THEN nothing is made up
    assert status_in(answer({"systemUpTime": uptime})) == DeviceStatus()


@pytest.mark.parametrize(
    ("before", "after", "restarted"),
    [
        (("1", 500), ("1", 520), False),
        (("1", 500), ("1", 500), False),
        (("1", 500), ("1", 5), True),
        (("1", 500), ("2", 900), True),
        (("1", 500), ("1", None), True),
        (("1", None), ("1", None), False),
        (("", None), ("", None), False),
    ],
)
def test_a_list_is_of_one_run_of_the_device(
    before: tuple[str, int | None], after: tuple[str, int | None], restarted: bool
) -> None:
    # GIVEN serial number and uptime before and after a list
    statuses = (DeviceStatus(serial=serial, uptime_seconds=uptime) for serial, uptime in (before, after))
    # THEN one that is replaced, starts anew or stops telling its uptime may have lost users meanwhile
    assert bool(why_restarted(*statuses)) == restarted


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ({"items": [{"id": "other", "value": 7}, {"id": "registeredUsers", "value": 500}]}, 500),
        ({"items": [{"id": "registeredUsers", "value": "500"}]}, 500),
        ({"items": [{"id": "registeredUsers", "value": 0}]}, 0),
        ({"id": "registeredUsers", "value": 3}, 3),
        ({"items": [{"id": "registeredUsers", "value": None}]}, None),
        ({"items": [{"id": "registeredUsers"}]}, None),
        ({"items": [{"id": "registeredUsers", "value": -1}]}, None),
        ({"items": [{"id": "registeredUsers", "value": 5.5}]}, None),
        ({"items": [{"id": "registeredUsers", "value": True}]}, None),
        ({"items": [{"id": "registeredUsers", "value": "many"}]}, None),
        ({"items": ["registeredUsers"]}, None),
        ({"items": None}, None),
        ({}, None),
    ],
)
def test_a_count_is_a_whole_number_or_none(content: object, count: int | None) -> None:
    # GIVEN an answer to the question for the count THEN it is a number only where the device says one
    assert count_in(answer(content)) == count


@pytest.mark.parametrize("status", [204, 400, 404, 405])
def test_a_device_that_has_no_count_gives_none(status: int) -> None:
    # GIVEN a version without this indicator THEN there is no count, and no error
    assert count_in(Answer(status, b"")) is None


@pytest.mark.parametrize("body", GARBAGE)
def test_garbage_is_an_error_that_asks_what_this_is(body: bytes) -> None:
    # GIVEN something that is no JSON object WHEN it is read as any of the three THEN the error says so
    for read in (status_in, count_in, output_in):
        with pytest.raises(DeviceRejectedError, match=r"not (JSON|a JSON object)"):
            read(Answer(200, body))


@pytest.mark.parametrize("extra", [{}, {"status": "success"}, {"status": "Success"}])
def test_output_is_taken_as_it_is(extra: dict[str, str]) -> None:
    # GIVEN an answer of an older or a newer version THEN its output is there, line ends and all
    content = {"description": "Incremental CLI Script file was loaded.", "output": "a\r\nb", **extra}
    assert output_in(answer(content)) == ListOutput("a\r\nb")


def test_a_letter_in_another_encoding_spoils_nothing_else() -> None:
    # GIVEN output in Latin-1 THEN all but that letter is read
    assert output_in(Answer(200, '{"output": "Zoë 1000"}'.encode("latin-1"))).text == "Zo\ufffd 1000"


@pytest.mark.parametrize("status", ["failure", "", "running", 0, False, {}])
def test_a_failed_script_is_an_error_even_with_output(status: object) -> None:
    # GIVEN 200 whose body says that the script failed THEN its output is not used, and the device's words are told
    with pytest.raises(DeviceRejectedError, match=r"failed \(CLI is busy\)"):
        output_in(answer({"status": status, "description": "CLI  is\nbusy", "output": "1000@h"}))


@pytest.mark.parametrize("content", [{}, {"output": None}, {"output": ["1000@h"]}, {"output": 1}])
def test_no_output_is_not_an_empty_list(content: object) -> None:
    # GIVEN an answer without output THEN it is an error, never an empty list
    with pytest.raises(DeviceRejectedError, match="no output"):
        output_in(answer(content))


def test_no_content_is_an_empty_output_and_400_is_told() -> None:
    # GIVEN 204, or 400, which may both mean that there is nothing THEN the counts will have to decide
    assert output_in(Answer(204, b"")) == ListOutput("")
    assert output_in(answer({"description": "No content"}, 400)) == ListOutput("", " (No content)")
    assert output_in(Answer(400, b"<html>")) == ListOutput("", "")


@pytest.mark.parametrize("status", [404, 405, 418])
def test_other_refusals_are_errors_with_the_devices_words(status: int) -> None:
    # GIVEN a device that does not have what is asked for THEN the error names the status and the reason
    for read in (status_in, output_in):
        with pytest.raises(DeviceRejectedError, match=rf"HTTP {status} \(Object Not Found\)"):
            read(answer({"description": "Object Not Found"}, status))
