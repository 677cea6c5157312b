"""Measures what imprecise words cost: UA of trained runs on words aligned, recognized, dropped, replaced or shifted.

    can-tf cross-validate --records RECORDS --runs RUNS
    python tools/words_study.py --root CORPUS --runs RUNS --recognizer sphinx --recognizer whisper

Each run is exported, and its export is asked about the run's own test utterances, as a user would ask it. An utterance
whose words are not found, or are refused, counts as wrong. The corpus must say when each word is said. Transcripts are
aligned where the language is English. Needs: pip install -c constraints.txt -e '.[asr,demo]'
"""

import csv
import dataclasses
import itertools
import json
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from recognition_study import word_errors

from can_tf.alignment.forced import Aligner
from can_tf.alignment.recognition import Recognizer, RecognizerOptions
from can_tf.alignment.recognition.registry import RECOGNIZERS, choose
from can_tf.alignment.silence import is_silence
from can_tf.alignment.spans import is_filler, share_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.audio import read_audio
from can_tf.cli.shared.progress import shown
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.corpus.utterance import Utterance
from can_tf.errors import AlignmentError, PredictionError
from can_tf.export.write import export_run
from can_tf.prediction.predictor import Predictor, load
from can_tf.report.tables import format_table
from can_tf.samples import SAMPLE_RATE_HZ
from can_tf.training.run_folder import PREDICTIONS_FILE

SHIFTS_MS = (20, 50, 100, 200)
SHARES = (0.1, 0.2, 0.5)
_SHORTEST_SECONDS = 0.02  # What is left of a word whose edges move.
_BATCH = 16

# The words of an utterance under a condition; None where there are none to be found.
Words = tuple[Word, ...] | None


@dataclasses.dataclass(frozen=True)
class Spoken:
    """An utterance, its recording, and its true words without silences between."""

    utterance: Utterance
    samples: np.ndarray
    words: tuple[Word, ...]


class Conditions:
    """Makes the words of each condition. Random ones are seeded by the utterance, so that every run meets the same."""

    def __init__(self, vocabulary: Sequence[str], recognizers: Mapping[str, Recognizer], language: str):
        self._vocabulary = vocabulary
        self.makers: dict[str, Callable[[Spoken], Words]] = {"true words": lambda spoken: spoken.words}
        if language == "en":
            self._aligner = Aligner()
            self.makers["transcript, aligned"] = self._aligned
        for name, recognizer in recognizers.items():
            self.makers[f"recognized by {name}"] = partial(_recognized, by=recognizer)
        for share in SHARES:
            self.makers[f"{share:.0%} of words dropped"] = partial(dropped, share=share)
        for share in SHARES:
            self.makers[f"{share:.0%} of words replaced"] = partial(self._replaced, share=share)
        for shift in SHIFTS_MS:
            self.makers[f"all words late by {shift} ms"] = partial(late, seconds=shift / 1000)
        for shift in SHIFTS_MS:
            self.makers[f"each edge off by {shift} ms"] = partial(shaken, seconds=shift / 1000)
        self.makers["words of equal length"] = equal

    def _aligned(self, spoken: Spoken) -> Words:
        said = " ".join(word.text for word in spoken.words if not is_filler(word.text))
        try:
            return self._aligner.align(spoken.samples, spoken_words(said))
        except AlignmentError:
            return None

    def _replaced(self, spoken: Spoken, share: float) -> Words:
        random = _random(spoken)
        chosen = random.random(len(spoken.words)) < share
        others = random.choice(self._vocabulary, len(spoken.words))
        return tuple(
            dataclasses.replace(word, text=str(other)) if change else word
            for word, change, other in zip(spoken.words, chosen, others, strict=True)
        )


def _recognized(spoken: Spoken, by: Recognizer) -> Words:
    try:
        return by.recognize(spoken.samples)
    except AlignmentError:
        return None


def _random(spoken: Spoken) -> np.random.Generator:
    return np.random.default_rng(list(spoken.utterance.id.encode()))


