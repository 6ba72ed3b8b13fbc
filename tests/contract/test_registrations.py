"""The Registrations port: what a device holds, through crashes, late writers and new base images."""

import gc
import tracemalloc
import zlib
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from number_inventory.adapters.dynamodb import register_parts, registrations
from number_inventory.domain.devices import DeviceKey, DeviceState
from number_inventory.domain.errors import LeaseLostError, RecordBrokenError
from number_inventory.ports.devices import DeviceHead, Lease, RegisterHead
from number_inventory.ports.registrations import Register, RegisterView
from tests.contract.conftest import Aws, Ports
from tests.contract.made import CUSTOMER, KEY, NOW, device, listed
from tests.contract.test_broken_items import change
from tests.engines.faults import ProcessDiedError, dying

MINUTE = timedelta(minutes=1)


class Syncs:
    """Syncs of one device, one after the other; each begins when the lease of the one before is over."""

    def __init__(self, ports: Ports, key: DeviceKey = KEY) -> None:
        self.ports = ports
        self.key = key
        self.begun = 0
        ports.devices.add(device(key))

    def begin(self) -> Lease:
        """Take the lease, whatever became of the last one."""
        at = NOW + self.begun * MINUTE
        self.begun += 1
        lease = self.ports.devices.acquire(self.key, at, at + MINUTE)
        assert lease is not None
        return lease

    def settle(self, lease: Lease, register: Register, digest: str = "digest") -> None:
        """Come to the end in good order."""
        assert self.ports.devices.finish(lease, DeviceState(), RegisterHead(digest, register.base, register.mark))

    def whole_sync(self, held: set[str] | frozenset[str]) -> Register:
        """A sync that finds the device to hold these numbers, and changes every number as it means to."""
        lease = self.begin()
        register = self.ports.registrations.load(lease)
        register = self.ports.registrations.intend(lease, register, frozenset(held))
        register = self.ports.registrations.compact(lease, register)
        self.settle(lease, register)
        return register

    def look(self) -> Register:
        """What the next sync would find; it ends without a head, so nothing of it counts."""
        lease = self.begin()
        register = self.ports.registrations.load(lease)
        self.ports.devices.finish(lease, DeviceState(), None)
        return register

    def glance(self) -> RegisterView:
        """What somebody without a lease sees."""
        head = self.ports.devices.heads(self.key.customer, [self.key.name])[self.key.name]
        assert isinstance(head, DeviceHead)
        return self.ports.registrations.look(head)


def seen(view: RegisterView) -> tuple[set[str], set[str], bool]:
    """All that a view shows."""
    held, doubtful = list(view.held), list(view.doubtful)
    assert (held, doubtful) == (sorted(set(held)), sorted(set(doubtful)))
    return set(held), set(doubtful), view.whole


@pytest.fixture
def syncs(ports: Ports) -> Syncs:
    return Syncs(ports)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and journals so small that a few numbers fill them."""
    monkeypatch.setattr(register_parts, "PART_NUMBERS", 3)
    monkeypatch.setattr(registrations, "SMALL_JOURNAL_NUMBERS", 6)
    monkeypatch.setattr(registrations, "MAX_JOURNAL_PARTS", 5)


def test_new_device_holds_nothing(syncs: Syncs) -> None:
    register = syncs.ports.registrations.load(syncs.begin())
    assert (register.held, register.doubtful, register.base) == (frozenset(), frozenset(), "")


def test_settled_syncs_are_added_up(syncs: Syncs, small_parts: None) -> None:
    """GIVEN syncs that each saw another set WHEN loaded THEN it is the last one's, and nothing is doubtful."""
    for held in ({"1", "2", "3"}, {"2", "3", "4"}, set(), set(listed(40)), set(listed(30, first=5)), {"9"}):
        syncs.whole_sync(held)
        lease = syncs.begin()
        register = syncs.ports.registrations.load(lease)
        assert register.held == held
        assert not register.doubtful
        syncs.settle(lease, register)


