import gzip
import math

import numpy as np
import pytest

from can_tf.errors import TextError
from can_tf.progress import Event
from can_tf.text.glove import GloveVectors, embedding_matrix, read_glove
from can_tf.text.vocabulary import build_vocabulary

GLOVE = "the 0.1 -0.2 0.3\n. . . 1 2 3\nday 1 0 0\ndo 2 2 2\nn't 4 4 4\nIt 5 5 5\n's 7 7 7\nat name@domain.com 9 9 9\n"


def glove_file(tmp_path, content=GLOVE):
    path = tmp_path / "glove.txt"
    path.write_text(content, encoding="utf-8")
    return path


def test_only_wanted_words_are_kept(tmp_path):
    glove = read_glove(glove_file(tmp_path), ["day", "the", "unheard"])
    assert glove.dimension == 3
    assert sorted(glove.vectors) == ["day", "the"]
    np.testing.assert_allclose(glove.vectors["the"], [0.1, -0.2, 0.3], rtol=1e-6)


def test_words_with_spaces_are_read_from_the_right(tmp_path):
    glove = read_glove(glove_file(tmp_path), [". . .", "at name@domain.com"])
    np.testing.assert_array_equal(glove.vectors[". . ."], [1, 2, 3])
    np.testing.assert_array_equal(glove.vectors["at name@domain.com"], [9, 9, 9])


def test_a_contraction_is_the_mean_of_its_parts_and_a_capitalised_word_will_do(tmp_path):
    glove = read_glove(glove_file(tmp_path), ["don't", "it's", "it", "nobody's"])
    np.testing.assert_array_equal(glove.vectors["don't"], [3, 3, 3])
    np.testing.assert_array_equal(glove.vectors["it"], [5, 5, 5])
    np.testing.assert_array_equal(glove.vectors["nobody's"], [7, 7, 7])  # Its only part that has a vector.


def test_a_gzipped_file_and_a_word2vec_header_are_read(tmp_path):
    path = tmp_path / "glove.txt.gz"
    path.write_bytes(gzip.compress(("8 3\n" + GLOVE).encode()))
    assert read_glove(path, ["day"]).vectors["day"].tolist() == [1, 0, 0]


def test_fasttext_is_read_with_the_spaces_at_the_ends_of_its_lines(tmp_path):
    path = glove_file(tmp_path, "3 4\n</s> 0 0 0 0 \nMittwoch 1 2 3 4 \r\nk\u00f6nnte 5 6 7 8 \n")
    found = read_glove(path, ["mittwoch", "k\u00f6nnte"])
    assert found.dimension == 4
    assert {word: vector.tolist() for word, vector in found.vectors.items()} == {
        "mittwoch": [1, 2, 3, 4],
        "k\u00f6nnte": [5, 6, 7, 8],
    }


def test_one_vector_behind_a_header_is_read(tmp_path):
    assert read_glove(glove_file(tmp_path, "1 3\nday 1 2 3\n"), ["day"]).vectors["day"].tolist() == [1, 2, 3]


def test_a_word_that_is_a_number_is_no_header(tmp_path):
    found = read_glove(glove_file(tmp_path, "1 2 3\nday 4 5\n"), ["1", "day"])
    assert (found.dimension, found.vectors["1"].tolist()) == (2, [2, 3])


def test_fewer_words_than_the_first_line_tells_are_said(tmp_path):
    said = []
    read_glove(glove_file(tmp_path, "9 3\n" + GLOVE), ["day"], said.append)
    assert "glove.txt: holds 8 words, and 9 by its first line. Was it cut short?" in said[-1].note
    read_glove(glove_file(tmp_path, "8 3\n" + GLOVE), ["day"], said.append)
    assert said[-1].note == ""


def test_a_binary_model_is_refused(tmp_path):
    (tmp_path / "cc.de.300.bin").write_bytes(b"\xba\x16\x4f\x2f" + bytes(200))
    with pytest.raises(TextError, match="is a binary model of fastText; give its vectors as text, the .vec file"):
        read_glove(tmp_path / "cc.de.300.bin", ["day"])


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "glove.txt: is empty"),
        ("the\nday\n", "glove.txt:1: expected a word and its numbers"),
        (GLOVE + "short 1 2\n", r"glove.txt:9: expected a word and 3 numbers, as on the first lines; found 2"),
        (GLOVE + "want 1 2 x\n", "glove.txt:9: .*could not convert string to float"),
        (GLOVE + "want 1 2 nan\n", "glove.txt:9: .*not finite"),
        (GLOVE + "want 1 2 1e308\n", "glove.txt:9: .*not finite"),  # In float64, it would be.
        (GLOVE + "want 1 2", r"glove.txt:9: .*found 2. Was the file cut short"),
        ("PK\x03\x04", "is a zip archive; unzip it"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, content, message):
    with pytest.raises(TextError, match=message):
        read_glove(glove_file(tmp_path, content), ["want"])