def dropped(spoken: Spoken, share: float) -> Words:
    """Drops each word with a probability, but not the last one left; the neighbors get its time."""
    kept = _random(spoken).random(len(spoken.words)) >= share
    if not kept.any():
        kept[0] = True
    return tuple(word for word, keep in zip(spoken.words, kept, strict=True) if keep)


def late(spoken: Spoken, seconds: float) -> Words:
    """Moves every edge between words by the same time, or as far as the word behind it lets it."""
    return _with_edges(spoken.words, [seconds] * (len(spoken.words) - 1))


def shaken(spoken: Spoken, seconds: float) -> Words:
    """Moves every edge between words by a time, forward or back at random, or as far as its words let it."""
    signs = _random(spoken).choice((-1.0, 1.0), len(spoken.words) - 1)
    return _with_edges(spoken.words, (seconds * signs).tolist())


def equal(spoken: Spoken) -> Words:
    """Gives every word the same time."""
    edges = np.linspace(spoken.words[0].start, spoken.words[-1].end, len(spoken.words) + 1).tolist()
    return _between(spoken.words, edges)


def _with_edges(words: tuple[Word, ...], shifts: Sequence[float]) -> tuple[Word, ...]:
    """Moves inner edges, in order, and keeps `_SHORTEST_SECONDS` of each word, or what it has if that is less."""
    edges = [words[0].start, *(word.end for word in words)]
    moved = list(edges)
    shortest = [min(word.end - word.start, _SHORTEST_SECONDS) for word in words]
    for index, shift in enumerate(shifts, 1):
        latest = edges[-1] - sum(shortest[index:])
        moved[index] = min(max(edges[index] + shift, moved[index - 1] + shortest[index - 1]), latest)
    return _between(words, moved)


def _between(words: Sequence[Word], edges: Sequence[float]) -> tuple[Word, ...]:
    pairs = itertools.pairwise(edges)
    return tuple(Word(word.text, start, end) for word, (start, end) in zip(words, pairs, strict=True))


def _texts(words: Words) -> list[str]:
    return [word.text for word in words or () if not is_silence(word.text) and not is_filler(word.text)]


def _answers(predictor: Predictor, spoken: Sequence[Spoken], words: Sequence[Words]) -> Iterator[str | None]:
    """Yields the label of each utterance, None where its words are not found or the model refuses them."""
    for start in range(0, len(spoken), _BATCH):
        part = list(zip(spoken[start : start + _BATCH], words[start : start + _BATCH], strict=True))
        requests = [
            None if words is None else predictor.request(utterance.samples, words, sample_rate=SAMPLE_RATE_HZ)
            for utterance, words in part
        ]
        asked = [request for request in requests if request is not None]
        answers = iter(predictor.predict_all(asked) if asked else [])
        for request in requests:
            answer = None if request is None else next(answers)
            yield None if answer is None or isinstance(answer, PredictionError) else answer.label


def _test_ids(run: Path) -> list[str]:
    with (run / PREDICTIONS_FILE).open(encoding="utf-8", newline="") as file:
        return [row["id"] for row in csv.DictReader(file)]


def _scores(true: Sequence[str], answered: Sequence[str | None]) -> tuple[float, float]:
    """Returns WA and UA; no answer is a wrong one."""
    right = np.array([label == answer for label, answer in zip(true, answered, strict=True)])
    return float(right.mean()), float(np.mean([right[np.array(true) == label].mean() for label in sorted(set(true))]))


def _spoken(corpus: str, root: Path, labels: str | None, ids: Container[str]) -> dict[str, Spoken]:
    by_id = {}
    for utterance in read_corpus(corpus, root, labels).utterances:
        if utterance.id in ids and utterance.words:
            samples = read_audio(utterance.audio_path)
            by_id[utterance.id] = Spoken(utterance, samples, share_silence(utterance.words))
    return by_id


