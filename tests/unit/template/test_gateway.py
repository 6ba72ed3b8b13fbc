"""What API Gateway answers by itself, and whom it lets in."""

import json
from typing import Any

import pytest

from functions.rest.problems import CONTENT_TYPE, Problem

Resources = dict[str, dict[str, Any]]
Template = dict[str, Any]

# All types that API Gateway has, and the status that it gives each unless told otherwise.
STATUSES = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_4XX": 400,
    "DEFAULT_5XX": 500,
    "EXPIRED_TOKEN": 403,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 403,
    "INVALID_SIGNATURE": 403,
    "MISSING_AUTHENTICATION_TOKEN": 403,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}


@pytest.fixture
def definition(resources: Resources) -> dict[str, Any]:
    """The API's definition."""
    found: dict[str, Any] = resources["Api"]["Properties"]["DefinitionBody"]
    return found


def test_the_gateways_own_errors_are_problem_details(definition: dict[str, Any]) -> None:
    """GIVEN every kind of answer that the gateway gives by itself WHEN read THEN it has the form of all errors."""
    answers = definition["x-amazon-apigateway-gateway-responses"]

    assert {kind: int(answer["statusCode"]) for kind, answer in answers.items()} == STATUSES
    for kind, answer in answers.items():
        [(accepted, text)] = answer["responseTemplates"].items()
        told = json.loads(text)
        assert accepted == "application/json"
        assert Problem.model_validate(told, extra="forbid").status == STATUSES[kind]
        assert len(told["detail"]) > 20
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == f"'{CONTENT_TYPE}'"
        assert ("gatewayresponse.header.Retry-After" in headers) == (STATUSES[kind] == 429)


def test_every_method_lets_in_whom_the_parameter_says(definition: dict[str, Any]) -> None:
    """GIVEN every method WHEN its security is read THEN it is signed, or has a token, or the stack is a local one."""
    signed_or_token = {"Fn::If": ["SignedApi", [{"sigv4": []}], {"Fn::If": ["TokenApi", [{"cognito": []}], []]}]}

    for path, methods in definition["paths"].items():
        for method, described in methods.items():
            assert described["security"] == signed_or_token, (method, path)


def test_tokens_are_those_of_the_pools(template: Template, definition: dict[str, Any]) -> None:
    """GIVEN ApiAuth=COGNITO WHEN the authorizer is read THEN it takes tokens of the named pools, and there only."""
    condition, scheme, otherwise = definition["components"]["securitySchemes"]["cognito"]["Fn::If"]

    assert (condition, otherwise) == ("TokenApi", {"Ref": "AWS::NoValue"})
    assert template["Conditions"]["TokenApi"] == {"Fn::Equals": [{"Ref": "ApiAuth"}, "COGNITO"]}
    assert scheme["x-amazon-apigateway-authorizer"] == {
        "type": "cognito_user_pools",
        "providerARNs": {"Fn::Split": [",", {"Ref": "UserPoolArns"}]},
    }


def test_tokens_without_pools_are_not_deployed(template: Template) -> None:
    """GIVEN ApiAuth=COGNITO without pools, or pools without it WHEN deployed THEN a rule refuses, and says why."""
    pools_given = {"Fn::Not": [{"Fn::Equals": [{"Ref": "UserPoolArns"}, ""]}]}
    tokens = {"Fn::Equals": [{"Ref": "ApiAuth"}, "COGNITO"]}
    rules = template["Rules"]

    for name, condition, demanded in (
        ("TokensNeedUserPools", tokens, pools_given),
        ("UserPoolsNeedTokens", pools_given, tokens),
    ):
        [assertion] = rules[name]["Assertions"]
        assert (rules[name]["RuleCondition"], assertion["Assert"]) == (condition, demanded)
        assert "UserPoolArns" in assertion["AssertDescription"]


def test_functions_know_who_has_checked(template: Template) -> None:
    """GIVEN the functions' environment WHEN read THEN it tells who confines callers: IAM, or the function itself."""
    assert template["Globals"]["Function"]["Environment"]["Variables"]["API_AUTH"] == {"Ref": "ApiAuth"}
    assert template["Parameters"]["ApiAuth"]["AllowedValues"] == ["AWS_IAM", "COGNITO", "NONE"]
