"""What is needed to fuzz one parser."""

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from can_tf.errors import CanError
from can_tf.files import sha256_of_json
from tests.fuzz.hostile import hostile_binary, hostile_json, hostile_text


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parser:
    """A parser.

    Attributes:
        valid: Inputs that it takes.
        hostile: Inputs of any kind.
        feed: Has it parse an input, in a folder of its own; raises its refusal, and AssertionError where it accepts
            what nobody could use.
        prepare: Makes the folder what the parser expects.
        refusals: The errors that it promises.
    """

    valid: Sequence[Any]
    hostile: st.SearchStrategy[Any]
    feed: Callable[[Any, Path], None]
    prepare: Callable[[Path], None] = lambda folder: None
    refusals: tuple[type[Exception], ...] = (CanError,)


def text_parser(samples: Sequence[str], feed: Callable[[Any, Path], None], **more: Any) -> Parser:
    """Returns the parser of a text file."""
    return Parser(valid=[sample.encode() for sample in samples], hostile=hostile_text(samples), feed=feed, **more)


def json_parser(samples: Sequence[Any], feed: Callable[[Any, Path], None], **more: Any) -> Parser:
    """Returns the parser of a JSON file."""
    valid = [json.dumps(sample).encode() for sample in samples]
    return Parser(valid=valid, hostile=hostile_json(samples), feed=feed, **more)


def sealed(content: bytes) -> bytes:
    """Returns a JSON object with its seal, as `can_tf.checksums.write_sealed` writes it; anything else as it is."""
    try:
        values = json.loads(content)
        return json.dumps({**values, "sha256": sha256_of_json(values)}).encode()
    except (ValueError, TypeError, RecursionError):
        return content


def sealed_parser(samples: Sequence[Any], feed: Callable[[Any, Path], None], **more: Any) -> Parser:
    """Returns the parser of a sealed JSON file: the seal itself is tried, and what lies behind one that is right."""
    valid = [sealed(json.dumps(sample).encode()) for sample in samples]
    behind, itself = hostile_json(samples).map(sealed), hostile_text([content.decode() for content in valid])
    return Parser(valid=valid, hostile=behind | itself, feed=feed, **more)


def binary_parser(samples: Sequence[bytes], feed: Callable[[Any, Path], None], **more: Any) -> Parser:
    """Returns the parser of a binary file."""
    return Parser(valid=samples, hostile=hostile_binary(samples), feed=feed, **more)
