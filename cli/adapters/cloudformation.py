"""CloudFormation: where a deployed stack keeps its tables. Operators ask; functions are told by their environment.

The answer also tells AWS's time. An operator's machine with a wrong clock is stopped here, before it changes anything.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from number_inventory.adapters.aws import AWS_FAULTS, AwsSession, error_code, storage_error
from number_inventory.domain.errors import ClockWrongError, InvalidInputError, NotFoundError, StorageRefusedError
from number_inventory.ports.clock import Clock

_OUTPUTS = {
    "NUMBERS_TABLE": "NumbersTableName",
    "REGISTRATIONS_TABLE": "RegistrationsTableName",
    "DEVICES_TABLE": "DevicesTableName",
    "MACROS_TABLE": "MacrosTableName",
    "PARAMETER_PREFIX": "ParameterPrefix",
    "AUDITS_TABLE": "AuditsTableName",
    "AUDIT_FUNCTION": "AuditName",
    "JOBS_TABLE": "JobsTableName",
    "JOB_FUNCTION": "NumberJobsName",
    "HISTORY_TABLE": "HistoryTableName",
    "RECORD_FUNCTION": "RecordHistoryName",
    "STOCK_TABLE": "StockTableName",
}
_ADDED = frozenset(
    {
        "AuditsTableName",
        "JobsTableName",
        "NumberJobsName",
        "HistoryTableName",
        "RecordHistoryName",
        "StockTableName",
    }
)
"""Outputs that stacks of earlier versions do not have."""

_PARAMETERS = {
    "CREDENTIALS_KEY_ARN": "CredentialsKeyArn",
    "AUDIT_RETENTION_DAYS": "AuditRetentionDays",
    "JOB_RETENTION_DAYS": "JobRetentionDays",
    "HISTORY_RETENTION_DAYS": "HistoryRetentionDays",
}
_TOLERANCE = timedelta(seconds=30)
"""How far a clock may be off; a Date header has whole seconds, and an answer takes its time."""

_NO_SUCH_STACK = "ValidationError"
_NOT_SIGNED_IN = frozenset(
    {
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class DeployedStacks:
    """The stacks of one account and region."""

    def __init__(self, session: AwsSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def settings(self, name: str) -> Mapping[str, str]:
        """Where the stack keeps things, under the names of the functions' environment variables.

        Raises:
            NotFoundError: there is no such stack here, or it is not one of this product.
            ClockWrongError: this machine's clock is not AWS's.
            StorageBusyError, StorageRefusedError: AWS cannot be asked, and why.
        """
        if not name:
            raise InvalidInputError("stack", "must be the name of a CloudFormation stack")
        stack = self._described(name)
        outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", ())}
        parameters = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", ())}
        missing = sorted(set(_OUTPUTS.values()) - outputs.keys())
        if missing:
            status = stack.get("StackStatus", "in an unknown state")
            raise NotFoundError(f"stack {name} is {status} and {_what_lacks(missing)}")
        found = {variable: outputs[output] for variable, output in _OUTPUTS.items()}
        given = {variable: parameters[name] for variable, name in _PARAMETERS.items() if name in parameters}
        return found | given

    def _described(self, name: str) -> Any:  # noqa: ANN401 - AWS's own shape
        try:
            answer = self._session.cloudformation().describe_stacks(StackName=name)
        except StorageRefusedError as error:
            # There is no client: the cause says whether region or profile is missing.
            raise _explained(error.__cause__, name) or error from error.__cause__
        except AWS_FAULTS as error:
            raise _explained(error, name) or storage_error(error, f"read stack {name}") from error
        check_clock(answer["ResponseMetadata"]["HTTPHeaders"].get("date", ""), self._clock.now())
        return answer["Stacks"][0]


def check_clock(date: str, now: datetime) -> None:
    """Compare a machine's clock with the Date header of an answer of AWS; without one there is nothing to compare.

    Raises:
        ClockWrongError: it is off by more than 30 seconds.
    """
    if not date:
        return
    off = now - parsedate_to_datetime(date)
    if abs(off) > _TOLERANCE:
        way = "fast" if off > timedelta() else "slow"
        message = (
            f"this machine's clock is {abs(off).total_seconds():.0f} seconds {way} against AWS: set it right first"
        )
        raise ClockWrongError(message)


def _what_lacks(missing: Sequence[str]) -> str:
    """What a stack is that does not have these outputs, and what to do."""
    if _ADDED.issuperset(missing):
        return f"of an earlier version, without the output {missing[0]}: deploy the present version"
    return f"has no output {missing[0]}: it is no number inventory, or not deployed"


def _explained(error: BaseException | None, name: str) -> NotFoundError | StorageRefusedError | None:
    """What an operator can do about it, for what goes wrong before anything else can; None for everything else."""
    if isinstance(error, ClientError):
        code = error_code(error)
        if code == _NO_SUCH_STACK:
            return NotFoundError(f"there is no stack {name!r} in this account and region: deploy it or name another")
        if code in _NOT_SIGNED_IN:
            return StorageRefusedError(f"AWS does not accept these credentials ({code}): sign in again, or take others")
    if isinstance(error, NoRegionError):
        return StorageRefusedError("no AWS region is set: name one, choose a profile that has one, or set AWS_REGION")
    if isinstance(error, ProfileNotFound):
        return StorageRefusedError(f"there is no AWS profile {error.kwargs['profile']!r} on this machine")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StorageRefusedError("there are no AWS credentials: sign in, choose a profile, or set keys as AWS says")
    return None