def test_what_a_dead_sync_meant_to_do_is_doubtful_until_one_settles(syncs: Syncs) -> None:
    """GIVEN a sync that died after its intents THEN the next takes them as done, but doubts every one of them."""
    syncs.whole_sync({"1", "2", "3"})
    dead = syncs.begin()
    register = syncs.ports.registrations.load(dead)
    syncs.ports.registrations.intend(dead, register, frozenset({"2", "3", "4"}))

    heir = syncs.begin()
    register = syncs.ports.registrations.load(heir)
    assert register.held == {"2", "3", "4"}
    assert register.doubtful == {"1", "4"}

    register = syncs.ports.registrations.intend(heir, register, frozenset({"1", "2", "4"}))
    assert register.held == {"1", "2", "4"}
    assert register.doubtful == {"1", "3", "4"}
    syncs.settle(heir, register)

    register = syncs.look()
    assert register.held == {"1", "2", "4"}
    assert not register.doubtful


def test_doubt_stays_while_syncs_end_unsettled(syncs: Syncs) -> None:
    syncs.whole_sync({"1"})
    dead = syncs.begin()
    syncs.ports.registrations.intend(dead, syncs.ports.registrations.load(dead), frozenset({"1", "2"}))
    for _ in range(3):
        assert syncs.look().doubtful == {"2"}


def test_equal_set_needs_no_intent(syncs: Syncs) -> None:
    syncs.whole_sync({"1", "2"})
    lease = syncs.begin()
    register = syncs.ports.registrations.load(lease)
    assert syncs.ports.registrations.intend(lease, register, frozenset({"1", "2"})) == register


def test_late_sync_cannot_write_intents_once_its_heir_has_looked(syncs: Syncs) -> None:
    """GIVEN a sync that was held up WHEN its heir has loaded THEN its intents are refused, and never seen."""
    syncs.whole_sync({"1"})
    late = syncs.begin()
    known = syncs.ports.registrations.load(late)
    heir = syncs.begin()
    register = syncs.ports.registrations.load(heir)

    with pytest.raises(LeaseLostError, match="sbc-1"):
        syncs.ports.registrations.intend(late, known, frozenset({"7", "8", "9"}))

    syncs.settle(heir, syncs.ports.registrations.intend(heir, register, frozenset({"1", "2"})))
    assert syncs.look().held == {"1", "2"}


def test_late_sync_half_way_through_its_intents_stops_there(aws: Aws, small_parts: None) -> None:
    """GIVEN a sync held up between two parts WHEN its heir has loaded THEN one is doubtful, the other refused."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(3)))
    late = syncs.begin()
    known = syncs.ports.registrations.load(late)
    known = syncs.ports.registrations.intend(late, known, frozenset(listed(6)))
    heir = syncs.begin()
    register = syncs.ports.registrations.load(heir)
    assert register.doubtful == set(listed(3, first=3))

    with pytest.raises(LeaseLostError):
        syncs.ports.registrations.intend(late, known, frozenset(listed(9)))
    syncs.settle(heir, syncs.ports.registrations.intend(heir, register, frozenset(listed(4))))
    register = syncs.look()
    assert register.held == set(listed(4))
    assert not register.doubtful


def test_late_sync_cannot_spoil_a_base_image(aws: Aws, small_parts: None) -> None:
    """GIVEN a late sync that still writes an image WHEN its heir has written one into the same slot THEN it stops."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(3)))
    late = syncs.begin()
    known = syncs.ports.registrations.load(late)
    syncs.whole_sync(set(listed(30)))
    syncs.whole_sync(set(listed(3, first=27)))
    with pytest.raises(LeaseLostError):
        syncs.ports.registrations.compact(late, replace(known, journal_numbers=1000))
    assert syncs.look().held == set(listed(3, first=27))


