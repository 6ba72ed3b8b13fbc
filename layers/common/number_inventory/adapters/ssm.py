"""The Parameter Store: device credentials and the key of the page tokens, both encrypted (SecureString)."""

import base64
import binascii
import json
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from number_inventory.adapters.aws import AWS_FAULTS, error_code, storage_error
from number_inventory.domain.devices import DeviceKey
from number_inventory.domain.errors import CredentialsMissingError, RecordBrokenError
from number_inventory.ports.secrets import Credentials

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class PutKey(TypedDict, total=False):
    """Which key a parameter is encrypted with."""

    KeyId: str


_KEPT_SECONDS = 3600.0
"""How long decrypted credentials are kept, while the stored ones are of the same version."""

_KEY_BYTES = 32


class _Decrypted(NamedTuple):
    """Credentials as they were decrypted.

    Attributes:
        at: by the clock of the cache.
        stored: the parameter's version and when it was written: one that was deleted begins anew with version 1.
    """

    at: float
    stored: tuple[int, object]
    credentials: Credentials


def _stored(parameter: Any) -> tuple[int, object]:  # noqa: ANN401 - AWS's own shape
    return int(parameter["Version"]), parameter["LastModifiedDate"]


class SsmSecrets:
    """Device credentials, one parameter each: `<prefix>/<customer>/<device>/credentials`, a JSON object.

    The version is the parameter's own, which grows whenever it is overwritten. Credentials that were decrypted are kept
    for an hour and used while the parameter is still that one, which is read each time, without being decrypted: KMS
    charges for each decryption, and a password that was changed is never tried in its old form.

    Attributes:
        key_id: of the KMS key that `store` encrypts with; empty for the account's own `aws/ssm`.
        uptime: seconds on a clock that never goes back, for the cache.
    """

    def __init__(
        self, client: "SSMClient", prefix: str, *, key_id: str = "", uptime: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._prefix = prefix.rstrip("/")
        self._encryption: PutKey = {"KeyId": key_id} if key_id else {}
        self._uptime = uptime
        self._cached: dict[DeviceKey, _Decrypted] = {}

    def credentials(self, key: DeviceKey, *, fresh: bool = False) -> Credentials:
        """The credentials of a device as they are stored now; decrypted just now where they must be fresh.

        Raises:
            CredentialsMissingError: none are stored, or what is stored is no user and password.
        """
        # Forgotten first: whatever goes wrong now, the old ones are not used again.
        cached = self._cached.pop(key, None)
        usable = cached and not fresh and self._uptime() - cached.at < _KEPT_SECONDS
        if cached and usable and _stored(self._parameter(key, decrypted=False)) == cached.stored:
            self._cached[key] = cached
            return cached.credentials
        self._cached[key] = found = self._read(key)
        return found.credentials

    def _read(self, key: DeviceKey) -> "_Decrypted":
        parameter = self._parameter(key, decrypted=True)
        credentials = _parse(parameter["Value"], int(parameter["Version"]))
        if credentials is None:
            wanted = '{"username": "...", "password": "..."}'
            raise CredentialsMissingError(f"device {key}: parameter {self._name(key)} does not hold {wanted}. {_HOW}")
        return _Decrypted(self._uptime(), _stored(parameter), credentials)

    def _parameter(self, key: DeviceKey, *, decrypted: bool) -> Any:  # noqa: ANN401 - AWS's own shape
        name = self._name(key)
        purpose = f"read the credentials of device {key}"
        parameter = _parameter(self._client, name, purpose, decrypted=decrypted)
        if parameter is None:
            raise CredentialsMissingError(f"device {key} has no credentials: parameter {name} does not exist. {_HOW}")
        return parameter

    def store(self, key: DeviceKey, credentials: Credentials) -> None:
        """Keep a device's credentials, encrypted; they take the place of earlier ones."""
        self._cached.pop(key, None)
        kept = {"username": credentials.username, "password": credentials.password, "address": credentials.address}
        value = json.dumps({name: text for name, text in kept.items() if text})
        failure = None
        try:
            self._client.put_parameter(
                Name=self._name(key), Value=value, Type="SecureString", Overwrite=True, **self._encryption
            )
        except AWS_FAULTS as error:
            failure = storage_error(error, f"store the credentials of device {key}", quiet=True)
        if failure:
            # Raised out here and without AWS's words: a refusal may repeat the value that it refuses.
            raise failure

    def forget(self, key: DeviceKey) -> None:
        """Remove a device's credentials; nothing where there are none."""
        self._cached.pop(key, None)
        try:
            self._client.delete_parameter(Name=self._name(key))
        except AWS_FAULTS as error:
            if not (isinstance(error, ClientError) and error_code(error) == "ParameterNotFound"):
                raise storage_error(error, f"remove the credentials of device {key}") from error

    def _name(self, key: DeviceKey) -> str:
        return f"{self._prefix}/{key.customer}/{key.name}/credentials"


_HOW = "Add the device again with its user and password, or put the parameter as a SecureString"


class PageTokenKey:
    """The secret that page tokens are signed with: `<prefix>/page-token-key`, made where it is first needed."""

    def __init__(self, client: "SSMClient", prefix: str) -> None:
        self._client = client
        self._name = f"{prefix.rstrip('/')}/page-token-key"
        self._value = b""

    def value(self) -> bytes:
        """The key, 32 bytes; the same for all, even where two make it at the same time.

        Raises:
            RecordBrokenError: what is stored is no such key.
        """
        if not self._value:
            self._value = self._read() or self._make()
        return self._value

    def _read(self) -> bytes:
        parameter = _parameter(self._client, self._name, "read the key of the page tokens")
        if parameter is None:
            return b""
        try:
            value = base64.b64decode(parameter["Value"], validate=True)
        except binascii.Error:
            value = b""
        if len(value) != _KEY_BYTES:
            message = f"is not {_KEY_BYTES} bytes in base64; delete the parameter and a new key is made"
            raise RecordBrokenError(f"parameter {self._name}", "Value", message)
        return value

    def _make(self) -> bytes:
        """Make a key unless somebody was faster; either way the stored one counts."""
        failure = None
        made = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
        try:
            self._client.put_parameter(Name=self._name, Value=made, Type="SecureString", Overwrite=False)
        except AWS_FAULTS as error:
            if not (isinstance(error, ClientError) and error_code(error) == "ParameterAlreadyExists"):
                failure = storage_error(error, "make the key of the page tokens", quiet=True)
        if failure:
            raise failure
        return self._read()


def _parameter(client: "SSMClient", name: str, purpose: str, *, decrypted: bool = True) -> Any:  # noqa: ANN401 - AWS's own shape, or None
    """The parameter; None where there is none."""
    try:
        return client.get_parameter(Name=name, WithDecryption=decrypted)["Parameter"]
    except AWS_FAULTS as error:
        if isinstance(error, ClientError) and error_code(error) == "ParameterNotFound":
            return None
        raise storage_error(error, purpose) from error


def _parse(value: str, version: int) -> Credentials | None:
    """The credentials in a parameter, or None; no error of the parser may get out, since it would hold the text."""
    try:
        stored = json.loads(value)
    except ValueError:
        return None
    if not isinstance(stored, dict):
        return None
    username, password, address = stored.get("username"), stored.get("password"), stored.get("address", "")
    if not (isinstance(username, str) and isinstance(password, str) and username and password):
        return None
    return Credentials(username, password, version, address) if isinstance(address, str) else None
