"""Captures of devices: what they must never tell, and that they are read as the device was."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.capture import FORMAT, Tape, capture_of, read_as
from cli.redaction import Redaction
from number_inventory.adapters.audiocodes.address import AddressPolicy
from number_inventory.adapters.audiocodes.calls import DeviceCalls
from number_inventory.adapters.audiocodes.source import AudioCodesSource
from number_inventory.domain.devices import Device, DeviceKey, LoginMethod, SourceKind, TlsSettings
from number_inventory.domain.errors import DeviceError
from number_inventory.domain.snapshots import Snapshot
from number_inventory.ports.secrets import Credentials
from simulator.listing import Style
from simulator.nodes import Node
from simulator.scenario import DeviceScenario
from simulator.server import Simulator
from simulator.users import Contact, RegisteredUser
from tests.memory.clock import SettableClock

CAPTURES = Path(__file__).parents[1] / "captures"
PASSWORD = "canary-Pa55word:@/?#"
KEY = b"one key for all of these tests.."
USERS = (
    RegisteredUser("+4930987654321@voice.geheim-firma.example", (Contact("sip:+4930987654321@10.99.88.77:5060"),)),
    RegisteredUser("Ingeborg", (Contact("sip:Ingeborg@10.99.88.78:5061", active=False),)),
    RegisteredUser("sip:0049301234567@[2001:db8:dead:beef::42]", (Contact("sip:0049301234567@10.99.88.77:5062"),)),
    RegisteredUser("73519@voice.geheim-firma.example", tuple(Contact(f"sip:73519@10.99.88.{at}") for at in (1, 2, 3))),
)
PLANTED = (
    *("30987654321", "301234567", "73519", "Ingeborg", "geheim", "firma", "10.99.88", "dead", "beef"),
    *("Standort", "Walhalla", "Hinterhof", "Admin", "canary", "Pa55word", "Y2FuYXJ5"),
)
DEVICES = [*(str(style) for style in Style), "arm"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    scenarios = [
        DeviceScenario(name=str(style), style=style, users=USERS, password=PASSWORD, domain="h.example")
        for style in Style
    ]
    nodes = (Node(name="Standort-Walhalla"), Node(name="Hinterhof"))
    arm = DeviceScenario(name="arm", source="arm", users=USERS, password=PASSWORD, nodes=nodes)
    with Simulator([*scenarios, arm], tmp_path_factory.mktemp("simulator")) as running:
        yield running


def asked(simulator: Simulator, name: str, password: str = PASSWORD) -> tuple[Device, Tape, Snapshot | None]:
    """Asks a played device while a tape runs."""
    device = Device(
        key=DeviceKey("default", name),
        source=SourceKind(simulator.devices[name].scenario.source),
        address=simulator.url(name),
        tls=TlsSettings(ca_pem=Path(simulator.certificates.ca_path).read_text()),
        login=LoginMethod.SESSION if name == "arm" else LoginMethod.BASIC,
    )
    tape = Tape()
    calls = DeviceCalls(
        clock=SettableClock(), address_policy=AddressPolicy.LOCAL, heard=tape, sleep=lambda _seconds: None
    )
    try:
        return device, tape, AudioCodesSource(calls).snapshot(device, Credentials("Admin", password))
    except DeviceError:
        return device, tape, None


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("fault", ["", "short-pages", "unknown-lines", "html-error"])
def test_a_capture_tells_nothing_of_people_networks_or_logins(simulator: Simulator, name: str, fault: str) -> None:
    """GIVEN numbers, names, hosts, addresses and a password planted everywhere, WHEN captured, THEN none is in it."""
    played = simulator.devices[name]
    played.disarm()
    if fault == "unknown-lines" and name != "arm":
        played.arm(fault, text=f"Standort Walhalla of {PASSWORD} and Y2FuYXJ5: 73519 contacts: 2, User: 4930987654321")
    elif fault and fault != "unknown-lines" and (name == "arm" or fault == "html-error"):
        played.arm(fault, **({"route": "list"} if fault == "html-error" else {"size": 1}))
    serial = str(9_000_000 + sum(place * ord(letter) for place, letter in enumerate(name, 1)))

    device, tape, snapshot = asked(simulator, name)
    capture = capture_of(device, tape, Redaction(KEY))

    text = json.dumps(capture)
    assert [word for word in [*PLANTED, serial] if re.search(re.escape(word), text, re.IGNORECASE)] == []
    # AND it is read as the device was
    read: dict[str, Any] = capture["read_as"]
    assert read == read_as(json.loads(text))
    if snapshot is None:
        assert "error" in read
    else:
        assert (read["complete"], read["users"], read["reported_count"]) == (
            snapshot.complete,
            len(snapshot.users),
            snapshot.reported_count,
        )
        assert read["contacts"] == sum(len(user.contacts) for user in snapshot.users)
    played.disarm()


def test_a_refused_login_is_captured_as_such(simulator: Simulator) -> None:
    """GIVEN a wrong password, WHEN captured, THEN status and error are there, and neither password is."""
    device, tape, snapshot = asked(simulator, "arm", "canary-other")
    capture = capture_of(device, tape, Redaction(KEY))
    assert snapshot is None
    assert capture["read_as"]["error"] == "LoginRefusedError"
    assert "canary" not in json.dumps(capture)


def test_what_belongs_together_still_does(simulator: Simulator) -> None:
    """GIVEN a user whose contacts repeat its number, WHEN captured, THEN they repeat the same other number."""
    device, tape, _ = asked(simulator, "arm")
    pages = [each["json"] for each in capture_of(device, tape, Redaction(KEY))["exchanges"] if "Users" in each["path"]]
    entry = pages[0]["registeredUsers"][3]
    user = entry["aor"].partition("@")[0]
    assert re.fullmatch("[1-9][0-9]{4}", user)
    assert [contact["uri"].partition("@")[0] for contact in entry["contacts"]] == [f"sip:{user}"] * 3
    assert len({contact["uri"] for contact in entry["contacts"]}) == 3


def test_two_captures_have_nothing_in_common(simulator: Simulator) -> None:
    """GIVEN one device, WHEN captured with other keys, THEN nobody can tell by one what stands in the other."""
    device, tape, _ = asked(simulator, "arm")
    one, other = (capture_of(device, tape, Redaction(key)) for key in (KEY, KEY[::-1]))
    assert (
        one["exchanges"][3]["json"]["registeredUsers"][0]["aor"]
        != (other["exchanges"][3]["json"]["registeredUsers"][0]["aor"])
    )


def test_a_tape_ends_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    """GIVEN more than a tape holds, WHEN captured, THEN the capture says that it was cut, and claims nothing."""
    monkeypatch.setattr("cli.capture._LONGEST", 500)
    device, tape, _ = asked(simulator, "modern")
    capture = capture_of(device, tape, Redaction(KEY))
    assert (capture["cut"], capture["read_as"]) == (True, None)
    assert len(capture["exchanges"]) == 1


# --- captures that are kept


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.json")), ids=lambda path: path.stem)
def test_a_kept_capture_is_read_as_it_was(path: Path) -> None:
    """GIVEN a capture of some device, WHEN read today, THEN as it says: no later version may read it otherwise."""
    capture = json.loads(path.read_text(encoding="utf-8"))
    assert capture["format"] == FORMAT
    assert read_as(capture) == capture["read_as"]


def test_captures_are_kept_of_either_source() -> None:
    """GIVEN the folder of captures, THEN both sources have one, so that the test above cannot pass on none."""
    sources = {json.loads(path.read_text(encoding="utf-8"))["source"] for path in CAPTURES.glob("*.json")}
    assert sources == set(SourceKind)
