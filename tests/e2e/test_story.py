"""The main job on the deployed stack: registrations on a device keep the numbers true, from schedule to API.

Nobody can wait two days for a number to cool. Where a test needs a cooling to be over, it either sets the duration to 0
days, or writes an earlier Release Date into the table; each says so.
"""

from datetime import UTC, datetime, timedelta

from tests.e2e.conftest import NUMBERS, aor, users
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import eventually

DAYS_2 = timedelta(days=2)
SECOND = timedelta(seconds=1)


def release(customer: Customer) -> int:
    """Runs the release job for this customer; returns how many numbers it released."""
    released: int = customer.stack.invoke("release_cooled", {"customer": customer.name})["released"]
    return released


def test_a_number_is_used_cools_returns_and_is_released_in_its_time(customer: Customer) -> None:
    """GIVEN a device WHEN a schedule fires, users leave, one returns, time goes by THEN the API tells each step."""
    device = customer.simulator.devices["sbc-1"]
    customer.add_device()
    assert customer.get("4711").status == 404

    _fire_now(customer)
    customer.shows("Used", *NUMBERS)
    used = customer.look("4711")
    assert (used["usage"], used["vendor"], used["release_date"]) == ("Device", "AudioCodes", None)
    assert [holder["device"] for holder in used["holders"]] == ["sbc-1"]

    device.unregister([aor("4711"), aor("*21#")])
    before = datetime.now(UTC)
    customer.sync()
    after = datetime.now(UTC)
    cooling = customer.look("4711")
    assert (cooling["status"], cooling["usage"], cooling["vendor"], cooling["holders"]) == ("Cooling", "", "", [])
    until = datetime.fromisoformat(cooling["release_date"])
    assert before + DAYS_2 <= until <= after + DAYS_2 + SECOND, "two days, rounded up to the second"
    assert cooling["tag"].startswith("Cooling: 2 days until the Release Date, ")

    device.register(users("*21#"))
    customer.sync()
    back = customer.look("*21#")
    assert (back["status"], back["usage"], back["vendor"]) == ("Used", "Device", "AudioCodes")
    assert (back["tag"], back["release_date"]) == ("", None)

    assert release(customer) == 0, "nothing is released early"
    assert customer.look("4711") == cooling
    eve, day = (until - SECOND).isoformat(), until.isoformat()
    reports = {
        as_of: customer.stack.invoke("release_cooled", {"mode": "report", "as_of": as_of, "customer": customer.name})
        for as_of in (eve, day)
    }
    assert (reports[eve]["due"], [due["number"] for due in reports[day]["numbers"]]) == (0, ["4711"])

    _let_it_be_over(customer, "4711")
    assert release(customer) == 1
    free = customer.look("4711")
    assert (free["status"], free["tag"], free["release_date"], free["holders"]) == ("Available", "", None, [])
    assert release(customer) == 0


def _fire_now(customer: Customer) -> None:
    """Has the scheduler run the dispatcher for this customer once, with the role that the template gave it."""
    scheduler = customer.stack.client("scheduler")
    group = customer.stack.description["stack_name"]
    names = [item["Name"] for item in scheduler.list_schedules(GroupName=group)["Schedules"]]
    targets = [scheduler.get_schedule(Name=name, GroupName=group)["Target"] for name in names]
    [dispatcher] = [
        target
        for target in targets
        if target["Arn"].endswith(customer.stack.description["functions"]["sync_dispatcher"])
    ]
    scheduler.create_schedule(
        Name=f"once-{customer.name}",
        GroupName=group,
        ScheduleExpression=f"at({datetime.now(UTC):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": dispatcher["Arn"],
            "RoleArn": dispatcher["RoleArn"],
            "Input": f'{{"customer": "{customer.name}"}}',
        },
    )


def _let_it_be_over(customer: Customer, number: str) -> None:
    """Moves the Release Date of a cooling number into the past, in the table itself: a test's arrangement."""
    over = datetime.now(UTC) - SECOND
    customer.arrange(
        "numbers", {"customer": customer.name, "number": number}, release_at={"S": f"{over:%Y-%m-%dT%H:%M:%SZ}"}
    )


def test_a_duration_of_no_days_is_no_cooling(customer: Customer) -> None:
    """GIVEN a duration of 0 days WHEN a number leaves THEN it is Available at once."""
    customer.operate("macros", "set", "audiocodes_cooling_duration", "0")
    customer.add_device()
    customer.sync()
    customer.simulator.devices["sbc-1"].unregister([aor("4711")])
    customer.sync()

    assert customer.look("4711")["status"] == "Available"


def test_a_number_on_two_devices_stays_until_it_left_both(customer: Customer) -> None:
    """GIVEN a number on two devices WHEN it leaves one, then the other THEN it stays Used, then cools."""
    for name in ("sbc-1", "sbc-2"):
        customer.simulator.devices[name].replace_users(users("4711"))
        customer.add_device(name)
        customer.sync(name)
    assert [holder["device"] for holder in customer.look("4711")["holders"]] == ["sbc-1", "sbc-2"]

    customer.simulator.devices["sbc-1"].unregister([aor("4711")])
    customer.sync("sbc-1")
    left = customer.look("4711")
    assert (left["status"], [holder["device"] for holder in left["holders"]]) == ("Used", ["sbc-2"])

    customer.simulator.devices["sbc-2"].unregister([aor("4711")])
    customer.sync("sbc-2")
    assert customer.look("4711")["status"] == "Cooling"


