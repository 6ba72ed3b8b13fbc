"""What callers of the API want done with numbers, as JSON, and the commands that it stands for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from functions.number_api.number_bodies import NumberBody
from functions.rest.bodies import GivenBody, ShownBody
from number_inventory.domain.commands import Assign, Command, Cool, Edit, Release, Reserve, Unassign, Unreserve
from number_inventory.domain.cooling import MAX_COOLING_DAYS
from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.number_jobs import MAX_JOB_NUMBERS
from number_inventory.domain.numbers import MAX_TEXT, Usage, canonical_number, count_between, numbers_between
from number_inventory.events import Instant

MAX_NUMBERS = 100
"""Numbers of one request."""


def _number(text: str) -> str:
    """A number as it was given; what is none is refused here, where its place in the body is known."""
    try:
        canonical_number(text)
    except InvalidInputError as error:
        raise ValueError(str(error).removeprefix(f"{error.field}: ")) from None
    return text


# The patterns tell callers what is allowed; the domain checks it, and says it in words.
Words = Annotated[
    str, Field(max_length=MAX_TEXT, json_schema_extra={"pattern": r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"})
]
Number = Annotated[
    str,
    Field(
        max_length=40,
        examples=["+493012345678"],
        json_schema_extra={"pattern": r"^(\+[0-9]{1,15}|[0-9*#]{1,20})$"},
    ),
    AfterValidator(_number),
]
Numbers = Annotated[list[Number], Field(min_length=1, max_length=MAX_NUMBERS)]


# --- what can be done with a number


class CommandBody(GivenBody, ABC):
    """The body of a request about one number."""

    @abstractmethod
    def as_command(self) -> Command:
        """What it stands for."""


class AssignBody(CommandBody):
    """Give the number to someone."""

    usage: Usage = Field(description="What it is used for; not blank.", examples=["User"])
    assignee: Annotated[Words, Field(min_length=1)] = Field(description="Who gets it.", examples=["bob@example.com"])
    vendor: Words = Field(default="", description="Whose it is; blank is Cisco UCM.")

    def as_command(self) -> Assign:
        """What it stands for."""
        return Assign(vendor=self.vendor, usage=self.usage, assignee=self.assignee)


class UnassignBody(CommandBody):
    """Take the number back: it cools under the customer's global settings."""

    def as_command(self) -> Command:
        """What it stands for."""
        return Unassign()


class ReserveBody(CommandBody):
    """Keep the number for someone."""

    for_whom: Annotated[Words, Field(min_length=1)] = Field(
        description="Who alone can have it assigned.", examples=["ann@example.com"]
    )
    until: Instant | None = Field(default=None, description="When the reservation lapses; null: it does not.")
    notes: Words = ""

    def as_command(self) -> Reserve:
        """What it stands for."""
        return Reserve(for_whom=self.for_whom, until=self.until, notes=self.notes)


class UnreserveBody(CommandBody):
    """Keep the number for nobody any more."""

    def as_command(self) -> Command:
        """What it stands for."""
        return Unreserve()


class CoolBody(CommandBody):
    """Let the number cool."""

    days: Annotated[StrictInt, Field(ge=0, le=MAX_COOLING_DAYS)] | None = Field(
        default=None, description="Null: as many as the customer's Number Inventory Cooling Duration (Days)."
    )

    def as_command(self) -> Command:
        """What it stands for."""
        return Cool(days=self.days)


class ReleaseBody(CommandBody):
    """End the cooling before its Release Date."""

    reason: Annotated[Words, Field(min_length=1)] = Field(
        description="Why it need not cool any longer.", examples=["never rang"]
    )

    def as_command(self) -> Command:
        """What it stands for."""
        return Release(reason=self.reason)


class EditBody(CommandBody):
    """Texts of the number; those that are not given stay as they are."""

    description: Words | None = None
    tag: Words | None = None
    extra1: Words | None = None
    extra2: Words | None = None
    extra3: Words | None = None
    internal_number_type: Words | None = None
    e164_number: Words | None = None
    site: Words | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        null = [name for name in self.model_fields_set if getattr(self, name) is None]
        if null:
            raise ValueError(f"{', '.join(sorted(null))} cannot be null; to clear a text, give an empty one")
        if not self.model_fields_set & EditBody.model_fields.keys():
            raise ValueError(f"changes nothing; there are {', '.join(EditBody.model_fields)}")
        return self

    def as_command(self) -> Command:
        """What it stands for."""
        return Edit(self.model_dump(include=set(EditBody.model_fields), exclude_unset=True))


# --- with many numbers


class Verb(StrEnum):
    """What can be done with many numbers, each by itself."""

    ASSIGN = "assign"
    UNASSIGN = "unassign"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    COOL = "cool"
    RELEASE = "release"
    EDIT = "edit"
    DELETE = "delete"


