"""What stands in the paths of numbers."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.rest.requests import DECODED

Number = Annotated[
    str,
    Path(
        description="A `+` and 1 to 15 digits, or 1 to 20 of digits, `*` and `#`; percent-encoded.",
        examples=["+493012345678"],
        json_schema_extra={"pattern": r"^(\+[0-9]{1,15}|[0-9*#]{1,20})$"},
    ),
    DECODED,
]
