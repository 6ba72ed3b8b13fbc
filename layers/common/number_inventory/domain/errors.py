"""Everything that can go wrong, as types: a caller decides by type, never by text.

Each message says what happened, where, and what to do. None ever holds a credential.
"""

from datetime import timedelta


class InventoryError(Exception):
    """Root of every error this product raises on purpose."""


class PermanentError(InventoryError):
    """Trying again without a change cannot help: somebody has to act."""


class RetryableError(InventoryError):
    """The same call may succeed later."""


class InvalidInputError(PermanentError):
    """A value from outside breaks a rule.

    Attributes:
        field: the name of the offending input, as its giver knows it.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


class NotFoundError(PermanentError):
    """The named thing does not exist."""


class AlreadyExistsError(PermanentError):
    """The named thing exists already and is left as it is."""


class RuleViolationError(PermanentError):
    """The number's present state does not allow what was asked (for example, assigning a number in use)."""


class PreconditionFailedError(PermanentError):
    """The number is not at the version that the caller last saw: somebody else changed it meanwhile.

    Attributes:
        number: which one.
        version: its present version.
    """

    def __init__(self, number: str, version: int, seen: int) -> None:
        self.number = number
        self.version = version
        super().__init__(f"number {number} is at version {version}, not {seen}: look at it again, then decide anew")


class ConfigurationChangedError(PermanentError):
    """The device is not configured as the caller last saw it: somebody else changed that meanwhile.

    Attributes:
        digest: of how it is configured now.
    """

    def __init__(self, device: str, digest: str) -> None:
        self.digest = digest
        super().__init__(f"device {device} is configured otherwise by now: look at it again, then decide anew")


class AuditUnderWayError(PermanentError):
    """Another audit of the customer is at work: two of them would correct each other's numbers.

    Attributes:
        customer: whose numbers are audited.
        run_id: the run that is at work.
    """

    def __init__(self, customer: str, run_id: str) -> None:
        self.customer = customer
        self.run_id = run_id
        super().__init__(f"audit {run_id} of customer {customer} is under way; wait for its end")


class KeyReusedError(PermanentError):
    """The key of a request was used for another request before."""

    def __init__(self) -> None:
        super().__init__("this key was used for another request within the last 24 hours: give each request its own")


class RequestUnderWayError(RetryableError):
    """A request with this key is being carried out.

    Attributes:
        wait: after so long it has its answer, or may be carried out again.
    """

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("a request with this key is being carried out: send it again for its answer")


class SettingBrokenError(PermanentError):
    """A stored setting cannot be understood; whatever depends on it waits until it is corrected."""


class ClockWrongError(PermanentError):
    """This machine's clock is off: Release Dates made or judged by it would be wrong, and numbers freed early."""


class DeviceError(InventoryError):
    """A device did not give a snapshot. Nothing may be concluded about its numbers."""


class DeviceUnreachableError(DeviceError, RetryableError):
    """Name resolution, connection, TLS, timeout or a 5xx: the device did not answer properly."""


class LoginRefusedError(DeviceError, PermanentError):
    """401 or 403: the device refuses the user.

    Never retried by itself, because the device locks out the caller's address after a few failures (AudioCodes).

    Attributes:
        credentials_version: of the credentials that were refused; 0 where it is not known.
    """

    def __init__(self, message: str, credentials_version: int = 0) -> None:
        self.credentials_version = credentials_version
        super().__init__(message)


class DeviceRejectedError(DeviceError, PermanentError):
    """The device, or the rules for its address, refuse what was asked; its configuration needs a person."""


class CredentialsMissingError(DeviceError, PermanentError):
    """No usable credentials are stored for the device."""


class StorageBusyError(RetryableError):
    """The database or another AWS service throttled, timed out or failed even after its own retries."""


class StorageRefusedError(PermanentError):
    """AWS refused a call for good: permission, missing table or a malformed request."""


class ContentRefusedError(StorageRefusedError):
    """AWS refused for good what was sent, not who sent it or where to: another item may well be taken."""


class CountingError(StorageBusyError):
    """The numbers of a customer are being counted anew: how many there are is not known before that has ended.

    Attributes:
        since: the instant of the recount, in milliseconds since 1970.
    """

    def __init__(self, customer: str, since: int) -> None:
        self.since = since
        super().__init__(
            f"the numbers of customer {customer} are being counted anew: "
            "they are known once `number-inventory migrate --apply` has come to its end"
        )


class LeaseLostError(RetryableError):
    """Another sync of the same device has begun meanwhile: this one must write nothing more."""


class RecordBrokenError(PermanentError):
    """A stored item cannot be understood; it is left as it is, and nothing is ever concluded from it.

    Attributes:
        what: which item, in words.
        attribute: which of its attributes.
    """

    def __init__(self, what: str, attribute: str, message: str) -> None:
        self.what = what
        self.attribute = attribute
        super().__init__(self._words(message))

    def _words(self, message: str) -> str:
        return f"the stored {self.what} is broken: attribute {self.attribute!r} {message}. Correct the item by hand"


class RecordNewerError(RecordBrokenError):
    """A newer release has written a stored item in a way that this one cannot read; it is left as it is."""

    def _words(self, message: str) -> str:
        return f"the stored {self.what} was written by a newer release: {message}. Deploy that release again"
