"""Which recognizer is taken, and what is said where it is not there."""

import sys

import pytest

from can_tf.alignment.recognition import RecognizerOptions, whisper
from can_tf.alignment.recognition.registry import RECOGNIZERS, choose
from can_tf.errors import ConfigError, MissingExtraError, RecognizerError

FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


@pytest.fixture
def model(tmp_path):
    """A folder that looks like a model; nobody loads it here."""
    for name in FILES:
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def installed(monkeypatch):
    """Lets faster-whisper be found, whether or not it is there."""
    monkeypatch.setattr(whisper.importlib.util, "find_spec", lambda name: name)


@pytest.fixture
def missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)


def test_auto_is_whisper_where_its_model_is_named(installed, model):
    choice = choose(RecognizerOptions(whisper=str(model), language="de"))
    assert (choice.options.name, choice.options.whisper, choice.note) == ("whisper", str(model), "")
    assert (choice.max_seconds, choice.whole_seconds) == (3600, 3600)


def test_auto_is_pocketsphinx_else_and_says_so_in_a_line(missing):
    choice = choose(RecognizerOptions())
    assert (choice.options.name, choice.max_seconds, choice.whole_seconds) == ("sphinx", 60, 0)
    assert choice.note.startswith("Words are recognized by pocketsphinx, which knows English alone and gets many words")
    assert "Not at hand is Whisper: Recognizing words with Whisper needs an optional part" in choice.note
    assert "pip install 'can_tf[asr]'" in choice.note
    assert "\n" not in choice.note


def test_a_recognizer_that_is_named_is_meant(missing):
    with pytest.raises(MissingExtraError, match=r"can_tf\[asr\]"):
        choose(RecognizerOptions(name="whisper"))
    assert choose(RecognizerOptions(name="sphinx")).note == ""


def test_other_languages_need_whisper_and_are_told_so(missing):
    with pytest.raises(RecognizerError, match="knows English \\(en\\) alone, and the language asked for is 'de'"):
        choose(RecognizerOptions(name="sphinx", language="de"))
    with pytest.raises(RecognizerError, match=r"no recognizer is at hand: Whisper: .*can_tf\[asr\].*; pocketsphinx: "):
        choose(RecognizerOptions(language="de"))


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_is_no_model_is_told_by_what_it_lacks(installed, model, name):
    (model / name).unlink()
    with pytest.raises(RecognizerError, match=f"is no Whisper model in CTranslate2's format; it lacks {name}"):
        choose(RecognizerOptions(whisper=str(model)))


def test_a_folder_that_is_not_there_is_no_name(installed):
    with pytest.raises(RecognizerError, match="/none/of/it: there is no such folder"):
        choose(RecognizerOptions(whisper="/none/of/it"))


@pytest.mark.parametrize(
    "options, message",
    [
        (RecognizerOptions(name="sphinx", whisper="base"), "leave --recognizer sphinx out"),
        (RecognizerOptions(name="ears"), "must be one of auto, whisper, sphinx, got 'ears'"),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(ConfigError, match=message):
        choose(options)


def test_without_pocketsphinx_there_is_none(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(RecognizerError, match=r"can_tf\[asr\].*can_tf\[align\]"):
        choose(RecognizerOptions())


def test_what_decides_the_words_is_described(monkeypatch, model):
    monkeypatch.setattr(whisper.importlib.metadata, "version", lambda name: "9")
    kind = RECOGNIZERS["whisper"]
    described = kind.describe(RecognizerOptions(whisper=str(model), language="de"))
    assert "faster-whisper 9, ctranslate2 9, model e3b0c44298fc1c14, language de" in described
    (model / "model.bin").write_text("other")
    assert kind.describe(RecognizerOptions(whisper=str(model), language="de")) != described
