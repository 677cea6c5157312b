"""Plots of results, as PNG files or as SVG for pages. Needs matplotlib, the extra `report`."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from can_tf.errors import MissingExtraError
from can_tf.files import replacing
from can_tf.training.calibration import RiskCoverage
from can_tf.training.metrics import calibration_bins, expected_calibration_error

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORS = ("tab:orange", "tab:blue")  # Of predictions drawn together, and where their counts stand, in points:
_BESIDE = ((6, -10), (-14, 6))


def plain(text: str) -> str:
    """Returns text for a picture, in which a dollar is a dollar: matplotlib would read what it opens as mathematics."""
    return text.replace("$", r"\$")


def confusion_matrix_figure(confusion: Sequence[Sequence[int]], labels: Sequence[str], title: str) -> "Figure":
    """Draws counts, and shares of each true label as shades: `confusion` has a row a true label."""
    counts = np.asarray(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _blank(title, width=1.6 + 0.75 * len(labels), height=1.6 + 0.65 * len(labels))
    image = axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.ndindex(counts.shape):
        color = "white" if shares[row, column] > 0.55 else "black"
        text = f"{counts[row, column]}\n{shares[row, column]:.0%}"
        axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    names = [plain(label) for label in labels]
    axes.set_xticks(range(len(labels)), names)
    axes.set_yticks(range(len(labels)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    figure.colorbar(image, label="share of the true label", shrink=0.8)
    return figure


def reliability_figure(predictions: Mapping[str, np.ndarray], true: np.ndarray, title: str) -> "Figure":
    """Draws accuracy over confidence, and how many predictions stand behind each point.

    Args:
        predictions: `<float>[utterances, labels]` by what they are called.
        true: `<int>[utterances]`, indices of the true labels.
        title: Above the picture; none where it is empty.
    """
    figure, axes = _blank(title, width=5.5, height=5.0)
    axes.plot([0, 1], [0, 1], color="gray", linestyle="--", label="perfectly calibrated")
    for (name, probabilities), color, beside in zip(predictions.items(), _COLORS, _BESIDE, strict=False):
        counts, confidences, accuracies = zip(*calibration_bins(probabilities, true), strict=True)
        error = expected_calibration_error(probabilities, true)
        axes.plot(confidences, accuracies, color=color, linewidth=1, label=f"{name}: ECE {error:.3f}")
        axes.scatter(confidences, accuracies, s=20 + 400 * np.array(counts) / sum(counts), color=color, alpha=0.6)
        for count, confidence, accuracy in zip(counts, confidences, accuracies, strict=True):
            place = (confidence, accuracy)
            axes.annotate(str(count), place, textcoords="offset points", xytext=beside, fontsize=7, color=color)
    axes.set_xlim(-0.06, 1.06)  # Room for the counts of points at the edges.
    axes.set_ylim(-0.06, 1.06)
    axes.set_xlabel("confidence: probability of the predicted label")
    axes.set_ylabel("accuracy")
    _legend_above(axes, columns=1)
    return figure


def risk_coverage_figure(curves: Mapping[str, RiskCoverage], title: str) -> "Figure":
    """Draws the share that is wrong over the share that is kept, the least confident left out first."""
    figure, axes = _blank(title, width=5.5, height=4.2)
    for (name, curve), color in zip(curves.items(), _COLORS, strict=False):
        label = f"{name}: area {curve.area:.3f}"
        coverage, risk = [0.0, *curve.coverage], [curve.risk[0], *curve.risk]
        axes.plot(coverage, risk, color=color, drawstyle="steps-pre", label=label)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("coverage: share of utterances kept")
    axes.set_ylabel("risk: share of them that is wrong")
    axes.grid(alpha=0.3)
    _legend_above(axes, columns=2)
    return figure


def learning_curves_figure(history: Sequence[Mapping[str, float]], title: str) -> "Figure":
    """Draws losses on the left and validation scores on the right, over epochs; rows are those of `history.csv`."""
    figure, axes = _blank(title, width=9.0, height=3.8, columns=2)
    epochs = [row["epoch"] for row in history]
    for name, label in (("loss", "training, Eq. 14"), ("validation_loss", "validation, of Eq. 15")):
        axes[0].plot(epochs, [row[name] for row in history], marker=".", label=label)
    for name, label in (("validation_wa", "validation WA"), ("validation_ua", "validation UA")):
        axes[1].plot(epochs, [row[name] for row in history], marker=".", label=label)
    axes[0].set_ylabel("loss")
    axes[1].set_ylabel("accuracy")
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.3)
        _legend_above(axis, columns=2)
    return figure


def timeline_figure(
    stretches: Sequence[tuple[float, float]],
    probabilities: Sequence[Sequence[float]],
    colors: Mapping[str, str],
    title: str,
) -> "Figure":
    """Draws the stretches of a recording over time, each as a column whose parts are the labels' probabilities.

    Args:
        stretches: Start and end of each, in seconds.
        probabilities: Of each stretch, in the order of the labels.
        colors: By label.
        title: Of the picture.
    """
    figure, axes = _blank(title, width=10.0, height=3.2)
    starts = [start for start, _ in stretches]
    widths = [end - start for start, end in stretches]
    below = np.zeros(len(stretches))
    for index, (label, color) in enumerate(colors.items()):
        heights = np.array([row[index] for row in probabilities])
        drawn = {"color": color, "edgecolor": "0.4", "linewidth": 0.5}
        axes.bar(starts, heights, widths, bottom=below, align="edge", label=plain(label), **drawn)
        below += heights
    axes.set_xlabel("seconds")
    axes.set_ylabel("probability")
    axes.set_ylim(0.0, 1.0)
    _legend_above(axes, columns=len(colors))
    return figure


def tables_figure(table: Sequence[Mapping[str, Any]], note: str) -> "Figure":
    """Draws each row's mean and standard deviation of WA and UA, with the paper's means as hollow marks."""

    def row_name(line: Mapping[str, Any]) -> str:
        return line["row"] if line["class_weight"] == "none" else f"{line['row']} ({line['class_weight']})"

    lines = [line for line in table if line["wa_mean"] is not None][::-1]
    figure, axes = _blank(f"Tables 2 to 4{f' ({note})' if note else ''}", width=8.0, height=1.5 + 0.4 * len(lines))
    for score, color, shift in (("wa", "tab:blue", 0.12), ("ua", "tab:orange", -0.12)):
        places = [place + shift for place in range(len(lines))]
        means = [line[f"{score}_mean"] for line in lines]
        spreads = [line[f"{score}_std"] or 0.0 for line in lines]
        axes.errorbar(means, places, xerr=spreads, fmt="o", color=color, label=score.upper())
        paper = [(line[f"{score}_paper"], place) for line, place in zip(lines, places, strict=True)]
        known = [(value, place) for value, place in paper if value is not None]
        axes.plot(*zip(*known, strict=True), "o", mfc="none", color=color, label=f"{score.upper()}, the paper")
    axes.set_yticks(range(len(lines)), [row_name(line) for line in lines])
    axes.set_xlabel("mean and standard deviation over trainings")
    _legend_above(axes, columns=4)
    return figure


def trials_figure(
    trials: Sequence[Mapping[str, Any]], over: Sequence[str], logarithmic: Sequence[str], note: str
) -> "Figure":
    """Draws validation WA over each hyperparameter, colored by the next; the paper's values are ringed."""
    title = f"Validation WA of {len(trials)} trials{f' ({note})' if note else ''}"
    figure, axes = _blank(title, width=1.0 + 4.0 * len(over), height=3.6, columns=len(over))
    scores = [trial["validation_wa"] for trial in trials]
    for index, (axis, name) in enumerate(zip([axes] if len(over) == 1 else axes, over, strict=True)):
        other = over[(index + 1) % len(over)]
        colors = None if other == name else [trial[other] for trial in trials]
        points = axis.scatter([trial[name] for trial in trials], scores, c=colors, cmap="viridis")
        paper = [trial for trial in trials if trial["trial"] == 0]
        axis.plot(
            [trial[name] for trial in paper],
            [trial["validation_wa"] for trial in paper],
            "o",
            ms=12,
            mfc="none",
            color="tab:red",
            label="the paper's values",
        )
        if colors is not None:
            figure.colorbar(points, ax=axis, label=other)
        if name in logarithmic:
            axis.set_xscale("log")
        axis.set_xlabel(name)
        axis.grid(alpha=0.3)
    first = axes if len(over) == 1 else axes[0]
    first.set_ylabel("validation WA")
    _legend_above(first, columns=1)
    return figure


def write_png(figure: "Figure", path: Path) -> None:
    """Writes a plot as PNG, black on white."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def to_svg(figure: "Figure", name: str) -> str:
    """Returns a plot as SVG for an HTML page: without background, and text and axes in the page's own color.

    Args:
        figure: The plot.
        name: Of letters; the names within begin with it, so that those of several pictures on a page differ.
    """
    from matplotlib import rc_context

    written = io.StringIO()
    with rc_context({"svg.hashsalt": name}):
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]  # Without what only files begin with.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg).replace("xlink:href", "href")  # HTML knows what SVG is.
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = svg.replace("#000000", "currentColor")
    return svg.replace("<svg", '<svg fill="currentColor" stroke-linejoin="round"', 1)


def _blank(title: str, *, width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A plot", "report") from error
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    if title:
        figure.suptitle(plain(title), fontsize=10)
    return figure, figure.subplots(1, columns)


def _legend_above(axes: Any, columns: int) -> None:
    axes.legend(fontsize=8, ncols=max(columns, 1), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
