"""Asks each device over the interface that it is configured with."""

from number_inventory.adapters.audiocodes.calls import Calls
from number_inventory.domain.devices import Device, SourceKind
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials


class AudioCodesSource:
    """SBCs and Routing Managers alike. Keeps nothing between two snapshots."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def snapshot(self, device: Device, credentials: Credentials) -> Snapshot:
        """Ask the device for its registered users; see `DeviceSource`, and `DeviceCalls` for what it raises."""
        # Each loads only what it needs: that is cold-start time.
        if device.source is SourceKind.ARM:
            from number_inventory.adapters.audiocodes.arm import ArmSource  # noqa: PLC0415

            return ArmSource(self._calls).snapshot(device, credentials)
        from number_inventory.adapters.audiocodes.sbc import SbcSource  # noqa: PLC0415

        return SbcSource(self._calls).snapshot(device, credentials)
