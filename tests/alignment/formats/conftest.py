"""Alignments that several tests of formats read or write."""

import pytest

from can_tf.alignment.formats import FORMATS, format_alignment, read_alignment
from can_tf.alignment.word import Word

TOKENS = (
    Word("<s>", 0.0, 0.52),
    Word("i", 0.52, 0.76),
    Word("don't", 0.76, 0.89),
    Word("<sil>", 0.89, 1.41),
    Word("know", 1.41, 1.44),
)
SECONDS = 1.78


def written(tmp_path, name, content, encoding="utf-8"):
    path = tmp_path / name
    path.write_text(content, encoding=encoding)
    return path


def as_tuples(words):
    return [(word.text, pytest.approx(word.start), pytest.approx(word.end)) for word in words]


def round_trip(folder, name, tokens, seconds):
    path = folder / f"a{FORMATS[name].suffixes[0]}"
    path.write_text(format_alignment(name, "u 1", tokens, seconds), encoding="utf-8")
    return read_alignment(path)