def test_a_macro_of_two_in_words_holds_removals_until_it_is_set_right(customer: Customer) -> None:
    """GIVEN a macro of "two" WHEN one leaves and one comes THEN only the newcomer counts; set to 3, it cools 3 days."""
    customer.add_device()
    customer.sync()
    macro = "audiocodes_cooling_duration"
    refused = customer.operator("macros", "set", macro, "two")
    assert (refused.code, "'two'" in refused.err) == (1, True)

    # What no command would store: planted in the table.
    customer.arrange("macros", {"customer": customer.name, "name": macro}, value={"S": "two"})
    device = customer.simulator.devices["sbc-1"]
    device.unregister([aor("4711")])
    device.register(users("4712"))
    customer.sync()
    assert customer.look("4712")["status"] == "Used"
    waiting = customer.look("4711")
    assert (waiting["status"], len(waiting["holders"])) == ("Used", 1)
    lines = [line for line in customer.stack.log("sync_worker") if customer.name in line and "'two'" in line]
    assert lines, "the log says why removals wait"

    customer.operate("macros", "set", macro, "3")
    before = datetime.now(UTC)
    customer.sync()
    cooling = customer.look("4711")
    assert cooling["status"] == "Cooling"
    assert cooling["tag"].startswith("Cooling: 3 days until the Release Date, ")
    assert datetime.fromisoformat(cooling["release_date"]) >= before + timedelta(days=3)


def test_a_device_that_is_off_changes_nothing(customer: Customer) -> None:
    """GIVEN numbers in use WHEN their device is switched off THEN they stay as they are, and its state says why."""
    customer.add_device()
    customer.sync()
    before = [customer.look(number) for number in NUMBERS]
    customer.simulator.devices["sbc-1"].arm("unreachable")
    state = customer.sync()

    assert (state["health"], state["held_numbers"]) == ("unreachable", 3)
    assert state["cause"]
    assert [customer.look(number) for number in NUMBERS] == before


def test_a_refused_login_stops_until_an_operator_steps_in(customer: Customer) -> None:
    """GIVEN a device that refuses its user WHEN synced twice THEN it is asked once; enabled again, it is synced."""
    customer.add_device()
    customer.sync()
    device = customer.simulator.devices["sbc-1"]
    device.unregister([aor("4711")])
    device.arm("wrong-password")
    device.forget_requests()
    assert customer.sync()["health"] == "login_refused"
    assert customer.sync()["health"] == "login_refused"
    assert [request.status for request in device.requests()] == [401]
    assert customer.look("4711")["status"] == "Used"

    device.disarm()
    customer.operate("devices", "enable", "sbc-1")
    assert customer.sync()["health"] == "ok"
    assert customer.look("4711")["status"] == "Cooling"


def test_one_broken_device_holds_up_no_other(customer: Customer) -> None:
    """GIVEN a device whose number rule does not compile WHEN dispatched THEN it says so, the other is synced."""
    customer.add_device("sbc-1")
    customer.add_device("sbc-2")
    # What no command would store: planted in the table.
    rule = {"M": {"pattern": {"S": "("}, "replacement": {"S": ""}}}
    customer.arrange("devices", {"customer": customer.name, "device": "sbc-2"}, number_rules={"L": [rule]})
    assert customer.stack.invoke("sync_dispatcher", {"customer": customer.name}) == {"queued": 2}

    customer.shows("Used", *NUMBERS)
    assert eventually(lambda: customer.state("sbc-2")["health"] == "misconfigured"), customer.state("sbc-2")
    assert "'('" in customer.state("sbc-2")["cause"]


def test_names_that_are_no_numbers_are_told(customer: Customer) -> None:
    """GIVEN a user that is a name WHEN synced THEN the device's state counts it, and the numbers are taken."""
    customer.simulator.devices["sbc-1"].register(users("Lobby"))
    customer.add_device()
    state = customer.sync()

    assert (state["unmapped"], state["held_numbers"]) == (1, 3)
    assert any("Lobby" in line for line in customer.stack.log("sync_worker") if customer.name in line)


def test_a_schedule_delivered_twice_does_no_harm(customer: Customer) -> None:
    """GIVEN a schedule that fires twice at once WHEN both are worked THEN each number was written once."""
    customer.add_device()
    for _ in range(2):
        customer.stack.invoke("sync_dispatcher", {"customer": customer.name})
    customer.sync()

    for number in NUMBERS:
        shown = customer.look(number)
        # A new number's version is the millisecond of its creation, and each further write adds one.
        assert shown["version"] == int(datetime.fromisoformat(shown["created_at"]).timestamp() * 1000), shown
