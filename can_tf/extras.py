"""Optional parts of can_tf: whether a library that one of them needs is there, told before any work."""

import importlib.util

from can_tf.errors import MissingExtraError


def require(library: str, purpose: str, extra: str) -> None:
    """Raises MissingExtraError where a library is not installed; nothing is imported.

    Args:
        library: The name that is imported.
        purpose: What needs it, as the beginning of a sentence.
        extra: The optional part that brings it.

    Example:
        >>> require("json", "Reading JSON", "report")
    """
    try:
        there = importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):  # Somebody keeps it from being found.
        there = False
    if not there:
        raise MissingExtraError(purpose, extra)
