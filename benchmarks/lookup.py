"""P9: one lookup in a warm function, against a bare `get_item`."""

import os
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.figure import Check, Figure, Setting, run, say
from benchmarks.made_inventory import CUSTOMER
from benchmarks.processor_of_changes import plain_client
from benchmarks.release_among_many import due
from benchmarks.spent import spending
from benchmarks.stage import Stage, staged
from local_stack.environment import aws_variables
from number_inventory.adapters.dynamodb.number_items import number_item
from number_inventory.services.lookup import LookUpNumbers
from tests.integration.functions.api_requests import lookup

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LOOKUPS, ROUNDS = 100, 30
"""Short rounds, so that whatever else the machine does falls upon all sides alike."""
NUMBER = "+493000000000"


@dataclass(frozen=True)
class _Context:
    """What Lambda hands to a handler, as far as Powertools asks for it."""

    function_name: str = "number-api"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:000000000000:function:number-api"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 15_000


def measure(setting: Setting) -> Figure:
    """Look one number up again and again: bare, through the service, and through the function's handler."""
    rounds = setting.size(ROUNDS, 10)
    with staged(setting) as stage:
        [record] = due(stage, 1)
        stage.client.put_item(TableName=stage.tables.numbers, Item=number_item(record, 1))
        works = _works(setting, stage)
        for work in works.values():
            work()
        taken: dict[str, list[float]] = {what: [] for what in works}
        for turn in range(rounds):
            for what, work in works.items():
                taken[what].append(_milliseconds(work, LOOKUPS))
            if turn % 10 == 0:
                told = ", ".join(f"{what} {each[-1]:.3f} ms" for what, each in taken.items())
                say(f"round {turn + 1} of {rounds}: {told}")
        with spending(_function_client()) as spent:
            works["function"]()

    def against_bare(what: str) -> float:
        return median(ours / bare for ours, bare in zip(taken[what], taken["bare"], strict=True))

    return Figure(
        id="P9",
        what="a lookup in a warm function, against a bare get_item",
        checks=[
            Check(what="CPU of the whole function", value=against_bare("function"), unit="x", bound=1.5, aim=1.2),
            Check(what="read units", value=spent.read_units, unit="RRU", bound=0.5),
            Check(what="requests", value=spent.requests, unit="requests", bound=1),
            Check(what="CPU of the service and its adapter alone", value=against_bare("service"), unit="x", aim=1.2),
            Check(what="CPU of a bare get_item", value=median(taken["bare"]), unit="ms"),
        ],
        detail={"engine": setting.engine.name, "milliseconds": taken},
    )


def _works(setting: Setting, stage: Stage) -> dict[str, Any]:
    bare, key = plain_client(setting), {"customer": {"S": CUSTOMER}, "number": {"S": NUMBER}}
    service = LookUpNumbers(stage.inventory)
    handle, event, context = _function(setting, stage), lookup(CUSTOMER, NUMBER), _Context()

    def get() -> None:
        assert "Item" in bare.get_item(TableName=stage.tables.numbers, Key=key)

    def serve() -> None:
        assert service.one(CUSTOMER, NUMBER).number == NUMBER

    def handle_one() -> None:
        assert handle(event, context)["statusCode"] == 200  # noqa: PLR2004 - HTTP's own number

    return {"bare": get, "service": serve, "function": handle_one}


def _function(setting: Setting, stage: Stage) -> Any:  # noqa: ANN401 - a handler
    """The handler of the API, in the environment that the template gives it."""
    assert setting.engine.endpoint_url is not None
    os.environ.update(aws_variables(setting.engine.endpoint_url))
    os.environ["NUMBERS_TABLE"] = stage.tables.numbers
    os.environ["API_AUTH"] = "AWS_IAM"
    os.environ["AWS_LAMBDA_LOG_FORMAT"] = "JSON"
    from functions.number_api.handler import handler  # noqa: PLC0415 - it reads the environment

    return handler


def _function_client() -> "DynamoDBClient":
    from number_inventory.bootstrap import process  # noqa: PLC0415 - as above

    return process.dynamodb()


def _milliseconds(work: Any, times: int) -> float:  # noqa: ANN401 - any call
    """CPU of one piece of work."""
    before = time.process_time()
    for _ in range(times):
        work()
    return 1000 * (time.process_time() - before) / times


if __name__ == "__main__":
    run(measure)
