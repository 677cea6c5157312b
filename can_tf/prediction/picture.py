"""Predictions as HTML that notebooks show.

It stands by itself, has no script, and takes the color of text from what is around it, so that it fits light and dark
pages. All that comes from a recording or a model is escaped.
"""

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from can_tf.alignment.word import Word
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors

if TYPE_CHECKING:
    from can_tf.prediction.answers import Prediction

_MOST_LABELS, _MOST_WORDS = 12, 200
_TEXT_RGB, _AUDIO_RGB = "31, 119, 180", "255, 127, 14"  # Of attention, as the figures of `can-tf explain` have it.
_STRONGEST_SHADE = 0.6  # Text stays to be read, light on dark and dark on light.
_TRACK = "rgba(128, 128, 128, 0.2)"
_OUTLINE = "box-shadow: 0 0 0 1px rgba(128, 128, 128, 0.8)"  # Some colors are pale on white, some dark on black.


def picture_of(prediction: "Prediction") -> str:
    """Returns a prediction as a picture: its label, the probability of each, and the words shaded by attention."""
    body = [_heading(prediction), *_bars(prediction)]
    for name, rgb, attention in (
        ("text", _TEXT_RGB, prediction.text_attention),
        ("audio", _AUDIO_RGB, prediction.audio_attention),
    ):
        body.append(_words(name, rgb, prediction.words, attention.mean(axis=0)))
    return as_html(f'<div style="max-width: 46em; line-height: 1.5">{"".join(body)}</div>')


def chip(label: str, labels: Iterable[str]) -> str:
    """Returns a label above a line of its color, which it has among the labels of its model."""
    color = label_colors(labels).get(label, UNCERTAIN_COLOR)
    return f'<span style="border-bottom: 0.15em solid {color}">{html.escape(label)}</span>'


def as_html(text: str) -> str:
    """Returns HTML that can be written as UTF-8: half a character, as a file's name may have it, is a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _heading(prediction: "Prediction") -> str:
    how = "not calibrated" if prediction.calibrated_probabilities is None else "calibrated"
    told = f"confidence {prediction.confidence:.3f} ({how})"
    if prediction.label != prediction.most_probable:
        told = f"most probable: {html.escape(prediction.most_probable)}, {told}"
    label = chip(prediction.label, prediction.probabilities)
    return f'<div><span style="font-size: 2em; font-weight: 600">{label}</span> &nbsp;{told}</div>'


def _bars(prediction: "Prediction") -> Iterable[str]:
    """Yields a bar for each label, the most probable first."""
    shares, colors = prediction.best_probabilities, label_colors(prediction.probabilities)
    ordered = sorted(shares, key=lambda label: -shares[label])
    for label in ordered[:_MOST_LABELS]:
        bar = f"width: {100 * shares[label]:.1f}%; height: 0.8em; background: {colors[label]}; {_OUTLINE}"
        yield (
            f'<div style="display: flex; align-items: center; gap: 0.6em">'
            f'<span style="width: 8em; text-align: right; overflow-wrap: anywhere">{html.escape(label)}</span>'
            f'<span style="flex: 0 0 16em; background: {_TRACK}"><span style="display: block; {bar}"></span></span>'
            f"<span>{shares[label]:.3f}</span></div>"
        )
    if len(ordered) > _MOST_LABELS:
        yield f"<div>and {len(ordered) - _MOST_LABELS} more labels</div>"


def _words(name: str, rgb: str, words: Sequence[Word], attention: np.ndarray) -> str:
    """Returns the words in a line, those darkest that got the most attention."""
    most = float(attention.max(initial=0.0)) or 1.0
    shaded = [
        f'<span title="{word.start:.2f} to {word.end:.2f} s, {name} attention {weight:.3f}" style="padding: 0 0.2em; '
        f'background: rgba({rgb}, {_STRONGEST_SHADE * weight / most:.2f})">{html.escape(word.text)}</span>'
        for word, weight in zip(words[:_MOST_WORDS], attention.tolist(), strict=False)
    ]
    more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return f'<div style="margin-top: 0.4em">{name} attention: {" ".join(shaded)}{more}</div>'
