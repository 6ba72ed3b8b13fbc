"""What became of numbers, and why they are as they are, as JSON."""

from datetime import datetime

from pydantic import Field

from functions.number_api.number_bodies import HolderBody, NumberBody, number_body
from functions.rest.bodies import ShownBody
from number_inventory.domain.changes import Change, ChangeKind, State
from number_inventory.domain.explanation import Actor, ActorKind, Explanation
from number_inventory.domain.numbers import NumberRecord, Status


class ChangeBody(ShownBody):
    """One change of a number."""

    id: str = Field(description="The change; the event that tells of it has the same.")
    version: int = Field(description="Of the number since then; of a deletion, its last one.")
    kind: ChangeKind = Field(description="What happened.")
    at: datetime
    by: str = Field(description="Who did it; `another hand` where that is not known.")
    reason: str
    changed: list[str] = Field(description="The fields that differ, apart from version and stamp.")
    before: NumberBody | None = Field(description="Null where there was none, or it cannot be understood.")
    after: NumberBody | None = Field(description="Null where it was deleted, or it cannot be understood.")


class ChangePageBody(ShownBody):
    """A page of changes, the newest first."""

    changes: list[ChangeBody]
    next_cursor: str | None = Field(description="Pass as `cursor` for what follows; null at the end.")


class ActorBody(ShownBody):
    """Who changed a number."""

    kind: ActorKind
    name: str = Field(description="The device, audit, job, operator or caller; empty where the kind says all.")
    sync: int | None = Field(description="Of a device: the number of the sync.")


class CauseBody(ShownBody):
    """What brought a number where it is."""

    sentence: str
    kind: ChangeKind | None = Field(description="Null where only the last change of the number is known.")
    at: datetime | None
    by: ActorBody
    reason: str


class SettingBody(ShownBody):
    """A named macro that decides about a number."""

    sentence: str
    name: str
    value: str = Field(description="As it is now.")
    origin: str = Field(description="customer, global or default.")
    days: int | None = Field(description="How long the number cools, or would; null where it does not.")


class OutlookBody(ShownBody):
    """What becomes of a number."""

    sentence: str
    status: Status | None = Field(description="The Status that it will have; null where that is open.")
    at: datetime | None = Field(description="When; null where that is not known.")


class ExplanationBody(ShownBody):
    """Why a number is as it is."""

    customer: str
    number: str
    status: Status
    version: int
    sentence: str
    since: datetime | None = Field(description="Since when it is so; null where that is not known.")
    holders: list[HolderBody]
    cause: CauseBody
    setting: SettingBody | None = Field(description="Null where no macro decides.")
    next: OutlookBody
    history: str = Field(description="What this owes to the history.")
    history_caught_up: bool = Field(description="Whether the history has all changes of the number.")


def change_body(change: Change) -> ChangeBody:
    """The change as JSON."""
    return ChangeBody(
        id=change.key.event_id,
        version=change.key.version,
        kind=change.kind,
        at=change.at,
        by=change.by,
        reason=change.reason,
        changed=list(change.changed),
        before=_state(change.before, change.at),
        after=_state(change.after, change.at),
    )


def explanation_body(explanation: Explanation) -> ExplanationBody:
    """The explanation as JSON."""
    record, cause, setting = explanation.record, explanation.cause, explanation.setting
    return ExplanationBody(
        customer=record.customer,
        number=record.number,
        status=record.status,
        version=record.version,
        sentence=explanation.state,
        since=explanation.since,
        holders=[HolderBody(device=holder.device, since=holder.since) for holder in record.holders],
        cause=CauseBody(
            sentence=cause.sentence, kind=cause.kind, at=cause.at, by=_actor(cause.by), reason=cause.reason
        ),
        setting=SettingBody(
            sentence=setting.sentence,
            name=setting.macro.name,
            value=setting.macro.value,
            origin=setting.macro.origin,
            days=setting.days,
        )
        if setting
        else None,
        next=OutlookBody(sentence=explanation.next.sentence, status=explanation.next.status, at=explanation.next.at),
        history=explanation.history,
        history_caught_up=explanation.caught_up,
    )


def _actor(actor: Actor) -> ActorBody:
    return ActorBody(kind=actor.kind, name=actor.name, sync=actor.sync or None)


def _state(state: State, at: datetime) -> NumberBody | None:
    """A number as it was, its Tag as people saw it then."""
    return number_body(state, at) if isinstance(state, NumberRecord) else None
