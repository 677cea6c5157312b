"""An explanation as a figure for papers. Needs matplotlib, the extra `report`."""

from pathlib import Path
from typing import Any

import numpy as np

from can_tf.errors import MissingExtraError
from can_tf.explanation.data import Explanation, spectrogram_levels
from can_tf.files import replacing
from can_tf.report.plots import plain
from can_tf.samples import SAMPLE_RATE_HZ

_COLORS = {"text": "Blues", "audio": "Oranges"}
_INCHES_A_SECOND, _NARROWEST, _WIDEST = 2.6, 5.0, 20.0


def write_figure(path: Path, explanation: Explanation, note: str = "") -> None:
    """Draws waveform, spectrogram, and under each word's sound the attention that each modality gives it, by head.

    Args:
        path: Where to; its ending, .png, .pdf or .svg, is the format.
        explanation: What to draw.
        note: A sentence below.

    Raises:
        MissingExtraError: matplotlib is not installed.

    Example:
        >>> from can_tf import explain_recordings, load
        >>> model = load("saved_models/can")
        >>> [explanation] = explain_recordings(model, "talk.wav").values()
        >>> write_figure(Path("explanation.png"), explanation)
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("A figure", "report") from error
    heads = [len(getattr(explanation.prediction, f"{name}_attention")) for name in _COLORS]
    heights = [1.0, 1.8, *(0.35 + 0.22 * count for count in heads)]
    width = min(max(_INCHES_A_SECOND * explanation.seconds, _NARROWEST), _WIDEST)
    figure = Figure(figsize=(width, 1.4 + sum(heights)), dpi=200, layout="constrained")
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    figure.suptitle(plain(_title(explanation)), fontsize=9)
    _draw_sound(axes[0], axes[1], explanation)
    for axis, name in zip(axes[2:], _COLORS, strict=True):
        _draw_attention(axis, name, explanation)
    _name_words(axes[2], explanation)
    axes[-1].set_xlabel("seconds")
    if note:
        figure.supxlabel(note, fontsize=7)
    metadata = {".png": {"Software": None}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}[path.suffix.lower()]
    with replacing(path) as temporary, rc_context({"svg.hashsalt": "can_tf"}):  # Names in it are the same every time.
        figure.savefig(temporary, metadata=metadata)


def _title(explanation: Explanation) -> str:
    prediction = explanation.prediction
    sides = {"fused": prediction.fused_probabilities, "text": prediction.text_probabilities}
    sides["audio"] = prediction.audio_probabilities
    said = [
        f"{name}: {max(side, key=lambda label: side[label])} {max(side.values()):.2f}"
        for name, side in sides.items()
        if side
    ]
    final = f"{prediction.label}, confidence {prediction.confidence:.2f}"
    final += " (not calibrated)" if prediction.calibrated_probabilities is None else " (calibrated)"
    true = f" (true: {explanation.true})" if explanation.true else ""
    return f"{explanation.name}: {final}{true}\n{', '.join(said)}"


def _draw_sound(waveform: Any, spectrogram: Any, explanation: Explanation) -> None:
    samples, seconds = explanation.samples, explanation.seconds
    waveform.plot(np.arange(len(samples)) / SAMPLE_RATE_HZ, samples, color="0.3", linewidth=0.3)
    waveform.set_yticks([])
    waveform.set_ylabel("sound", fontsize=8)
    levels = spectrogram_levels(samples)
    spectrogram.imshow(levels.T, origin="lower", aspect="auto", cmap="magma", extent=(0, seconds, 0, levels.shape[1]))
    spectrogram.set_ylabel("mel band", fontsize=8)
    for axis, color in ((waveform, "0.6"), (spectrogram, "white")):
        for word in explanation.prediction.words[1:]:
            axis.axvline(word.start, color=color, linewidth=0.5)
    waveform.set_xlim(0, seconds)


def _draw_attention(axis: Any, name: str, explanation: Explanation) -> None:
    weights = getattr(explanation.prediction, f"{name}_attention")
    words = explanation.prediction.words
    edges = [*(word.start for word in words), words[-1].end]
    # From the top: the average, then the heads.
    rows = np.concatenate([weights.mean(axis=0, keepdims=True), weights])[::-1]
    mesh = axis.pcolormesh(edges, np.arange(len(rows) + 1), rows, cmap=_COLORS[name], vmin=0, edgecolor="0.8", lw=0.3)
    axis.set_yticks(
        np.arange(len(rows)) + 0.5, [*(f"head {head}" for head in range(len(weights), 0, -1)), "mean"], fontsize=6
    )
    axis.set_ylabel(f"{name}\nattention", fontsize=8)
    axis.figure.colorbar(mesh, ax=axis, pad=0.01, aspect=8).ax.tick_params(labelsize=6)


def _name_words(axis: Any, explanation: Explanation) -> None:
    words = explanation.prediction.words
    above = axis.secondary_xaxis("top")
    above.set_xticks([(word.start + word.end) / 2 for word in words], [plain(word.text) for word in words])
    above.tick_params(length=0, labelsize=7, labelrotation=45)
    for label in above.get_xticklabels():
        label.set(ha="left", rotation_mode="anchor")
