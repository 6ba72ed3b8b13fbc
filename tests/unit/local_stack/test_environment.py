"""Whatever the user has set up, the local stack never reaches a real account."""

from pathlib import Path

from local_stack.environment import aws_variables, emulator_environment, tool_environment

_USERS = {
    "PATH": "/bin",
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SESSION_TOKEN": "real",
    "AWS_CA_BUNDLE": "/company.pem",
    "HTTPS_PROXY": "http://proxy:8080",
    "NO_PROXY": "intranet",
    "PYTHONPATH": "/elsewhere",
    "VIRTUAL_ENV": "/elsewhere",
}


def test_tools_see_no_aws_settings_of_the_user() -> None:
    """GIVEN a user with a profile and keys WHEN a tool is started THEN it has the emulator's key and no profile."""
    environment = tool_environment(_USERS) | aws_variables("http://127.0.0.1:4566")

    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"


def test_tools_reach_registries_through_the_proxy_and_loopback_without() -> None:
    """GIVEN a user behind a proxy WHEN a tool is started THEN the proxy stays, but not for this machine."""
    environment = tool_environment(_USERS)

    assert environment["HTTPS_PROXY"] == "http://proxy:8080"
    assert environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"


def test_functions_inherit_next_to_nothing() -> None:
    """GIVEN the emulator, whose functions inherit its environment WHEN it is started THEN little is in there."""
    environment = emulator_environment(4566, Path("/scratch"), _USERS)

    assert "production" not in environment.values()
    assert "HTTPS_PROXY" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert "AWS_ENDPOINT_URL" not in environment
