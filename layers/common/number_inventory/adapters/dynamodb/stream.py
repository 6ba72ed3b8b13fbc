"""Changes of numbers as the stream of the Numbers table hands them over."""

from collections.abc import Mapping
from typing import Any

from number_inventory.adapters.dynamodb.attribute_json import attributes_from_json
from number_inventory.adapters.dynamodb.change_items import SEQUENCE_DIGITS, state_of, streamed_instant
from number_inventory.domain.changes import Change, ChangeKey, State
from number_inventory.domain.errors import InvalidInputError


def sequence_of(record: object) -> str:
    """The name of a record in its stream, as Lambda wants it back; empty where it has none."""
    try:
        return str(record["dynamodb"]["SequenceNumber"])  # type: ignore[index]  # whatever it is, it was asked for
    except (KeyError, TypeError):
        return ""


def read_record(record: Any) -> Change:  # noqa: ANN401 - as Lambda hands it over
    """The change in one record of the stream.

    A number that cannot be understood is a state like others, see `Unreadable`: its change is not lost.

    Raises:
        InvalidInputError: it is no record of this stream.
    """
    try:
        data = record["dynamodb"]
        customer, number = data["Keys"]["customer"]["S"], data["Keys"]["number"]["S"]
        sequence = str(data["SequenceNumber"])
        streamed_at = streamed_instant(float(data["ApproximateCreationDateTime"]))
        before, after = _image(data.get("OldImage")), _image(data.get("NewImage"))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidInputError("record", f"is none of the numbers' stream: {type(error).__name__} {error}") from None
    if not sequence.isdigit() or len(sequence) > SEQUENCE_DIGITS or before is after is None:
        raise InvalidInputError("record", "has no sequence number, or neither an old nor a new image")
    old, new = state_of(customer, number, before), state_of(customer, number, after)
    return Change(
        key=ChangeKey(customer, number, _version(new if after is not None else old), f"{sequence:0>{SEQUENCE_DIGITS}}"),
        streamed_at=streamed_at,
        before=old,
        after=new,
    )


def _version(state: State) -> int:
    """The version of a state, as far as it says so."""
    return state.version if state is not None else 0


def _image(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The attributes as a client of DynamoDB gives and takes them: what is binary comes in base64 here."""
    if attributes is None:
        return None
    return attributes_from_json(attributes)
