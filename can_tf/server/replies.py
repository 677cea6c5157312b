"""Replies of `can-tf serve` that several of its parts give."""

from starlette.responses import JSONResponse

RETRY_AFTER = {"Retry-After": "10"}  # Seconds, for one who is turned away.


def refusal(message: str, status: int) -> JSONResponse:
    """Returns an error; half a character of a request ("\\ud800"), which no reply can hold, becomes a question mark."""
    return JSONResponse(
        {"error": message.encode("utf-8", "replace").decode()}, status, RETRY_AFTER if status == 503 else None
    )
