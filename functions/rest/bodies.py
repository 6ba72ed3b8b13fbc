"""What requests and answers are made of.

A model's validator is built when it is first needed: a request needs few of them, and a start of the function none.
"""

from pydantic import BaseModel, ConfigDict


class GivenBody(BaseModel):
    """A request's body: what is not read is refused, since its sender thinks that it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class ShownBody(BaseModel):
    """An answer's body, or a part of it."""

    model_config = ConfigDict(defer_build=True)
