"""A second stack with what the first has not: a KMS key of one's own, and an API that takes tokens of a user pool.

In the end it is deleted, and its tables are adopted by a third.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local_stack import description
from local_stack.adoption import resources_to_import, tables_alone
from local_stack.deployment import deploy
from local_stack.layout import default_layout
from tests.e2e.deployed_stack import Answer, DeployedStack

PASSWORD = f"Aa1!{uuid4().hex}"
ROLES = ("reader", "operator", "administrator")


@dataclass(frozen=True)
class UserPool:
    """A Cognito user pool of the local AWS, with a client for its users.

    Attributes:
        cognito: A boto3 client.
    """

    cognito: Any
    id: str
    arn: str
    client: str

    @classmethod
    def made(cls, stack: DeployedStack) -> "UserPool":
        """A new one, without users."""
        cognito = stack.client("cognito-idp")
        pool = cognito.create_user_pool(PoolName=f"callers-{uuid4().hex[:6]}")["UserPool"]
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        client = cognito.create_user_pool_client(UserPoolId=pool["Id"], ClientName="cli", ExplicitAuthFlows=flows)
        return cls(cognito, pool["Id"], pool["Arn"], client["UserPoolClient"]["ClientId"])

    def token(self, user: str, *groups: str) -> str:
        """The ID token of a user who is in these groups."""
        pool = {"UserPoolId": self.id}
        self.cognito.admin_create_user(**pool, Username=user)
        self.cognito.admin_set_user_password(**pool, Username=user, Password=PASSWORD, Permanent=True)
        known = {group["GroupName"] for group in self.cognito.list_groups(**pool)["Groups"]}
        for group in groups:
            if group not in known:
                self.cognito.create_group(**pool, GroupName=group)
            self.cognito.admin_add_user_to_group(**pool, Username=user, GroupName=group)
        signed_in = self.cognito.admin_initiate_auth(
            **pool,
            ClientId=self.client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD},
        )
        token: str = signed_in["AuthenticationResult"]["IdToken"]
        return token


@dataclass(frozen=True)
class Guarded:
    """The second stack.

    Attributes:
        tokens: One for each role of the customer acme, one in the groups of no customer, one of another customer.
    """

    stack: DeployedStack
    key: str
    tokens: dict[str, str]

    def ask(self, method: str, path: str, body: object = None, *, by: str | None) -> Answer:
        """A request of whom the token is."""
        headers = {"Authorization": f"Bearer {self.tokens.get(by, by)}"} if by else {}
        return self.stack.send(method, path, body, **headers)


@pytest.fixture(scope="module")
def guarded(stack: DeployedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """The template with a key and user pools, beside the first stack and from the same build; its schedules rest."""
    folder = tmp_path_factory.mktemp("guarded") / ".local"
    built = replace(default_layout(stack.folder / ".local"), state=stack.folder / ".local")
    endpoint, name = stack.description["endpoint_url"], f"guarded-{uuid4().hex[:6]}"
    key = stack.client("kms").create_key(Policy=json.dumps(documented_policy(name)))["KeyMetadata"]["Arn"]
    pool, other = UserPool.made(stack), UserPool.made(stack)
    parameters = {"ScheduleState": "DISABLED", "ApiAuth": "COGNITO", "UserPoolArns": pool.arn, "DataKeyArn": key}
    outputs = deploy(built, endpoint, parameters, stack_name=name)
    folder.mkdir()
    described = description.describe(
        stack_name=name,
        endpoint_url=endpoint,
        outputs=outputs,
        pids=stack.description["pids"],
        simulator=stack.description["simulator"],
    )
    description.write(folder / "stack.json", described)
    tokens = {role: pool.token(role, f"customer:acme:{role}") for role in ROLES}
    tokens["nobody"] = pool.token("nobody")
    tokens["other"] = pool.token("other", "customer:other:administrator")
    tokens["of another pool"] = other.token("stranger", "customer:acme:administrator")
    yield Guarded(DeployedStack.read(folder), key, tokens)
    stack.client("cloudformation").delete_stack(StackName=name)


def documented_policy(stack_name: str) -> dict[str, Any]:
    """The key's policy as docs/operations.md has it, for the account, region and stack here."""
    page = Path("docs/operations.md").read_text(encoding="utf-8")
    text = page.split("### Keys of your own")[1].split("```json\n")[1].partition("```")[0]
    policy: dict[str, Any] = json.loads(
        text.replace("111122223333", "000000000000").replace("number-inventory-", f"{stack_name}-")
    )
    return policy


@pytest.mark.parametrize("token", [None, "nonsense", "a.b.c", "of another pool"])
def test_without_a_valid_token_nobody_comes_in(guarded: Guarded, token: str | None) -> None:
    """GIVEN no token, none that is one, or another pool's WHEN asked for anything THEN 401, before any function."""
    for method, path in (("GET", "/customers/acme/numbers"), ("PUT", "/customers/acme/macros/x"), ("GET", "/macros")):
        assert guarded.ask(method, path, by=token).status == 401, (method, path)


