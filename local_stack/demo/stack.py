"""What the demonstration does with the deployed stack: invokes a function, asks the API, reads a table."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3

from local_stack.demo.errors import StoryFailedError, require
from local_stack.emulator import client
from local_stack.environment import tool_environment
from local_stack.layout import Layout

_API_SECONDS = 30.0
_PROGRAM_SECONDS = 60.0
_POLL_SECONDS = 0.2
_WIDTH = 80


@dataclass(frozen=True)
class Schedule:
    """A schedule of the deployed stack.

    Attributes:
        name: Its name in EventBridge Scheduler.
        expression: How often it fires, such as `rate(1 minute)`.
        created: When it was made; a rate counts from then.
    """

    name: str
    expression: str
    created: datetime


@dataclass
class DemoStack:
    """The deployed stack of the demonstration.

    Attributes:
        layout: Where its files are.
        description: What `stack.json` says.
        customer: Whose numbers the story is about.
        dispatches: How often the demonstration itself has invoked the dispatcher.
    """

    layout: Layout
    description: dict[str, Any]
    customer: str
    dispatches: int = field(default=0, init=False)

    def invoke(self, function: str, event: Mapping[str, object]) -> dict[str, Any]:
        """Invokes a deployed function and waits for its answer.

        Args:
            function: Its name in `stack.json`, such as `release_cooled`.
            event: What it gets.

        Raises:
            StoryFailedError: It raised an error.
        """
        if function == "sync_dispatcher":
            self.dispatches += 1
        answer = self._client("lambda").invoke(
            FunctionName=self.description["functions"][function], Payload=json.dumps(event).encode()
        )
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise StoryFailedError(f"the function {function}", expected="an answer", found=payload)
        return payload

    @property
    def api_url(self) -> str:
        """Where the API is."""
        url: str = self.description["api_url"]
        return url

    def path(self, number: str) -> str:
        """Where on the API a number is."""
        return f"/customers/{self.customer}/numbers/{quote(number, safe='')}"

    def look_up(self, number: str) -> dict[str, Any]:
        """What the API answers about a number.

        Raises:
            StoryFailedError: It does not know it.
        """
        return _get(self.api_url + self.path(number))

    def all_numbers(self) -> list[dict[str, Any]]:
        """All numbers of the customer, as the API lists them."""
        listed = _get(f"{self.api_url}/customers/{self.customer}/numbers?limit=100")
        numbers: list[dict[str, Any]] = listed["numbers"]
        return numbers

    def stored(self, number: str) -> dict[str, Any]:
        """What DynamoDB holds about a number; nothing if it is not there."""
        key = {"customer": {"S": self.customer}, "number": {"S": number}}
        answer = self._client("dynamodb").get_item(
            TableName=self.description["tables"]["numbers"], Key=key, ConsistentRead=True
        )
        return {name: _plain(value) for name, value in answer.get("Item", {}).items()}

    def damage(self, number: str, **attributes: str) -> None:
        """Writes attributes of a number past the product, as somebody could do with a console."""
        written = [f"#{name} = :{name}" for name in attributes]
        self._client("dynamodb").update_item(
            TableName=self.description["tables"]["numbers"],
            Key={"customer": {"S": self.customer}, "number": {"S": number}},
            UpdateExpression=f"SET {', '.join(written)}",
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": {"S": value} for name, value in attributes.items()},
        )

    def parameter(self, name: str) -> dict[str, Any]:
        """What SSM says about a parameter, without its value; nothing if there is none."""
        found = self._client("ssm").describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
        )["Parameters"]
        return dict(found[0]) if found else {}

    def schedule(self, function: str) -> Schedule:
        """The schedule that invokes a function.

        Raises:
            StoryFailedError: There is none.
        """
        scheduler, group = self._client("scheduler"), self.description["stack_name"]
        for listed in scheduler.list_schedules(GroupName=group)["Schedules"]:
            found = scheduler.get_schedule(Name=listed["Name"], GroupName=group)
            if found["Target"]["Arn"].endswith(f":{self.description['functions'][function]}"):
                return Schedule(found["Name"], found["ScheduleExpression"], found["CreationDate"])
        raise StoryFailedError("EventBridge Scheduler", expected=f"a schedule for {function}", found="none")

    def invocations(self, function: str) -> int:
        """How often a function has been invoked, by anybody, as its log tells."""
        return sum(line.startswith("START ") for line in self.log(function))

    def log(self, function: str) -> list[str]:
        """All that a function has logged, oldest line first; nothing if it has not run."""
        logs, group = self._client("logs"), f"/aws/lambda/{self.description['functions'][function]}"
        try:
            pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group))
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"].rstrip("\n") for page in pages for event in page["events"]]

    def dead_letters(self) -> int:
        """How many syncs have been given up."""
        answer = self._client("sqs").get_queue_attributes(
            QueueUrl=self.description["queues"]["sync_dead_letters"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def program(self, arguments: Sequence[str], *, answer: str = "", width: int = _WIDTH) -> str:
        """Runs `number-inventory --local` for the customer.

        Args:
            arguments: The command and its options.
            answer: What it reads from its standard input.
            width: The columns that it may fill.

        Returns:
            What it prints.

        Raises:
            StoryFailedError: It ended with an error.
        """
        finished = subprocess.run(
            [Path(sys.executable).with_name("number-inventory"), "--local", "--customer", self.customer, *arguments],
            env=tool_environment() | {"NUMBER_INVENTORY_STATE": str(self.layout.state), "COLUMNS": str(width)},
            cwd=self.layout.root,
            input=answer,
            capture_output=True,
            text=True,
            timeout=_PROGRAM_SECONDS,
            check=False,
        )
        found = f"exit code {finished.returncode}: {finished.stderr.strip()}" if finished.returncode else "exit code 0"
        require(f"number-inventory {' '.join(arguments[:2])}", expected="exit code 0", found=found)
        return finished.stdout.strip()

    def save_logs(self) -> None:
        """Writes what the functions have logged next to the other logs: the local AWS forgets it when it stops."""
        for function in self.description["functions"]:
            self.layout.log(f"function-{function}").write_text("\n".join(self.log(function)) + "\n", encoding="utf-8")

    def _client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes its clients' types at run time
        return client(service, self.description["endpoint_url"])


def eventually(look: Callable[[], object], wanted: object, *, seconds: float) -> object:
    """Looks again and again until it sees what is wanted or the time is up.

    Returns:
        What it saw last.
    """
    end = time.monotonic() + seconds
    while (seen := look()) != wanted and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
    return seen


def _get(url: str) -> dict[str, Any]:
    # A pool of its own: no proxy of the user's stands between this program and the loopback.
    with urllib3.PoolManager() as pool:
        answer = pool.request("GET", url, timeout=_API_SECONDS)
        require(f"GET {url}", expected="HTTP 200", found=f"HTTP {answer.status}")
        body: dict[str, Any] = answer.json()
        return body


def _plain(value: Mapping[str, Any]) -> object:
    """A DynamoDB value as Python has it; deep enough for what the story looks at."""
    (kind, content) = next(iter(value.items()))
    return {name: _plain(item) for name, item in content.items()} if kind == "M" else content
