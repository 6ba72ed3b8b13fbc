"""`sam local` on the local stack: the built functions in Lambda's own containers, on the tables of `make up`."""

import json
import os
from collections.abc import Sequence
from typing import Any, NoReturn
from urllib.parse import urlsplit

from local_stack import description
from local_stack.deployment import LOCAL_PARAMETERS, STACK_NAME, architecture, build_for_containers, overrides
from local_stack.docker_engine import HOST_OF_DESKTOP, host_for_containers
from local_stack.emulator import client
from local_stack.environment import aws_variables, tool_environment
from local_stack.errors import LocalStackError
from local_stack.forwarder import start_forwarder
from local_stack.layout import Layout
from local_stack.progress import Progress

COMMANDS = ("start-api", "start-lambda", "invoke")


def check(command: Sequence[str]) -> None:
    """Tells what is missing before anything is started.

    Args:
        command: What `sam local` is to do, such as `invoke Audit`.

    Raises:
        LocalStackError: It does not do that here, or there is no Docker.
    """
    if command[0] not in COMMANDS:
        raise LocalStackError(f"`sam local` does {', '.join(COMMANDS)} here, not {command[0]!r}")
    host_for_containers()


def prepare(layout: Layout, progress: Progress) -> list[str]:
    """Builds for containers, lets them reach the local stack, and names its tables to them.

    Args:
        layout: Of a local stack that is up.
        progress: Tells what is done.

    Returns:
        The options that each `sam local` command needs.

    Raises:
        LocalStackError: There is no Docker, the stack is not up, or the build failed.
    """
    host = host_for_containers()
    described = description.read(layout.description)
    if described is None:
        raise LocalStackError("the local stack is not up: `make up` starts it")
    endpoint_url = _as_seen_by_containers(described["endpoint_url"], host)
    with progress.step("Building the functions for Lambda's containers (sam build)"):
        build_for_containers(layout)
    if host != HOST_OF_DESKTOP:
        with progress.step(f"Letting containers reach the local stack at {host}"):
            start_forwarder(layout, host, _ports(described))
    variables = layout.sam_local / "environment.json"
    variables.write_text(json.dumps(_variables(described["endpoint_url"], endpoint_url), indent=2), encoding="utf-8")
    parameters = {**LOCAL_PARAMETERS, "Architecture": architecture(), "LocalEndpointUrl": endpoint_url}
    template = layout.sam_local / "build" / "template.yaml"
    # The resources of a template have no physical names here: the functions learn the tables from the variables.
    return ["--template-file", str(template), "--env-vars", str(variables), *overrides(parameters)]


def run(layout: Layout, endpoint_url: str, command: Sequence[str], options: Sequence[str]) -> NoReturn:
    """Becomes `sam local`: Ctrl-C and its exit code are its own.

    Args:
        layout: Where its tools are.
        endpoint_url: Where the emulator listens.
        command: Such as `invoke Audit --event audit.json`.
        options: What `prepare` gave.
    """
    environment = tool_environment() | aws_variables(endpoint_url)
    # SAM itself asks no AWS for anything; it hands the key to the containers.
    del environment["AWS_ENDPOINT_URL"]
    name, *rest = command
    program = [str(layout.sam), "local", name, *rest, *options]
    os.chdir(layout.root)
    os.execve(program[0], program, environment)  # noqa: S606 - the SAM command line, fetched and pinned


def _as_seen_by_containers(endpoint_url: str, host: str) -> str:
    return f"http://{host}:{urlsplit(endpoint_url).port}"


def _ports(described: dict[str, Any]) -> list[int]:
    devices = [device["url"] for device in described["simulator"]["devices"]]
    return [port for url in (described["endpoint_url"], *devices) if (port := urlsplit(url).port)]


def _variables(endpoint_url: str, seen_by_containers: str) -> dict[str, dict[str, str]]:
    """What each function has in its environment where it is deployed, by its name in the template."""
    functions = client("lambda", endpoint_url)
    pages = client("cloudformation", endpoint_url).get_paginator("list_stack_resources").paginate(StackName=STACK_NAME)
    found: dict[str, dict[str, str]] = {}
    for resource in (each for page in pages for each in page["StackResourceSummaries"]):
        if resource["ResourceType"] == "AWS::Lambda::Function":
            name = resource["PhysicalResourceId"]
            variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            found[resource["LogicalResourceId"]] = {**variables, "AWS_ENDPOINT_URL": seen_by_containers}
    return found
