import pytest

from can_tf.corpus.labels import LABEL_SETS
from can_tf.corpus.registry import READERS, Reader, license_of, published_counts, read_corpus
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError


def register(monkeypatch, name, corpus, **more):
    """Registers a reader that remembers what it was asked."""
    asked = []

    def read(root, label_set):
        asked.append((root, label_set))
        return corpus

    monkeypatch.setitem(READERS, name, Reader(read=read, root="a folder", source=Source(license="Free."), **more))
    return asked


@pytest.mark.parametrize("name", READERS)
def test_each_entry_says_what_its_users_are_told(name):
    reader = READERS[name]
    assert reader.root
    assert reader.source.license
    assert reader.label_set is None or reader.label_set in LABEL_SETS
    assert set(reader.published_counts) <= set(LABEL_SETS)


def test_only_the_demo_corpus_is_synthetic():
    assert [name for name, reader in READERS.items() if reader.synthetic] == ["demo"]


def test_published_counts_are_those_of_the_same_labels_in_the_same_order():
    four = ("ang", "hap", "sad", "neu")
    assert published_counts("iemocap", four) == published_counts("demo", four)
    assert published_counts("iemocap", four) == {"ang": 1103, "hap": 1635, "sad": 1084, "neu": 1708}
    assert published_counts("iemocap", four[::-1]) == published_counts("manifest", four) == {}
    assert published_counts("unknown", four) == {}


def test_the_license_of_an_unknown_corpus_is_not_known():
    assert license_of("unknown") == license_of("manifest")
    assert license_of("unknown").startswith("Not known to can_tf")
    assert "University of Southern California" in license_of("iemocap")
    assert "eSpeak NG" in license_of("demo")


@pytest.mark.parametrize("labels, default, expected", [("four", None, "four"), (None, "paper7", "paper7")])
def test_a_reader_gets_the_label_set_of_the_user_or_its_own(monkeypatch, tmp_path, labels, default, expected):
    asked = register(monkeypatch, "mine", Corpus("mine", (), (), (), {}), label_set=default)
    read_corpus("mine", tmp_path, labels)
    assert asked == [(tmp_path, LABEL_SETS[expected])]


def test_without_either_a_reader_takes_the_corpus_own_labels(monkeypatch, tmp_path):
    asked = register(monkeypatch, "mine", Corpus("mine", (), (), (), {}))
    assert not read_corpus("mine", tmp_path).synthetic
    assert asked == [(tmp_path, None)]


def test_whether_a_corpus_is_synthetic_follows_from_its_entry(monkeypatch, tmp_path):
    register(monkeypatch, "mine", Corpus("mine", (), (), (), {}), synthetic=True)
    assert read_corpus("mine", tmp_path).synthetic


def test_an_unknown_reader_label_set_or_name_is_refused(monkeypatch, tmp_path):
    with pytest.raises(CorpusError, match="there is no reader for a corpus 'tapes'; expected one of iemocap, demo,"):
        read_corpus("tapes", tmp_path)
    register(monkeypatch, "mine", Corpus("other", (), (), (), {}))
    with pytest.raises(CorpusError, match="there is no such label set"):
        read_corpus("mine", tmp_path, "five")
    with pytest.raises(ValueError, match="the reader 'mine' returned a corpus 'other'; expected the name of an entry"):
        read_corpus("mine", tmp_path)
