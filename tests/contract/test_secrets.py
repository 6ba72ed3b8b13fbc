"""The Secrets port and the key of the page tokens: encrypted, versioned, and never shown."""

import base64
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from number_inventory.adapters.ssm import PageTokenKey, SsmSecrets
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import CredentialsMissingError, RecordBrokenError, StorageRefusedError
from number_inventory.ports.secrets import Credentials, Secrets
from tests.contract.made import CUSTOMER, KEY
from tests.engines.engine import MINISTACK, MOTO, Engine
from tests.engines.faults import refusals
from tests.engines.fixtures import engine_named
from tests.memory.settings import MemorySecrets

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

CANARY = "canary-7f3a"


@dataclass
class Uptime:
    """A clock for the cache, moved by hand."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Store:
    """The adapter on one engine, and what to look behind it with."""

    ssm: "SSMClient"
    prefix: str
    uptime: Uptime
    secrets: SsmSecrets

    @property
    def parameter(self) -> str:
        return f"{self.prefix}/{CUSTOMER}/{KEY.name}/credentials"

    def plant(self, value: str) -> None:
        """Store something as another hand would."""
        self.ssm.put_parameter(Name=self.parameter, Value=value, Type="SecureString", Overwrite=True)


@pytest.fixture
def store(cloud: Engine) -> Store:
    ssm, prefix, uptime = cloud.session().ssm(), f"/test-{uuid4().hex}", Uptime()
    return Store(ssm, prefix, uptime, SsmSecrets(ssm, prefix, uptime=uptime))


@pytest.fixture(params=["memory", MOTO, MINISTACK])
def secrets(request: pytest.FixtureRequest) -> Secrets:
    if request.param == "memory":
        return MemorySecrets()
    return SsmSecrets(engine_named(request.param, request).session().ssm(), f"/test-{uuid4().hex}")


def test_stored_credentials_are_read_and_their_version_grows(secrets: Secrets) -> None:
    secrets.store(KEY, Credentials("admin", "first"))
    first = secrets.credentials(KEY)
    assert (first.username, first.password) == ("admin", "first")
    assert first.version >= 1

    secrets.store(KEY, Credentials("admin", "second"))
    second = secrets.credentials(KEY)
    assert (second.password, second.version) == ("second", first.version + 1)
    assert second.address == "", "another hand may have stored them without"

    secrets.store(KEY, Credentials("admin", "third", address="https://10.8.5.71"))
    assert secrets.credentials(KEY, fresh=True).address == "https://10.8.5.71"


@pytest.mark.parametrize("password", ['"quoted" \\ back', "ünïcode ✓", " spaces ", "{}", "x" * 1000])
def test_any_password_survives(secrets: Secrets, password: str) -> None:
    secrets.store(KEY, Credentials("admin", password))
    assert secrets.credentials(KEY, fresh=True).password == password


def test_missing_credentials_are_named(secrets: Secrets) -> None:
    with pytest.raises(CredentialsMissingError, match="acme/sbc-1"):
        secrets.credentials(KEY)
    secrets.forget(KEY)
    secrets.store(KEY, Credentials("admin", "x"))
    with pytest.raises(CredentialsMissingError, match="acme/sbc-2"):
        secrets.credentials(DeviceKey(CUSTOMER, "sbc-2"))


def test_forgotten_credentials_are_gone_at_once(secrets: Secrets) -> None:
    secrets.store(KEY, Credentials("admin", "x"))
    secrets.credentials(KEY)
    secrets.forget(KEY)
    with pytest.raises(CredentialsMissingError):
        secrets.credentials(KEY)
    secrets.forget(KEY)


def test_credentials_are_stored_encrypted_under_the_device(store: Store) -> None:
    store.secrets.store(KEY, Credentials("admin", "x"))
    assert store.ssm.get_parameter(Name=store.parameter)["Parameter"]["Type"] == "SecureString"


@dataclass
class Decryptions:
    """Counts what KMS would charge for."""

    count: int = 0

    def note(self, params: dict[str, Any], **_: object) -> None:
        """Look at a request before it is sent."""
        self.count += params["WithDecryption"]


def test_credentials_are_decrypted_once_an_hour_and_whenever_they_change(store: Store) -> None:
    """GIVEN credentials in use THEN an hour takes one decryption, and changed ones count at once."""
    decryptions = Decryptions()
    store.ssm.meta.events.register("provide-client-params.ssm.GetParameter", decryptions.note)
    store.secrets.store(KEY, Credentials("admin", "old"))
    for _ in range(12):
        assert store.secrets.credentials(KEY).password == "old"
    assert decryptions.count == 1

    store.plant('{"username": "admin", "password": "new"}')
    assert [store.secrets.credentials(KEY).password for _ in range(2)] == ["new", "new"]
    assert decryptions.count == 2

    assert store.secrets.credentials(KEY, fresh=True).password == "new"
    store.uptime.seconds = 3601
    assert store.secrets.credentials(KEY).password == "new"
    assert decryptions.count == 4


def test_credentials_of_a_device_that_was_added_anew_are_its_own(store: Store) -> None:
    """GIVEN credentials in use WHEN another process removes them and stores others THEN these are used.

    A parameter that was deleted begins with version 1 again.
    """
    elsewhere = SsmSecrets(store.ssm, store.prefix)
    elsewhere.store(KEY, Credentials("admin", "old"))
    assert store.secrets.credentials(KEY).password == "old"
    time.sleep(1.1)  # moto and MiniStack know when a parameter was written by the second
    elsewhere.forget(KEY)
    elsewhere.store(KEY, Credentials("admin", "new"))
    assert (store.secrets.credentials(KEY).password, store.secrets.credentials(KEY).version) == ("new", 1)


def test_credentials_that_another_process_removed_are_not_used_again(store: Store) -> None:
    store.secrets.store(KEY, Credentials("admin", "old"))
    store.secrets.credentials(KEY)
    store.ssm.delete_parameter(Name=store.parameter)
    for _ in range(2):
        with pytest.raises(CredentialsMissingError):
            store.secrets.credentials(KEY)


@pytest.mark.parametrize(
    "value",
    [
        f"{CANARY}",
        f'{{"username": "{CANARY}"}}',
        f'{{"username": "admin", "password": "{CANARY}"',
        f'["{CANARY}"]',
        f'{{"username": "", "password": "{CANARY}"}}',
        f'{{"username": 5, "password": "{CANARY}"}}',
    ],
)
def test_credentials_that_cannot_be_understood_are_named_but_never_shown(
    store: Store, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    """GIVEN a parameter that holds something else THEN the error says which, and nowhere what it holds."""
    caplog.set_level(logging.INFO)
    store.plant(value)
    with pytest.raises(CredentialsMissingError, match="acme/sbc-1") as caught:
        store.secrets.credentials(KEY)
    assert store.parameter in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert CANARY not in shown
    assert caught.value.__context__ is None


def test_refused_store_never_shows_the_password(store: Store) -> None:
    """GIVEN a Parameter Store whose refusal repeats the value THEN the error does not hold it."""
    with (
        refusals(store.ssm, "PutParameter", "ValidationException", message=f"Value {CANARY} is too long"),
        pytest.raises(StorageRefusedError, match="acme/sbc-1: ValidationException") as caught,
    ):
        store.secrets.store(KEY, Credentials("admin", CANARY))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


# --- the key of the page tokens


def test_page_token_key_is_made_once_and_stays(store: Store) -> None:
    first = PageTokenKey(store.ssm, store.prefix)
    key = first.value()
    assert len(key) == 32
    assert first.value() == key
    assert PageTokenKey(store.ssm, store.prefix).value() == key
    parameter = store.ssm.get_parameter(Name=f"{store.prefix}/page-token-key", WithDecryption=True)["Parameter"]
    assert (parameter["Type"], base64.b64decode(parameter["Value"])) == ("SecureString", key)


def test_makers_at_the_same_time_end_with_one_key(store: Store) -> None:
    """GIVEN many that need the key at once WHEN each finds none and makes one THEN all end with the same."""
    keys = [PageTokenKey(store.ssm, store.prefix) for _ in range(16)]
    # Each begins to make one, as if none had been there when it looked.
    with ThreadPoolExecutor(16) as pool:
        values = list(pool.map(lambda key: key._make(), keys))
    assert len(set(values)) == 1
    assert len(values[0]) == 32


def test_broken_page_token_key_is_an_error_not_an_empty_key(store: Store) -> None:
    store.ssm.put_parameter(Name=f"{store.prefix}/page-token-key", Value="short", Type="SecureString")
    with pytest.raises(RecordBrokenError, match="page-token-key"):
        PageTokenKey(store.ssm, store.prefix).value()
