"""How `show voip register db sbc list` looks: its words and shapes, for `cli_output` to read it by.

DOCUMENTED (AudioCodes; in prose with one example each, no verbatim capture is public): an AOR such as `1000@10.8.5.71`
or `Sue`; its contacts, five at most, such as `<sip:1000@10.8.5.71:5060>;expires=180; Active status:1` (older versions;
0 is not confirmed yet) or, in newer ones, the contact's URI or `Userinfo`, `Not-Active` where it is not confirmed,
`IPG:<row>` and an ID.

INFERRED, all of it in this module and nowhere else, for the owner of a real device to correct: an AOR has a line of its
own and its contacts the lines behind it (`user@host` and its contacts on one line are read too); the spelling and the
order of the fields, and `ID:<number>`; what stands around the entries (echo, prompt, heading, separator, total); that
lines end with CR LF or LF, or that line breaks show as ". ", as in the example of AudioCodes' REST documentation.
"""

import re
from typing import Final, NamedTuple

from number_inventory.domain.snapshots import Contact

COMMAND: Final = "show voip register db sbc list"
"""The command whose output this is."""
_USERINFO = "Userinfo"

# The ordinary entry, read at full speed: a line with an AOR, of which the user part is a group, then lines with
# contacts, the other group. For any other form, and for what stands around the entries, there is the way token by
# token, which would read these just the same. No `\w` or `\s` inside of brackets: they slow the engine down.
ORDINARY = re.compile(
    r"""^[ \t]*+ (?!Userinfo\b|Not-Active\b|[*#_+]{3})
        ([0-9A-Za-z_*#+][0-9A-Za-z_*#+.%~-]{0,127}+) (?:@[0-9A-Za-z][0-9A-Za-z_.-]{0,126}+)?+ [ \t\r]*+\n
        ((?: [ \t]*+ <[!-;=?-~]++>;expires=[0-9]{1,10}+
             (?: ;[ ]Active[ ]status:[01] | (?:;[ ]Not-Active)?+ (?:;[ ]IPG:[0-9]{1,9}+)?+ (?:;[ ]ID:[0-9]{1,20}+)?+ )
             [ \t\r]*+\n)++)""",
    re.ASCII | re.MULTILINE | re.VERBOSE,
)
NOT_ACTIVE = ("; Not-Active", "; Active status:0")
"""Just one of these stands in an ordinary contact that is not active, and none in any other."""

