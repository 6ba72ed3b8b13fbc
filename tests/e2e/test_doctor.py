"""The doctor on the deployed stack: it finds it well, and finds what somebody has broken."""

from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack


def test_a_fresh_stack_is_well_until_something_fails_for_good(stack: DeployedStack, customer: Customer) -> None:
    """GIVEN a stack as deployed WHEN a message lies with the dead ones THEN that is the problem, and the only one."""
    looked = customer.operator("doctor", "--no-devices", "--json").json
    problems = [check for check in looked["checks"] if check["verdict"] == "problem" and check["area"] != "queue"]
    assert problems == []
    assert {check["area"] for check in looked["checks"]} == {
        "stack", "table", "function", "feed", "schedule", "queue", "alarm", "macros", "release", "audit"
    }  # fmt: skip
    url, sqs = stack.description["queues"]["history_dead_letters"], stack.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        told = customer.operator("doctor", "--no-devices")
    finally:
        sqs.purge_queue(QueueUrl=url)
    assert told.code == 1
    assert "problem: queue HistoryDeadLetters" in told.out
