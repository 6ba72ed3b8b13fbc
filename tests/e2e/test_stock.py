"""Stock on the deployed stack: low stock is told on the bus, once, and shown to whoever asks."""

import json
from uuid import uuid4

from tests.e2e.customer import Customer
from tests.e2e.deployed_stack import DeployedStack, eventually


def test_low_stock_is_told_once_and_shown(stack: DeployedStack, customer: Customer) -> None:
    """GIVEN a threshold and fewer numbers than it asks for WHEN stock is watched twice THEN one event tells of it."""
    path = f"/customers/{customer.name}"
    customer.operate("macros", "set", "number_stock_low_count@Berlin", "3")
    stack.post(f"{path}/numbers", {"numbers": ["+4930100", "+4930101"], "site": "Berlin"})
    assert eventually(lambda: [each for each in stack.get(f"{path}/stock").body["stock"] if each["total"] == 2])

    events, sqs, name = stack.client("events"), stack.client("sqs"), f"test-{uuid4().hex[:10]}"
    bus = stack.description["event_bus"].rpartition("/")[2]
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"detail-type": ["Number Stock Low"], "detail": {"customer": [customer.name]}}
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
    try:
        watched = [stack.invoke("watch_stock", {"customer": customer.name}) for _ in range(2)]
        [message] = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []))
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=bus)

    assert [each["told"] for each in watched] == [1, 0]
    detail = json.loads(message["Body"])["detail"]
    assert (detail["site"], detail["available"], detail["threshold"]["count"]) == ("Berlin", 2, 3)
    [berlin] = [each for each in stack.get(f"{path}/stock").body["stock"] if each["site"] == "Berlin"]
    assert (berlin["low"], berlin["low_since"]) == (True, detail["at"])
    assert "low" in customer.operate("numbers", "stock").out