def test_each_role_may_do_what_it_may_and_no_more(guarded: Guarded) -> None:
    """GIVEN users of three roles of a customer WHEN they read, change numbers, and change settings THEN by role.

    Nobody of them comes to another customer's, nor does another customer's administrator come to theirs.
    """
    macro = "/customers/acme/macros/audiocodes_removal_guard_count"
    asked = (
        ("GET", "/customers/acme/numbers", None, 200),
        ("POST", "/customers/acme/numbers", {"numbers": ["4711"]}, 200),
        ("PUT", macro, {"value": "12"}, 200),
    )
    for needed, (method, path, body, status) in enumerate(asked):
        for rank, role in enumerate(ROLES):
            answer = guarded.ask(method, path, body, by=role)
            assert answer.status == (status if rank >= needed else 403), (role, method, path, answer.body)
        for foreign in ("nobody", "other"):
            assert guarded.ask(method, path, body, by=foreign).status == 403
        for role in ROLES:
            assert guarded.ask(method, path.replace("/acme/", "/other/"), body, by=role).status == 403
    assert guarded.ask("GET", "/macros", by="administrator").status == 403, "global macros are no customer's"
    shown = guarded.ask("GET", "/customers/acme/numbers/4711", by="reader").body
    assert shown["updated_by"] == "api:cognito:operator"


def test_the_key_comes_to_queues_logs_and_roles(guarded: Guarded) -> None:
    """GIVEN a key of one's own WHEN queues, log groups and roles are looked at THEN each has it, and all works.

    The local AWS encrypts nothing by it, and its CloudFormation makes tables without it: what is tried is that the
    template says it in the way that each service takes.
    """
    stack = guarded.stack
    resources = stack.client("cloudformation").list_stack_resources(StackName=stack.description["stack_name"])
    by_kind: dict[str, list[str]] = {}
    for each in resources["StackResourceSummaries"]:
        by_kind.setdefault(each["ResourceType"], []).append(each["PhysicalResourceId"])
    for queue in by_kind["AWS::SQS::Queue"]:
        attributes = stack.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        assert attributes["KmsMasterKeyId"] == guarded.key, queue
        assert attributes.get("SqsManagedSseEnabled", "false") == "false", queue
    logs = stack.client("logs")
    groups = {name: logs.describe_log_groups(logGroupNamePrefix=name) for name in by_kind["AWS::Logs::LogGroup"]}
    assert {len(by_kind["AWS::SQS::Queue"]), len(groups)} == {5, 10}
    for name, found in groups.items():
        assert found["logGroups"][0].get("kmsKeyId") == guarded.key, name
    iam = stack.client("iam")
    for role in by_kind["AWS::IAM::Role"]:
        own = [name for name in iam.list_role_policies(RoleName=role)["PolicyNames"] if "emulator-" not in name]
        for name in own:
            policy = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
            assert policy.count(guarded.key) == policy.count("kms:ViaService") > 0, name
    assert stack.invoke("sync_dispatcher", {}) == {"queued": 0}
    assert stack.invoke("release_cooled", {})["finished"]


def test_the_tables_that_a_deleted_stack_left_are_adopted(guarded: Guarded) -> None:
    """GIVEN a stack that is deleted WHEN its tables are imported into another THEN it has them, with all in them."""
    stack, name = guarded.stack, f"adopted-{uuid4().hex[:6]}"
    formation, before = stack.client("cloudformation"), _tables(guarded, stack.description["stack_name"])
    formation.delete_stack(StackName=stack.description["stack_name"])
    formation.get_waiter("stack_delete_complete").wait(StackName=stack.description["stack_name"], WaiterConfig=_SOON)
    template, parameters = tables_alone(), {"ParameterKey": "DataKeyArn", "ParameterValue": guarded.key}
    change = {"StackName": name, "ChangeSetName": "adopt"}
    formation.create_change_set(
        **change,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template),
        ResourcesToImport=resources_to_import(list(template["Resources"]), list(before.values())),
        Parameters=[parameters],
    )
    formation.get_waiter("change_set_create_complete").wait(**change, WaiterConfig=_SOON)
    formation.execute_change_set(**change)
    formation.get_waiter("stack_import_complete").wait(StackName=name, WaiterConfig=_SOON)

    assert _tables(guarded, name) == before
    items = stack.client("dynamodb").scan(TableName=before["NumbersTable"])["Items"]
    assert [item["number"]["S"] for item in items] == ["4711"]
    formation.delete_stack(StackName=name)


_SOON = {"Delay": 1, "MaxAttempts": 120}


def _tables(guarded: Guarded, stack_name: str) -> dict[str, str]:
    """The names of the tables of a stack, by logical id."""
    resources = guarded.stack.client("cloudformation").list_stack_resources(StackName=stack_name)
    return {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for each in resources["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::DynamoDB::Table"
    }
