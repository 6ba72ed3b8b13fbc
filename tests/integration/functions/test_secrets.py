"""No password in any log, metric, answer or error: `Account.run` searches all that a run says, whatever it runs into.

Here the runs go through everything that has to do with a login; the other tests are searched in passing.
"""

from collections.abc import Iterator

import pytest

from functions.sync_devices import worker
from number_inventory.domain.devices import DeviceKey, Health
from simulator.server import Simulator
from tests.integration.functions.account import CANARY, PREFIX, WORKER, Account, batch, failures

MESSAGE = batch({"customer": "acme", "device": "sbc-1"})


@pytest.fixture
def key(account: Account, simulator: Simulator) -> Iterator[DeviceKey]:
    """The played device; the worker logs all it can."""
    worker.logger.setLevel("DEBUG")
    yield account.add_device("sbc-1", simulator)
    worker.logger.setLevel("INFO")


@pytest.mark.parametrize(
    ("fault", "health"),
    [
        (None, Health.OK),
        ("wrong-password", Health.LOGIN_REFUSED),
        ("monitor-role", Health.LOGIN_REFUSED),
        ("unreachable", Health.UNREACHABLE),
        ("self-signed-certificate", Health.UNREACHABLE),
        ("html-error", Health.UNREACHABLE),
        ("html-login-page", Health.MISCONFIGURED),
        ("redirect", Health.MISCONFIGURED),
        ("truncated-body", Health.UNREACHABLE),
        ("unknown-lines", Health.PARTIAL),
    ],
)
def test_no_password_is_shown(
    account: Account, key: DeviceKey, simulator: Simulator, fault: str | None, health: Health
) -> None:
    """GIVEN a device in this condition WHEN it is synced THEN all that is said holds no password, in any spelling."""
    if fault:
        simulator.devices["sbc-1"].arm(fault)
    ran = account.run(WORKER, MESSAGE, seconds_left=18)

    assert failures(ran) == []
    assert ran.logged
    assert CANARY not in str(account.state(key))
    assert account.state(key).health is health


@pytest.mark.parametrize(
    "stored",
    [
        f"Admin:{CANARY}",
        f'{{"username": "Admin", "password": "{CANARY}"',
        f'{{"username": "Admin", "passwort": "{CANARY}"}}',
        f'["Admin", "{CANARY}"]',
        f'{{"username": "", "password": "{CANARY}"}}',
        f'{{"username": "Admin", "password": ["{CANARY}"]}}',
    ],
)
def test_credentials_that_make_no_sense_are_not_repeated(account: Account, key: DeviceKey, stored: str) -> None:
    """GIVEN a parameter that is no user and password WHEN its device is synced THEN it is named, and not repeated."""
    ssm = account.engine.session().ssm()
    ssm.put_parameter(Name=f"{PREFIX}/acme/sbc-1/credentials", Value=stored, Type="SecureString", Overwrite=True)
    ran = account.run(WORKER, MESSAGE)

    assert failures(ran) == []
    assert f"{PREFIX}/acme/sbc-1/credentials" in account.state(key).cause
    assert CANARY not in account.state(key).cause


def test_the_search_itself_finds(account: Account) -> None:
    """GIVEN a run that repeats a password in its error WHEN it is searched THEN it is found."""
    with pytest.raises(AssertionError):
        account.run(WORKER, batch({"customer": "acme", "device": CANARY}))