def test_image_that_no_head_names_counts_for_nothing(aws: Aws, small_parts: None) -> None:
    """GIVEN a sync that died between its image and its end THEN the next starts from the old image and its journal."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(3)))
    dead = syncs.begin()
    register = syncs.ports.registrations.load(dead)
    register = syncs.ports.registrations.intend(dead, register, frozenset(listed(20)))
    compacted = syncs.ports.registrations.compact(dead, replace(register, journal_numbers=1000))
    assert compacted.base != register.base

    heir = syncs.begin()
    register = syncs.ports.registrations.load(heir)
    assert register.held == set(listed(20))
    assert register.doubtful == set(listed(17, first=3))


def test_forgotten_register_is_empty_and_so_is_that_of_a_device_of_the_same_name(aws: Aws, small_parts: None) -> None:
    """GIVEN a device with images and journals WHEN it is forgotten and added again THEN nothing of it is left."""
    syncs = Syncs(aws)
    for held in (listed(20), listed(3), listed(30)):
        syncs.whole_sync(set(held))
    aws.registrations.forget(KEY)
    assert aws.client.scan(TableName=aws.tables.registrations)["Items"] == []
    lease = syncs.begin()
    assert aws.registrations.load(lease).held == frozenset()
    aws.devices.remove(KEY, lease)

    aws.clock.advance(hours=1)
    assert Syncs(aws).whole_sync({"1"}).held == {"1"}


def test_forgetting_can_be_run_again_wherever_it_died(aws: Aws, small_parts: None) -> None:
    """GIVEN a forget that died at any delete WHEN the register is loaded and forgotten again THEN it is gone."""
    for deletes in range(8):
        syncs = Syncs(aws, DeviceKey(CUSTOMER, f"sbc-{deletes}"))
        syncs.whole_sync(set(listed(20)))
        syncs.whole_sync(set(listed(3)))
        with pytest.raises(ProcessDiedError), dying(aws.client, "DeleteItem", after=deletes):
            aws.registrations.forget(syncs.key)
        assert aws.registrations.load(syncs.begin()).held <= set(listed(20))
        aws.registrations.forget(syncs.key)
    assert aws.client.scan(TableName=aws.tables.registrations)["Items"] == []


def test_leftovers_of_an_earlier_device_of_the_same_name_do_not_count(aws: Aws) -> None:
    """GIVEN a late sync that wrote into the register of a device already removed THEN its successor never sees it."""
    syncs = Syncs(aws)
    late = syncs.begin()
    known = aws.registrations.load(late)
    aws.registrations.forget(KEY)
    aws.devices.remove(KEY, late)
    aws.registrations.intend(late, known, frozenset({"7", "8"}))

    aws.clock.advance(hours=1)
    successor = Syncs(aws)
    lease = successor.begin()
    register = aws.registrations.load(lease)
    assert register.held == frozenset()
    assert not register.doubtful
    successor.settle(lease, register)
    assert successor.look().held == frozenset()


def test_lost_parts_of_an_image_are_reported_and_healed(
    aws: Aws, small_parts: None, caplog: pytest.LogCaptureFixture
) -> None:
    """GIVEN an image of which a part is gone THEN the log says so, the rest counts, and the next image is whole."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(20)))
    register = syncs.whole_sync(set(listed(10)))
    slot = register.base[0]
    key = {"device": {"S": f"{CUSTOMER}#{KEY.name}"}, "part": {"S": f"base#{slot}#000001"}}
    aws.client.delete_item(TableName=aws.tables.registrations, Key=key)

    lease = syncs.begin()
    register = aws.registrations.load(lease)
    assert register.held == set(listed(10)) - set(listed(3, first=3))
    assert "lost 1 of 4 parts" in caplog.text

    register = aws.registrations.intend(lease, register, frozenset(listed(10)))
    syncs.settle(lease, aws.registrations.compact(lease, register))
    caplog.clear()
    assert syncs.look().held == set(listed(10))
    assert caplog.text == ""


def test_part_that_cannot_be_understood_is_named(aws: Aws) -> None:
    syncs = Syncs(aws)
    syncs.whole_sync({"1"})
    aws.client.update_item(
        TableName=aws.tables.registrations,
        Key={"device": {"S": f"{CUSTOMER}#{KEY.name}"}, "part": {"S": "journal#0#000000"}},
        UpdateExpression="SET added = :junk",
        ExpressionAttributeValues={":junk": {"B": b"junk"}},
    )
    with pytest.raises(RecordBrokenError, match=r"journal#0#000000 of device acme#sbc-1.*'added'"):
        aws.registrations.load(syncs.begin())