# Everything else, token by token.
_PARAMETER = r";(?!expires=)[\w.-]+(?:=[^\s<>;,\"]*)?"
_USER_PART = r"(?=\S*[\w*#+])(?!Userinfo\b|Not-Active\b|contacts?\b)[^\s<>;:,\"@\x00-\x1f\x7f]+"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[^\s<>;:,\"@\[\]\x00-\x1f\x7f]+)(?::[0-9]{1,5})?"
_LABEL = r"(?:(?:AOR|Address of record)\s*[:=]\s*)?"
_FULL_AOR = (
    rf"(?:(?:sips?|tel):{_USER_PART}(?:{_PARAMETER})*(?:@{_HOST}(?:{_PARAMETER})*)?"
    rf"|{_USER_PART}(?:{_PARAMETER})*@{_HOST}(?:{_PARAMETER})*)"
)
FULL_AOR_LINE = re.compile(rf"{_LABEL}({_FULL_AOR})", re.IGNORECASE)
BARE_AOR_LINE = re.compile(rf"{_LABEL}({_USER_PART}(?:{_PARAMETER})*)", re.IGNORECASE)
ENTRY_LINE = re.compile(
    rf"(?:{_LABEL}({_FULL_AOR})\s+)?(?:contacts?\s*[:=]?\s*)?(?=<|Userinfo\b|sips?:[^\s<>]+;expires=)", re.IGNORECASE
)
_ORIGIN = re.compile(r"<([^<>\s\x00-\x1f\x7f]+)>|(Userinfo)\b|(sips?:[^\s<>;,]+)(?=;)", re.IGNORECASE)
_FIELD = re.compile(
    r"""[;,\s]*(?: expires=([0-9]{1,10}) | Active[ ]status:[ ]?([01]) | (Not[ -]Active) | IPG:[ ]?([0-9]{1,9})
        | ID:[ ]?[0-9]{1,20} | Userinfo | ob
        | (?:q|methods|reg-id|transport|user|pub-gruu|temp-gruu|\+[\w.-]+)=(?:"[^"]*" | [^\s;,<>"{}?]+)
    )(?=[;,\s]|\Z)""",
    re.IGNORECASE | re.VERBOSE,
)
_BETWEEN = re.compile(r"[;,\s]*")
DATA_SIGN = re.compile(
    r"[@<>;]|\b(?:sips?|tel):|expires|active status|not.active|userinfo|\bIPG\b|[0-9]{3}", re.IGNORECASE
)

# The lines around the entries.
SEPARATOR = re.compile(r"([-=*_~#+.])\1{2,}+[-=*_~#+. |]*+")
_TOTAL = re.compile(
    r"(?=[^0-9]*+[0-9])(?:total|number of|registered users|users|contacts)\b[\w\s,:=/().-]*+"
    r"|[0-9]+ (?:[a-z]+ ){0,2}(?:users?|aors?|contacts?)\b[\w\s,.]*+",
    re.IGNORECASE,
)
AROUND = re.compile(rf"(?:\S.{{0,80}}[#>]\s*)?{COMMAND}|[A-Za-z][\w. -]{{0,80}}>|{_TOTAL.pattern}", re.IGNORECASE)
"""An echo of the command, a prompt or a total; a prompt that ends with `#` may be a word as well, see below."""
HEADING_WORD = re.compile(
    r"(?:sbc|users?|aors?|registered|registrations?|list|status)[:.]?|[A-Za-z][\w.-]{0,80}#", re.IGNORECASE
)
_TOTAL_PART = re.compile(
    r"\b([0-9]+)\s+(?:registered\s+|sbc\s+){0,2}(user|aor|contact)s?\b|\b(user|aor|contact)s?\s*[:=]\s*([0-9]+)\b",
    re.IGNORECASE,
)
TROUBLE = re.compile(
    r"\b(?:errors?|invalid|fail(?:ed|ure)?|abort(?:ed)?|denied|refused|timed? ?out|truncated|unable|cannot|busy|more)\b"
    r"|\.\.\.",
    re.IGNORECASE,
)


class FoundContact(NamedTuple):
    """A contact in a line, and where the text goes on."""

    contact: Contact
    ip_group: int | None
    end: int


def contact_at(text: str, at: int) -> FoundContact | None:
    """The contact that begins here, with every field up to the next contact understood; else None."""
    origin = _ORIGIN.match(text, at)
    if not origin:
        return None
    expires, active, row, end = None, True, None, origin.end()
    fields = 0
    while field := _FIELD.match(text, end):
        fields += 1
        end = field.end()
        expires = int(field.group(1)) if field.group(1) else expires
        active = active and field.group(2) != "0" and not field.group(3)
        row = int(field.group(4)) if field.group(4) else row
    if not fields and not origin.group(2):
        return None
    between = _BETWEEN.match(text, end)
    uri = origin.group(1) or origin.group(3) or _USERINFO
    return FoundContact(Contact(uri, active, expires), row, between.end() if between else end)


def totals_in(text: str) -> list[tuple[str, int]]:
    """What a total line says, as (`user` or `contact`, how many); empty for any other line."""
    if not _TOTAL.fullmatch(text):
        return []
    kinds = {"user": "user", "aor": "user", "contact": "contact"}
    found = (match.groups() for match in _TOTAL_PART.finditer(text))
    return [(kinds[(what or name).lower()], int(before or after)) for before, what, name, after in found]
