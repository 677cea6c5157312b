"""What JSON values must look like, so that a damaged file is an error where it is read rather than somewhere later.

A shape is a type (`float` takes whole numbers, but neither NaN nor infinity), a list of one shape, an object of shapes
by name (others may stand beside them), `{str: shape}` for any names, None, a function that tells whether a value will
do, or a tuple of shapes, one of which has to fit.
"""

from collections.abc import Mapping
from typing import Any

_KINDS: Mapping[Any, str] = {str: "text", int: "a whole number", float: "a finite number", bool: "true or false"}
_LARGEST = 2.0**53  # What any kind of number in NumPy and TensorFlow holds; nothing that is written comes near.


def positive(value: Any) -> bool:
    """Is a shape: finite numbers above 0."""
    return _is(value, float) and value > 0


def count(value: Any) -> bool:
    """Is a shape: whole numbers from 1 on, no larger than TensorFlow's."""
    return _is(value, int) and 1 <= value < 2**31


def mismatch(value: Any, shape: Any, where: str = "") -> str | None:
    """Returns in words where a JSON value is not of a shape, such as "shards[1].bytes: expected ..."; None if it is."""
    here = where.removeprefix(".")
    if isinstance(shape, tuple):
        wrong = [mismatch(value, alternative, where) for alternative in shape]
        return None if None in wrong else wrong[0]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return _expected(here, "a list", value)
        return _first(mismatch(each, shape[0], f"{where}[{index}]") for index, each in enumerate(value))
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return _expected(here, "an object", value)
        if str in shape:
            return _first(mismatch(each, shape[str], f"{where}.{str(name)[:40]}") for name, each in value.items())
        missing = [name for name in shape if name not in value and mismatch(None, shape[name])]
        if missing:
            return f"{here or 'it'} lacks {', '.join(missing)}"
        return _first(mismatch(value.get(name), each, f"{where}.{name}") for name, each in shape.items())
    if shape is None:
        return None if value is None else _expected(here, "null", value)
    if isinstance(shape, type):
        return None if _is(value, shape) else _expected(here, _KINDS[shape], value)
    return None if shape(value) else _expected(here, "another value", value)


def _first(wrong: Any) -> str | None:
    return next(filter(None, wrong), None)


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if kind is float:
        return isinstance(value, (int, float)) and abs(value) < _LARGEST  # Which NaN is not.
    return isinstance(value, kind)


def _expected(here: str, kind: str, value: Any) -> str:
    found = f"{type(value).__name__}" if isinstance(value, (dict, list)) else _short(value)
    return f"{here or 'it'}: expected {kind}, found {found}"


def _short(value: Any) -> str:
    # Whole numbers of some thousand digits cannot be written.
    return "a very large number" if isinstance(value, int) and abs(value) > 2**100 else ascii(value)[:60]
