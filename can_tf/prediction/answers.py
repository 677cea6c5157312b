"""What a model answers: the same for a SavedModel in this process and for a server."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from can_tf.alignment.word import Word
from can_tf.errors import ServerError
from can_tf.prediction.picture import picture_of
from can_tf.prediction.requests import Request

_MOST = 1.001  # Sums of float32 miss 1 by a little.
UNCERTAIN = "uncertain"
_MOST_CHARACTERS = 60  # Of the words, where a prediction is told in a line.
_NOT_OF_EVERY_MODEL = (
    "calibrated_probabilities",
    "fused_probabilities",
    "text_probabilities",
    "audio_probabilities",
)


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prediction:
    """What a model says of one utterance. A notebook shows it as a picture.

    Attributes:
        label: The most probable label, or `UNCERTAIN` where `confidence` is too low for those who ask.
        most_probable: The most probable label.
        probabilities: By label, of the final prediction (Eq. 15).
        calibrated_probabilities: The same at the model's temperature; None if it was exported without.
        fused_probabilities: By label, of the fused head (Eq. 10); None if the export does not give it.
        text_probabilities, audio_probabilities: By label, of each modality alone (Eqs. 11 and 12); None if the model
            has no such head.
        words: The words, with the spans that became segments.
        text_attention, audio_attention: `<float32>[heads, words]`, each row sums to 1.
        words_from: How the words and their times are known: by "alignment", "transcript" or "recognition".

    Example:
        >>> from can_tf import load
        >>> prediction = load("saved_models/can").predict("talk.wav", "talk.wdseg")
        >>> prediction.confidence == max(prediction.probabilities.values())
        True
        >>> prediction.text_attention.shape == (2, len(prediction.words))  # This model has two heads.
        True
        >>> prediction  # doctest: +ELLIPSIS
        Prediction(label='...', confidence=0..., words='...', words_from='alignment')
    """

    label: str
    most_probable: str
    probabilities: Mapping[str, float]
    calibrated_probabilities: Mapping[str, float] | None
    fused_probabilities: Mapping[str, float] | None
    text_probabilities: Mapping[str, float] | None
    audio_probabilities: Mapping[str, float] | None
    words: tuple[Word, ...]
    text_attention: np.ndarray
    audio_attention: np.ndarray
    words_from: str

    def __repr__(self) -> str:
        other = f", most_probable={self.most_probable!r}" if self.label != self.most_probable else ""
        said = self.said if len(self.said) <= _MOST_CHARACTERS else f"{self.said[:_MOST_CHARACTERS]}..."
        return (
            f"Prediction(label={self.label!r}{other}, confidence={self.confidence:.3f}, words={said!r}, "
            f"words_from={self.words_from!r})"
        )

    def _repr_html_(self) -> str:
        return picture_of(self)

    @property
    def said(self) -> str:
        """The words, with spaces between them."""
        return " ".join(word.text for word in self.words)

    @property
    def best_probabilities(self) -> Mapping[str, float]:
        """The calibrated probabilities where there are any, else those of the final prediction."""
        return self.calibrated_probabilities or self.probabilities

    @property
    def confidence(self) -> float:
        """The largest of `best_probabilities`."""
        return max(self.best_probabilities.values())

    def to_json(self) -> dict[str, Any]:
        """Returns the prediction as JSON values, attention averaged over heads."""
        text, audio = self.text_attention.mean(axis=0), self.audio_attention.mean(axis=0)
        return {
            "label": self.label,
            "confidence": self.confidence,
            "most_probable": self.most_probable,
            "probabilities": dict(self.probabilities),
            **{name: (side := getattr(self, name)) and dict(side) for name in _NOT_OF_EVERY_MODEL},
            "words_from": self.words_from,
            "words": [
                {
                    "word": word.text,
                    "start": round(word.start, 4),
                    "end": round(word.end, 4),
                    "text_attention": float(text[index]),
                    "audio_attention": float(audio[index]),
                }
                for index, word in enumerate(self.words)
            ],
        }


def predictions_of(
    outputs: Mapping[str, np.ndarray], requests: Sequence[Request], *, reject_below: float = 0.0
) -> list[Prediction]:
    """Returns the predictions of a batch from a model's outputs; those of less confidence are `UNCERTAIN`.

    Raises:
        ServerError: They are not what a model of can_tf gives for these requests.
    """
    _check_outputs(outputs, requests)
    return [_prediction(outputs, row, request, reject_below) for row, request in enumerate(requests)]


def _check_outputs(outputs: Mapping[str, np.ndarray], requests: Sequence[Request]) -> None:
    """Raises ServerError at the first output whose type or shape is not that of a model of can_tf."""
    rows, most = len(requests), max(len(request.words) for request in requests)
    labels = outputs["labels"].shape[-1:] if "labels" in outputs else ()
    expected = {
        **dict.fromkeys(("probabilities", *_NOT_OF_EVERY_MODEL), (rows, *labels)),
        "label": (rows,),
        "labels": (rows, *labels),
        **dict.fromkeys(("text_attention", "audio_attention"), (rows, -1, most)),
    }
    for name, shape in expected.items():
        if name not in outputs and name in _NOT_OF_EVERY_MODEL:
            continue
        values = outputs.get(name, np.zeros(()))
        kind, is_kind = ("text", _is_text) if name in ("label", "labels") else ("numbers from 0 to 1", _are_shares)
        fits = values.ndim == len(shape) and values.size > 0 and is_kind(values)
        if not fits or any(size not in (-1, found) for size, found in zip(shape, values.shape, strict=True)):
            raise ServerError(
                f"the answer's {name}: expected {kind} of the shape {list(shape)}, as a model of can_tf has"
            )


def _is_text(values: np.ndarray) -> bool:
    return values.dtype.kind in "US" or all(isinstance(value, (str, bytes)) for value in values.flat)


def _are_shares(values: np.ndarray) -> bool:
    return values.dtype.kind in "fiu" and bool(((values >= 0) & (values <= _MOST)).all())


def _prediction(outputs: Mapping[str, np.ndarray], row: int, request: Request, reject_below: float) -> Prediction:
    labels = [_text(label) for label in outputs["labels"][row]]

    def by_label(name: str) -> dict[str, float] | None:
        return dict(zip(labels, outputs[name][row].tolist(), strict=True)) if name in outputs else None

    def attention(name: str) -> np.ndarray:
        return np.asarray(outputs[f"{name}_attention"][row], np.float32)[:, : len(request.words)]

    most_probable = _text(outputs["label"][row])
    prediction = Prediction(
        label=most_probable,
        most_probable=most_probable,
        probabilities=by_label("probabilities") or {},
        **{name: by_label(name) for name in _NOT_OF_EVERY_MODEL},
        words=request.words,
        text_attention=attention("text"),
        audio_attention=attention("audio"),
        words_from=request.words_from,
    )
    return dataclasses.replace(prediction, label=UNCERTAIN) if prediction.confidence < reject_below else prediction


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
