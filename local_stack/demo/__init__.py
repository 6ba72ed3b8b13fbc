"""The demonstration: the whole story of the inventory on this machine, told and checked claim by claim."""
