"""What the services need of the outside, as Protocols; adapters implement them.

Every implementation raises the errors of `number_inventory.domain.errors` only: `StorageBusyError` when the same call
may succeed later, `StorageRefusedError` when it never will, `DeviceError` for anything that a device does.
"""
