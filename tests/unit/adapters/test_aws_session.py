"""What AWS is told by the environment may be wrong; that is an error of the domain, and no traceback."""

import pytest

from number_inventory.adapters.aws import AwsSession
from number_inventory.domain.errors import StorageRefusedError


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "notaurl", "Invalid endpoint: notaurl"),
        ("AWS_DEFAULT_REGION", "EU WEST", "EU WEST"),
        ("AWS_PROFILE", "nobody", "nobody"),
    ],
)
def test_an_environment_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    """GIVEN an endpoint, a region or a profile that cannot be WHEN a client is wanted THEN it is refused, by name."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv(variable, value)
    with pytest.raises(StorageRefusedError, match=said):
        AwsSession().dynamodb()
