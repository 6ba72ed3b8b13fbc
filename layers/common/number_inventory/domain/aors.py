"""From an address of record (AOR) to a number.

Sources: AudioCodes ("the AOR is the To-header URL; with user=phone it is the user part only"), RFC 3261 and RFC 3966
for the URI forms; the default rule and the order of the steps are this project's own.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import unquote

from number_inventory.domain.errors import InvalidInputError
from number_inventory.domain.numbers import CANONICAL, is_canonical

MAX_PATTERN_LENGTH = 500
_SCHEME = re.compile(r"(sips?|tel):", re.IGNORECASE)
_PLAIN = re.compile(r"([\w.+*#-]++)(?:@([0-9a-z][0-9a-z.-]*+))?+", re.ASCII)
"""The ordinary AOR, in which there is nothing to decode: read at once, since there may be a million of them."""
_ALL_NUMBERS = re.compile(rf"(?:(?:{CANONICAL.pattern})\n)*+", re.ASCII)
"""Lines of which each is a canonical number."""
_AT_ONCE = 128
"""User parts looked at together: few enough that a name among them keeps few from the short way."""
_REPLACEMENT = re.compile(r"(?:[^\\]|\\[1-9][0-9]?|\\g<[1-9][0-9]?>)*", re.DOTALL)
_VISUAL_SEPARATORS = str.maketrans("", "", "-.()")


@dataclass(frozen=True, slots=True)
class NumberRule:
    r"""One rule of a device: a user part that matches `pattern` as a whole becomes `replacement`.

    Attributes:
        pattern: an RE2 regular expression; RE2 runs in linear time, so no pattern can hang a sync.
        replacement: may use the pattern's groups as `\1`, `\2`... or, before a digit, `\g<1>`; no other escape.
    """

    pattern: str
    replacement: str


class AorParts(NamedTuple):
    """What an AOR consists of.

    Attributes:
        user: the decoded user part; the whole of a bare AOR.
        host: lower case, without port; empty for a bare AOR.
    """

    user: str
    host: str


class CompiledPattern(Protocol):
    """What is needed of a compiled regular expression."""

    def fullmatch(self, text: str, /) -> "RuleMatch | None":
        """Match the whole text."""


class RuleMatch(Protocol):
    """What is needed of a match."""

    def expand(self, template: str, /) -> str:
        """Fill the groups into the template."""


NumberMapper = Callable[[str], "str | None"]
"""From a user part to a canonical number, or None where it is no number."""


def split_aor(aor: str) -> AorParts:
    """Take an AOR apart: `sip:`, `sips:`, `tel:`, bare or in angle brackets, with or without parameters and host.

    Of an AOR with a second `@`, which no URI has, nothing is guessed: all of it is the user part, and so no number.
    """
    plain = _PLAIN.fullmatch(aor)
    if plain:
        return AorParts(plain[1], plain[2] or "")
    text = aor.strip()
    if text.startswith("<"):
        text = text[1:].partition(">")[0]
    scheme = _SCHEME.match(text)
    if scheme:
        text = text[scheme.end() :]
    if scheme and scheme[1].lower() == "tel":
        return AorParts(unquote(text.partition(";")[0]).translate(_VISUAL_SEPARATORS), "")
    user, _, rest = text.partition("@")
    host = rest.partition(";")[0].partition("?")[0]
    if "@" in host:
        return AorParts(text, "")
    user = user.partition(";")[0]
    if scheme:
        user = user.partition(":")[0]
    return AorParts(unquote(user), _host(host))


def numbers_of(user_parts: Sequence[str], mapper: NumberMapper) -> list[str | None]:
    """The canonical number of each user part, or None where it maps to none; in the same order."""
    if mapper is not _number_itself:
        return [mapper(user) for user in user_parts]
    numbers: list[str | None] = []
    for start in range(0, len(user_parts), _AT_ONCE):
        some = user_parts[start : start + _AT_ONCE]
        numbers += some if _are_numbers(some) else map(mapper, some)
    return numbers


def _are_numbers(user_parts: Sequence[str]) -> bool:
    lines = "\n".join(user_parts) + "\n"
    return lines.count("\n") == len(user_parts) and _ALL_NUMBERS.fullmatch(lines) is not None


def compile_rules(rules: Sequence[NumberRule]) -> NumberMapper:
    """Make the mapper of a device from its ordered rules; without rules, a user part that is a number is that number.

    The first rule that matches the whole user part decides. Its result must be a canonical number, or the AOR maps to
    none: never guessed.

    Raises:
        InvalidInputError: a rule does not compile; the message names it and says why.
    """
    if not rules:
        return _number_itself
    compiled = [(_compile(rule, index), rule.replacement) for index, rule in enumerate(rules, start=1)]

    def mapped(user: str) -> str | None:
        sound = user if user.isascii() else user.encode(errors="replace").decode()
        for pattern, replacement in compiled:
            match = pattern.fullmatch(sound)
            if match is not None:
                number = match.expand(replacement)
                return number if is_canonical(number) else None
        return None

    return mapped


def _number_itself(user: str) -> str | None:
    return user if is_canonical(user) else None


def _compile(rule: NumberRule, index: int) -> CompiledPattern:
    import re2  # noqa: PLC0415 - only devices with rules of their own pay for loading it

    where = f"number rule {index}"
    if max(len(rule.pattern), len(rule.replacement)) > MAX_PATTERN_LENGTH:
        raise InvalidInputError(where, f"pattern or replacement is longer than {MAX_PATTERN_LENGTH} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        pattern: CompiledPattern = re2.compile(rule.pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise InvalidInputError(where, f"pattern {rule.pattern!r} does not compile: {_words(error)}") from error
    _check_replacement(pattern, rule, where)
    return pattern


def _check_replacement(pattern: CompiledPattern, rule: NumberRule, where: str) -> None:
    if not _REPLACEMENT.fullmatch(rule.replacement):
        message = f"replacement {rule.replacement!r} may use groups as \\1 or \\g<1>, and no other escape"
        raise InvalidInputError(where, message)
    groups = getattr(pattern, "groups", 0)
    wanted = [int(digits) for digits in re.findall(r"\\(?:g<)?([0-9]+)", rule.replacement)]
    if any(group > groups for group in wanted):
        message = f"replacement {rule.replacement!r} uses group \\{max(wanted)}, but the pattern has {groups}"
        raise InvalidInputError(where, message)


def _words(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return error.reason
    argument = error.args[0] if error.args else ""
    return argument.decode(errors="replace") if isinstance(argument, bytes) else str(argument)


def _host(text: str) -> str:
    """The host without port; an IPv6 address without brackets."""
    bare = text.strip().lower()
    if bare.startswith("["):
        return bare[1:].partition("]")[0]
    return bare if bare.count(":") > 1 else bare.partition(":")[0]
