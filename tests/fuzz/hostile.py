"""Hostile inputs: valid samples with something wrong, and bytes of no meaning, as hypothesis strategies.

An input is drawn as one run of bytes, which say how many changes there are and where and what they are: hypothesis
takes most of the time of fuzzing for its draws, and can shrink bytes as well as anything.
"""

import copy
import itertools
import json
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

_COUNTS = (1, 1, 1, 1, 2, 2, 3, 4)  # Of changes: most are few, for a parser stops at the first that it sees.
_MOST_CHANGES = max(_COUNTS)
_DRAWN = st.binary(min_size=2 + 8 * _MOST_CHANGES, max_size=2 + 8 * _MOST_CHANGES)
_PARTS = 1 << 16  # Places are drawn as parts of what is changed, for samples differ in length.
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_EXTREMES = [
    *(b"", b"0", b"-1", b"-0", b"1", b"0.5", b"nan", b"NaN", b"inf", b"-Infinity", b"1e999", b"-1e999", b"1e-400"),
    *(b"9223372036854775808", b"-9223372036854775809", b"4294967295", b"1e308", b"0x10", b"1_0", b"1,5", b"--1"),
    *("\u0663".encode(), b"\xb2", b"true", b"null", b"1" + b"0" * 400, b"9" * 5000, b"1e" + b"9" * 30),
]
_PIECES = [
    *(b"\x00", b"\r\n", b"\r", b"\n\n", b"\x1a", b"\x85", "\u2028".encode(), b"\xff", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(b" ", b"\t", b'"', b'""', b"'", b",", b";", b"\\", b"\\u0000", b"[", b"]", b"{", b"}", b"<", b">", b"(", b"!"),
    *("\u00e9".encode(), "\u0430".encode(), b"\xed\xa0\x80", b"../", b"/dev/null", b"%s", b"a" * 300, b"\x7f" * 70),
    *(b"[" * 3000, b'{"a":' * 2000),
]
# Of binary files: sizes, counts and rates.
_WORDS = [struct.pack("<I", value) for value in (0, 1, 2, 3, 0x7FFF, 0xFFFF, 16_000, 2**31 - 1, 2**31, 2**32 - 1)]
_WORDS += [struct.pack(">I", value) for value in (1, 0xFFFF, 2**31 - 1)] + [b"\xff" * 8, b"\x00" * 8]

# Stand-ins for what `json.dumps` does not write, and what takes their places.
_RAW = {"@huge@": "9" * 5000, "@1e999@": "1e999", "@1e400@": "1" + "0" * 400, "@nan@": "NaN", "@inf@": "-Infinity"}
_RAW |= {"@deep@": "[" * 2000 + "]" * 2000, "@deeper@": '{"a":' * 30_000 + "1" + "}" * 30_000, "@cut@": "[1,"}
_JSON_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 1.5, -0.0, 1e308, 1e-320, 2**31, 2**63, -(2**63) - 1, "", " ", "a", "0", "1.5"),
    *("\x00", "\ud800", "a\udcffb", "\u202e", "nan", "../../x", "x" * 300, "<sil>", [], [[]], [None], {}, {"a": 1}),
    *([0], [1, 2, 3], ["a"], [{}], {"": {}}, {"b64": "AAAA"}, {"b64": "*"}, {"b64": None}),
    *_RAW,
]
_KEYS = ["", "a", "start", "id", "\ud800", "x" * 300, "__class__", "@nan@"]


def _at(place: int, length: int) -> int:
    """Returns an index from 0 to `length`, both included."""
    return place * (length + 1) // _PARTS


def _splice(content: bytes, first: int, last: int, piece: int) -> bytes:
    first, last = sorted((_at(first, len(content)), _at(last, len(content))))
    return content[:first] + _PIECES[piece % len(_PIECES)] + content[last:]


def _insert(content: bytes, place: int, _: int, piece: int) -> bytes:
    return _splice(content, place, place, piece)


def _flip(content: bytes, place: int, bit: int, _: int) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    changed[_at(place, len(content) - 1)] ^= 1 << bit % 8
    return bytes(changed)


def _delete(content: bytes, first: int, length: int, _: int) -> bytes:
    first = _at(first, len(content))
    return content[:first] + content[first + 1 + length % 40 :]


def _double(content: bytes, first: int, last: int, times: int) -> bytes:
    first, last = sorted((_at(first, len(content)), _at(last, len(content))))
    return content[:last] + content[first:last] * (1 + times % 3) + content[last:]


def _move(content: bytes, first: int, last: int, to: int) -> bytes:
    first, last = sorted((_at(first, len(content)), _at(last, len(content))))
    rest = content[:first] + content[last:]
    to = _at(to, len(rest))
    return rest[:to] + content[first:last] + rest[to:]


def _cut(content: bytes, place: int, *_: int) -> bytes:
    return content[: _at(place, len(content))]


def _number(content: bytes, place: int, extreme: int, _: int) -> bytes:
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    one = found[_at(place, len(found) - 1)]
    return content[: one.start()] + _EXTREMES[extreme % len(_EXTREMES)] + content[one.end() :]


def _word(content: bytes, place: int, word: int, _: int) -> bytes:
    place, new = _at(place, len(content)), _WORDS[word % len(_WORDS)]
    return content[:place] + new + content[place + len(new) :]


