"""Removals that are held back, over the API: shown as they are kept, and approved by their checksum."""

from typing import Any

import pytest

from number_inventory.domain.numbers import Status
from number_inventory.domain.removals import checksum_of
from simulator.server import Simulator
from tests.integration.functions.account import WORKER, Account, batch
from tests.integration.functions.api_requests import with_headers
from tests.integration.functions.conftest import NUMBERS, users
from tests.integration.functions.settings_requests import device
from tests.integration.functions.test_api_lookup import body, problem
from tests.integration.functions.test_api_settings import SETTINGS


def synced(account: Account) -> None:
    """One sync of sbc-1."""
    assert account.run(WORKER, batch({"customer": "acme", "device": "sbc-1"})).error is None


def shown(account: Account) -> Any:  # noqa: ANN401 - JSON is whatever it is
    """What the API shows of the held removals."""
    return body(account.run(SETTINGS, device("GET", below="/removals")))


def approve(checksum: object, name: str = "sbc-1") -> dict[str, Any]:
    """A request to approve."""
    return device("POST", name, {"checksum": checksum}, below="/removals/approve")


@pytest.fixture
def held(account: Account, simulator: Simulator) -> Account:
    """A device that has lost all of its three numbers, where one may go."""
    account.add_device("sbc-1", simulator)
    account.macros.put("acme", "audiocodes_removal_guard_count", "1")
    synced(account)
    assert shown(account) == {
        "customer": "acme",
        "device": "sbc-1",
        "health": "ok",
        "reason": "",
        "held": None,
        "approval": None,
    }
    simulator.devices["sbc-1"].replace_users(())
    synced(account)
    return account


def test_a_held_set_is_shown_approved_and_goes(held: Account) -> None:
    """GIVEN a held set WHEN it is approved as it is shown THEN the next sync takes it; until then nothing goes."""
    told = shown(held)
    kept = told["held"]
    assert (kept["checksum"], kept["count"], kept["of"]) == (checksum_of(NUMBERS), 3, 3)
    assert kept["sample"] == sorted(NUMBERS)
    assert (told["health"], told["approval"]) == ("held", None)
    assert "3 of 3 numbers would go" in told["reason"]
    assert "removals/approve" in body(held.run(SETTINGS, device("GET")))["next"]

    approved = body(held.run(SETTINGS, approve(kept["checksum"])))
    assert approved["held"] == kept
    assert approved["approval"]["checksum"] == kept["checksum"]
    assert approved["approval"]["by"].startswith("api:arn:")
    assert shown(held)["approval"] == approved["approval"]
    assert body(held.run(SETTINGS, approve(kept["checksum"]))) == approved, "the same again changes nothing"
    assert {held.number(number).status for number in NUMBERS} == {Status.USED}

    synced(held)
    assert {held.number(number).status for number in NUMBERS} == {Status.COOLING}
    assert (shown(held)["held"], shown(held)["approval"]) == (None, None)


def test_another_set_than_the_held_one_is_not_approved(held: Account, simulator: Simulator) -> None:
    """GIVEN a set that was seen WHEN the device misses another one, or none, by now THEN 409, and nothing goes."""
    seen = shown(held)["held"]["checksum"]
    simulator.devices["sbc-1"].register(users(NUMBERS[0]))
    synced(held)

    told = problem(held.run(SETTINGS, approve(seen)), 409)
    assert "holds another set back now: 2 numbers" in told["detail"]
    assert shown(held)["approval"] is None

    simulator.devices["sbc-1"].register(users(*NUMBERS))
    synced(held)
    told = problem(held.run(SETTINGS, approve(seen)), 409)
    assert "holds no removals back now" in told["detail"]
    synced(held)
    assert {held.number(number).status for number in NUMBERS} == {Status.USED}


def test_an_approval_under_its_key_is_given_once(held: Account) -> None:
    """GIVEN an approval that was carried out WHEN sent again under its key THEN it is answered, not given anew."""
    sent = with_headers(approve(shown(held)["held"]["checksum"]), {"Idempotency_Key": "7f2c"})
    first = body(held.run(SETTINGS, sent))
    synced(held)

    assert body(held.run(SETTINGS, sent)) == first
    assert shown(held)["approval"] is None


@pytest.mark.parametrize("checksum", ["", "5f2b", "A" * 64, "a" * 65, 7, None])
def test_what_is_no_checksum_is_400(account: Account, checksum: object) -> None:
    told = problem(account.run(SETTINGS, approve(checksum)), 400)
    assert [each["field"] for each in told["errors"]] == ["checksum"]


def test_a_device_that_is_not_there_has_no_removals(account: Account) -> None:
    problem(account.run(SETTINGS, device("GET", "other", below="/removals")), 404)
    problem(account.run(SETTINGS, approve("a" * 64, "other")), 404)
    problem(account.run(SETTINGS, device("GET", below="/removals", query={"limit": "5"})), 400)