def test_register_of_many_numbers_is_split_and_put_together(aws: Aws) -> None:
    """GIVEN more numbers than fit a part THEN the register is written in parts, each far below an item's limit."""
    many = set(listed(45_000))
    syncs = Syncs(aws)
    assert syncs.whole_sync(many).journal == 3
    assert syncs.look().held == many
    syncs.whole_sync(set(listed(20_000)))
    register = syncs.look()
    assert register.held == set(listed(20_000))
    assert register.base != ""


# --- without a lease


def test_new_device_shows_an_empty_register(syncs: Syncs) -> None:
    assert seen(syncs.glance()) == (set(), set(), True)


def test_look_shows_what_the_settled_syncs_left(syncs: Syncs, small_parts: None) -> None:
    """GIVEN syncs that each saw another set, with images and journals behind them THEN a look shows the last one's."""
    for held in ({"1", "2", "3"}, {"2", "3", "4"}, set(), set(listed(40)), set(listed(30, first=5)), {"9"}):
        syncs.whole_sync(held)
        assert seen(syncs.glance()) == (held, set(), True)


def test_look_during_a_sync_doubts_what_it_changes(syncs: Syncs) -> None:
    """GIVEN a sync at work WHEN looked at THEN its intents count as done, and each of them is in doubt, no other."""
    syncs.whole_sync({"1", "2", "3"})
    lease = syncs.begin()
    assert seen(syncs.glance()) == ({"1", "2", "3"}, set(), True)
    register = syncs.ports.registrations.load(lease)
    assert seen(syncs.glance()) == ({"1", "2", "3"}, set(), True)
    register = syncs.ports.registrations.intend(lease, register, frozenset({"2", "3", "4"}))
    assert seen(syncs.glance()) == ({"2", "3", "4"}, {"1", "4"}, True)
    syncs.settle(lease, register)
    assert seen(syncs.glance()) == ({"2", "3", "4"}, set(), True)


def test_look_at_a_first_load_doubts_all_of_it_until_it_is_settled(syncs: Syncs, small_parts: None) -> None:
    """GIVEN first loads that die at different lengths WHEN looked at THEN all that any of them brought is in doubt."""
    for count in (7, 5, 12):
        lease = syncs.begin()
        register = syncs.ports.registrations.load(lease)
        syncs.ports.registrations.intend(lease, register, frozenset(listed(count)))
        doubtful = set(listed(12 if count == 12 else 7))
        assert seen(syncs.glance()) == (set(listed(count)), doubtful, True)
    syncs.whole_sync(set(listed(12)))
    assert seen(syncs.glance()) == (set(listed(12)), set(), True)


def test_register_that_ends_otherwise_than_its_head_says_is_not_whole(aws: Aws, small_parts: None) -> None:
    """GIVEN a journal of which the last part is gone, or older, WHEN looked at, settled or not, THEN it says so."""
    syncs = Syncs(aws)
    for held in ({"1", "2"}, {"1", "2", "3"}, {"1", "2", "4"}):
        syncs.whole_sync(held)
    assert syncs.glance().whole
    key = {"device": {"S": f"{KEY.customer}#{KEY.name}"}, "part": {"S": "journal#0#000003"}}
    last = aws.client.get_item(TableName=aws.tables.registrations, Key=key)["Item"]

    aws.client.put_item(
        TableName=aws.tables.registrations, Item={**last, "sync": {"N": str(int(last["sync"]["N"]) - 1)}}
    )
    assert not syncs.glance().whole
    aws.client.delete_item(TableName=aws.tables.registrations, Key=key)
    assert not syncs.glance().whole
    syncs.begin()
    assert not syncs.glance().whole


