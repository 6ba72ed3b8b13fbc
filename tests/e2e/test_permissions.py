"""Every function with the role that the template gives it: the local AWS evaluates them."""

from datetime import UTC, datetime, timedelta

from tests.e2e.conftest import users
from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import eventually
from tests.integration.cli.operator import CANARY

FUNCTIONS = (
    "sync_dispatcher",
    "sync_worker",
    "release_cooled",
    "audit",
    "number_api",
    "settings_api",
    "number_jobs",
    "record_history",
    "watch_stock",
)
_DENIED = ("AccessDenied", "not authorized", "StorageRefusedError")


def test_no_role_lacks_a_permission(customer: Customer) -> None:
    """GIVEN every way that a function uses AWS WHEN all are gone THEN nothing is denied, and no password is logged."""
    device = customer.simulator.devices["sbc-1"]
    customer.add_device()
    customer.sync()
    device.replace_users(users(*map(str, range(5000, 5040))))
    customer.sync()
    customer.operate("macros", "set", "audiocodes_cooling_duration", "0")
    device.replace_users(users("5000"))
    customer.sync()
    held = customer.operate("devices", "show", "sbc-1", "--json").json["held_removals"]
    assert held["count"] == 39, "so many need a person"
    assert customer.configure("GET", "devices/sbc-1/removals").body["held"]["count"] == 39
    approved = customer.configure("POST", "devices/sbc-1/removals/approve", {"checksum": held["checksum"]})
    assert (approved.status, approved.body["held"]["count"]) == (200, 39)
    customer.sync()
    customer.operate("numbers", "add", "6000")
    stack = customer.stack
    assert stack.invoke("sync_dispatcher", {"customer": customer.name}) == {"queued": 1}
    assert stack.invoke("release_cooled", {})["finished"]
    assert stack.invoke("release_cooled", {"mode": "report"})
    assert stack.invoke("audit", {"customer": customer.name})["audits"][0]["numbers"] == 44
    _audit_everything(customer)
    _manage_everything(customer)
    _configure_everything(customer)
    _watch_stock(customer)
    for query in ({}, {"status": "Available"}, {"status": "Reserved"}, {"vendor": "AudioCodes"}, {"limit": "1"}):
        assert customer.list(**query).status == 200

    assert stack.invoke("release_cooled", {})["finished"]
    for function in FUNCTIONS:
        lines = stack.log(function)
        assert lines
        denied = [line for line in lines if any(word in line for word in _DENIED)]
        assert not denied
        assert not [line for line in lines if CANARY in line]


def _audit_everything(customer: Customer) -> None:
    """Has audits do all that they can: find, correct in every way, hand over, be started by the API, and be read."""
    customer.lose("5000")
    customer.damage("6000", status="Cooling")
    customer.damage("4711", status="Used", usage="Device", vendor="AudioCodes")
    report = customer.audit()
    codes = ("missing_number", "cooling_without_release_date", "orphaned")
    assert report["counts"] == {code: {"reported": 1} for code in sorted(codes)}
    for query in ({}, {"code": "orphaned", "limit": "1"}, {"outcome": "left"}):
        assert customer.audits(report["id"], "findings", **query).status == 200
    corrected = customer.audit(mode="correct", plan=report["checksum"])
    assert corrected["counts"] == {code: {"corrected": 1} for code in sorted(codes)}
    assert customer.audits(limit="1").body["next_cursor"]
    of_all = customer.stack.invoke("audit", {})["audits"]
    # On a busy machine the invocation is sent twice, and the second one finds the first one's audit under way.
    [run] = [audit.get("id") or audit["under_way"] for audit in of_all if audit["customer"] == customer.name]
    assert customer.audit_ended(run)["state"] == "finished"


def _watch_stock(customer: Customer) -> None:
    """Lets stock be low, told of, and shown."""
    customer.operate("macros", "set", "number_stock_low_percent", "100")
    assert customer.stack.invoke("watch_stock", {"customer": customer.name})["told"] == 1
    assert customer.stack.invoke("watch_stock", {})["customers"] >= 1
    assert customer.stack.get(f"/customers/{customer.name}/stock").body["stock"][0]["low"]


