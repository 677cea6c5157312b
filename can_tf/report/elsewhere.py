"""What a run's model is worth on the records of another corpus: scores with intervals, as text and as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.checksums import CHECKSUMS_FILE
from can_tf.errors import ConfigError
from can_tf.files import remove_temporary_files, write_json
from can_tf.progress import amount
from can_tf.records.dataset import DATASET_FILE
from can_tf.report.plots import confusion_matrix_figure, write_png
from can_tf.report.tables import format_table
from can_tf.training.elsewhere import Elsewhere
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES, evaluate_predictions
from can_tf.training.predictions import write_predictions
from can_tf.training.resampling import BOOTSTRAP_SAMPLES, score_intervals
from can_tf.training.run_folder import CONFIG_FILE, METRICS_FILE, PREDICTIONS_FILE

CONFUSION_FILE = "confusion.png"
_NAMED = 5  # Of speakers in common.
_OF_ONE = ("occurs", "it is the same person")
_FINISHED = (CHECKSUMS_FILE, CONFIG_FILE, DATASET_FILE)  # What a folder that is not to be written to has one of.
_NAMES: Mapping[str, str] = {
    "final": FINAL_PREDICTION,
    "shared": "final, among shared labels",
    "text": OTHER_PREDICTIONS["text"],
    "audio": OTHER_PREDICTIONS["audio"],
    "majority": "reference: their commonest label",
}


def metrics_elsewhere(result: Elsewhere, *, samples: int = BOOTSTRAP_SAMPLES) -> dict[str, Any]:
    """Returns the content of `metrics.json`: scores as a run's own metrics have them, intervals, and what they are of.

    Args:
        result: Of `evaluate_on`.
        samples: How often utterances are drawn for the intervals, which hold 95 % of what is drawn.

    Returns:
        The final prediction's scores; `shared`, `text`, `audio` and `majority` likewise, where there are any;
        `intervals`, `[low, high]` by prediction and score, but for `majority`, which is chosen by the very utterances;
        `run`, `records`, `speakers`, `synthetic`, `labels`, `left_out`, `heard` and `notes`.
    """
    final, *others = result.scores.items()
    dataset, match, heard = result.dataset, result.match, result.heard
    return {
        **final[1],
        **dict(others),
        "intervals": {name: _intervals(result, values, samples) for name, values in result.probabilities.items()},
        "run": str(result.run),
        "records": {
            "folder": str(dataset.folder),
            "fingerprint": dataset.fingerprint,
            "corpus": dataset.description["corpus"]["name"],
        },
        "speakers": result.speakers,
        "synthetic": dataset.synthetic,
        "labels": {"shared": list(match.shared), "lacking": list(match.lacking)},
        "left_out": dict(match.left_out),
        "heard": {
            "own_records": heard.own_records,
            "sets": heard.sets,
            "utterances": heard.utterances,
            "speakers": None if heard.speakers is None else list(heard.speakers),
        },
        "notes": list(result.notes),
    }


def _intervals(result: Elsewhere, probabilities: np.ndarray, samples: int) -> dict[str, list[float]]:
    true = result.predictions.true

    def scores(drawn: np.ndarray) -> dict[str, float]:
        scored = evaluate_predictions(probabilities[drawn], true[drawn], result.labels)
        return {name: scored[name] for name in SCORE_NAMES}

    return {name: list(ends) for name, ends in score_intervals(scores, len(true), samples=samples).items()}


def elsewhere_text(result: Elsewhere, metrics: Mapping[str, Any]) -> str:
    """Returns for people what `metrics_elsewhere` has found: the answer in a line, tables, and what to know of it."""
    kind = ", synthetic speech" if metrics["synthetic"] else ""
    answer = (
        f"On {amount(metrics['count'], 'utterances')} of {amount(result.speakers, 'speakers')} in "
        f"{result.dataset.folder} (corpus {metrics['records']['corpus']}{kind}): "
        f"WA {metrics['wa']:.3f}, UA {metrics['ua']:.3f}."
    )
    scores = f"{_scores_table(result, metrics)}\n(in brackets: 95 % intervals, over resampled utterances)"
    told = "\n".join([*_lines_on_labels(result), *_lines_on_heard(result)])
    return "\n\n".join(filter(None, [answer, scores, _recalls_table(result, metrics), told]))


def _scores_table(result: Elsewhere, metrics: Mapping[str, Any]) -> str:
    rows = []
    for key, name in _NAMES.items():
        scored = metrics if key == "final" else metrics.get(key)
        if scored is None:
            continue
        shown = f"{name} (alpha {result.alpha:g})" if key == "final" else name
        intervals = metrics["intervals"].get(key, {})
        rows.append([shown, *(_with_interval(scored[score], intervals.get(score)) for score in SCORE_NAMES)])
    return format_table(["prediction", *SCORE_NAMES.values()], rows)


def _with_interval(value: float, interval: list[float] | None) -> str:
    return f"{value:.3f}" + (f" ({interval[0]:.2f} to {interval[1]:.2f})" if interval else "")


def _recalls_table(result: Elsewhere, metrics: Mapping[str, Any]) -> str:
    recalls = {"recall": metrics["recall"]}
    if "shared" in metrics:
        recalls["among shared labels"] = metrics["shared"]["recall"]
    counts = [sum(row) for row in metrics["confusion"]]
    rows = [
        [label, count, *("absent" if of[label] is None else f"{of[label]:.3f}" for of in recalls.values())]
        for label, count in zip(result.labels, counts, strict=True)
    ]
    return format_table(["label", "utterances", *recalls], rows)


def _lines_on_labels(result: Elsewhere) -> list[str]:
    lines, match = [], result.match
    if match.lacking:
        lines.append(
            f"No utterance has the label {' or '.join(match.lacking)}: one that is taken for it is wrong. The row "
            "among shared labels sets it aside."
        )
    if match.left_out:
        counts = ", ".join(f"{label} {count}" for label, count in match.left_out.items())
        lines.append(
            f"Left out: {amount(sum(match.left_out.values()), 'utterances')} with labels that the model does not know "
            f"({counts}). build-records --labels maps labels to others."
        )
    return lines


def _lines_on_heard(result: Elsewhere) -> list[str]:
    lines, heard, count = [], result.heard, len(result.predictions.utterances)
    if heard.own_records:
        lines.append(
            f"These are the run's own records: {heard.utterances} of the {count} utterances are of its {heard.sets}, "
            "so these scores flatter. can-tf evaluate without --records shows those of its test set."
        )
    elif heard.utterances:
        lines.append(
            f"{heard.utterances} of the {count} utterances have the id of one of the run's {heard.sets}: if they are "
            "the same recordings, these scores flatter."
        )
    if heard.speakers is None:
        lines.append(
            "The run's own records are not where they were: whether it was trained on these speakers was not checked."
        )
    elif heard.speakers and not heard.own_records:
        names = ", ".join(heard.speakers[:_NAMED]) + ", ..." * (len(heard.speakers) > _NAMED)
        occur, same = ("occur", "they are the same people") if len(heard.speakers) > 1 else _OF_ONE
        lines.append(
            f"{amount(len(heard.speakers), 'names')} of speakers ({names}) also {occur} in the run's {heard.sets}. "
            f"That may be chance; if {same}, these scores flatter."
        )
    return lines


def default_folder(run: Path, records: Path) -> Path:
    """Returns where what is found of other records is written, unless another place is asked for.

    Example:
        >>> default_folder(Path("runs/mine"), Path("data/theirs")).as_posix()
        'runs/mine/on-theirs'
    """
    return run / f"on-{records.resolve().name}"


def check_writable(out: Path) -> None:
    """Raises ConfigError if a folder holds a run, records or another finished work, whose files would be replaced."""
    if found := next((name for name in _FINISHED if (out / name).exists()), None):
        raise ConfigError(
            f"holds other work ({found}), whose files would be replaced", where=str(out), advice="give another --out"
        )


def write_elsewhere(result: Elsewhere, out: Path, metrics: Mapping[str, Any] | None = None) -> list[Path]:
    """Writes `predictions.csv`, `confusion.png` and, last, `metrics.json`; returns their paths.

    Args:
        result: Of `evaluate_on`.
        out: The folder, made if missing.
        metrics: Of `metrics_elsewhere`; None works them out.

    Raises:
        ConfigError: The folder holds a run, records or another finished work.
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> from can_tf import evaluate_on, load_dataset
        >>> result = evaluate_on(Path("runs/can"), load_dataset(Path("data/records")))
        >>> [path.name for path in write_elsewhere(result, Path("elsewhere"))]
        ['predictions.csv', 'confusion.png', 'metrics.json']
    """
    check_writable(out)
    metrics = metrics_elsewhere(result) if metrics is None else metrics
    out.mkdir(parents=True, exist_ok=True)
    remove_temporary_files(out)
    paths = [out / name for name in (PREDICTIONS_FILE, CONFUSION_FILE, METRICS_FILE)]
    paths[-1].unlink(missing_ok=True)  # It would speak of predictions that are being replaced.
    write_predictions(paths[0], result.predictions, result.labels)
    title = f"{result.run.resolve().name} on {result.dataset.folder.resolve().name}"
    kind = " (synthetic speech)" if result.dataset.synthetic else ""
    write_png(confusion_matrix_figure(metrics["confusion"], result.labels, f"{title}{kind}"), paths[1])
    write_json(paths[2], dict(metrics))
    return paths
