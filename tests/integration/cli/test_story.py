"""The seed's story, told by the command line."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import plain_user
from tests.integration.cli.conftest import DOMAIN, NUMBERS
from tests.integration.cli.operator import CANARY, Operator

PASSWORD = {"NUMBER_INVENTORY_DEVICE_PASSWORD": CANARY}


def add_device(operator: Operator, devices: Simulator, *options: str) -> None:
    trust = options or ("--ca-file", str(devices.certificates.ca_path))
    added = operator("devices", "add", "sbc-1", "--address", devices.url("sbc-1"), "-u", "Admin", *trust, **PASSWORD)
    assert (added.code, added.err.count("warning")) == (0, options.count("--insecure")), added.err


def test_numbers_follow_the_registrations_of_a_device(operator: Operator, devices: Simulator) -> None:
    """GIVEN a device WHEN users register, leave and return THEN their numbers are Used, cool, and are Used again."""
    add_device(operator, devices)

    tested = operator("devices", "test", "sbc-1", "--json").json
    assert (tested["complete"], tested["users"], tested["reported_count"]) == (True, 4, 4)
    assert tested["numbers"] == sorted(NUMBERS)
    assert tested["unmapped"] == [f"Lobby@{DOMAIN}"]
    assert operator("numbers", "list", "--json").json["numbers"] == [], "a test changes nothing"

    synced = operator("sync", "sbc-1")
    assert synced.code == 0
    assert "applied" in synced.out
    assert f"no number for Lobby@{DOMAIN}" in synced.out
    used = operator("numbers", "show", "4711", "--json").json
    assert (used["status"], used["usage"], used["vendor"]) == ("Used", "Device", "AudioCodes")
    assert [holder["device"] for holder in used["holders"]] == ["sbc-1"]

    devices.devices["sbc-1"].unregister([f"4711@{DOMAIN}"])
    [gone] = operator("sync", "--all", "--json").json["syncs"]
    assert (gone["result"], gone["disappeared"], gone["outcomes"]) == ("applied", 1, {"cooling_started": 1})
    cooling = operator("numbers", "show", "4711")
    assert "until the Release Date" in cooling.out
    assert "(in 2 days)" in cooling.out

    assert "Nothing was due" in operator("release").out, "nothing is released early"
    nothing = operator("release", "--report", "--json").json
    assert nothing["due"] == 0
    in_three_days = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    report = operator("release", "--report", "--as-of", in_three_days, "--json").json
    assert [(due["customer"], due["number"]) for due in report["numbers"]] == [("default", "4711")]
    assert report["numbers"][0]["release_date"].endswith("Z")
    assert "1 to be released by" in operator("release", "--report", "--as-of", in_three_days).out

    devices.devices["sbc-1"].register([plain_user(f"4711@{DOMAIN}", DOMAIN)])
    operator("sync", "sbc-1")
    back = operator("numbers", "show", "4711", "--json").json
    assert (back["status"], back["tag"], back["release_date"]) == ("Used", "", None)

    listed = operator(
        "numbers", "list", "--status", "used", "--vendor", "AudioCodes", "--prefix", "+49", "--limit", "1"
    )
    assert listed.out.splitlines()[1:] == [f"{NUMBERS[0]}  Used    Device  AudioCodes  sbc-1"]
    assert f"--after {NUMBERS[0]}" in listed.err
    rest = operator("numbers", "list", "--after", NUMBERS[0], "--all", "--json").json
    assert [number["number"] for number in rest["numbers"]] == [NUMBERS[1], "4711"]
    assert rest["next_after"] is None


def test_a_device_is_shown_switched_and_removed(operator: Operator, devices: Simulator) -> None:
    """GIVEN a synced device WHEN it is disabled, enabled and removed THEN its numbers stay, stay, and cool."""
    add_device(operator, devices)
    operator("sync", "sbc-1")
    [listed] = operator("devices", "list", "--json").json["devices"]
    assert (listed["device"], listed["enabled"], listed["health"], listed["held_numbers"]) == ("sbc-1", True, "ok", 3)
    assert "verified against the device's own CA file" in operator("devices", "show", "sbc-1").out

    assert operator("devices", "disable", "sbc-1", "--json").json["enabled"] is False
    passed_by = operator("sync", "--all")
    assert (passed_by.code, passed_by.out) == (0, "Customer default has no enabled device.\n")
    named = operator("sync", "sbc-1")
    assert (named.code, "disabled" in named.out) == (1, True)
    assert operator("devices", "enable", "sbc-1").code == 0

    refused = operator("devices", "remove", "sbc-1")
    assert refused.code == 1
    assert "it holds 3 numbers" in refused.err
    assert "cool for 2 days" in refused.err
    assert "--yes" in refused.err
    asked = replace(operator, at_terminal=True)("devices", "remove", "sbc-1", typed="n\n")
    assert (asked.code, asked.out) == (1, "")
    assert "Remove device sbc-1? It holds 3 numbers" in asked.err
    assert operator("devices", "show", "sbc-1").code == 0
    removed = operator("devices", "remove", "sbc-1", "--yes", "--json").json
    assert removed == {"device": "sbc-1", "removed": True, "outcomes": {"cooling_started": 3}}
    assert "no devices yet" in operator("devices", "list").out
    assert {number["status"] for number in operator("numbers", "list", "--json").json["numbers"]} == {"Cooling"}


def test_a_device_is_edited_in_parts(operator: Operator, devices: Simulator) -> None:
    """GIVEN a device WHEN parts are edited THEN these change and nothing else, and it is tested by them."""
    add_device(operator, devices)
    before = operator("devices", "show", "sbc-1", "--json").json
    limits = ("--host", "Acme.Example", "--host", DOMAIN, "--ip-group", "2", "--number-rule", r"\+49(\d+)=>0\1")
    pinned = ("--fingerprint", devices.certificates.fingerprint.upper(), "--read-timeout", "30")
    changed = operator("devices", "edit", "sbc-1", *limits, *pinned, "--json").json
    assert {name for name in before if changed[name] != before[name]} == {
        "tls",
        "number_rules",
        "hosts",
        "ip_groups",
        "read_timeout_seconds",
    }
    assert sorted(changed["hosts"]) == [DOMAIN, "acme.example"]
    assert (changed["ip_groups"], changed["read_timeout_seconds"], changed["tls"]["trust"]) == ([2], 30, "fingerprint")
    assert operator("devices", "show", "sbc-1", "--json").json == changed

    emptied = operator("devices", "edit", "sbc-1", "--any-host", "--any-ip-group")
    assert (emptied.code, emptied.err) == (0, "Try it with: number-inventory --local devices test sbc-1\n")
    assert emptied.out == "Device sbc-1 is configured so from its next sync on.\n"
    assert operator("devices", "test", "sbc-1", "--json").json["numbers"] == ["03012340001", "03012340002"]
    without = operator("devices", "edit", "sbc-1", "--no-number-rules", "--system-cas", "--json").json
    assert (without["number_rules"], without["tls"]) == ([], {"trust": "ca", "ca_pem": "", "fingerprint": ""})
    refused = operator("devices", "edit", "sbc-1", "--insecure")
    assert (refused.code, "--username" in refused.err) == (2, True), "stored credentials go to nobody unverified"
    insecure = operator("devices", "edit", "sbc-1", "--insecure", "-u", "Admin", "--password-stdin", typed="secret\n")
    assert "not verified" in insecure.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "say what is to change"),
        (("--host", "a.example", "--any-host"), "choose one of them"),
        (("--system-cas", "--insecure"), "choose one of them"),
        (("--address", "http://10.8.5.71"), "https"),
        (("--read-timeout", "4"), "5 to 120"),
        (("--number-rule", "(=>1"), "number rule"),
    ],
)
def test_an_edit_that_cannot_work_changes_nothing(
    operator: Operator, devices: Simulator, options: tuple[str, ...], told: str
) -> None:
    """GIVEN a device WHEN edited into what cannot work, or into nothing THEN it is told, and stays as it is."""
    add_device(operator, devices)
    before = operator("devices", "show", "sbc-1", "--json").json
    refused = operator("devices", "edit", "sbc-1", *options)
    assert refused.code in {1, 2}
    assert told in refused.err
    assert operator("devices", "show", "sbc-1", "--json").json == before
    assert "no device" in operator("devices", "edit", "sbc-2", "--read-timeout", "30").err


def test_a_device_that_fails_says_why_and_ends_with_an_error(operator: Operator, devices: Simulator) -> None:
    """GIVEN a device that refuses its user or breaks off WHEN it is tested or synced THEN one line says so, exit 1."""
    add_device(operator, devices)
    replaced = operator("devices", "credentials", "sbc-1", "-u", "Admin", "--password-stdin", typed="wrong\n")
    assert replaced.code == 0
    refused = operator("devices", "test", "sbc-1")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: ")
    assert "401" in refused.err
    assert refused.err.count("\n") == 1

    both = operator("sync", "sbc-1", "sbc-9", "--json")
    assert both.code == 1
    assert [sync["result"] for sync in both.json["syncs"]] == ["failed", "failed"]
    assert both.err == "error: not synced: sbc-1, sbc-9\n"
    assert operator("devices", "list", "--json").json["devices"][0]["health"] == "login_refused"

    operator("devices", "credentials", "sbc-1", "-u", "Admin", "--password-stdin", typed=f"{CANARY}\n")
    assert operator("sync", "sbc-1").code == 0


def test_a_partial_answer_is_told_as_such(operator: Operator, devices: Simulator) -> None:
    """GIVEN a device whose count does not fit its list WHEN it is tested THEN the test says partial, and why."""
    add_device(operator, devices)
    devices.devices["sbc-1"].arm("wrong-count", by=5)
    tested = operator("devices", "test", "sbc-1")
    assert tested.code == 0
    assert "partial: the device counts 9" in tested.out
    synced = operator("sync", "sbc-1")
    assert synced.code == 0
    assert "no number was taken from it" in synced.out


def test_an_unverified_device_warns_each_time(operator: Operator, devices: Simulator) -> None:
    """GIVEN a device added with --insecure WHEN it is tested THEN the answer comes with a warning."""
    add_device(operator, devices, "--insecure")
    tested = operator("devices", "test", "sbc-1", "--json")
    assert len(tested.json["warnings"]) == 1
    assert "warning: " in tested.err
    assert "not verified" in operator("devices", "show", "sbc-1").out


def test_a_device_is_read_by_its_rules_and_hosts(operator: Operator, devices: Simulator) -> None:
    """GIVEN number rules and a host WHEN the device is tested THEN numbers are made by them, and others passed by."""
    rules = ("--number-rule", r"\+49(\d+) => 0\1", "--host", DOMAIN.upper(), "--fingerprint")
    add_device(operator, devices, *rules, devices.certificates.fingerprint.upper())
    tested = operator("devices", "test", "sbc-1", "--json").json
    assert tested["numbers"] == ["03012340001", "03012340002"]
    assert tested["unmapped"] == [f"4711@{DOMAIN}", f"Lobby@{DOMAIN}"]


@pytest.mark.parametrize("password_of", [{"typed": f"{CANARY}\n"}, PASSWORD])
def test_a_password_comes_by_standard_input_or_environment(
    operator: Operator, devices: Simulator, password_of: dict[str, str]
) -> None:
    """GIVEN no terminal WHEN the password is piped or in the environment THEN the device takes it."""
    stdin = ["--password-stdin"] if "typed" in password_of else []
    trust = ["--ca-file", str(devices.certificates.ca_path)]
    add = ["devices", "add", "sbc-1", "--address", devices.url("sbc-1"), "-u", "Admin", *trust, *stdin]
    typed, environment = (
        password_of.get("typed", ""),
        {key: value for key, value in password_of.items() if key.isupper()},
    )
    assert operator(*add, typed=typed, **environment).code == 0
    assert operator("devices", "test", "sbc-1").code == 0


def test_without_a_password_nobody_is_asked_where_there_is_no_terminal(operator: Operator) -> None:
    """GIVEN no terminal and no password WHEN a device is added THEN the error names the ways, and nothing is added."""
    refused = operator("devices", "add", "sbc-1", "--address", "https://192.0.2.7", "-u", "Admin")
    assert refused.code == 2
    assert "--password-stdin" in refused.err
    assert "NUMBER_INVENTORY_DEVICE_PASSWORD" in refused.err
    assert operator("devices", "list", "--json").json == {"devices": []}


def test_what_exists_is_left_as_it_is(operator: Operator) -> None:
    """GIVEN a device and a number WHEN they are added again THEN the device is refused and the number unchanged."""
    add = ("devices", "add", "sbc-1", "--address", "https://192.0.2.7", "-u", "Admin", "--disabled")
    assert operator(*add, **PASSWORD).code == 0
    again = operator(*add)
    assert again.code == 1
    assert "exists already" in again.err, "before anybody is asked for a password"
    first = operator("numbers", "add", "+493099", r"\+493098", "--site", "Berlin", "--tag", "spare", "--json").json
    assert first == {"created": 2, "existed": 0, "failed": []}
    second = operator("numbers", "add", "+493099", "+493097", "--site", "Bonn")
    assert second.out == "1 added. 1 existed already; nothing about them changed.\n"
    kept = operator("numbers", "show", "+493099", "--json").json
    assert (kept["site"], kept["tag"], kept["status"]) == ("Berlin", "spare", "Available")
    assert kept["created_by"].startswith("operator:")


def test_macros_are_read_set_and_refused(operator: Operator) -> None:
    """GIVEN a default WHEN macros are set THEN the customer's goes before the global one, words are refused."""
    name = "audiocodes_cooling_duration"
    assert operator("macros", "get", name, "--json").json["origin"] == "default"
    refused = operator("macros", "set", name, "two")
    assert refused.code == 1
    assert refused.err == f"error: {name}: must be a whole number of days from 0 to 999, not 'two'\n"
    assert operator("macros", "get", name, "--json").json["value"] == "2", "nothing was stored"
    operator("macros", "set", name, "7", "--global")
    operator("-c", "acme", "macros", "set", name, "3")
    everyone, acme = (operator("-c", customer, "macros", "get", name, "--json").json for customer in ("other", "acme"))
    assert (everyone["value"], everyone["origin"]) == ("7", "global")
    assert (acme["value"], acme["origin"]) == ("3", "customer")
    assert "audiocodes_cooling_duration             7      global" in operator("macros", "list", "--global").out
    unset = operator("-c", "acme", "macros", "unset", name, "--json").json
    assert (unset["value"], unset["origin"]) == ("7", "global")


