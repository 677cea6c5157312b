"""Measures what `can-tf train --from` gains from a few utterances of a new speaker, in each fold by speaker.

    can-tf cross-validate --records RECORDS --protocol speaker --runs RUNS
    python tools/learning_curve.py --corpus CORPUS --root ROOT --records RECORDS --runs RUNS --out OUT

Each fold's run never heard its test speaker. It goes on with the first 1, 2, 5, ... utterances of each label, in an
order drawn by --draws; the same rest of the speaker tests every number of them, and the fold's validation set still
decides when to stop. What is done already in OUT is not done again.
"""

import dataclasses
import hashlib
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import keras
import numpy as np

from can_tf.cli.shared.progress import shown
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.corpus.utterance import Corpus, Utterance
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import Dataset, StoredUtterance, load_dataset
from can_tf.report.tables import format_table
from can_tf.training.data import Split, split_of
from can_tf.training.fit import train_fold
from can_tf.training.folds import number_of_folds
from can_tf.training.metrics import scores_of_confusion
from can_tf.training.options import TrainOptions, options_of_run
from can_tf.training.run_folder import CONFIG_FILE, read_predictions, read_run_json

COUNTS = "1,2,5"
# As names of sessions: the first tests, the next validates.
TEST, VALIDATION, TRAIN = "1-test", "2-validation", "3-train"
CAN, REFERENCE = "CAN --from", "logistic regression on these alone"


class Key(NamedTuple):
    """Whose confusion matrix: the model's name, how many utterances of a label it learned from, and the draw."""

    name: str
    count: int
    draw: int


def drawn(rows: Sequence[StoredUtterance], draw: int) -> dict[str, list[str]]:
    """Returns ids by label, in an order that a number draws."""

    def shuffled(row: StoredUtterance) -> str:
        return hashlib.sha256(f"{draw}:{row.id}".encode()).hexdigest()

    by_label: dict[str, list[str]] = {}
    for row in sorted(rows, key=shuffled):
        by_label.setdefault(row.label, []).append(row.id)
    return by_label


def sessions_of(split: Split, count: int, most: int, draw: int) -> dict[str, str]:
    """Returns which set each utterance of a study is in, by id.

    Args:
        split: Of the fold whose test speaker is to be learned.
        count: Utterances of each label to learn from.
        most: The largest such number: what lies beyond it tests.
        draw: Draws the order.
    """
    sessions = {row.id: VALIDATION for row in split.validation}
    for ids in drawn(split.test, draw).values():
        sessions |= dict.fromkeys(ids[:count], TRAIN) | dict.fromkeys(ids[most:], TEST)
    return sessions


def part_of(corpus: Corpus, sessions: Mapping[str, str]) -> Corpus:
    """Returns some utterances of a corpus, in sessions."""

    def placed(utterance: Utterance) -> Utterance:
        return dataclasses.replace(utterance, session=sessions[utterance.id])

    kept = tuple(placed(utterance) for utterance in corpus.utterances if utterance.id in sessions)
    return dataclasses.replace(corpus, utterances=kept, rejected=())


