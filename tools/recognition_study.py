"""Measures recognition: word errors, and how far off the onsets of the words that are right are, timed in three ways.

    python tools/recognition_study.py --corpus demo --root CORPUS --utterances 150 --whisper MODEL

The corpus says what is said in its transcripts or alignments, and when, if it has alignments. The three ways: as the
recognizer gives them; by Whisper's own times, mended; and by these as they are. Onsets are compared where a word was
recognized right. Needs: pip install -c constraints.txt -e '.[asr]'
"""

import difflib
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from can_tf.alignment.recognition import Recognizer, RecognizerOptions
from can_tf.alignment.recognition.registry import RECOGNIZERS, choose
from can_tf.alignment.recognition.timing import timed_words
from can_tf.alignment.recognition.whisper import WhisperRecognizer
from can_tf.alignment.silence import without_silence
from can_tf.alignment.spans import is_filler
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word, normalize_word
from can_tf.audio import read_audio
from can_tf.cli.shared.progress import shown
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.corpus.utterance import Utterance
from can_tf.errors import AlignmentError
from can_tf.report.tables import format_table
from can_tf.samples import SAMPLE_RATE_HZ

AS_GIVEN, OWN_MENDED, OWN = "as given", "own times, mended", "own times"


def said_in(utterance: Utterance) -> list[Word]:
    """Returns the words of an utterance, with times of 0 where only its transcript is known."""
    if utterance.words:
        words = [word for word in without_silence(utterance.words) if not is_filler(word.text)]
        return [Word(normalize_word(word.text), word.start, word.end) for word in words]
    try:
        texts = spoken_words(utterance.transcript)
    except AlignmentError:  # Of another alphabet.
        texts = tuple(filter(None, map(normalize_word, utterance.transcript.split())))
    return [Word(text, 0.0, 0.0) for text in texts]


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Returns the insertions, deletions and substitutions between two lines of words (Levenshtein, 1966)."""
    row = list(range(len(heard) + 1))
    for index, word in enumerate(said, 1):
        previous, row[0] = row[0], index
        for place, other in enumerate(heard, 1):
            previous, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, previous + (word != other))
    return row[-1]


def onset_errors(said: Sequence[Word], heard: Sequence[Word]) -> list[float]:
    """Returns how much later than they are said words are heard, in seconds, of those that are heard right.

    Example:
        >>> said = [Word("not", 0.0, 0.4), Word("again", 0.4, 1.0)]
        >>> onset_errors(said, [Word("so", 0.1, 0.4), Word("again", 0.5, 1.0)])
        [0.09999999999999998]
    """
    texts = [[word.text for word in words] for words in (said, heard)]
    matcher = difflib.SequenceMatcher(None, *texts, autojunk=False)
    return [
        heard[block.b + index].start - said[block.a + index].start
        for block in matcher.get_matching_blocks()
        for index in range(block.size)
    ]


def heard_in(recognizer: Recognizer, samples: np.ndarray) -> tuple[dict[str, list[Word]], str]:
    """Returns the words by way, of a recognizer that is not Whisper in the first alone, and the language."""
    if not isinstance(recognizer, WhisperRecognizer):
        try:
            given = recognizer.recognize(samples)
        except AlignmentError:
            return {}, "none"
        return {AS_GIVEN: without_silence(given)}, getattr(given, "language", "")
    segments, language = recognizer.segments(samples)
    own = [word for segment in segments for word in segment.words if normalize_word(word.text)]
    return {
        AS_GIVEN: recognizer.timed(segments, language, samples),
        OWN_MENDED: timed_words(segments, samples, None),
        OWN: [Word(normalize_word(word.text), word.start, word.end) for word in own],
    }, language


def study(utterances: Sequence[Utterance], options: RecognizerOptions) -> dict[str, Any]:
    """Returns word errors, languages, seconds and, by way, the quantiles of the absolute onset errors."""
    recognizer, report = choose(options).make(), shown("Recognizing", "utterances")
    errors: dict[str, list[float]] = {}
    languages: Counter[str] = Counter()
    wrong = words = 0
    sound = worked = 0.0
    for number, utterance in enumerate(utterances, 1):
        samples, said = read_audio(utterance.audio_path), said_in(utterance)
        began = time.perf_counter()
        heard, language = heard_in(recognizer, samples)
        worked += time.perf_counter() - began
        sound += len(samples) / SAMPLE_RATE_HZ
        languages[language] += 1
        wrong += word_errors([word.text for word in said], [word.text for word in heard.get(AS_GIVEN, [])])
        words += len(said)
        if utterance.words:
            for way, found in heard.items():
                errors.setdefault(way, []).extend(onset_errors(said, found))
        report(number, len(utterances))
    return {
        "utterances": len(utterances),
        "words": words,
        "word_error_rate": wrong / words,
        "languages": dict(languages),
        "seconds_per_second": worked / sound,
        "onsets": {way: _quantiles(found) for way, found in errors.items()},
    }


def _quantiles(errors: Sequence[float]) -> dict[str, float]:
    size = np.abs(errors)
    quantiles = {f"p{share}": float(np.quantile(size, share / 100)) for share in (50, 90, 95)}
    return {"words": len(size), **quantiles, "median": float(np.median(errors))}


def _some(utterances: Sequence[Utterance], count: int) -> list[Utterance]:
    """Returns as many utterances, evenly from the whole."""
    places = np.linspace(0, len(utterances) - 1, min(count, len(utterances))).round().astype(int)
    return [utterances[place] for place in places]


def _rows(onsets: dict[str, dict[str, float]]) -> Iterator[list[Any]]:
    for way, found in onsets.items():
        ms = [f"{1000 * found[name]:.0f} ms" for name in ("p50", "p90", "p95", "median")]
        yield [way, found["words"], *ms]


@click.command()
@click.option("--corpus", type=click.Choice(list(READERS)), default="manifest", show_default=True, help="Its format.")
@click.option("--root", type=click.Path(exists=True, path_type=Path), required=True, help="The corpus.")
@click.option("--labels", help="As build-records has it.")
@click.option("--utterances", type=click.IntRange(min=1), default=200, show_default=True, help="How many, at most.")
@click.option("--recognizer", type=click.Choice(list(RECOGNIZERS)), default="whisper", show_default=True)
@click.option("--whisper", help="Folder or name of the model.")
@click.option("--language", help="Code; detected by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    corpus: str, root: Path, labels: str | None, utterances: int, recognizer: str, as_json: bool, **values: Any
) -> None:
    """Measure what a recognizer makes of a corpus."""
    options = RecognizerOptions(name=recognizer, **values)
    found = study(_some(read_corpus(corpus, root, labels).utterances, utterances), options)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    languages = ", ".join(f"{language or 'unknown'} {count}" for language, count in sorted(found["languages"].items()))
    click.echo(f"{found['utterances']} utterances, {found['words']} words; languages: {languages}")
    click.echo(f"word errors {found['word_error_rate']:.3f}; {found['seconds_per_second']:.2f} s a second of sound")
    if found["onsets"]:
        headings = ["times", "right words", "median error", "90 %", "95 %", "late by, at the median"]
        click.echo(format_table(headings, list(_rows(found["onsets"]))))


if __name__ == "__main__":
    main()
