"""A run's report as one HTML page that needs nothing beside it: no network, no script, pictures inside.

What comes from files, labels and paths among it, is escaped: `_Html` marks what is markup already.
"""

import base64
import string
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from can_tf.files import replacing
from can_tf.report.run import LEARNING_CURVES_FILE, RELIABILITY_FILE, RISK_FILE, Evaluation, headline_scores
from can_tf.report.statistics import f1_interval, wilson_interval
from can_tf.report.tables import CONFIDENCE_HEADERS, RISK_HEADERS, confidence_rows, risk_rows, score_rows
from can_tf.training.calibration import Calibration
from can_tf.training.metrics import CALIBRATION_BINS, SCORE_NAMES
from can_tf.training.resampling import BOOTSTRAP_SAMPLES

PAGE_FILE = "report.html"
_HEADLINE_NAMES = {**SCORE_NAMES, "calibrated_ece": f"{SCORE_NAMES['ece']}, calibrated"}
_SYNTHETIC = (
    "<strong>Synthetic speech.</strong> The records hold no voice of a person. The figures show that all parts work "
    "together, and say nothing about how well emotions of people are recognized."
)


class _Html(str):
    """Text that is markup, and is not escaped again."""


def write_page(folder: Path, evaluation: Evaluation, calibration: Calibration, out: Path | None = None) -> Path:
    """Writes a run's `report.html` into the folder where its pictures are drawn; None is its own. Returns its path."""
    out = out or folder
    pictures = {name: (out / name).read_bytes() for name in (RELIABILITY_FILE, RISK_FILE, LEARNING_CURVES_FILE)}
    headline = headline_scores(evaluation, calibration)
    with replacing(out / PAGE_FILE) as temporary:
        text = page(folder.resolve().name, evaluation, calibration, headline, pictures)
        # JSON may hold halves of characters, which UTF-8 has no bytes for.
        temporary.write_bytes(text.encode("utf-8", "xmlcharrefreplace"))
    return out / PAGE_FILE


def page(
    title: str,
    evaluation: Evaluation,
    calibration: Calibration,
    headline: Mapping[str, tuple[float, float, float]],
    pictures: Mapping[str, bytes],
) -> str:
    """Returns the report of a run as HTML.

    Args:
        title: The run's name.
        evaluation: Its scores.
        calibration: Its temperature.
        headline: Its scores with intervals, by `headline_scores`.
        pictures: PNG by file name: reliability, risk over coverage and learning curves.
    """
    template = (resources.files("can_tf.report") / "data" / "report.html").read_text(encoding="utf-8")
    metrics, options, records = evaluation.metrics, evaluation.config["options"], evaluation.config["records"]
    synthetic = metrics["synthetic"]
    before, after = calibration.unscaled, calibration.scaled
    kind = "synthetic speech" if synthetic else f"the corpus {_name_of_corpus(records)}"
    subtitle = f"{options.get('model')}: {metrics['count']} utterances of {kind}, the test set of fold "
    subtitle += f"{options.get('fold')} of the protocol {options.get('protocol')}, seed {options.get('seed')}"
    return string.Template(template).substitute(
        title=escape(title),
        subtitle=escape(subtitle),
        synthetic=f'<p class="synthetic">{_SYNTHETIC}</p>' if synthetic else "",
        headline=_headline(headline),
        bins=CALIBRATION_BINS,
        samples=BOOTSTRAP_SAMPLES,
        comparison=_comparison(evaluation),
        labels=_labels(metrics["confusion"], evaluation.labels),
        confusion=_confusion(metrics["confusion"], evaluation.labels),
        temperature=escape(calibration.in_words()),
        calibration=_table("On the test set", CONFIDENCE_HEADERS, confidence_rows(calibration)),
        reliability=_picture(
            pictures[RELIABILITY_FILE],
            f"Reliability diagram, accuracy over confidence: the expected calibration error is {before['ece']:.3f} as "
            f"trained and {after['ece']:.3f} at the temperature.",
        ),
        risk=_table("Rejecting the least confident", RISK_HEADERS, risk_rows(calibration)),
        risk_coverage=_picture(
            pictures[RISK_FILE],
            f"Risk over coverage, the share wrong among the most confident: the area below is "
            f"{before['risk_coverage_area']:.3f} as trained and {after['risk_coverage_area']:.3f} at the temperature.",
        ),
        learning_curves=_picture(
            pictures[LEARNING_CURVES_FILE],
            f"Learning curves over {metrics.get('epochs')} epochs: losses of training and validation, WA and UA of "
            f"validation. Epoch {metrics.get('best_epoch')} was the best.",
        ),
        options=_named_values("Options of the training", {**options, "glove": options.get("glove") or "not given"}),
        provenance=_named_values("Where it comes from", _provenance(evaluation)),
    )


