"""The bodies of the page's requests: JSON of a known shape, with bytes in base64."""

import base64
import json
from typing import Any

from can_tf.json_shapes import mismatch
from can_tf.server.gate import HttpError


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
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
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
