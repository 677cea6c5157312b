import pytest

from can_tf.corpus.registry import read_corpus
from can_tf.corpus.similar_labels import similar_labels
from tests.conftest import write_tone


@pytest.mark.parametrize(
    "left, right",
    [("Happy", "happy"), ("HAPPY", "happy"), ("happy", "hapy"), ("happy", "happyy"), ("happy", "hapyp")]
    + [
        ("very sad", "very_sad"),
        ("neutral", "netural"),
        ("angry", "engry"),
        ("calm", "calm."),
        ("Stra\u00dfe", "strasse"),
    ],
)
def test_labels_that_look_alike(left, right):
    assert len(list(similar_labels({left: 2, right: 1}))) == 1


@pytest.mark.parametrize(
    "left, right",
    [("sad", "mad"), ("hap", "hae"), ("happy", "sad"), ("anger", "angry"), ("level1", "level2"), ("1000", "1001")],
)
def test_labels_that_do_not(left, right):
    assert not list(similar_labels({left: 2, right: 1}))


def test_they_are_told_of_a_corpus_without_a_label_set(tmp_path, caplog):
    write_tone(tmp_path / "a.wav", 0.1)
    labels = ["happy", "happy", "Happy", "hapy", "sad", "sad"]
    rows = "".join(f"u{number},a.wav,{label},anna,so\n" for number, label in enumerate(labels))
    (tmp_path / "m.csv").write_text("id,audio,label,speaker,transcript\n" + rows)
    read_corpus("manifest", tmp_path / "m.csv")
    alike, single = caplog.messages
    assert "are classes of their own: 'Happy' (1) and 'happy' (2); 'Happy' (1) and 'hapy' (1); 'happy' (2)" in alike
    assert alike.endswith("To make them one, map them with --labels FILE")
    assert single == "manifest: one utterance alone has the label 'Happy', 'hapy'"
    caplog.clear()
    (tmp_path / "labels.csv").write_text("happy;pos\nHappy;pos\nhapy;pos\nsad;neg\n")
    assert read_corpus("manifest", tmp_path / "m.csv", str(tmp_path / "labels.csv")).labels == ("pos", "neg")
    assert not caplog.messages