def test_register_is_whole_again_once_a_sync_has_settled_it(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """GIVEN a register that is gone, WHEN the next sync loads it, THEN the log says so, and what it leaves is whole."""
    syncs = Syncs(aws)
    syncs.whole_sync({"1", "2"})
    aws.registrations.forget(KEY)

    syncs.whole_sync({"1", "2"})

    assert "ends with 0.0 instead of 1." in caplog.text
    assert seen(syncs.glance()) == ({"1", "2"}, set(), True)


def test_register_remains_until_it_is_forgotten(syncs: Syncs) -> None:
    """GIVEN a device WHEN it is synced and removed THEN its register is there in between."""
    registrations = syncs.ports.registrations
    assert not registrations.remains(KEY)
    syncs.whole_sync({"1"})
    assert registrations.remains(KEY)
    assert not registrations.remains(DeviceKey(KEY.customer, "sbc"))
    registrations.forget(KEY)
    assert not registrations.remains(KEY)


def test_look_writes_nothing_and_disturbs_no_sync(aws: Aws, small_parts: None) -> None:
    """GIVEN a sync that is looked at again and again THEN none of that writes, and the sync goes on."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(20)))
    lease = syncs.begin()
    register = aws.registrations.load(lease)
    aws.meter.reset()
    syncs.glance()
    assert set(aws.meter.requests) <= {"Query", "BatchGetItem"}
    register = aws.registrations.intend(lease, register, frozenset(listed(25)))
    syncs.glance()
    register = aws.registrations.compact(lease, register)
    syncs.glance()
    syncs.settle(lease, register)
    assert seen(syncs.glance()) == (set(listed(25)), set(), True)


def test_look_at_a_new_device_does_not_see_what_an_earlier_one_left(aws: Aws) -> None:
    """GIVEN leftovers of a device of the same name WHEN its successor is looked at THEN they do not count."""
    syncs = Syncs(aws)
    late = syncs.begin()
    known = aws.registrations.load(late)
    aws.registrations.forget(KEY)
    aws.devices.remove(KEY, late)
    aws.registrations.intend(late, known, frozenset({"7", "8"}))
    aws.clock.advance(hours=1)
    successor = Syncs(aws)
    assert seen(successor.glance()) == (set(), set(), True)
    assert successor.look().held == frozenset()
    assert seen(successor.glance()) == (set(), set(), True)


@pytest.mark.parametrize("lost", ["000000", "000001", "000003"])
def test_look_at_an_image_that_lost_parts_says_so(aws: Aws, small_parts: None, lost: str) -> None:
    """GIVEN an image of which a part is gone THEN the view is not whole, but shows the rest, until the next image."""
    syncs = Syncs(aws)
    syncs.whole_sync(set(listed(20)))
    slot = syncs.whole_sync(set(listed(10))).base[0]
    key = {"device": {"S": f"{CUSTOMER}#{KEY.name}"}, "part": {"S": f"base#{slot}#{lost}"}}
    aws.client.delete_item(TableName=aws.tables.registrations, Key=key)

    held, _, whole = seen(syncs.glance())
    assert not whole
    gone = listed(10)[3 * int(lost) : 3 * int(lost) + 3]
    assert held == set(listed(10)) - set(gone)

    syncs.whole_sync(set(listed(10)))
    assert seen(syncs.glance()) == (set(listed(10)), set(), True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("added", {"B": b"nonsense"}),
        ("added", {"S": "x"}),
        ("added", {"B": zlib.compress(b"2\n1")}),
        ("added", {"B": zlib.compress(b"1\n1")}),
        ("added", {"B": zlib.compress("ünïcode".encode())}),
        ("added", {"B": zlib.compress(b"0" * 21)}),
        ("sync", {"S": "x"}),
    ],
)
def test_register_that_cannot_be_understood_is_named_to_whoever_looks(
    aws: Aws, name: str, value: dict[str, object]
) -> None:
    syncs = Syncs(aws)
    syncs.whole_sync({"1", "2"})
    key = {"device": {"S": f"{CUSTOMER}#{KEY.name}"}, "part": {"S": "journal#0#000000"}}
    change(aws, aws.tables.registrations, key, name, value)
    with pytest.raises(RecordBrokenError, match=r"register .*of device acme#sbc-1"):
        syncs.glance()


MANY = 100_000


def peak_of_a_look(syncs: Syncs) -> tuple[RegisterView, int]:
    """What a look shows, and the bytes of memory that it takes at most."""
    gc.collect()
    tracemalloc.start()
    try:
        view = syncs.glance()
        return view, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", ["first load", "image"])
def test_look_at_a_great_many_numbers_takes_little_memory(aws: Aws, shape: str) -> None:
    """GIVEN 100,000 numbers, in a first journal or an image THEN a look takes 20 bytes for each, twice, and a bit."""
    syncs, held = Syncs(aws), frozenset(listed(MANY))
    register = syncs.whole_sync(held)
    if shape == "image":
        lease = syncs.begin()
        register = aws.registrations.compact(lease, replace(register, journal=1000))
        assert register.base
        syncs.settle(lease, register)
    syncs.whole_sync(held - {listed(1)[0]})
    view, peak = peak_of_a_look(syncs)
    assert (len(view.held), len(view.doubtful), view.whole) == (MANY - 1, 0, True)
    assert peak < 2 * 20 * MANY + 10_000_000


# --- against a plain set


class Model:
    """What must be true of a register after any history: a plain set, and the numbers that nobody can be sure of."""

    def __init__(self) -> None:
        self.sure: frozenset[str] = frozenset()
        self.doubtful: frozenset[str] = frozenset()
        self.held: frozenset[str] = frozenset()

    def check(self, register: Register, *, exactly: bool) -> None:
        """Compare; after a death half-way through the intents, which of them stand is not known."""
        if exactly:
            assert register.held == self.held
            assert register.doubtful == self.doubtful
        assert register.doubtful <= self.doubtful
        assert register.held - self.doubtful == self.sure - self.doubtful

    def intended(self, held: frozenset[str]) -> None:
        """Every number that changes is in doubt."""
        self.doubtful |= self.held ^ held
        self.held = held

    def settled(self) -> None:
        """Now it is sure."""
        self.sure, self.doubtful = self.held, frozenset()


def register_seen(syncs: Syncs) -> Register:
    """What somebody without a lease sees, as the sync would load it."""
    held, doubtful, whole = seen(syncs.glance())
    assert whole
    return Register(frozenset(held), frozenset(doubtful), "", 0, 0)


def assert_same(view: Register, register: Register) -> None:
    """A look shows exactly what is loaded."""
    assert (view.held, view.doubtful) == (register.held, register.doubtful)


ENDS = st.sampled_from(["settled", "settled", "settled", "unsettled", "dead", "dead after image", "dead half-way"])
HISTORIES = st.lists(st.tuples(st.frozensets(st.sampled_from(listed(14))), ENDS, st.integers(0, 3)), max_size=10)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=HISTORIES)
def test_any_history_of_syncs_equals_a_plain_set(
    aws: Aws, small_parts: None, history: list[tuple[frozenset[str], str, int]]
) -> None:
    """GIVEN any history of syncs that settle, stop or die anywhere THEN the register is what a plain set would be."""
    syncs = Syncs(aws, DeviceKey(CUSTOMER, uuid4().hex))
    model, exactly = Model(), True
    for held, end, parts in history:
        model.check(register_seen(syncs), exactly=exactly)
        lease = syncs.begin()
        register = aws.registrations.load(lease)
        model.check(register, exactly=exactly)
        assert_same(register_seen(syncs), register)
        model.held = register.held
        try:
            with dying(aws.client, "PutItem", after=parts if end == "dead half-way" else None):
                register = aws.registrations.intend(lease, register, held)
        except ProcessDiedError:
            model.intended(held)
            exactly = False
            continue
        model.intended(held)
        exactly = exactly or end == "settled"
        if end in {"settled", "dead after image"}:
            register = aws.registrations.compact(lease, register)
        if end == "settled":
            syncs.settle(lease, register)
            model.settled()
        elif end == "unsettled":
            aws.devices.finish(lease, DeviceState(), None)
    model.check(syncs.look(), exactly=exactly)
