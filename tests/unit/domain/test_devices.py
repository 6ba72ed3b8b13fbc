"""The configuration of a device: what is refused before it is stored."""

from dataclasses import replace

import pytest

from number_inventory.domain.aors import NumberRule
from number_inventory.domain.devices import (
    Device,
    DeviceKey,
    DeviceState,
    Health,
    SourceKind,
    TlsSettings,
    TlsTrust,
    check_device,
    device_address,
)
from number_inventory.domain.errors import InvalidInputError

GOOD = Device(key=DeviceKey("acme", "sbc1"), source=SourceKind.SBC, address="https://sbc1.example")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("sbc1.example", "https://sbc1.example"),
        (" https://SBC1.example/ ", "https://sbc1.example"),
        ("https://sbc1.example:443", "https://sbc1.example"),
        ("sbc1.example:8443", "https://sbc1.example:8443"),
        ("192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    """GIVEN an address as somebody writes it, WHEN it is read, THEN its one spelling comes out, and is stable."""
    assert device_address(text) == address
    assert device_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://sbc1.example",
        "ftp://sbc1.example",
        "https://sbc1.example/api",
        "https://sbc1.example?x=1",
        "https://sbc1.example#x",
        "https://sbc1.example:0",
        "https://sbc1.example:99999",
        "https://sbc1.example:x",
        "https://-sbc.example",
        "https://s bc.example",
        "https://",
        "https://[2001:db8::1",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_refused(text: str) -> None:
    """GIVEN anything but https://host[:port], WHEN it is read, THEN it is refused."""
    with pytest.raises(InvalidInputError, match="address: must be https://host"):
        device_address(text)


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    """GIVEN user and password in the address, WHEN it is refused, THEN the message does not show them."""
    with pytest.raises(InvalidInputError) as refusal:
        device_address("https://admin:canary-password@sbc1.example")

    assert "canary" not in str(refusal.value)


def test_a_good_device_passes() -> None:
    """GIVEN a configuration that can work, WHEN it is checked, THEN nothing is said."""
    check_device(GOOD)
    check_device(
        replace(
            GOOD,
            number_rules=(NumberRule(r"(\d+)", r"+44\1"),),
            tls=TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint="ab" * 32),
            hosts=frozenset({"tenant_a.example", "192.0.2.1", "2001:db8::1"}),
            ip_groups=frozenset({0, 3}),
        )
    )


REFUSED: dict[str, tuple[Device, str]] = {
    "customer": (replace(GOOD, key=DeviceKey("Acme", "sbc1")), "customer"),
    "device name": (replace(GOOD, key=DeviceKey("acme", "sbc#1")), "device"),
    "address not canonical": (replace(GOOD, address="https://SBC1.example"), "address"),
    "address without scheme": (replace(GOOD, address="sbc1.example"), "address"),
    "timeout too short": (replace(GOOD, read_timeout_seconds=4), "read_timeout_seconds"),
    "timeout too long": (replace(GOOD, read_timeout_seconds=121), "read_timeout_seconds"),
    "no fingerprint": (replace(GOOD, tls=TlsSettings(trust=TlsTrust.FINGERPRINT)), "fingerprint"),
    "fingerprint with colons": (
        replace(GOOD, tls=TlsSettings(trust=TlsTrust.FINGERPRINT, fingerprint="ab:" * 32)),
        "fingerprint",
    ),
    "a rule that does not compile": (replace(GOOD, number_rules=(NumberRule("(", ""),)), "number rule 1"),
    "the second rule's missing group": (
        replace(GOOD, number_rules=(NumberRule(r"(1)", r"\1"), NumberRule(r"(2)", r"\2"))),
        "number rule 2",
    ),
    "a host in capitals, which no AOR would ever match": (replace(GOOD, hosts=frozenset({"Tenant.Example"})), "hosts"),
    "a host with a port": (replace(GOOD, hosts=frozenset({"tenant.example:5060"})), "hosts"),
    "an empty host": (replace(GOOD, hosts=frozenset({""})), "hosts"),
    "a host with a space": (replace(GOOD, hosts=frozenset({" tenant.example"})), "hosts"),
}


@pytest.mark.parametrize(("device", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_a_configuration_that_could_not_work_is_refused(device: Device, field: str) -> None:
    """GIVEN one wrong part, WHEN the device is checked, THEN the part is named."""
    with pytest.raises(InvalidInputError) as refusal:
        check_device(device)

    assert refusal.value.field == field


@pytest.mark.parametrize("seconds", [5, 60, 120])
def test_the_read_timeouts_allowed(seconds: int) -> None:
    """GIVEN a timeout within bounds, both ends included, WHEN it is checked, THEN it passes."""
    check_device(replace(GOOD, read_timeout_seconds=seconds))


def test_a_new_device_is_enabled_verifies_tls_and_was_never_synced() -> None:
    """GIVEN only what must be given, THEN the rest is the safe default, and the state knows nothing yet."""
    assert (GOOD.enabled, GOOD.tls.trust, GOOD.number_rules, GOOD.read_timeout_seconds) == (True, TlsTrust.CA, (), 60)
    state = DeviceState()
    assert (state.health, state.since, state.cause) == (Health.NEVER_SYNCED, None, "")
    assert (state.held_numbers, state.unmapped, state.refused_credentials) == (0, 0, 0)


def test_a_key_is_shown_as_customer_and_name() -> None:
    """GIVEN a key, WHEN it is shown, THEN both parts are."""
    assert str(GOOD.key) == "acme/sbc1"
