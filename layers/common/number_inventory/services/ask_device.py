"""Ask a device for its registered users, without ever trying refused credentials twice.

After a few failed logins an AudioCodes device blocks the caller's address for every user. So one refusal stops those
credentials; only changed ones, or an operator who enables the device again, start it anew.
"""

from dataclasses import dataclass

from number_inventory.domain.devices import Device
from number_inventory.domain.errors import CredentialsMissingError, LoginRefusedError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.devices import DeviceSource
from number_inventory.ports.secrets import Credentials, Secrets


@dataclass(frozen=True, slots=True)
class AskDevice:
    """The use case; the same for a sync and for a device test by hand."""

    secrets: Secrets
    source: DeviceSource

    def __call__(self, device: Device, refused_credentials: int = 0) -> Snapshot:
        """The registered users of the device.

        Credentials may come from a cache, so a refusal reads them once more, and tries again only if they changed.

        Args:
            device: whom to ask.
            refused_credentials: version of the credentials that the device refused before; 0 for none.

        Raises:
            LoginRefusedError: refused now, or before and nothing changed since; then the device is not contacted.
            CredentialsMissingError: there are none, or they are for another address; then the device is not contacted.
            DeviceError: nothing can be concluded about the device's users, for the reason it gives.
        """
        refusal = LoginRefusedError(_still_refused(device), refused_credentials)
        credentials = self.secrets.credentials(device.key)
        if credentials.version > refused_credentials and credentials.are_for(device.address):
            try:
                return self._ask(device, credentials)
            except LoginRefusedError as error:
                refusal = error
        # What the cache holds was refused just now, is no newer than what was refused before, or is for where the
        # device was before: look past it once.
        newest = self.secrets.credentials(device.key, fresh=True)
        if newest.version in {refusal.credentials_version, refused_credentials}:
            raise refusal
        return self._ask(device, newest)

    def _ask(self, device: Device, credentials: Credentials) -> Snapshot:
        if not credentials.are_for(device.address):
            raise CredentialsMissingError(
                f"the credentials of device {device.key} are for {credentials.address}, and go nowhere else. Store "
                f"those for {device.address} with: number-inventory devices credentials {device.key.name}"
            )
        try:
            return self.source.snapshot(device, credentials)
        except LoginRefusedError as refusal:
            raise LoginRefusedError(str(refusal), credentials.version) from refusal


def _still_refused(device: Device) -> str:
    return (
        f"device {device.key} refused these credentials before, so they are not tried again (it would lock out this "
        f"address). Store new ones with: number-inventory devices credentials {device.key.name}, or, if the user was "
        f"corrected on the device, run: number-inventory devices enable {device.key.name}"
    )