def study(
    spoken: Mapping[str, Spoken], tested: Mapping[Path, Sequence[str]], conditions: Conditions
) -> list[Mapping[str, Any]]:
    """Returns a row a condition: WA and UA of all runs' answers together, their spread over runs, and word errors."""
    words = {name: _made(name, make, spoken) for name, make in conditions.makers.items()}
    answers: dict[str, list[list[str | None]]] = {name: [] for name in words}
    truths = [[spoken[id_].utterance.label for id_ in ids] for ids in tested.values()]
    with tempfile.TemporaryDirectory() as folder:
        for index, (run, ids) in enumerate(tested.items()):
            predictor = load(export_run(run, Path(folder) / str(index)).folder)
            utterances = [spoken[id_] for id_ in ids]
            for name, by_id in words.items():
                answers[name].append(list(_answers(predictor, utterances, [by_id[id_] for id_ in ids])))
    return [{**_scored(name, truths, answers[name]), **_errors(words[name], spoken)} for name in words]


def _made(name: str, make: Callable[[Spoken], Words], spoken: Mapping[str, Spoken]) -> dict[str, Words]:
    report = shown(name, "utterances")
    made: dict[str, Words] = {}
    for number, (utterance_id, utterance) in enumerate(spoken.items(), 1):
        made[utterance_id] = make(utterance)
        report(number, len(spoken))
    return made


def _scored(name: str, truths: Sequence[list[str]], answers: Sequence[list[str | None]]) -> dict[str, Any]:
    by_run = [_scores(true, answered) for true, answered in zip(truths, answers, strict=True)]
    wa, ua = _scores(list(itertools.chain(*truths)), list(itertools.chain(*answers)))
    wa_spread, ua_spread = np.std(by_run, axis=0, ddof=min(len(by_run) - 1, 1)).tolist()
    return {"words": name, "wa": wa, "wa_std": wa_spread, "ua": ua, "ua_std": ua_spread}


def _errors(words: Mapping[str, Words], spoken: Mapping[str, Spoken]) -> dict[str, float]:
    said = {utterance_id: _texts(utterance.words) for utterance_id, utterance in spoken.items()}
    errors = sum(word_errors(said[utterance_id], _texts(words[utterance_id])) for utterance_id in spoken)
    return {
        "word_error_rate": errors / sum(map(len, said.values())),
        "without_words": sum(found is None for found in words.values()) / len(words),
    }


@click.command()
@click.option("--corpus", type=click.Choice(list(READERS)), default="iemocap", show_default=True, help="Its format.")
@click.option("--root", type=click.Path(exists=True, path_type=Path), required=True, help="The corpus.")
@click.option("--labels", help="As build-records has it.")
@click.option("--runs", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Of can.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the runs.")
@click.option("--recognizer", "recognizers", type=click.Choice(list(RECOGNIZERS)), multiple=True, default=["sphinx"])
@click.option("--whisper", help="Folder or name of the model.")
@click.option("--language", default="en", show_default=True, help="Of the corpus, as a code.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    corpus: str,
    root: Path,
    labels: str | None,
    runs: Path,
    seed: int,
    recognizers: Sequence[str],
    whisper: str | None,
    language: str,
    as_json: bool,
) -> None:
    """Measure what imprecise words cost the runs in a folder of can-tf cross-validate."""
    made = {}
    for name in recognizers:
        options = RecognizerOptions(name=name, whisper=whisper if name == "whisper" else None, language=language)
        made[name] = choose(options).make()
    folders = [path.parent for path in sorted(runs.glob(f"can-*-fold*-seed{seed}/{PREDICTIONS_FILE}"))]
    tested = {folder: _test_ids(folder) for folder in folders}
    if not tested:
        raise click.ClickException(f"{runs}: holds no finished run can-PROTOCOL-foldN-seed{seed}.")
    spoken = _spoken(corpus, root, labels, frozenset(itertools.chain(*tested.values())))
    vocabulary = sorted({word.text for utterance in spoken.values() for word in utterance.words})
    rows = study(spoken, tested, Conditions(vocabulary, made, language))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    headings = ["words", "WA", "UA", "word errors", "without words"]
    click.echo(format_table(headings, [_cells(row) for row in rows]))


def _cells(row: Mapping[str, Any]) -> list[str]:
    scores = [f"{row[name]:.3f} ± {row[f'{name}_std']:.3f}" for name in ("wa", "ua")]
    return [row["words"], *scores, f"{row['word_error_rate']:.0%}", f"{row['without_words']:.1%}"]


if __name__ == "__main__":
    main()
