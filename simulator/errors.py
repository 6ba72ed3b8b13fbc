"""The one error that the simulator's own users get to see."""


class SimulatorError(Exception):
    """Something that the simulator was asked for and cannot do; its text is one line that says what to change."""


class UnknownThingError(SimulatorError):
    """A device, user or fault was named that this simulator does not have."""
