import pytest

from can_tf.files import is_plain_name

# What leads out of a folder that it is joined to, on any system, or is no name at all.
HOSTILE_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "/etc/passwd",
    "a/b",
    "a/",
    "a\\b",
    "..\\x",
    "C:x",
    "a\0b",
    "a\nb",
    "\ud800",
    None,
    3,
    ["x"],
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_what_is_no_bare_name_is_told(name):
    assert not is_plain_name(name)


@pytest.mark.parametrize("name", ["x", "...", ".hidden", "a b", "naïve.h5", "shard-00000-of-00003.tfrecord", "~"])
def test_a_bare_name_is_told(name):
    assert is_plain_name(name)