@dataclasses.dataclass(frozen=True)
class Study:
    """What is learned from what: a corpus, its records, its runs by speaker, and how a run goes on."""

    corpus: Corpus
    dataset: Dataset
    runs: Path
    out: Path
    counts: tuple[int, ...]
    draws: int
    options: Mapping[str, Any]

    def measure(self) -> dict[Key, np.ndarray]:
        """Returns the confusion matrices, one row per true label, of all speakers together."""
        found: dict[Key, np.ndarray] = {}
        folds = number_of_folds(self.dataset.utterances, "speaker")
        report = shown("Learning", "speakers")
        for fold in range(folds):
            for draw in range(self.draws):
                for key, confusion in self._of_speaker(fold, draw).items():
                    found[key] = found.get(key, 0) + confusion
            report(fold + 1, folds)
        return found

    def _of_speaker(self, fold: int, draw: int) -> dict[Key, np.ndarray]:
        split = split_of(self.dataset, TrainOptions(protocol="speaker", fold=fold))
        start, most = self.runs / f"can-speaker-fold{fold}-seed0", max(self.counts)
        unheard = confusion_of(start, sessions_of(split, 0, most, draw), self.dataset.labels)
        found = {Key(CAN, 0, draw): unheard}
        for count in self.counts:
            out = self.out / f"speaker{fold}-draw{draw}-{count}"
            metrics = self._learned(start, sessions_of(split, count, most, draw), out)
            found[Key(CAN, count, draw)] = np.array(metrics["confusion"])
            found[Key(REFERENCE, count, draw)] = np.array(metrics["audio_reference"]["confusion"])
        return found

    def _learned(self, start: Path, sessions: Mapping[str, str], out: Path) -> dict[str, Any]:
        """Goes on from a run; returns the metrics of what tests."""
        description, own = self.dataset.description, self.dataset.folder.parent / "alignments"
        options = BuildOptions(
            segmentation=self.dataset.segmentation,
            fillers=description["fillers"],
            overlap=description["overlap"],
            front_end=self.dataset.front_end,
        )
        records = build_records(part_of(self.corpus, sessions), out / "records", options, alignments=own)
        before = options_of_run(start / CONFIG_FILE, read_run_json(start, CONFIG_FILE)["options"])
        same = {name: getattr(before, name) for name in ("units", "heads", "alpha", "dropout", "normalize")}
        asked = TrainOptions(protocol="session", fold=0, start=str(start), **same, **self.options)
        metrics = train_fold(records, out / "run", asked)
        keras.utils.clear_session()
        return metrics


def confusion_of(run: Path, sessions: Mapping[str, str], labels: Sequence[str]) -> np.ndarray:
    """Returns the confusion matrix, one row per true label, of the utterances of a run's test set that test here."""
    confusion = np.zeros((len(labels), len(labels)), int)
    for row in read_predictions(run, ("id", "label", "predicted")):
        if sessions.get(row["id"]) == TEST:
            confusion[labels.index(row["label"]), labels.index(row["predicted"])] += 1
    return confusion


@click.command(help=__doc__.splitlines()[0])
@click.option("--corpus", type=click.Choice(list(READERS)), required=True, help="Its format.")
@click.option("--root", type=click.Path(path_type=Path), required=True, help="The corpus.")
@click.option("--labels", help="Label set, as the records have it.")
@click.option("--records", type=click.Path(path_type=Path), required=True, help="Its records.")
@click.option("--runs", type=click.Path(path_type=Path), required=True, help="Cross-validated by speaker on them.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for records and runs.")
@click.option("--counts", default=COUNTS, show_default=True, help="Utterances of each label to learn from.")
@click.option("--draws", type=click.IntRange(min=1), default=1, show_default=True, help="How often they are drawn.")
@click.option("--learning-rate", type=float, default=2e-4, show_default=True)
@click.option("--epochs", type=int, default=30, show_default=True)
def main(corpus: str, root: Path, labels: str | None, records: Path, runs: Path, out: Path, **values: Any) -> None:
    """Prints UA of the test speakers by the number of utterances learned from."""
    counts, draws = tuple(map(int, values["counts"].split(","))), values["draws"]
    options = {name: values[name] for name in ("learning_rate", "epochs")}
    study = Study(read_corpus(corpus, root, labels), load_dataset(records), runs, out, counts, draws, options)
    found = study.measure()
    click.echo(table(found, (0, *counts), draws))
    click.echo(f"({found[Key(CAN, 0, 0)].sum()} utterances test, of all speakers together; {draws} draws)")


def table(found: Mapping[Key, np.ndarray], counts: Sequence[int], draws: int) -> str:
    """Returns UA by the number of utterances that were learned from: mean, and standard deviation over draws."""
    rows = [[str(count), *(_spread(found, name, count, draws) for name in (CAN, REFERENCE))] for count in counts]
    return format_table(["utterances of a label", f"UA, {CAN}", f"UA, {REFERENCE}"], rows)


def _spread(found: Mapping[Key, np.ndarray], name: str, count: int, draws: int) -> str:
    keys = [Key(name, count, draw) for draw in range(draws)]
    scores = [scores_of_confusion(found[key])["ua"] for key in keys if key in found]
    if not scores:
        return ""
    return f"{statistics.fmean(scores):.3f}" + (f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else "")


if __name__ == "__main__":
    main()
