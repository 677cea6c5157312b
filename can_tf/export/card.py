"""The model card: what an exported model was trained on, how well it does, what it is for and what it is not for."""

import html
import re
import string
from collections.abc import Mapping
from importlib import resources
from typing import Any

from can_tf.corpus.registry import license_of
from can_tf.models.config import ModelConfig
from can_tf.training.calibration import Calibration
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES


def model_card(
    config: Mapping[str, Any], metrics: Mapping[str, Any], model: ModelConfig, calibration: Calibration | None = None
) -> str:
    """Returns the card as Markdown.

    Args:
        config: A run's `config.json`.
        metrics: Its `metrics.json`.
        model: Its `model.json`.
        calibration: Of its `calibrated_probabilities`; None if it gives none.
    """
    options, records = config["options"], config["records"]
    corpus = records["corpus"]
    kind = f"synthetic {corpus['name']} corpus" if corpus["synthetic"] else corpus["name"]
    note = " The speech is synthetic, so are the figures." if corpus["synthetic"] else ""
    values = {
        "model": options["model"],
        "kind": kind,
        "version": config["versions"]["can_tf"],
        "labels": ", ".join(model.labels),
        "utterances": records["utterances"],
        "fingerprint": records["fingerprint"][:16],
        "features": records["features"]["name"],
        "segmentation": records["segmentation"],
        "fillers": records["fillers"],
        "license": license_of(corpus["name"], corpus.get("parts")),
        "fold": options["fold"],
        "protocol": options["protocol"],
        "seed": options["seed"],
        "epochs": metrics["epochs"],
    }
    template = (resources.files(__package__) / "data" / "model_card.md").read_text(encoding="utf-8")
    return string.Template(template).substitute(
        **{name: _plain(value) for name, value in values.items()},
        note=note,
        scores=_scores(metrics),
        recalls=_recalls(metrics),
        confidence=_confidence(calibration),
    )


def _plain(value: Any) -> str:
    """Returns text that Markdown takes for text: a corpus names its own labels."""
    return re.sub(r"([\\`*\[\]|!])", r"\\\1", html.escape(" ".join(str(value).split()), quote=False))


def _confidence(calibration: Calibration | None) -> str:
    if calibration is None:
        return "Probabilities are not calibrated; `can-tf export --calibrated` adds some that are."
    before, after = calibration.unscaled["ece"], calibration.scaled["ece"]
    return (
        f"`calibrated_probabilities` have the temperature {calibration.temperature:.3f}, fitted on the "
        f"{calibration.validation_count} utterances of the validation set. It takes the expected calibration error on "
        f"the test set from {before:.3f} to {after:.3f}; on other speech nothing is known of it."
    )


def _scores(metrics: Mapping[str, Any]) -> str:
    named = {FINAL_PREDICTION: metrics, **{name: metrics.get(key) for key, name in OTHER_PREDICTIONS.items()}}
    rows = [["prediction", *SCORE_NAMES.values()], ["---"] * (1 + len(SCORE_NAMES))]
    rows += [[name, *(f"{values[key]:.3f}" for key in SCORE_NAMES)] for name, values in named.items() if values]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _recalls(metrics: Mapping[str, Any]) -> str:
    return "\n".join(
        f"| {_plain(label)} | {'absent' if recall is None else f'{recall:.3f}'} |"
        for label, recall in metrics["recall"].items()
    )
