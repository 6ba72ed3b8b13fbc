"""What holds for all tests, and the figures of the long ones."""

import pytest
from hypothesis import settings

from tests.trust_figures import keep

# How long one example takes is the machine's business: a busy one must not make a test fail.
settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


@pytest.hookimpl
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a long test tells of itself (`record_property`): docs/trust.md is written from it."""
    if report.when == "call" and "long" in report.keywords:
        keep(report)
