"""The key that page tokens are signed with: made at the first listing, and never shown."""

import json

from tests.integration.functions.account import API, PREFIX, Account
from tests.integration.functions.api_requests import listing
from tests.integration.functions.test_api_lookup import problem


def test_a_broken_page_token_key_is_told_to_the_log(account: Account) -> None:
    """GIVEN a key that is none WHEN listed THEN 500 tells nothing, and the log names the parameter, not its value."""
    ssm = account.engine.session().ssm()
    ssm.put_parameter(Name=f"{PREFIX}/page-token-key", Value="not a key", Type="SecureString")
    ran = account.run(API, listing("acme"))

    problem(ran, 500)
    assert f"{PREFIX}/page-token-key" in ran.output
    assert "not a key" not in ran.output


def test_the_page_token_key_is_never_shown(account: Account) -> None:
    """GIVEN the first listing WHEN it makes the key THEN the key is in no output."""
    ran = account.run(API, listing("acme", limit="1"))
    ssm = account.engine.session().ssm()
    stored = ssm.get_parameter(Name=f"{PREFIX}/page-token-key", WithDecryption=True)["Parameter"]

    assert stored["Type"] == "SecureString"
    assert stored["Value"] not in ran.output + json.dumps(ran.answer)
