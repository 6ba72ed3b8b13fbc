"""What both functions behind the REST API need."""

from functools import lru_cache
from typing import TYPE_CHECKING

from number_inventory.bootstrap import process

if TYPE_CHECKING:
    from number_inventory.ports.keyed_requests import KeyedRequests
    from number_inventory.services.answer_once import AnswerOnce


@lru_cache(maxsize=1)
def page_token_key(parameter_prefix: str) -> bytes:
    """The key that page tokens are signed with; made at first use."""
    from number_inventory.adapters.ssm import PageTokenKey

    return PageTokenKey(process.session().ssm(), parameter_prefix).value()


def answer_once(requests: "KeyedRequests") -> "AnswerOnce":
    """Answer requests that have a key."""
    from number_inventory.services.answer_once import AnswerOnce

    return AnswerOnce(requests, process.clock())
