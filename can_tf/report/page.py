"""A run's report as one HTML page that needs nothing beside it."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from can_tf.report.html import Html, confusion_table, document, labels_table, named_values, picture, table, write_html
from can_tf.report.plots import to_svg
from can_tf.report.run import (
    LEARNING_CURVES_FILE,
    RELIABILITY_FILE,
    RISK_FILE,
    Evaluation,
    figures_of_run,
    headline_scores,
)
from can_tf.report.tables import CONFIDENCE_HEADERS, RISK_HEADERS, confidence_rows, risk_rows, score_rows
from can_tf.training.calibration import Calibration
from can_tf.training.metrics import CALIBRATION_BINS, SCORE_NAMES
from can_tf.training.resampling import BOOTSTRAP_SAMPLES

PAGE_FILE = "report.html"
_HEADLINE_NAMES = {**SCORE_NAMES, "calibrated_ece": f"{SCORE_NAMES['ece']}, calibrated"}


def write_page(folder: Path, evaluation: Evaluation, calibration: Calibration, out: Path | None = None) -> Path:
    """Writes a run's `report.html` into a folder; None is the run's. Returns its path."""
    figures = figures_of_run(folder, evaluation, calibration)
    pictures = {name: to_svg(figure, Path(name).stem) for name, figure in figures.items()}
    headline = headline_scores(evaluation, calibration)
    return write_html(
        (out or folder) / PAGE_FILE, page(folder.resolve().name, evaluation, calibration, headline, pictures)
    )


def page(
    title: str,
    evaluation: Evaluation,
    calibration: Calibration,
    headline: Mapping[str, tuple[float, float, float]],
    pictures: Mapping[str, str],
) -> str:
    """Returns the report of a run as HTML.

    Args:
        title: The run's name.
        evaluation: Its scores.
        calibration: Its temperature.
        headline: Its scores with intervals, by `headline_scores`.
        pictures: SVG, by file name: reliability, risk over coverage and learning curves.
    """
    metrics, options, records = evaluation.metrics, evaluation.config["options"], evaluation.config["records"]
    synthetic = metrics["synthetic"]
    before, after = calibration.unscaled, calibration.scaled
    kind = "synthetic speech" if synthetic else f"the corpus {name_of_corpus(records)}"
    subtitle = f"{options.get('model')}: {metrics['count']} utterances of {kind}, the test set of fold "
    subtitle += f"{options.get('fold')} of the protocol {options.get('protocol')}, seed {options.get('seed')}"
    return document(
        "report.html",
        title,
        subtitle,
        synthetic,
        headline=_headline(headline),
        bins=CALIBRATION_BINS,
        samples=BOOTSTRAP_SAMPLES,
        comparison=_comparison(evaluation),
        labels=labels_table(metrics["confusion"], evaluation.labels),
        confusion=confusion_table(metrics["confusion"], evaluation.labels),
        temperature=escape(calibration.in_words()),
        calibration=table("On the test set", CONFIDENCE_HEADERS, confidence_rows(calibration)),
        reliability=picture(
            pictures[RELIABILITY_FILE],
            f"Reliability diagram, accuracy over confidence: the expected calibration error is {before['ece']:.3f} as "
            f"trained and {after['ece']:.3f} at the temperature.",
        ),
        risk=table("Rejecting the least confident", RISK_HEADERS, risk_rows(calibration)),
        risk_coverage=picture(
            pictures[RISK_FILE],
            f"Risk over coverage, the share wrong among the most confident: the area below is "
            f"{before['risk_coverage_area']:.3f} as trained and {after['risk_coverage_area']:.3f} at the temperature.",
        ),
        learning_curves=picture(
            pictures[LEARNING_CURVES_FILE],
            f"Learning curves over {metrics.get('epochs')} epochs: losses of training and validation, WA and UA of "
            f"validation. Epoch {metrics.get('best_epoch')} was the best.",
        ),
        options=named_values("Options of the training", {**options, "glove": options.get("glove") or "not given"}),
        provenance=named_values("Where it comes from", provenance(evaluation)),
    )


def name_of_corpus(records: Mapping[str, Any]) -> Any:
    corpus = records.get("corpus")
    return corpus.get("name") if isinstance(corpus, dict) else corpus


def _headline(headline: Mapping[str, tuple[float, float, float]]) -> Html:
    rows = [
        [_HEADLINE_NAMES[name], f"{value:.3f}", f"{low:.3f} to {high:.3f}"]
        for name, (value, low, high) in headline.items()
    ]
    return table("The final prediction (Eq. 15) on the test set", ["score", "value", "95 % interval"], rows)


def _comparison(evaluation: Evaluation) -> Html:
    rows = [
        [name, *(f"{scores[key]:.3f}" for key in ("wa", "ua", "macro_f1", "ece"))]
        for name, scores in score_rows(evaluation.metrics, alpha=evaluation.alpha)
    ]
    return table("The final prediction beside its baselines", ["prediction", "WA", "UA", "macro F1", "ECE"], rows)


def provenance(evaluation: Evaluation) -> dict[str, Any]:
    config = evaluation.config
    records, versions = config["records"], config.get("versions")
    told = {
        "corpus": f"{name_of_corpus(records)}{' (synthetic)' * evaluation.metrics['synthetic']}",
        **{name: records.get(name) for name in ("utterances", "segmentation", "fillers", "folder", "fingerprint")},
        "commit of can_tf": config.get("git_commit"),
    }
    return {**told, **(versions if isinstance(versions, dict) else {})}
