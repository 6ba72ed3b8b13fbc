"""Scenario files and made-up users."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.errors import SimulatorError
from simulator.generator import Population, generate
from simulator.listing import Style, as_output, listing_lines
from simulator.scenario import DeviceScenario, load_scenario, population_from_json

WHOLE = """
devices:
  - name: berlin
    port: 9443
    style: dotted
    count_of: contacts
    domain: voice.example.net
    uptime_seconds: 60
    username: Boss
    users: ["4711", {aor: Sue, contacts: 2}]
    generated: {users: 3, seed: 4, hosts: [pbx.example.net]}
    faults: {null-count: , wrong-count: {by: 2}}
  - {}
"""


def test_a_yaml_scenario_says_all(tmp_path: Path) -> None:
    """GIVEN a YAML file with every field WHEN it is loaded THEN each is there; an empty device has the defaults."""
    path = tmp_path / "scenario.yaml"
    path.write_text(WHOLE)
    berlin, other = load_scenario(path)
    assert (berlin.port, berlin.style, berlin.count_of, berlin.username) == (9443, Style.DOTTED, "contacts", "Boss")
    aors = [user.aor for user in berlin.all_users()]
    assert aors[:3] == ["4711@voice.example.net", "Sue", "+441632960000@pbx.example.net"]
    assert len(aors) == 5
    assert berlin.faults == {"null-count": {}, "wrong-count": {"by": 2}}
    assert other == DeviceScenario(name="sbc-2")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ([], "a device is an object"),
        ({"name": "a b"}, "a device name is letters"),
        ({"port": "x"}, "device sbc-1: `port` cannot be 'x'"),
        ({"port": 70000}, "from 0 to 65535"),
        ({"style": "old"}, "`style` must be one of modern, classic, dotted, not 'old'"),
        ({"count_of": "all"}, "aors or contacts"),
        ({"domain": "a b"}, "`domain` must be a host name"),
        ({"colour": 1}, "there is no field 'colour'; there are name, port"),
        ({"users": "1000"}, "`users` must be a list"),
        ({"users": [1000]}, "in quotes"),
        ({"generated": {}}, "at least `users`"),
        ({"generated": {"users": -1}}, "0 or more"),
        ({"generated": {"users": 1, "bare_percent": 101}}, "`bare_percent` must be from 0 to 100"),
        ({"generated": {"users": 1, "hosts": "x"}}, "`hosts` cannot be 'x'"),
        ({"faults": ["reset"]}, "`faults` must be an object"),
        ({"faults": {"reset": 1}}, "the parameters of the fault reset"),
        ({"faults": {"moon": {}}}, "no fault 'moon'"),
    ],
)
def test_scenarios_that_make_no_sense(tmp_path: Path, device: object, message: str) -> None:
    """GIVEN a wrong field WHEN the file is loaded THEN one line names file, device and field."""
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps({"devices": [device]}))
    with pytest.raises(SimulatorError) as caught:
        load_scenario(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.json", "{", "Expecting property name"),
        ("s.yaml", "a: [", "while parsing"),
        ("s.json", "[]", "a list `devices`"),
        ("s.json", '{"devices": []}', "at least one device"),
        ("s.json", '{"devices": [{"name": "a"}, {"name": "a"}]}', "the same name"),
    ],
)
def test_files_that_are_no_scenarios(tmp_path: Path, name: str, text: str, message: str) -> None:
    """GIVEN a broken file WHEN it is loaded THEN one line says what is wrong with it."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SimulatorError) as caught:
        load_scenario(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """GIVEN no such file WHEN it is loaded THEN the error names it."""
    with pytest.raises(SimulatorError, match=r"moon\.json: cannot be read"):
        load_scenario(tmp_path / "moon.json")


def test_the_same_seed_makes_the_same_users() -> None:
    """GIVEN a seed WHEN users are made twice THEN they are equal, and more of them begin with the same."""
    few, many = generate(Population(users=100, seed=7)), generate(Population(users=200, seed=7))
    assert few == many[:100]
    assert few != generate(Population(users=100, seed=8))
    assert len({user.aor for user in many}) == 200


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        ("e164_percent", lambda user: user.aor.startswith("+441632")),
        ("bare_percent", lambda user: "@" not in user.aor),
        ("several_contacts_percent", lambda user: 2 <= len(user.contacts) <= 5),
        ("inactive_percent", lambda user: not user.contacts[0].active),
    ],
)
def test_shares_of_special_users(kind: str, holds: Callable[..., bool]) -> None:
    """GIVEN a share of 0, 20 or 100 percent WHEN 1,000 users are made THEN about that many are special."""
    for percent, least, most in ((0, 0, 0), (20, 150, 250), (100, 1000, 1000)):
        users = generate(population_from_json({"users": 1000, kind: percent}))
        assert least <= sum(map(holds, users)) <= most


def test_fifty_thousand_users_are_unique_and_listed_in_full() -> None:
    """GIVEN 50,000 users WHEN listed THEN every AOR is different and every contact has its line."""
    users = generate(Population(users=50_000))
    assert len({user.aor for user in users}) == 50_000
    output = as_output(listing_lines(users, Style.MODERN, "sbc"), Style.MODERN)
    contacts = sum(len(user.contacts) for user in users)
    assert output.count("<sip:") == contacts
    assert output.endswith(f"Total: 50000 users, {contacts} contacts")
