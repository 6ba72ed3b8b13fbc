"""Registers of which a part is lost: syncs and audits on the real adapters free nothing that only the part named."""

import pytest

from number_inventory.adapters.dynamodb import registrations
from number_inventory.adapters.dynamodb.register_parts import part_key
from number_inventory.domain.findings import FindingOutcome
from number_inventory.domain.numbers import Status
from tests.contract.audit_scene import Product
from tests.contract.conftest import Aws
from tests.contract.made import CUSTOMER

NUMBERS = [str(4000 + index) for index in range(20)]
LATE = NUMBERS[-1]


@pytest.mark.parametrize("lost", ["journal#0#000001", "base#a#000000"])
def test_a_lost_part_stays_lost_until_a_list_is_whole(aws: Aws, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """GIVEN a lost part and a list that is cut, WHEN synced, THEN audits free nothing, a whole list heals."""
    if lost.startswith("base"):
        monkeypatch.setattr(registrations, "MAX_JOURNAL_PARTS", 1)
    product = Product(aws)
    key = product.add_device("sbc1")
    for numbers in (NUMBERS[:18], NUMBERS):
        product.device_shows(key, numbers)
        product.sync(key)
    owner = f"{CUSTOMER}#{key.name}"
    gone = aws.client.delete_item(TableName=aws.tables.registrations, Key=part_key(owner, lost), ReturnValues="ALL_OLD")
    assert "Attributes" in gone, "the part was there"

    product.device_shows(key, NUMBERS[:10])
    product.source.incomplete[key] = "the list just stops"
    for _ in range(2):
        product.sync(key)
        assert product.audit().total(FindingOutcome.CORRECTED) == 0
        assert holders(product, LATE) == [key.name]

    product.device_shows(key, NUMBERS)
    product.source.incomplete[key] = ""
    product.sync(key)
    assert product.audit().total() == 0
    assert product.all_numbers([LATE])[LATE].status is Status.USED


def holders(product: Product, number: str) -> list[str]:
    """The devices that a number's record names."""
    return [holder.device for holder in product.all_numbers([number])[number].holders]
