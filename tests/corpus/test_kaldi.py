"""A data folder of Kaldi gives what the same utterances in a manifest give."""

import dataclasses

import pytest

from can_tf.corpus.registry import read_corpus
from can_tf.errors import CorpusError
from tests.conftest import write_tone

WORDS = [("good", 0.1, 0.3), ("day", 0.3, 0.6)]


@pytest.fixture
def recipe(tmp_path):
    """Two utterances whose words are timed, one that only has its text, and one of which nothing is said."""
    for name in "abcd":
        write_tone(tmp_path / "wav" / f"{name}.wav", 0.8)
    data = tmp_path / "data" / "train"
    data.mkdir(parents=True)
    (data / "wav.scp").write_text("".join(f"u{name} wav/{name}.wav\n" for name in "abcd"))
    (data / "utt2emo").write_text("ua calm\nub  angry\nuc calm\nud\tvery angry\r\n")
    (data / "utt2spk").write_text("ua\tanna\nub bob\nuc anna\nud bob\n")
    (data / "text").write_text("ua GOOD DAY\nub good day\nuc so long\nud\n")
    rows = [f"{id_} 1 {start} {end - start:.2f} {word}\n" for id_ in ("ub", "ua") for word, start, end in WORDS]
    (data / "ctm").write_text("".join(rows))
    return data


def manifest_of(folder):
    rows = ["id,audio,label,speaker,alignment,transcript"]
    rows += ["ua,../../wav/a.wav,calm,anna,ctm,GOOD DAY", "ub,../../wav/b.wav,angry,bob,ctm,good day"]
    rows += ["uc,../../wav/c.wav,calm,anna,,so long", "ud,../../wav/d.wav,very angry,bob,,"]
    (folder / "corpus.csv").write_text("\n".join(rows))
    return folder / "corpus.csv"


def test_it_is_the_same_corpus_as_a_manifest(recipe):
    corpus = read_corpus("kaldi", recipe)
    assert corpus == dataclasses.replace(read_corpus("manifest", manifest_of(recipe)), name="kaldi")
    assert [utterance.id for utterance in corpus.utterances] == ["ua", "ub", "uc", "ud"]
    assert corpus.utterances[0].audio_path.is_file()


def test_without_text_and_times_words_are_recognized(recipe):
    for name in ("text", "ctm"):
        (recipe / name).unlink()
    corpus = read_corpus("kaldi", recipe)
    assert {(utterance.words, utterance.transcript) for utterance in corpus.utterances} == {((), "")}


def test_commands_are_not_run_and_utterances_without_a_label_are_rejected(recipe, tmp_path):
    (recipe / "wav.scp").write_text(
        f"ua touch {tmp_path}/run |\nub wav/b.wav\nuc wav/none.wav\nud wav/d.wav\nue {400 * 'x'}\n"
    )
    (recipe / "utt2spk").write_text("".join(f"u{name} anna\n" for name in "abcde"))
    (recipe / "utt2emo").write_text("ua calm\nub angry\nuc calm\nue calm\n")
    corpus = read_corpus("kaldi", recipe)
    assert [utterance.id for utterance in corpus.utterances] == ["ub"]
    reasons = {rejection.id: rejection.reason for rejection in corpus.rejected}
    assert "none is run here" in reasons["ua"]
    assert "there is no such audio file" in reasons["uc"]
    assert "utt2emo has no line of it" in reasons["ud"]
    assert "File name too long" in reasons["ue"]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("utt2emo", None, "utt2emo: cannot be read"),
        ("utt2emo", "ua\n", "utt2emo:1: expected an id and, behind a space"),
        ("utt2spk", "ua anna\nua bob\n", "utt2spk:2: has ua a second time"),
        ("segments", "ua a 0.0 1.0\n", "extract-segments"),
        ("ctm", "ua 1 0.1 good\n", "ctm:1: expected utterance, channel"),
    ],
)
def test_what_cannot_be_read_is_named(recipe, name, text, message):
    if text is None:
        (recipe / name).unlink()
    else:
        (recipe / name).write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_corpus("kaldi", recipe)


def test_a_ctm_of_a_whole_corpus_is_read_once(recipe, monkeypatch):
    opened = []
    monkeypatch.setattr("can_tf.alignment.formats.registry._text", lambda path: opened.append(path) or path.read_text())
    read_corpus("kaldi", recipe)
    assert opened == [recipe / "ctm"] * 2  # For its names, and for the words of both.
