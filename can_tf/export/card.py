"""The model card: what an exported model was trained on, how well it does, what it is for and what it is not for."""

from collections.abc import Mapping
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
    return f"""# Model card: {options["model"]}, trained on {kind}

A Cross Attention Network (Lee et al., 2020) over audio and the words said in it, made with can_tf \
{config["versions"]["can_tf"]}. It gives one of these labels to an utterance: {", ".join(model.labels)}.

## Data

{records["utterances"]} utterances of the {kind}; records of fingerprint `{records["fingerprint"][:16]}`, \
{records["segmentation"]} segments, fillers: {records["fillers"]}.

License of the training data: {license_of(corpus["name"])}

## Protocol and metrics

Fold {options["fold"]} of the protocol `{options["protocol"]}`, seed {options["seed"]}; the best of \
{metrics["epochs"]} epochs by validation WA. Measured on the test part of that fold.{note}

{_scores(metrics)}

| label | recall |
|---|---|
{_recalls(metrics)}

One fold says little: the spread over folds and seeds is several points. The protocol `paper` lets speakers, scenarios
and even sentences of the test part occur in training; `speaker` and `session` do not.

## Intended use

Research and prototypes on speech like the training data's: one speaker at a time, a few seconds, 16 kHz, with the words
and their times known.

## Limits

- Labels are what annotators heard, from actors if the corpus is acted; they are not what a person feels.
- Other languages, accents, microphones, noise, children's speech: not measured, expect worse.
- The audio side reads the words' times: late or wrong times, or words from a mediocre recognizer, make it worse.
- {_confidence(calibration)}
- Not for decisions about people: not for hiring, policing, schooling, health, or insurance. Some of these uses of
  emotion recognition are forbidden by law in places, the European Union among them.
"""


def _confidence(calibration: Calibration | None) -> str:
    if calibration is None:
        return "Probabilities are not calibrated; `can-tf export --calibrated` adds some that are."
    before, after = calibration.unscaled["ece"], calibration.scaled["ece"]
    return (
        f"`calibrated_probabilities` have the temperature {calibration.temperature:.3f}, fitted on the "
        f"{calibration.validation_count} utterances of the validation part. It takes the expected calibration error on "
        f"the test part from {before:.3f} to {after:.3f}; on other speech nothing is known of it."
    )


def _scores(metrics: Mapping[str, Any]) -> str:
    named = {FINAL_PREDICTION: metrics, **{name: metrics.get(key) for key, name in OTHER_PREDICTIONS.items()}}
    rows = [["prediction", *SCORE_NAMES.values()], ["---"] * (1 + len(SCORE_NAMES))]
    rows += [[name, *(f"{values[key]:.3f}" for key in SCORE_NAMES)] for name, values in named.items() if values]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _recalls(metrics: Mapping[str, Any]) -> str:
    return "\n".join(
        f"| {label} | {'absent' if recall is None else f'{recall:.3f}'} |"
        for label, recall in metrics["recall"].items()
    )
