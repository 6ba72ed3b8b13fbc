"""The outside of the house: AWS and devices, behind the Protocols of `number_inventory.ports`."""
