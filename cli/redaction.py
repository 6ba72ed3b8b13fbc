"""Takes what tells of people and networks out of a device's answers, and leaves their shape.

Nothing is searched for: whatever is not known to be harmless is replaced. A word that is not in the vocabulary becomes
another of its length, a number another with as many digits, an address one of those that are kept for examples. The
same always becomes the same, so that an AOR still fits its contact; what from what, nobody can tell without the key,
which is made anew for each capture and forgotten. Kept are words of devices' outputs, the JSON fields that are read and
those that such words make up, and numbers where they count something. A name that stands for a field is replaced as it
is in a text: a device may have a map by its users' names.
"""

import hmac
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

_VOCABULARY = frozenset(
    """
    a aborted active address administrator after alarm alarms all an and any aor aors api are around at audiocodes
    available bad be before binding bindings bound build busy by call calls can cannot cli code command connected
    contact contacts content context count current cursor database db default denied description device disabled
    disconnected display domain down empty enabled end entries entry error errors expired expires ext failed failure
    feature file first for forbidden found from gateway global group groups gruu ha hardware host id in inactive
    incremental index instance invalid ip ipg is key kpi last license limit list loaded local lock locked log logged
    logging login lr mac manager mask mediant message method methods more name network no node nodes none not number ob
    object of off offline ok on one online oper operational operative other out output page phone port pri product
    prohibited proxy pub q rate rates realm rebooting record refused reg register registered registration registrations
    rejected release request reset resource role route router routing row s sbc sbcs script se security serial server
    service session set show sip sips software stack stamp state statistics stats status subnet success successful
    successfully sw syn synchronization synchronizing table tcp tel temp the time timed timeout tls to total transaction
    transport truncated type udp unable unauthorized unavailable unknown unlocked unreachable unregistered unrouteable
    until up uptime uri url urn user userinfo username users uuid v valid value values ve version voip was web were will
    with ws wss xml
    """.split()  # noqa: SIM905 - a list of so many words is no easier to read
)
"""Words of devices' outputs, of CLI and REST API; none of them names a person, a place or a company but the maker."""
_FIELDS = frozenset(
    """
    active after aor before contacts cursor defaultGateway description enabled expires highAvailability id ipAddress
    ipGroup items localTimeStamp macAddress name node nodes operationalState operativeState output product productType
    protocolType registeredUsers serialNumber state status subnetMask systemUpTime total upTime uri url username value
    version versionID
    """.split()  # noqa: SIM905 - as above
)
"""JSON fields of the answers that are asked for, as documented, or as assumed of a Routing Manager."""
_KEPT_NUMBERS = frozenset({"count", "expires", "ipgroup", "limit", "size", "systemuptime", "total", "uptime", "value"})
"""JSON fields whose numbers count something and name nobody; in lower case."""
_VERSIONS = frozenset({"version", "versionid"})
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+[A-Z]?)*")
_NO_MORE = "-1"
"""What stands for no further page."""