def _header_word(content: bytes, place: int, word: int, _: int) -> bytes:
    """Changes an aligned word of the first 64 bytes, where formats keep what they promise."""
    place, new = 2 * _at(place, 31), _WORDS[word % len(_WORDS)]
    return content[:place] + new + content[place + len(new) :]


def _encode(content: bytes, encoding: int, *_: int) -> bytes:
    text = content.decode("utf-8", "replace")
    name = ("utf-16", "utf-16-le", "utf-8-sig", "latin-1", "cp1252", "utf-7", "utf-32")[encoding % 7]
    return text.encode(name, "replace")


def _line_ends(content: bytes, which: int, *_: int) -> bytes:
    return content.replace(b"\n", (b"\r\n", b"\r", b"\n\x00", b" ")[which % 4])


_Change = Callable[[bytes, int, int, int], bytes]
_TEXT_CHANGES: Sequence[_Change] = (_number, _insert, _splice, _delete, _double, _move, _cut, _flip)
_TEXT_CHANGES = (*_TEXT_CHANGES, _number, _number, _encode, _line_ends)  # Numbers are what parsers trip over.
_BINARY_CHANGES: Sequence[_Change] = (_header_word, _header_word, _word, _flip, _delete, _double, _move, _cut, _insert)


def _changes(drawn: bytes) -> list[tuple[int, int, int, int]]:
    """Returns one to four changes: what, where, and two numbers more."""
    numbers = struct.iter_unpack("<HHHH", drawn[2:])
    return list(itertools.islice(numbers, _COUNTS[drawn[1] % len(_COUNTS)]))


def _changed(sample: bytes, changes: Sequence[_Change], drawn: bytes) -> bytes:
    for what, *where in _changes(drawn):
        sample = changes[what % len(changes)](sample, *where)
    return sample


def hostile_text(samples: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Text files: samples with up to four changes, their own characters in any order, and any bytes at all."""
    alphabet = sorted({*"".join(samples)} | {*'0123456789.-+e "[]{}:,\n\t\x00\u00e9'})

    def content(drawn: bytes) -> bytes:
        style, rest = drawn[0], drawn[2:]
        if style >= 240:
            return rest[: drawn[1]]
        if style >= 220:
            return "".join(alphabet[byte % len(alphabet)] for byte in rest[: drawn[1]]).encode()
        return _changed(samples[style % len(samples)].encode(), _TEXT_CHANGES, drawn)

    return _DRAWN.map(content)


def hostile_binary(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Binary files: samples with up to four changes, and any bytes at all."""

    def content(drawn: bytes) -> bytes:
        if drawn[0] >= 240:
            return drawn[2 : 2 + drawn[1]]
        return _changed(samples[drawn[0] % len(samples)], _BINARY_CHANGES, drawn)

    return _DRAWN.map(content)


def _containers(value: Any) -> list[Any]:
    """Returns all objects and lists in a JSON value that hold anything."""
    found, todo = [], [value]
    while todo:
        each = todo.pop()
        if isinstance(each, (dict, list)) and each:
            found.append(each)
            todo += each.values() if isinstance(each, dict) else each
    return found


def _change_json(root: list[Any], place: int, what: int, value: int, kind: int) -> None:
    containers = _containers(root)
    inside = containers[_at(place, len(containers) - 1)]
    keys = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
    key = keys[what % len(keys)]
    new = copy.deepcopy(_JSON_VALUES[value % len(_JSON_VALUES)])
    if kind < 5 or inside is root:
        inside[key] = new
    elif kind == 5:
        del inside[key]
    elif kind == 6:
        inside[key] = [inside[key]]
    elif kind == 7:
        inside[key] = {_KEYS[value % len(_KEYS)]: inside[key]}
    elif isinstance(inside, dict):
        inside[_KEYS[value % len(_KEYS)]] = new
    else:
        inside.insert(what % len(keys), copy.deepcopy(inside[key]) if kind == 8 else new)


def _twice(text: str, value: int) -> str:
    """Gives the outermost object a key that it has already."""
    key = re.search(r'"[a-z_]+"', text)
    if key is None or not text.startswith("{"):
        return text
    return "{" + f"{key[0]}: {json.dumps(_JSON_VALUES[value % len(_JSON_VALUES)])}, " + text[1:]


def hostile_json(samples: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """JSON files: samples in which some values are another's or another kind's, and text that is no JSON any more."""

    def content(drawn: bytes) -> bytes:
        style = drawn[0]
        if style >= 200:
            return _changed(json.dumps(samples[style % len(samples)]).encode(), _TEXT_CHANGES, drawn)
        root = [copy.deepcopy(samples[style % len(samples)])]
        changes = _changes(drawn)
        for kind, *where in changes:
            _change_json(root, *where, kind % 10)
        text = json.dumps(root[0], ensure_ascii=drawn[1] >= 128)
        if style >= 180:
            text = _twice(text, changes[0][3])
        for stand_in, raw in _RAW.items():
            text = text.replace(f'"{stand_in}"', raw)
        return text.encode("utf-8", "surrogatepass")

    return _DRAWN.map(content)


def hostile_string(samples: Sequence[str]) -> st.SearchStrategy[str]:
    """Text that is no file: samples changed, and any characters, lone surrogates too."""
    changed = hostile_text(samples).map(lambda content: content.decode("utf-8", "surrogateescape"))
    return st.integers(0, 4).flatmap(lambda which: st.text(max_size=100) if which == 0 else changed)
