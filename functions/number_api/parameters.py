"""What stands in the paths of numbers."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

Number = Annotated[str, Path(description="Digits, +, * and #.", examples=["+493012345678"])]
