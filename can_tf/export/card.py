"""The model card: what an exported model was trained on, how well it does, what it is for and what it is not for."""

import string
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from can_tf.export.cross_validations import cross_validations_section
from can_tf.export.licenses import licenses_section, speech_of
from can_tf.export.markdown import plain, table
from can_tf.features.registry import front_end_from_json
from can_tf.models.config import ModelConfig
from can_tf.training.calibration import Calibration
from can_tf.training.metrics import FINAL_PREDICTION, OTHER_PREDICTIONS, SCORE_NAMES
from can_tf.training.options import MONITORS, monitored


def model_card(
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    model: ModelConfig,
    calibration: Calibration | None = None,
    cross_validations: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Returns the card as Markdown.

    Args:
        config: A run's `config.json`.
        metrics: Its `metrics.json`.
        model: Its `model.json`.
        calibration: Of its `calibrated_probabilities`; None if it gives none.
        cross_validations: Summaries, of `read_cross_validations`.
    """
    options, records = config["options"], config["records"]
    corpus = records["corpus"]
    *others, last = corpus.get("parts") or [corpus["name"]]
    name = f"{', '.join(others)} and {last}" if others else last
    note = " The speech is synthetic, so are the figures." if corpus["synthetic"] else ""
    monitor = monitored(options.get("monitor", MONITORS[0]), front_end_from_json(records["features"]))
    values = {
        "model": options["model"],
        "kind": f"synthetic {name} corpus" if corpus["synthetic"] else name,
        "version": config["versions"]["can_tf"],
        "labels": ", ".join(model.labels),
        "utterances": records["utterances"],
        "fingerprint": records["fingerprint"][:16],
        "features": records["features"]["name"],
        "segmentation": records["segmentation"],
        "fillers": records["fillers"],
        "fold": options["fold"],
        "protocol": options["protocol"],
        "seed": options["seed"],
        "epochs": metrics["epochs"],
        "monitor": SCORE_NAMES.get(monitor, monitor),
    }
    template = (resources.files(__package__) / "data" / "model_card.md").read_text(encoding="utf-8")
    return string.Template(template).substitute(
        **{name: plain(value) for name, value in values.items()},
        note=note,
        corpora=_corpora(records.get("corpora")),
        scores=_scores(metrics),
        recalls=_recalls(metrics),
        cross_validations=cross_validations_section(cross_validations),
        speech=speech_of(records),
        confidence=_confidence(calibration),
        licenses=licenses_section(records),
    )


def _corpora(corpora: Mapping[str, Any] | None) -> str:
    """Returns a table of speakers and utterances by corpus and label; nothing of runs that are older than it."""
    if not corpora:
        return ""
    labels = next(iter(corpora.values()))["counts"]
    rows = [[name, of["speakers"], sum(of["counts"].values()), *of["counts"].values()] for name, of in corpora.items()]
    return f"\n\n{table(['corpus', 'speakers', 'utterances', *labels], rows)}"


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
    rows = [[name, *(f"{values[key]:.3f}" for key in SCORE_NAMES)] for name, values in named.items() if values]
    return table(["prediction", *SCORE_NAMES.values()], rows)


def _recalls(metrics: Mapping[str, Any]) -> str:
    rows = [[label, "absent" if recall is None else f"{recall:.3f}"] for label, recall in metrics["recall"].items()]
    return table(["label", "recall"], rows)
