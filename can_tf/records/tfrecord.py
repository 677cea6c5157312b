"""TFRecord's framing: what stands around an example in a shard."""

HEADER_BYTES = 12  # The example's length in 8 bytes, little-endian, and their CRC.
_FOOTER_BYTES = 4  # The example's CRC.


def framed_bytes(example_bytes: int) -> int:
    """Returns how many bytes of a shard an example takes.

    Example:
        >>> framed_bytes(100)
        116
    """
    return HEADER_BYTES + example_bytes + _FOOTER_BYTES


def length_in(header: bytes) -> int:
    """Returns the length of the example behind a header.

    Example:
        >>> length_in(b"d" + bytes(11))
        100
    """
    return int.from_bytes(header[:8], "little")
