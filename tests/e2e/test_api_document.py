"""The deployed API keeps what its document promises: every request, made by the document's rules and against them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from functions.rest.problems import CONTENT_TYPE, Problem
from tests.e2e.deployed_stack import DeployedStack

DOCUMENT = schemathesis.openapi.from_dict(json.loads(Path("docs/openapi.json").read_text(encoding="utf-8")))
OPERATIONS: Any = {found.ok().label: found.ok() for found in DOCUMENT.get_all_operations()}  # type: ignore[union-attr]  # one that is not would fail here
KNOWN = ("4711", "*21#", "+493012340001")
EXAMPLES = 3
MANY_EXAMPLES = 60

load_all_checks()
CHECKED: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
        "negative_data_rejection",
    ]
)


@dataclass(frozen=True)
class Api:
    """Where the API is, a connection to it, and a customer of this module's own."""

    address: str
    session: requests.Session
    customer: str


@pytest.fixture(scope="module")
def api(stack: DeployedStack) -> Iterator[Api]:
    """The API of the deployed stack."""
    with requests.Session() as session:
        yield Api(str(stack.description["api_url"]), session, f"documented-{uuid4().hex[:10]}")


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("label", OPERATIONS)
def test_requests_are_answered_as_documented(label: str, mode: GenerationMode, api: Api) -> None:
    """GIVEN any request of the document WHEN made by its rules, or against them THEN the answer is one that it tells.

    There is no failure of ours, what breaks the rules is refused, and every refusal is problem details.
    """
    _ask(label, mode, EXAMPLES, api)


@pytest.mark.long
@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("label", OPERATIONS)
def test_many_requests_are_answered_as_documented(
    label: str, mode: GenerationMode, api: Api, record_property: Callable[[str, object], None]
) -> None:
    """GIVEN any request of the document WHEN made in many more ways THEN the answer is one that it tells."""
    record_property("requests", _ask(label, mode, MANY_EXAMPLES, api))


def _ask(label: str, mode: GenerationMode, examples: int, api: Api) -> int:
    """Make so many requests at most; returns how many it were."""
    made = 0
    there = api.session.post(f"{api.address}/customers/{api.customer}/numbers", json={"numbers": KNOWN})
    assert there.status_code == 200

    @settings(
        max_examples=examples,
        # The same requests at every run, whoever runs it.
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode), known=st.sampled_from([*KNOWN, None]))
    def ask(case: Case[Any], known: str | None) -> None:
        nonlocal made
        made += 1
        if mode is GenerationMode.POSITIVE:
            if "customer" in case.path_parameters:
                case.path_parameters["customer"] = api.customer
            if known and "number" in case.path_parameters:
                case.path_parameters["number"] = quote(known, safe="")
        answer = case.call(base_url=api.address, session=api.session)
        # What is too large is refused for that, whatever else is wrong with it; Schemathesis does not know so.
        too_large = [check for check in CHECKED if check.__name__ == "negative_data_rejection"]
        case.validate_response(answer, checks=CHECKED, excluded_checks=too_large if answer.status_code == 413 else None)
        _refuses_with_problem_details(answer)

    try:
        ask()
    except Unsatisfiable:
        # Without a body, and with parameters that any text is right for, no request can break the rules.
        assert mode is GenerationMode.NEGATIVE
        pytest.skip("there is nothing in this request that could be wrong")
    return made


def _refuses_with_problem_details(answer: Any) -> None:  # noqa: ANN401 - Schemathesis' own
    """A refusal has the one form of all errors, and does not repeat much of what was sent."""
    if answer.status_code < 400:
        return
    told = Problem.model_validate_json(answer.content)
    assert answer.headers["content-type"] == [CONTENT_TYPE]
    assert told.status == answer.status_code
    assert (told.status == 400) <= bool(told.errors)
    assert len(told.detail) < 8000