def test_customers_do_not_see_each_other(operator: Operator) -> None:
    """GIVEN a number of one customer WHEN another looks THEN it is not there."""
    operator("numbers", "add", "4711", "--customer", "acme")
    assert operator("numbers", "show", "4711", NUMBER_INVENTORY_CUSTOMER="acme").code == 0
    other = operator("numbers", "show", "4711")
    assert (other.code, other.err) == (1, "error: customer default has no number 4711\n")


def test_a_test_can_write_down_what_the_device_answers(operator: Operator, devices: Simulator, tmp_path: Path) -> None:
    """GIVEN a device WHEN tested with --capture THEN a new file has its answers, of nobody, also where it fails."""
    add_device(operator, devices)

    tested = operator("devices", "test", "sbc-1", "--capture", str(tmp_path / "well.json"))
    assert tested.code == 0
    assert "it is read as 4 users, complete" in tested.err
    written = (tmp_path / "well.json").read_text()
    assert (tmp_path / "well.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(written)["read_as"]["users"] == 4
    assert not any(secret in written for secret in (CANARY, "4711", "493012340001", "Lobby", DOMAIN))

    refused = operator("devices", "test", "sbc-1", "--capture", str(tmp_path / "well.json"))
    assert refused.code != 0
    assert "File exists" in refused.err

    devices.devices["sbc-1"].arm("html-login-page", route="list")
    failed = operator("devices", "test", "sbc-1", "--json", "--capture", str(tmp_path / "ill.json"))
    assert failed.code == 1
    assert json.loads((tmp_path / "ill.json").read_text())["read_as"]["error"] == "DeviceRejectedError"


def test_a_routing_manager_is_a_device(operator: Operator, tmp_path: Path) -> None:
    """GIVEN an ARM WHEN added and synced by session THEN the users of its nodes are Used, and no session is left."""
    users = tuple(plain_user(f"{number}@{DOMAIN}", DOMAIN) for number in NUMBERS)
    arm = DeviceScenario(name="arm-1", source="arm", password=CANARY, users=users)
    with Simulator([arm], tmp_path / "arm") as played:
        options = ("--source", "arm", "--login", "session", "--ca-file", str(played.certificates.ca_path))
        added = operator(
            "devices", "add", "arm-1", "--address", played.url("arm-1"), "-u", "Admin", *options, **PASSWORD
        )
        assert added.code == 0, added.err
        tested = operator("devices", "test", "arm-1")
        assert re.search(r"At nodes +node-1: \d, node-2: \d", tested.out)
        assert operator("sync", "arm-1").code == 0
        assert played.devices["arm-1"].sessions == 0
    assert {number["status"] for number in operator("numbers", "list", "--json").json["numbers"]} == {"Used"}
    assert operator("devices", "show", "arm-1", "--json").json["login"] == "session"
