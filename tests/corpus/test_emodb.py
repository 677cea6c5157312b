"""On a made-up folder in EmoDB's layout: the recordings themselves are not ours to pass on."""

import pytest

from can_tf.alignment.word import Word
from can_tf.corpus.emodb import SENTENCES, read_emodb, words_of_syllables
from can_tf.corpus.labels import load_label_set
from can_tf.errors import CorpusError
from tests.conftest import write_tone

SYLLABLES = "heu te a bmd ( könn te ich s ihm sa gen .".split()
ONSETS = (0.2, 0.4, 0.5, 0.6, 0.7, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8)
MARKED = "".join(f"{onset}\t{syllable}\n" for onset, syllable in zip(ONSETS, SYLLABLES, strict=True))
RATES = (
    "Nr.\tSatz\terkannt\tnatuerlich\n"
    "1\xa0\t03a04Fc.wav\t97,50\xa0\t80,00\xa0\n"
    "2\xa0\t03a04Wc.wav\t85,00\xa0\t70,00\xa0\n"
)


@pytest.fixture
def root(tmp_path):
    for name in ("03a04Fc", "03a04Wc", "08b10Na", "08b10Lb"):
        write_tone(tmp_path / "wav" / f"{name}.wav", 2.0)
    (tmp_path / "silb").mkdir()
    for name in ("03a04Fc", "03a04Wc"):
        (tmp_path / "silb" / f"{name}.silb").write_text(MARKED, encoding="latin-1")
    (tmp_path / "silb" / "08b10Na.silb").write_text("")  # As one of them is published.
    (tmp_path / "erkennung.txt").write_text(RATES, encoding="latin-1")
    return tmp_path


def test_names_say_speaker_sentence_and_emotion(root):
    corpus = read_emodb(root)
    assert [(u.id, u.speaker, u.scenario, u.label) for u in corpus.utterances] == [
        ("03a04Fc", "03", "a04", "happiness"),
        ("03a04Wc", "03", "a04", "anger"),
        ("08b10Lb", "08", "b10", "boredom"),
        ("08b10Na", "08", "b10", "neutral"),
    ]


def test_syllables_become_the_words_of_the_sentence(root):
    [utterance] = [u for u in read_emodb(root).utterances if u.id == "03a04Fc"]
    assert [(word.text, word.start, word.end) for word in utterance.words] == [
        ("<s>", 0.0, 0.2),
        ("heute", 0.2, 0.5),
        ("abend", 0.5, 0.7),
        ("<sil>", 0.7, 0.9),
        ("könnte", 0.9, 1.1),
        ("ich", 1.1, 1.2),
        ("es", 1.2, 1.3),
        ("ihm", 1.3, 1.4),
        ("sagen", 1.4, 1.8),
        ("</s>", 1.8, 2.0),
    ]


@pytest.mark.parametrize(
    "spoken, sentence, joined",
    [
        ("sie haben bm es ge ra de", "sie haben es gerade", "sie|haben bm|es|ge ra de"),
        ("da oben ben ne ben", "da oben neben", "da|oben ben|ne ben"),
        ("und ha be ak nis be sucht", "und habe agnes besucht", "und|ha be|ak nis|be sucht"),
        ("e bm weg bring ng und", "eben wegbringen und", "e bm|weg bring ng|und"),
    ],
)
def test_what_speakers_swallow_stays_with_its_word(spoken, sentence, joined):
    syllables = [Word(text, index, index + 1) for index, text in enumerate(spoken.split())]
    words = words_of_syllables(syllables, sentence.split())
    texts = [" ".join(s.text for s in syllables if word.start <= s.start < word.end) for word in words]
    assert "|".join(texts) == joined


def test_without_onsets_words_are_equally_long_and_that_is_said(root):
    corpus = read_emodb(root)
    [utterance] = [u for u in corpus.utterances if u.id == "08b10Na"]
    assert [word.text for word in utterance.words] == SENTENCES["b10"].split()
    assert {round(word.end - word.start, 6) for word in utterance.words} == {round(2.0 / 11, 6)}
    [note] = corpus.notes
    assert note.startswith("2 without syllable onsets")
    assert note.endswith("08b10Lb, 08b10Na.")


def test_listeners_rates_are_averaged_by_label(root):
    assert read_emodb(root).listeners == {"anger": 0.85, "happiness": 0.975}


def test_the_four_classes_of_others(root):
    corpus = read_emodb(root, load_label_set("four"))
    assert corpus.labels == ("ang", "hap", "sad", "neu")
    assert [utterance.label for utterance in corpus.utterances] == ["hap", "ang", "neu"]
    assert corpus.excluded == {"boredom": 1}


@pytest.mark.parametrize(
    "onsets, reason",
    [
        ("0.2\theu\n0.4\tte\n", "the end of speech, in its last line"),
        ("0.4\theu\n0.2\tte\n0.5\t.\n", "onsets that rise"),
        ("0.1\theu\nnan\tte\n0.5\t.\n", "onsets that rise"),
        ("early\theu\n0.5\t.\n", "lines of seconds and syllable"),
        ("0.2\theu\n0.5\t.\n", "1 syllables for a sentence of 7 words"),
        ("".join(f"{0.02 * index:.2f}\tla\n" for index in range(60)) + "1.5\t.\n", "too many for a sentence"),
    ],
)
def test_damaged_onsets_reject_their_recording_alone(root, onsets, reason):
    (root / "silb" / "03a04Fc.silb").write_text(onsets)
    corpus = read_emodb(root)
    assert len(corpus.utterances) == 3
    [rejection] = corpus.rejected
    assert rejection.id == "03a04Fc"
    assert reason in rejection.reason


@pytest.mark.parametrize("name", ["03a04F", "xxa04Fa", "03c04Fa", "03a04Xa"])
def test_other_names_are_rejected(root, name):
    write_tone(root / "wav" / f"{name}.wav", 1.0)
    [rejection] = read_emodb(root).rejected
    assert (rejection.id, "expected a name such as 03a01Fa" in rejection.reason) == (name, True)


def test_a_folder_without_recordings(tmp_path):
    with pytest.raises(CorpusError, match="expected the folder in which EmoDB was unpacked"):
        read_emodb(tmp_path)


def test_rates_that_are_no_numbers(root):
    (root / "erkennung.txt").write_text("Nr.\tSatz\terkannt\n1\t03a04Fc.wav\tmany\n")
    with pytest.raises(CorpusError, match="expected a percentage for 03a04Fc.wav, found 'many'"):
        read_emodb(root)


def test_what_macos_leaves_beside_recordings_is_none(root):
    before = read_emodb(root)
    (root / "wav" / "._03a01Fa.wav").write_bytes(b"\0\5\x16\7" + bytes(60))
    assert read_emodb(root) == before
