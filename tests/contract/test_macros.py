"""The Macros port: customer, then global, then the built-in default."""

import pytest

from number_inventory.domain.errors import SettingBrokenError
from number_inventory.domain.macros import (
    AUDIOCODES_COOLING_DURATION,
    COOLING_DURATION,
    COOLING_ENABLED,
    GLOBAL,
    MacroValue,
    audiocodes_cooling_days,
)
from number_inventory.ports.macros import Macros
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER


@pytest.fixture
def macros(ports: Ports) -> Macros:
    return ports.macros


def test_customer_wins_over_global_wins_over_default(macros: Macros) -> None:
    names = [AUDIOCODES_COOLING_DURATION, COOLING_DURATION, COOLING_ENABLED]
    macros.put(GLOBAL, AUDIOCODES_COOLING_DURATION, "5")
    macros.put(GLOBAL, COOLING_DURATION, "6")
    macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "7")
    macros.put("other", COOLING_ENABLED, "true")

    assert macros.resolve(CUSTOMER, names) == {
        AUDIOCODES_COOLING_DURATION: MacroValue(AUDIOCODES_COOLING_DURATION, "7", "customer"),
        COOLING_DURATION: MacroValue(COOLING_DURATION, "6", "global"),
        COOLING_ENABLED: MacroValue(COOLING_ENABLED, "false", "default"),
    }


def test_value_is_replaced_and_listed(macros: Macros) -> None:
    macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "7")
    macros.put(CUSTOMER, AUDIOCODES_COOLING_DURATION, "8")
    macros.put(CUSTOMER, COOLING_ENABLED, "true")
    assert macros.stored(CUSTOMER) == {AUDIOCODES_COOLING_DURATION: "8", COOLING_ENABLED: "true"}
    assert macros.stored(GLOBAL) == {}


def test_global_scope_can_be_resolved_itself(macros: Macros) -> None:
    macros.put(GLOBAL, AUDIOCODES_COOLING_DURATION, "5")
    assert macros.resolve(GLOBAL, [AUDIOCODES_COOLING_DURATION])[AUDIOCODES_COOLING_DURATION].value == "5"


def test_resolving_takes_one_request(aws: Aws) -> None:
    aws.macros.resolve(CUSTOMER, [AUDIOCODES_COOLING_DURATION, COOLING_DURATION, COOLING_ENABLED])
    assert aws.meter.total_requests == 1


def test_value_that_some_other_hand_stored_as_no_string_is_no_duration(aws: Aws) -> None:
    """GIVEN a value that is not even a string THEN it is no duration, and the others are read all the same."""
    aws.client.put_item(
        TableName=aws.tables.macros,
        Item={"customer": {"S": CUSTOMER}, "name": {"S": AUDIOCODES_COOLING_DURATION}, "value": {"L": []}},
    )
    found = aws.macros.resolve(CUSTOMER, [AUDIOCODES_COOLING_DURATION, COOLING_DURATION])
    with pytest.raises(SettingBrokenError, match="not a string"):
        audiocodes_cooling_days(found[AUDIOCODES_COOLING_DURATION])
    assert found[COOLING_DURATION].value == "30"


def test_a_value_that_is_forgotten_lets_the_next_level_count(macros: Macros) -> None:
    """GIVEN values of both levels WHEN one is forgotten, and again THEN the other counts, then the default."""
    for scope, value in ((GLOBAL, "5"), (CUSTOMER, "7")):
        macros.put(scope, AUDIOCODES_COOLING_DURATION, value)
    for scope, left in ((CUSTOMER, ("5", "global")), (CUSTOMER, ("5", "global")), (GLOBAL, ("2", "default"))):
        macros.remove(scope, AUDIOCODES_COOLING_DURATION)
        found = macros.resolve(CUSTOMER, [AUDIOCODES_COOLING_DURATION])[AUDIOCODES_COOLING_DURATION]
        assert (found.value, found.origin) == left
