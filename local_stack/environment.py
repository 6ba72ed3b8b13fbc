"""The environment of the processes of the local stack: whatever the user has set up, nothing reaches a real account."""

import os
from collections.abc import Mapping
from pathlib import Path

REGION = "eu-central-1"
"""Where the emulator pretends to be."""

_KEPT_FOR_EMULATOR = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH")


def aws_variables(endpoint_url: str) -> dict[str, str]:
    """Variables with which every AWS client calls the emulator, with its key and none of the user's files.

    Args:
        endpoint_url: Where the emulator listens.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def tool_environment(inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of development tools such as `sam`, without any AWS setting.

    Keeps what a tool may need to reach a package registry (proxies, certificates); loopback goes to no proxy.

    Args:
        inherited: The environment to start from; the process's own by default.
    """
    source = os.environ if inherited is None else inherited
    kept = {name: value for name, value in source.items() if not name.startswith(("AWS_", "PYTHON", "SAM_"))}
    kept.pop("VIRTUAL_ENV", None)
    direct = {name: _with_loopback(source.get(name, "")) for name in ("NO_PROXY", "no_proxy")}
    return kept | direct | {"SAM_CLI_TELEMETRY": "0", "UV_PYTHON_DOWNLOADS": "never"}


def emulator_environment(port: int, scratch: Path, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of MiniStack. Its functions inherit it, so it holds little, as on Lambda.

    Args:
        port: The loopback port to listen on.
        scratch: A folder for its temporary files.
        inherited: The environment to start from; the process's own by default.
    """
    source = os.environ if inherited is None else inherited
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "TMPDIR": str(scratch),
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
        # The functions' roles are evaluated: a statement that the template lacks is an error here, too.
        "AUTH": "true",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    own = aws_variables("")
    # Its functions get the emulator's address from the template; itself it must call nobody.
    del own["AWS_ENDPOINT_URL"]
    return {name: source[name] for name in _KEPT_FOR_EMULATOR if name in source} | own | settings


def _with_loopback(no_proxy: str) -> str:
    return ",".join(filter(None, [no_proxy, "127.0.0.1", "localhost"]))
