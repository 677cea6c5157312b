"""The bodies of requests: JSON, that of the page of a known shape, with bytes in base64."""

import base64
import json
from typing import Any

import orjson

from can_tf.json_shapes import mismatch
from can_tf.server.gate import HttpError

_LARGEST_ODD_BODY = 2**20


def parsed(content: bytes) -> Any:
    """Returns what JSON says; raises ValueError if it is none.

    A parser of Python's own keeps all other requests waiting for seconds where a body is large. In a small one, it
    reads what TensorFlow Serving reads beside the standard: NaN, infinity, and numbers of any length.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        if len(content) > _LARGEST_ODD_BODY:
            raise
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_body(content: bytes, shape: Any, what: str) -> Any:
    """Returns what a body says.

    Args:
        content: The body.
        shape: As `can_tf.json_shapes.mismatch` takes it.
        what: What it should be, with an article, for messages.

    Raises:
        HttpError: It is something else.
    """
    try:
        body = parsed(content)
    except ValueError as error:
        raise HttpError(400, f"The body is not JSON ({error})") from error
    if wrong := mismatch(body, shape):
        raise HttpError(400, f"The body is not {what}: {wrong}")
    return body


def from_base64(text: str, name: str) -> bytes:
    """Returns the bytes of a field; raises HttpError, which names it, where it holds none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise HttpError(400, f"{name}: is not base64 ({error})") from error
