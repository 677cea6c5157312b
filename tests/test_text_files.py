import codecs

import pytest

from can_tf.errors import ConfigError
from can_tf.text_files import decoded, read_text

TEXT = "id,caf\u00e9\r\nu1,na\u00efve\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_text_with_or_without_a_mark_is_read_without_a_word(caplog, encoding):
    assert decoded(TEXT.encode(encoding), "a.csv") == TEXT
    assert not caplog.messages


@pytest.mark.parametrize("order, name", [("le", "UTF-16-LE"), ("be", "UTF-16-BE")])
def test_utf_16_in_any_order(caplog, order, name):
    mark = codecs.BOM_UTF16_LE if order == "le" else codecs.BOM_UTF16_BE
    assert decoded(mark + TEXT.encode(f"utf-16-{order}"), "a.csv") == TEXT
    assert not caplog.messages
    assert decoded(TEXT.encode(f"utf-16-{order}"), "a.csv") == TEXT
    assert caplog.messages == [f"a.csv: has no byte order mark and is read as {name}"]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_guess_is_told_with_a_word_to_judge_it_by(caplog, encoding):
    assert decoded(TEXT.encode(encoding), "a.csv") == TEXT
    told = "is not UTF-8 and is read as Windows-1252, where it has 'id,caf\u00e9'; if that is wrong, save it as UTF-8"
    assert caplog.messages == [f"a.csv: {told}"]


def test_quotes_of_windows_are_understood():
    assert decoded(b"don\x92t \x93so\x94", "a.txt") == "don\u2019t \u201cso\u201d"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a \x81\x8d\xff", b"\xff\xfe\x00\xd8"])
def test_what_is_no_text_is_refused(tmp_path, content):
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ConfigError, match="a.txt': cannot be read as UTF-8 text"):
        read_text(tmp_path / "a.txt", ConfigError)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="a.txt: cannot be read as UTF-8 text .No such file"):
        read_text(tmp_path / "a.txt", ConfigError)
    with pytest.raises(ConfigError, match="cannot be read as UTF-8 text"):
        read_text(tmp_path / "a\0.txt", ConfigError)


def test_a_guess_by_a_space_alone_is_told_too(caplog):
    assert decoded(b"so\xa0good", "a.txt") == "so\u00a0good"
    assert "where it has '\\xa0'" in caplog.text
