"""What each function is told by its environment; the template sets every one of these."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.domain.errors import SettingBrokenError


class _Settings(BaseModel):
    """Settings read from the environment by their aliases; those that a function does not read are not built."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings.

        Raises:
            SettingBrokenError: names each variable that is missing or wrong.
        """
        # Only what is asked for: every look at the environment decodes a value, and the API looks with each request.
        names = [field.alias for field in cls.model_fields.values() if field.alias is not None]
        try:
            return cls.model_validate({name: environment[name] for name in names if name in environment})
        except ValidationError as error:
            wrong = "; ".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors(include_input=False))
            raise SettingBrokenError(f"environment variables of the function are not right: {wrong}") from None


class InventorySettings(_Settings):
    """For everything that reads or writes numbers."""

    numbers_table: str = Field(alias="NUMBERS_TABLE", min_length=3)
    batched_writes: bool = Field(alias="BATCHED_WRITES", default=False, description="Write up to 25 numbers a request.")


class CallSettings(_Settings):
    """For calling AWS."""

    caller_waits: bool = Field(
        alias="CALLER_WAITS", default=False, description="Give calls up in time to tell who waits for the answer."
    )


class DevicesSettings(_Settings):
    """For everything that reads the configured devices."""

    devices_table: str = Field(alias="DEVICES_TABLE", min_length=3)


class DispatchSettings(DevicesSettings):
    """For queueing syncs."""

    sync_queue_url: str = Field(alias="SYNC_QUEUE_URL", min_length=8)


class SecretsSettings(_Settings):
    """For reading and storing secrets."""

    parameter_prefix: str = Field(
        alias="PARAMETER_PREFIX", default="/number-inventory", pattern=r"^(/[A-Za-z0-9_.-]+)+$"
    )
    credentials_key: str = Field(
        alias="CREDENTIALS_KEY_ARN", default="", description="KMS key for storing credentials; empty is AWS's own."
    )


class ManageSettings(InventorySettings):
    """For changing numbers by hand: how long they cool stands in macros."""

    macros_table: str = Field(alias="MACROS_TABLE", min_length=3)


class RegistersSettings(ManageSettings, DevicesSettings):
    """For changing numbers by what devices are known to hold."""

    registrations_table: str = Field(alias="REGISTRATIONS_TABLE", min_length=3)


class SyncSettings(RegistersSettings, SecretsSettings):
    """For syncing, testing and removing devices."""

    device_address_policy: AddressPolicy = Field(
        alias="DEVICE_ADDRESS_POLICY", default=AddressPolicy.PUBLIC_AND_PRIVATE
    )


class AuditsSettings(_Settings):
    """For looking at audits and what they found."""

    audits_table: str = Field(alias="AUDITS_TABLE", min_length=3)
    audit_retention_days: int = Field(
        alias="AUDIT_RETENTION_DAYS", default=400, ge=1, le=3650, description="How long an audit is kept."
    )


class AuditStartSettings(AuditsSettings):
    """For starting audits: they are carried out by a function of their own."""

    audit_function: str = Field(alias="AUDIT_FUNCTION", min_length=3, description="Name of that function.")


class HistorySettings(_Settings):
    """For looking at what became of numbers."""

    history_table: str = Field(alias="HISTORY_TABLE", min_length=3)
    history_retention_days: int = Field(
        alias="HISTORY_RETENTION_DAYS", default=400, ge=7, le=3650, description="How long a change is kept."
    )


class AuditSettings(RegistersSettings, AuditStartSettings, HistorySettings):
    """For carrying out audits."""

    audit_proof_hours: int = Field(
        alias="AUDIT_PROOF_HOURS",
        default=24,
        ge=1,
        le=8760,
        description="How old a device's last complete snapshot may be to prove that it does not hold a number.",
    )


class JobsSettings(_Settings):
    """For looking at jobs and waking who carries them out."""

    jobs_table: str = Field(alias="JOBS_TABLE", min_length=3)
    job_retention_days: int = Field(
        alias="JOB_RETENTION_DAYS", default=30, ge=1, le=3650, description="How long a job is kept."
    )
    job_function: str = Field(
        alias="JOB_FUNCTION", min_length=3, description="Name of the function that works on jobs."
    )


class RunJobSettings(InventorySettings, JobsSettings):
    """For carrying out jobs."""


class RecordSettings(HistorySettings):
    """For keeping what becomes of numbers, and telling others."""

    event_bus: str = Field(alias="EVENT_BUS", min_length=1, description="Name or ARN of the bus.")
    dead_letters_url: str = Field(
        alias="HISTORY_DEAD_LETTERS_URL", min_length=8, description="Queue of what cannot be recorded."
    )


class StockSettings(HistorySettings):
    """For looking at how many numbers are left."""

    macros_table: str = Field(alias="MACROS_TABLE", min_length=3)
    stock_table: str = Field(alias="STOCK_TABLE", min_length=3)


class WatchStockSettings(StockSettings):
    """For watching it, and telling others."""

    event_bus: str = Field(alias="EVENT_BUS", min_length=1, description="Name or ARN of the bus.")


class ApiSettings(InventorySettings, SecretsSettings):
    """For the numbers on the API."""


class AuditApiSettings(AuditStartSettings, SecretsSettings):
    """For the audits on the API."""


class RequestsSettings(_Settings):
    """For answering requests that have a key."""

    requests_table: str = Field(alias="REQUESTS_TABLE", min_length=3)


class HistoryApiSettings(ManageSettings, HistorySettings, SecretsSettings):
    """For what became of numbers, on the API."""


class SettingsApiSettings(SyncSettings, DispatchSettings):
    """For devices, macros and settings on the API."""


class JobApiSettings(JobsSettings, SecretsSettings):
    """For the jobs on the API."""


class OperatorSettings(SyncSettings, AuditStartSettings, JobsSettings, StockSettings):
    """For the command line, which does everything but carry out audits and jobs, and queue syncs."""

    record_function: str = Field(
        alias="RECORD_FUNCTION", min_length=3, description="Name of the function that records changes."
    )
