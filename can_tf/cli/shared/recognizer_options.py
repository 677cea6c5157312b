"""Options that say which recognizer finds the words of recordings that come without."""

from typing import Any

import click

from can_tf.alignment.recognition.recognizer import ENGLISH, RecognizerOptions
from can_tf.alignment.recognition.registry import AUTO, RECOGNIZERS, choose
from can_tf.alignment.recognition.whisper import DEFAULT_MODEL
from can_tf.cli.shared.names import NameIn
from can_tf.cli.shared.options import with_options
from can_tf.prediction.words import FindsWords

_NAMES = ("recognizer", "whisper", "language")


def recognizer_options(command: Any) -> Any:
    """Adds `--recognizer`, `--whisper` and `--language`."""
    options = [
        click.option(
            "--recognizer",
            type=NameIn(RECOGNIZERS, others=(AUTO,)),
            default=AUTO,
            help="What recognizes words where none are given: Whisper (many languages, few errors) or pocketsphinx "
            "(English, many errors). auto is Whisper if it and its model are on this machine, else pocketsphinx.",
        ),
        click.option(
            "--whisper",
            metavar="MODEL",
            show_default=DEFAULT_MODEL,
            help="Whisper model: a folder in CTranslate2's format, or a name such as tiny.en or small, which is "
            "downloaded if it is not on this machine.",
        ),
        click.option(
            "--language",
            metavar="CODE",
            show_default="detected in each recording",
            help="Language that is spoken, such as en or de. Transcripts are aligned in English only.",
        ),
    ]
    return with_options(command, options)


def recognizer_of(values: dict[str, Any], **more: Any) -> RecognizerOptions:
    """Takes the values of the options out of a command's and returns what they say.

    Args:
        values: Of the command's options.
        more: Other fields of `RecognizerOptions`.

    Raises:
        ConfigError, MissingExtraError, RecognizerError: The recognizer or the language that is named is not at hand.
    """
    name, whisper, language = (values.pop(option) for option in _NAMES)
    options = RecognizerOptions(name=name, whisper=whisper, language=_code(language), **more)
    auto = name == AUTO and whisper is None and options.language in (None, ENGLISH)
    return options if auto else choose(options).options


def _code(language: str | None) -> str | None:
    """Returns the code without a region: Whisper knows "en", and not "en-US"."""
    return None if language is None else language.strip().lower().replace("_", "-").partition("-")[0]


def say_recognized(answers: list[Any], finder: FindsWords, what: str = "recordings") -> None:
    """Says on stderr how many answers rest on recognized words, if any do, and on whose."""
    recognized = sum(getattr(answer, "words_from", "") == "recognition" for answer in answers)
    if recognized:
        click.echo(
            f"{recognized} of {len(answers)} {what} had neither an alignment nor a transcript: their words were "
            f"recognized by {by(finder)}.",
            err=True,
        )


def by(finder: FindsWords) -> str:
    """Returns what recognized words, and how many recordings are in which language."""
    languages = ", ".join(f"{language} {count}" for language, count in sorted(finder.heard.items()) if language)
    return f"{finder.recognizer} ({languages})" if languages else finder.recognizer