def test_a_missing_file_and_one_that_is_not_gzip_are_refused(tmp_path):
    with pytest.raises(TextError, match="cannot be read"):
        read_glove(tmp_path / "none.txt", ["a"])
    with pytest.raises(TextError, match="cannot be read"):
        read_glove(tmp_path / "a\0.txt", ["a"])
    packed = gzip.compress(GLOVE.encode())
    for content in (b"not gzip", packed[:30], packed[:10] + b"\xff" + packed[11:]):
        (tmp_path / "bad.gz").write_bytes(content)
        with pytest.raises(TextError, match="cannot be read"):
            read_glove(tmp_path / "bad.gz", ["a"])


def test_reading_reports_megabytes_to_their_end(tmp_path):
    path = glove_file(tmp_path, GLOVE * 10_000)
    events = []
    read_glove(path, ["day"], events.append)
    assert len(events) > 2
    size = math.ceil(path.stat().st_size / 1e6)
    assert events[-1] == Event("Reading word vectors", "MB", size, size)


def test_the_matrix_has_padding_unknown_and_seeded_rows():
    glove = GloveVectors(2, {"a": np.array([1, 3], np.float32), "b": np.array([3, 5], np.float32)})
    matrix = embedding_matrix(("a", "new", "b"), glove, seed=1)
    np.testing.assert_array_equal(matrix[[0, 1, 2, 4]], [[0, 0], [2, 4], [1, 3], [3, 5]])
    np.testing.assert_array_equal(matrix[3], embedding_matrix(("b", "new", "a"), glove, seed=1)[3])
    assert np.abs(matrix[3] - embedding_matrix(("a", "new", "b"), glove, seed=2)[3]).max() > 0.01
    assert matrix.dtype == np.float32


def test_words_without_a_vector_have_the_deviation_of_those_with_one():
    generator = np.random.default_rng(0)
    glove = GloveVectors(50, {f"w{i}": generator.normal(scale=0.4, size=50).astype(np.float32) for i in range(50)})
    vocabulary = (*glove.vectors, *(f"new{i}" for i in range(200)))
    assert embedding_matrix(vocabulary, glove, 0)[52:].std() == pytest.approx(0.4, rel=0.05)


def test_a_vocabulary_is_the_training_words_and_those_with_vectors_in_order():
    assert build_vocabulary([["b", "a"], ["a"]], ["c"]) == ("a", "b", "c")


@pytest.mark.parametrize(
    "content",
    [
        "4 3\n" + "".join(f"{word} 1 2 3 \n" for word in ("the", "day", "caf\u00e9", "it")),
        "".join(f"{word} 1 2 3\n" for word in ("the", "day", "caf\u00e9", "it")) + "\n\n",
        "\ufeffthe 1 2 3\nday 1 2 3\ncaf\u00e9 1 2 3\nit 1 2 3\n",
        "the\t1\t2\t3\nday\t1\t2\t3\ncaf\u00e9\t1\t2\t3\nit\t1\t2\t3\n",
        "the\t1 2 3\nday\t1 2 3\ncaf\u00e9\t1 2 3\nit\t1 2 3\n",
        "the 1 2 3\r\nday 1 2 3\r\ncaf\u00e9 1 2 3\r\nit 1 2 3",
        "the 1 2 3\nday 1 2 3\ncafe\u0301 1 2 3\nIt 1 2 3\n",
    ],
    ids=["fasttext", "empty lines", "mark", "tabs", "tab behind the word", "crlf", "other accents"],
)
def test_vectors_as_others_write_them(tmp_path, content):
    glove = read_glove(glove_file(tmp_path, content), ["the", "day", "caf\u00e9", "it"])
    assert glove.dimension == 3
    assert set(glove.vectors) == {"the", "day", "caf\u00e9", "it"}
    assert all(vector.tolist() == [1, 2, 3] for vector in glove.vectors.values())