def _name_of_corpus(records: Mapping[str, Any]) -> Any:
    corpus = records.get("corpus")
    return corpus.get("name") if isinstance(corpus, dict) else corpus


def _headline(headline: Mapping[str, tuple[float, float, float]]) -> _Html:
    rows = [
        [_HEADLINE_NAMES[name], f"{value:.3f}", f"{low:.3f} to {high:.3f}"]
        for name, (value, low, high) in headline.items()
    ]
    return _table("The final prediction (Eq. 15) on the test set", ["score", "value", "95 % interval"], rows)


def _comparison(evaluation: Evaluation) -> _Html:
    rows = [
        [name, *(f"{scores[key]:.3f}" for key in ("wa", "ua", "macro_f1", "ece"))]
        for name, scores in score_rows(evaluation.metrics, alpha=evaluation.alpha)
    ]
    return _table("The final prediction beside its baselines", ["prediction", "WA", "UA", "macro F1", "ECE"], rows)


def _labels(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> _Html:
    """Returns recall, precision and F1 of each label, with bars."""
    counts = np.asarray(confusion)
    rows: list[list[Any]] = []
    for index, label in enumerate(labels):
        right, occurring, given = (int(n) for n in (counts[index, index], counts[index].sum(), counts[:, index].sum()))
        missed, wrongly_given = occurring - right, given - right
        f1 = "absent"
        if occurring:
            f1 = _bar(2 * right / (occurring + given), f1_interval(right, missed, wrongly_given))
        rows.append([label, occurring, _share(right, occurring, "absent"), _share(right, given, "never predicted"), f1])
    caption = "Each label, with 95 % intervals: the thin lines in the bars"
    return _table(caption, ["label", "utterances", "recall", "precision", "F1"], rows)


def _share(right: int, count: int, otherwise: str) -> str:
    return _bar(right / count, wilson_interval(right, count)) if count else otherwise


def _bar(value: float, interval: tuple[float, float]) -> _Html:
    """Returns a score with its interval in figures, and the same drawn."""
    low, high = interval
    drawing = (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * value:.1f}" height="10"/>'
        f'<line x1="{100 * low:.1f}" x2="{100 * high:.1f}" y1="5" y2="5"/></svg>'
    )
    return _Html(f"{value:.3f} ({low:.2f} to {high:.2f}){drawing}")


def _confusion(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> _Html:
    rows = []
    for label, counts in zip(labels, confusion, strict=True):
        shares = [count / max(sum(counts), 1) for count in counts]
        cells = [
            _Html(f'<td class="share" style="--share: {share:.3f}">{count} ({share:.0%})</td>')
            for count, share in zip(counts, shares, strict=True)
        ]
        rows.append([label, *cells])
    caption = "Confusion matrix: a row a true label, a column a predicted one; shares are of the row"
    return _table(caption, ["true label", *labels], rows)


def _provenance(evaluation: Evaluation) -> dict[str, Any]:
    config = evaluation.config
    records, versions = config["records"], config.get("versions")
    told = {
        "corpus": f"{_name_of_corpus(records)}{' (synthetic)' * evaluation.metrics['synthetic']}",
        **{name: records.get(name) for name in ("utterances", "segmentation", "fillers", "folder", "fingerprint")},
        "commit of can_tf": config.get("git_commit"),
    }
    return {**told, **(versions if isinstance(versions, dict) else {})}


def _named_values(caption: str, values: Mapping[str, Any]) -> _Html:
    rows = [
        [name, _Html(f'<td class="text">{escape("none" if value is None else str(value))}</td>')]
        for name, value in values.items()
    ]
    return _table(caption, ["name", "value"], rows)


def _table(caption: str, headers: Iterable[str], rows: Iterable[Sequence[Any]]) -> _Html:
    """Returns a table whose first column names its rows. Cells are escaped, but for markup; `<td>` may be its own."""
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>{"".join(map(_cell, cells))}</tr>\n' for name, *cells in rows
    )
    return _Html(
        f'<div class="wide" role="group" tabindex="0" aria-label="{escape(caption)}">\n'
        f"<table>\n<caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}</tbody>\n</table>\n</div>"
    )


def _cell(value: Any) -> str:
    if isinstance(value, _Html):
        return value if value.startswith("<td") else f"<td>{value}</td>"
    return f"<td>{escape(str(value))}</td>"


def _picture(content: bytes, description: str) -> _Html:
    data = base64.b64encode(content).decode("ascii")
    return _Html(f'<figure><img src="data:image/png;base64,{data}" alt="{escape(description)}"></figure>')