def _manage_everything(customer: Customer) -> None:
    """Has the API do all that it can with numbers: one by one, many at once, and whichever are free."""
    bob = {"usage": "User", "assignee": "bob"}
    body: object
    for numbers in (["7000"], ["7000", "7001", "7002"]):
        assert customer.have("numbers", {"numbers": numbers}).status == 200
    for verb, body in (("assign", bob), ("unassign", None), ("cool", None), ("release", {"reason": "a test"})):
        assert customer.do(verb, "7000", body).status == 200
        many = customer.have("numbers/bulk", {"command": verb, "numbers": ["7001", "7002"], **(body or {})})
        assert {item["error"] for item in many.body["results"]} == {""}
    soon = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    assert customer.do("reserve", "7000", {"for_whom": "bob", "until": soon}).status == 200
    assert customer.change("PATCH", "7000", {"tag": "x"}).status == 200
    assert customer.have("numbers/lookup", {"numbers": ["7000", "7999"]}).status == 200
    for way in ({}, {"contiguous": True, "count": 2}):
        assert customer.have("next-available/claim", {"prefix": "70", "assign": bob, **way}).status in {200, 409}
    assert customer.have("next-available/claim", {"prefix": "70", "assign": bob, "count": 100}).status == 409
    assert customer.have("numbers", {"numbers": ["7003"]}).status == 200
    assert customer.change("DELETE", "7003").status == 204
    assert customer.have("numbers/bulk", {"command": "delete", "numbers": ["7003"]}).status == 200
    for sent, status in ((bob, 200), (bob, 200), ({**bob, "assignee": "eve"}, 422)):
        assert customer.do("assign", "7001", sent, Idempotency_Key="7f2c").status in {status, 409}
    wanted = {"prefix": "70", "reserve": {"for_whom": "eve"}}
    claimed = [customer.have("next-available/claim", wanted, Idempotency_Key="a1b2") for _ in range(2)]
    assert claimed[0].body == claimed[1].body
    assert customer.job({"first": "70000", "last": "70149"})["created"] == 150
    assert customer.job({"numbers": [str(number) for number in range(70100, 70250)]})["created"] == 100
    assert customer.stack.get(f"/customers/{customer.name}/jobs", limit="1").body["next_cursor"]
    assert eventually(lambda: datetime.now(UTC).isoformat() > soon)


def _configure_everything(customer: Customer) -> None:
    """Has the API do all that it can with devices, macros and settings; the device is one that nobody can reach."""
    credentials = {"username": "inventory", "password": CANARY}
    new = {"address": "https://10.255.255.1", "enabled": False, "credentials": credentials}
    assert customer.configure("PUT", "devices/sbc-9", new, Idempotency_Key="9").status == 201
    assert customer.configure("PUT", "devices/sbc-9", new, Idempotency_Key="9").status == 201
    changed = customer.configure("PATCH", "devices/sbc-9", {"read_timeout_seconds": 30})
    assert changed.body["read_timeout_seconds"] == 30
    assert customer.configure("PUT", "devices/sbc-9/credentials", credentials).status == 204
    assert customer.configure("POST", "devices/sbc-1/sync").status == 202
    names = [device["device"] for device in customer.configure("GET", "devices").body["devices"]]
    assert names == ["sbc-1", "sbc-9"]
    assert customer.configure("DELETE", "devices/sbc-9").status == 409
    assert customer.configure("DELETE", "devices/sbc-9?confirm=0").status == 200
    assert customer.configure("GET", "devices/sbc-9").status == 404
    macro = "macros/audiocodes_removal_guard_count"
    assert customer.configure("PUT", macro, {"value": "12"}).body["origin"] == "customer"
    assert customer.configure("DELETE", macro).body["origin"] == "default"
    assert customer.configure("GET", "macros").status == 200
    assert customer.stack.get("/macros").status == 200
    settings = customer.configure("PATCH", "settings", {"number_inventory_cooling_duration_days": 3})
    assert settings.body["number_inventory_cooling_duration_days"] == 3
    assert CANARY not in str(customer.items("requests"))


def test_credentials_are_kept_encrypted(customer: Customer) -> None:
    """GIVEN a device that was added WHEN its credentials are looked for THEN they are a SecureString, in no table."""
    customer.add_device()
    stack = customer.stack
    name = f"{stack.description['parameter_prefix']}/{customer.name}/sbc-1/credentials"
    stored = stack.client("ssm").get_parameter(Name=name)["Parameter"]
    item = customer.item("devices", {"customer": customer.name, "device": "sbc-1"})

    assert stored["Type"] == "SecureString"
    assert item
    assert CANARY not in str(item)
