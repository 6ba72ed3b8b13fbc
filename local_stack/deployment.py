"""Build the template for this machine and deploy it to the emulator, with the tools that a real deployment uses."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_stack.emulator import client
from local_stack.emulator_quirks import set_right
from local_stack.environment import REGION, aws_variables, tool_environment
from local_stack.errors import CommandFailedError, LocalStackError
from local_stack.layout import Layout
from local_stack.processes import last_lines

STACK_NAME = "number-inventory"
LOCAL_PARAMETERS = {
    "ApiAuth": "NONE",
    "DeviceAddressPolicy": "local",
    "TableDeletionProtection": "false",
    "WorkerTimeout": "60",
}
"""What the template is deployed with, wherever it runs on this machine."""

_BUCKET = "number-inventory-local-artifacts"
_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def architecture() -> str:
    """This machine's processor, by the name that Lambda has for it.

    Raises:
        LocalStackError: Lambda has none.
    """
    machine = platform.machine()
    name = _MACHINES.get(machine.lower())
    if name is None:
        raise LocalStackError(f"this machine's processor ({machine}) is neither x86_64 nor arm64")
    return name


def build(layout: Layout, python: Path) -> None:
    """Runs `sam build` for this machine.

    Args:
        layout: Where the build and the log go.
        python: The interpreter that will run the functions: MiniStack's for a deployment.

    Raises:
        CommandFailedError: It failed; the message ends with its last lines.
    """
    target = {
        "TARGET_PLATFORM": "native",
        "TARGET_ARCH": architecture(),
        "TARGET_PYTHON": str(python),
        "TARGET_PYTHON_VERSION": _version(python),
        "UV": str(layout.uv),
    }
    _build(layout, layout.build, target)


def build_for_containers(layout: Layout) -> None:
    """Runs `sam build` for Lambda's own images, with this machine's processor.

    Bytecode comes with it where this machine has the functions' Python. What has not changed since is not built again.

    Args:
        layout: Where the build, in `sam_local`, and the log go.

    Raises:
        CommandFailedError: It failed; the message ends with its last lines.
    """
    found = subprocess.run([layout.find_python, "3.13"], capture_output=True, text=True, check=False)
    target: dict[str, str] = {
        "TARGET_ARCH": architecture(),
        "TARGET_PYTHON": found.stdout.strip(),
        "UV": str(layout.uv),
    }
    cached = ("--cached", "--cache-dir", str(layout.sam_local / "cache"))
    _build(layout, layout.sam_local / "build", target, *cached)


def deploy(
    layout: Layout, endpoint_url: str, parameters: Mapping[str, str], stack_name: str = STACK_NAME
) -> dict[str, str]:
    """Runs `sam deploy` of what was built, to the emulator.

    Args:
        layout: Where the build is and the logs go.
        endpoint_url: Where the emulator listens.
        parameters: Template parameters beside those that every local deployment has.
        stack_name: Of the stack; another one is deployed beside the first.

    Returns:
        The outputs of the stack, by name.

    Raises:
        CommandFailedError: It failed; the message ends with its last lines.
    """
    local = {
        **LOCAL_PARAMETERS,
        "Architecture": architecture(),
        "LocalEndpointUrl": endpoint_url,
    }
    _make_bucket(endpoint_url)
    _run(
        "sam deploy",
        [
            *(layout.sam, "deploy", "--template-file", layout.build / "template.yaml"),
            *("--stack-name", stack_name, "--s3-bucket", _BUCKET, "--capabilities", "CAPABILITY_IAM"),
            *("--no-confirm-changeset", "--no-fail-on-empty-changeset", "--on-failure", "ROLLBACK"),
            *overrides({**local, **parameters}),
        ],
        environment=tool_environment() | aws_variables(endpoint_url) | {"SAM_CLI_POLL_DELAY": "0.5"},
        layout=layout,
    )
    stacks = client("cloudformation", endpoint_url).describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stacks[0]["Outputs"]}
    set_right(endpoint_url, outputs)
    return outputs


def _make_bucket(endpoint_url: str) -> None:
    buckets = client("s3", endpoint_url)
    if _BUCKET not in {bucket["Name"] for bucket in buckets.list_buckets()["Buckets"]}:
        buckets.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})


def _build(layout: Layout, folder: Path, target: dict[str, str], *options: str) -> None:
    _run(
        "sam build",
        [layout.sam, "build", "--build-dir", folder, *options, *overrides({"Architecture": architecture()})],
        environment=tool_environment() | target,
        layout=layout,
    )


def _version(python: Path) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def overrides(parameters: Mapping[str, str]) -> list[str]:
    """The parameters of a template as the SAM command line takes them."""
    return [
        "--parameter-overrides",
        *(f"ParameterKey={key},ParameterValue='{value}'" for key, value in parameters.items()),
    ]


def _run(what: str, command: Sequence[str | Path], *, environment: Mapping[str, str], layout: Layout) -> None:
    log = layout.log(what.replace(" ", "-"))
    with log.open("wb") as output_file:
        finished = subprocess.run(
            [str(part) for part in command],
            env=dict(environment),
            cwd=layout.root,
            stdin=subprocess.DEVNULL,
            stdout=output_file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if finished.returncode != 0:
        raise CommandFailedError(what, exit_code=finished.returncode, log=log, last_lines=last_lines(log))