_COMMANDS: Mapping[Verb, type[CommandBody]] = {
    Verb.ASSIGN: AssignBody,
    Verb.UNASSIGN: UnassignBody,
    Verb.RESERVE: ReserveBody,
    Verb.UNRESERVE: UnreserveBody,
    Verb.COOL: CoolBody,
    Verb.RELEASE: ReleaseBody,
    Verb.EDIT: EditBody,
}


def _by_command(schema: dict[str, Any]) -> None:
    """Spell out, for the API's document, what stands beside the command and the numbers: that differs by command."""
    common = {name: schema["properties"][name] for name in ("command", "numbers")}
    forms = {
        verb: _COMMANDS[verb].model_json_schema(ref_template="#/components/schemas/{model}")
        if verb in _COMMANDS
        else {"properties": {}}
        for verb in Verb
    }
    schema["oneOf"] = [
        {
            "title": verb.value,
            "type": "object",
            "properties": {**common, "command": {"const": verb.value}, **form["properties"]},
            "required": ["command", "numbers", *form.get("required", ())],
            "additionalProperties": False,
        }
        for verb, form in forms.items()
    ]
    for name in ("properties", "required", "additionalProperties"):
        del schema[name]


class ManyBody(GivenBody, extra="allow", json_schema_extra=_by_command):
    """One command for many numbers; what the command itself takes stands beside these."""

    command: Verb
    numbers: Numbers

    def as_command(self) -> Command | None:
        """What it stands for; None: delete.

        Raises:
            ValidationError: the command does not take what stands there.
        """
        if self.command is Verb.DELETE:
            GivenBody.model_validate(self.model_extra)
            return None
        return _COMMANDS[self.command].model_validate(self.model_extra).as_command()


class LookupBody(GivenBody):
    """Numbers to be shown."""

    numbers: Numbers


class AddBody(GivenBody):
    """Numbers to add: each by its name, or all from a first to a last. More than 100 become a job."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=MAX_JOB_NUMBERS)] | None = None
    first: Number | None = None
    last: Number | None = None
    description: Words = ""
    site: Words = ""
    tag: Words = ""

    @model_validator(mode="after")
    def _names_numbers_in_one_way(self) -> Self:
        ends = (self.first is not None) + (self.last is not None)
        if (self.numbers is None, ends) not in {(False, 0), (True, 2)}:
            raise ValueError("must have either 'numbers', or 'first' and 'last'")
        return self

    def at_once(self) -> list[str] | None:
        """The numbers, where they are few enough for one request; else None.

        Raises:
            InvalidInputError: no numbers go from the first to the last, or too many for a job.
        """
        if self.first is not None and self.last is not None:
            few = count_between(self.first, self.last, MAX_JOB_NUMBERS) <= MAX_NUMBERS
            return numbers_between(self.first, self.last, MAX_NUMBERS) if few else None
        numbers = self.numbers or []
        return numbers if len(numbers) <= MAX_NUMBERS else None


class ClaimBody(GivenBody):
    """Numbers that nobody has, for someone to have: whichever they are."""

    count: Annotated[StrictInt, Field(ge=1, le=MAX_NUMBERS)] = 1
    prefix: Annotated[str, Field(max_length=20)] = Field(default="", description="Only numbers that begin so.")
    contiguous: StrictBool = Field(default=False, description="One after the other, without a gap.")
    assign: AssignBody | None = None
    reserve: ReserveBody | None = None

    @model_validator(mode="after")
    def _says_for_what(self) -> Self:
        if (self.assign is None) == (self.reserve is None):
            raise ValueError("must have either 'assign' or 'reserve'")
        return self

    def as_command(self) -> Assign | Reserve:
        """What is done with the numbers."""
        [chosen] = [body for body in (self.assign, self.reserve) if body is not None]
        return chosen.as_command()


# --- what is answered


class AddedBody(ShownBody):
    """What became of numbers that were to be added."""

    created: int
    existed: int = Field(description="How many were there already; nothing about them changed.")
    failed: list[str] = Field(description="These could not be added now; send them again.")


class ResultBody(ShownBody):
    """What became of one number of many."""

    number: str
    outcome: str
    error: str = Field(description="Why it was not done; empty where it was.")


class ResultsBody(ShownBody):
    """What became of each number, in the order in which they were given."""

    results: list[ResultBody]


class FoundBody(ShownBody):
    """Those of the numbers that there are, and those that there are not."""

    numbers: list[NumberBody]
    missing: list[str]


class NumbersBody(ShownBody):
    """Some numbers."""

    numbers: list[NumberBody]