_TOKENS = re.compile(
    r"""(?P<escaped>(?:%[0-9A-Fa-f]{2})+)
      | (?P<field>\bexpires=[0-9]{1,10}\b | \bstatus:[ ]?[01]\b | \b(?:IPG|ID):[ ]?[0-9]{1,9}\b)
      | (?P<mac>\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b)
      | (?P<ipv6>(?<![\w:.])(?=[0-9A-Fa-f:]*::|(?:[0-9A-Fa-f]{1,4}:){7})[0-9A-Fa-f:]{2,39}(?:\.[0-9.]+)?(?![\w:]))
      | (?P<ipv4>(?<![\w.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![\w.]))
      | (?P<number>\d+)
      | (?P<word>(?:[^\W\d_]|[^\x00-\x7f\d])+)""",
    re.VERBOSE | re.IGNORECASE,
)
_HUMPS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TOTALS = re.compile(r"\b(?:total|number of)\b[^@<>\r\n.]{0,80}", re.IGNORECASE)
"""Where numbers count something, in a text."""
_LONGEST_COUNT = 7
_EXAMPLES = ("192.0.2", "198.51.100", "203.0.113")
"""Networks for examples (RFC 5737)."""
_HOSTS = 250
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Redaction:
    """One capture's replacements.

    Args:
        key: at least 16 secret bytes, used for nothing else.
        keep: words that stay, beside the vocabulary.
    """

    def __init__(self, key: bytes, keep: Iterable[str] = ()) -> None:
        self._key = key
        self._kept = _VOCABULARY | {word.lower() for word in keep}
        self._replaced: dict[tuple[str, str], str] = {}
        self._taken = {("word", word) for word in self._kept}
        self._addresses: Counter[str] = Counter()

    def text(self, text: str) -> str:
        """A text with all replaced that is not known to be harmless; line breaks and signs stay."""
        shown, end = "", 0
        for total in _TOTALS.finditer(text):
            shown += _TOKENS.sub(self._token, text[end : total.start()]) + _TOKENS.sub(self._counted, total[0])
            end = total.end()
        return shown + _TOKENS.sub(self._token, text[end:])

    def json(self, value: object, field: str = "") -> object:
        """The same for what JSON holds; `field` is the name under which it stands."""
        if isinstance(value, Mapping):
            return {self._name(str(name)): self.json(each, str(name)) for name, each in value.items()}
        if isinstance(value, list):
            return [self.json(each, field) for each in value]
        if isinstance(value, str):
            plain = value == _NO_MORE or (field.lower() in _VERSIONS and _VERSION.fullmatch(value))
            return value if plain else self.text(value)
        counts = value is None or isinstance(value, bool) or str(value) == _NO_MORE or field.lower() in _KEPT_NUMBERS
        return value if counts else int(self._number(str(value).lstrip("-").partition(".")[0]) or 0)

    def query(self, path: str) -> str:
        """A path of ours, with what a device may have put into its query replaced."""
        before, mark, query = path.partition("?")
        pairs = (pair.partition("=") for pair in query.split("&"))
        shown = (name + sign + (value if name == "limit" else self.text(value)) for name, sign, value in pairs)
        return before + mark + "&".join(shown) if mark else path

    def _name(self, name: str) -> str:
        return name if name in _FIELDS else self.text(name)

    def _token(self, match: re.Match[str]) -> str:
        kind, found = str(match.lastgroup), match[0]
        if kind == "field":
            return found
        if kind == "escaped":
            return self._escaped(found)
        if kind == "number":
            return self._number(found)
        if kind == "word":
            return self._word(found)
        return self._address(kind, found.lower())

    def _escaped(self, found: str) -> str:
        """Signs stay; letters and digits become what they would become if they were not escaped."""
        hidden = bytes.fromhex(found.replace("%", "")).decode("latin-1")
        shown = self.text(hidden)
        return found if shown == hidden else "".join(f"%{ord(each):02X}" for each in shown)

    def _counted(self, match: re.Match[str]) -> str:
        counts = match.lastgroup == "number" and len(match[0]) <= _LONGEST_COUNT
        return match[0] if counts else self._token(match)

    def _number(self, digits: str) -> str:
        """As many digits, as many zeros in front: `00` and the like say where a number comes from."""
        zeros = digits[: len(digits) - len(digits.lstrip("0"))]
        rest = digits[len(zeros) :]
        if not rest:
            return digits
        first, count = 10 ** (len(rest) - 1), 9 * 10 ** (len(rest) - 1)
        return zeros + self._once("number", rest, lambda at: str(first + at % count), count)

    def _word(self, word: str) -> str:
        humps = _HUMPS.findall(word)
        if word.lower() in self._kept or ("".join(humps) == word and self._kept.issuperset(map(str.lower, humps))):
            return word

        def other(at: int) -> str:
            letters = ""
            for _ in word:
                at, place = divmod(at, len(_LETTERS))
                letters += _LETTERS[place]
            return letters

        letters = self._once("word", word.lower(), other, len(_LETTERS) ** len(word))
        return "".join(new.upper() if old.isupper() else new for old, new in zip(word, letters, strict=True))

    def _once(self, kind: str, own: str, other: Callable[[int], str], count: int) -> str:
        """What takes the place of `own`: always the same, and of nothing else; by the key, one of `count` others."""
        known = self._replaced.get((kind, own))
        if known is None:
            start = int.from_bytes(hmac.digest(self._key, f"{kind} {own}".encode(), "sha256"), "big")
            free = (found for step in range(count) if (kind, found := other(start + step)) not in self._taken)
            known = next((found for found in free if found != own), own)
            self._replaced[kind, own] = known
            self._taken.add((kind, known))
        return known

    def _address(self, kind: str, address: str) -> str:
        """One of the addresses for examples; a private one where they do not suffice."""
        if (kind, address) not in self._replaced:
            place = self._addresses[kind] = self._addresses[kind] + 1
            high, low = divmod(place, _HOSTS)
            network = _EXAMPLES[high] if high < len(_EXAMPLES) else f"10.{high // _HOSTS}.{high % _HOSTS}"
            shown = {
                "mac": f"02:00:00:00:{high % 256:02x}:{low:02x}",
                "ipv4": f"{network}.{low}",
                "ipv6": f"2001:db8::{place:x}",
            }
            self._replaced[kind, address] = shown[kind]
        return self._replaced[kind, address]
