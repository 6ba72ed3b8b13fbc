"""What holds for all tests."""

from hypothesis import settings

# How long one example takes is the machine's business: a busy one must not make a test fail.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
