"""The parsers of run folders and of options."""

import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from can_tf.export.cross_validations import cross_validations_section, read_cross_validations
from can_tf.files import write_json
from can_tf.models.config import ModelConfig
from can_tf.records.dataset import Dataset
from can_tf.report.against import compare_together
from can_tf.report.comparison import read_results
from can_tf.report.page import page
from can_tf.report.run import headline_scores, read_evaluation
from can_tf.report.scores import confidence_tables, scores_table
from can_tf.report.together import Together, read_together, scores_together
from can_tf.report.together_page import together_page, together_text
from can_tf.training import elsewhere, run_folder, run_state, trials
from can_tf.training.calibration import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, calibration_of
from can_tf.training.cross_validation import OUT_OF_FOLD_FILE, SUMMARY_FILE, read_summary, summarize
from can_tf.training.fold_runs import plan
from can_tf.training.intervals import intervals_of
from can_tf.training.leakage import heard_by
from can_tf.training.metrics import evaluate_predictions
from can_tf.training.options import TrainOptions, options_of_run, read_config
from can_tf.training.tracking import mlflow
from can_tf.training.tracking.tracker import tracked_run
from tests.fuzz import records
from tests.fuzz.parser import Parser, json_parser, sealed_parser, text_parser

OPTIONS = TrainOptions(units=4, heads=2, epochs=3)
LABELS = ("calm", "loud")
CONFIG = {
    "options": dataclasses.asdict(OPTIONS),
    "records": {**records.DESCRIPTION, "folder": "data/records", "utterances": 3},
    "versions": {"can_tf": "1.0"},
    "git_commit": None,
}
HISTORY_ROW = {
    "epoch": 1,
    "loss": 1.5,
    "validation_loss": 1.25,
    "validation_wa": 0.5,
    "validation_ua": 0.25,
    "seconds": 2,
}
STATE = {
    "history": [HISTORY_ROW, {**HISTORY_ROW, "epoch": 2}],
    "best_epoch": 1,
    "weights": "epoch-0001.npz",
    "best_weights": "epoch-0000.npz",
}
MODEL = ModelConfig(
    labels=LABELS,
    vocabulary=("day", "good"),
    frame_mean=(0.5, -1.0),
    frame_variance=(1.0, 2.0),
    class_weights=(0.5, 2.0),
).to_json()
PROBABILITIES = [[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]]
PREDICTIONS = "id,label,predicted,probability_calm,probability_loud\n" + "".join(
    f"u{number},{LABELS[number % 2]},{LABELS[int(loud > calm)]},{calm},{loud}\n"
    for number, (calm, loud) in enumerate(PROBABILITIES)
)
SCORES = evaluate_predictions(np.array(PROBABILITIES), np.array([0, 1, 0]), LABELS)
METRICS = {**SCORES, "text": SCORES, "text_reference": SCORES, "majority": SCORES, "validation": SCORES, "epochs": 2}
METRICS |= {"synthetic": True, "best_epoch": 1, "seconds": 4.0}
_INTERVAL = {score: {"value": 0.5, "low": 0.25, "high": 0.75} for score in ("wa", "ua", "macro_f1")}
_SPREADS = {score: {"mean": 0.5, "std": 0.1, "values": [0.5, 0.25]} for score in ("wa", "ua", "macro_f1")}
_TRAININGS = {"runs": 5, "done": 4, "seeds": [0], "folds": [0], "synthetic": False, "test_share": 0.25}
SUMMARY = {
    **_TRAININGS,
    "options": {**dataclasses.asdict(OPTIONS), "protocol": "speaker", "folds": 5},
    "records": {"fingerprint": records.DESCRIPTION["fingerprint"], "corpus": "manifest"},
    "pooled": {"audio": {score: {"mean": 0.5, "std": None} for score in ("wa", "ua", "macro_f1")}},
    "scores": {name: {**_SPREADS, "recall": {"calm": {"mean": None, "std": None}}} for name in ("final", "audio")},
    "intervals": [
        {"corpus": "", "utterances": 9, "speakers": 6, "resampled": "speakers", **_INTERVAL},
        {"corpus": "<img src=x>", "utterances": 3, "speakers": 2, "resampled": "utterances", **_INTERVAL},
    ],
}
_TOGETHER = [
    {"seed": "0", "fold": "0", "corpus": "", "speaker": "ann", "id": "u1", "label": "calm", "predicted": "calm"},
    {"seed": "0", "fold": "1", "corpus": "", "speaker": "bob", "id": "u2", "label": "loud", "predicted": "calm"},
]
_TOGETHER_CSV = "seed,fold,corpus,speaker,id,label,predicted,probability_calm,probability_loud\n" + "".join(
    ",".join([*row.values(), "0.75", "0.25"]) + "\n" for row in _TOGETHER
)
VALIDATION = {
    "validation_wa": 0.5,
    "validation_ua": 0.5,
    "epochs": 2,
    "best_epoch": 1,
    "seconds": 2.5,
    "synthetic": True,
}
HISTORY = ",".join(run_state.HISTORY_COLUMNS) + "\n1,1.5,1.25,0.5,0.25,2.0\n2,1.5,inf,0.5,0.25,2.0\n"
PICTURES = dict.fromkeys(("calibration.png", "risk_coverage.png", "learning_curves.png"), b"PNG")
DATASET = Dataset(Path("data/records"), records.DESCRIPTION, ())


def _prepare(folder: Path) -> None:
    """Writes a finished run, where `plan` would have it, without checksums."""
    run = folder / run_folder.default_run_folder(OPTIONS).name
    (run / run_state.CHECKPOINT_FOLDER).mkdir(parents=True)
    for name, value in ((run_folder.CONFIG_FILE, CONFIG), (run_folder.METRICS_FILE, METRICS)):
        (run / name).write_text(json.dumps(value))
    for name in (run_folder.PREDICTIONS_FILE, run_folder.VALIDATION_PREDICTIONS_FILE):
        (run / name).write_text(PREDICTIONS)


def _run(folder: Path, name: str, content: bytes) -> Path:
    run = folder / run_folder.default_run_folder(OPTIONS).name
    (run / name).write_bytes(content)
    return run


def _config(content: bytes, folder: Path) -> None:
    run_folder.check_same(_run(folder, run_folder.CONFIG_FILE, content), OPTIONS, DATASET)


def _state(content: bytes, folder: Path) -> None:
    run = _run(folder, f"{run_state.CHECKPOINT_FOLDER}/state.json", content)
    state = run_state.read_state(run)
    assert -1 <= state.best_epoch < state.epochs
    assert isinstance(state.ends(OPTIONS), bool)
    for name in (state.weights, state.best_weights):
        assert Path(name).name == name
    assert sum(row["seconds"] for row in state.history) is not None


def _model(content: bytes, folder: Path) -> None:
    run = _run(folder, run_folder.MODEL_CONFIG_FILE, content)
    config = ModelConfig.from_json(run_folder.read_run_json(run, run_folder.MODEL_CONFIG_FILE))
    assert min(config.units, config.embedding_dim, config.heads) > 0
    assert len(config.frame_mean) == len(config.frame_variance) > 0
    assert np.isfinite([*config.frame_mean, *config.frame_variance, *config.class_weights, config.alpha]).all()
    assert 0 <= config.dropout < 1
    assert all(isinstance(text, str) for text in (*config.labels, *config.vocabulary))
    assert config == ModelConfig.from_json(json.loads(json.dumps(config.to_json())))


def _evaluate(name: str):
    def feed(content: bytes, folder: Path) -> None:
        evaluation = read_evaluation(_run(folder, name, content))
        assert np.isfinite(evaluation.probabilities).all()
        assert evaluation.probabilities.shape == (len(evaluation.true), len(evaluation.labels))
        scores_table(evaluation.metrics, alpha=evaluation.alpha)
        calibration = calibration_of(folder / run_folder.default_run_folder(OPTIONS).name, evaluation.labels)
        assert LOWEST_TEMPERATURE <= calibration.temperature <= HIGHEST_TEMPERATURE
        assert np.isfinite([calibration.unscaled["nll"], calibration.scaled["nll"]]).all()
        headline = headline_scores(evaluation, calibration, samples=5)
        text = page("a run", evaluation, calibration, headline, PICTURES)
        assert text.encode("utf-8", "xmlcharrefreplace").count(b"<table>") == 8
        confidence_tables(calibration)

    return feed


def _tracked(content: bytes, folder: Path) -> None:
    run = tracked_run(_run(folder, run_folder.CONFIG_FILE, content))
    assert TrainOptions(**{name: run.parameters()[name] for name in ("units", "alpha", "model")})
    assert all(isinstance(value, str) for value in mlflow._tags(run).values())


def _mlflow(content: bytes, folder: Path) -> None:
    state = mlflow.read_state(_run(folder, mlflow.STATE_FILE, content))
    assert all(isinstance(state[name], str) for name in ("run", "place", "sent"))


def _elsewhere(content: bytes, folder: Path) -> None:
    run = _run(folder, run_folder.CONFIG_FILE, content)
    config = run_folder.read_run_json(run, run_folder.CONFIG_FILE, elsewhere._CONFIG)
    options = options_of_run(run / run_folder.CONFIG_FILE, config["options"])
    elsewhere._check_fits(run, config["records"], options, DATASET)
    assert all(isinstance(note, str) for note in elsewhere._notes(config["records"], options, DATASET, ()))
    assert heard_by(run, config, options, DATASET, ()).utterances == 0


def _summary(content: bytes, folder: Path) -> None:
    _run(folder, run_folder.METRICS_FILE, content)
    summary = summarize(plan(OPTIONS, [0], [0], folder, folder))
    assert math.isfinite(summary["scores"]["final"]["wa"]["mean"])


def _on_a_card(content: bytes, folder: Path) -> None:
    (folder / SUMMARY_FILE).write_bytes(content)
    [summary] = read_cross_validations([folder], folder, CONFIG)
    section = cross_validations_section([summary])
    assert section.count("95 % intervals over resampled") == 1
    assert "<img" not in section


def _together(content: bytes, folder: Path) -> None:
    (folder / SUMMARY_FILE).write_bytes(content)
    together = Together("can-speaker", LABELS, read_summary(folder), _TOGETHER)
    found = {**scores_together(together), "compared": [compare_together(together, together, samples=2)]}
    assert "<img" not in together_page(found)
    assert together_text(found).startswith("can-speaker: UA ")


def _predictions_together(content: bytes, folder: Path) -> None:
    write_json(folder / SUMMARY_FILE, {**SUMMARY, "intervals": intervals_of(_TOGETHER, LABELS, samples=2)})
    (folder / OUT_OF_FOLD_FILE).write_bytes(content)
    assert scores_together(read_together(folder))["by_speaker"]


def _reproduction(name: str):
    def feed(content: bytes, folder: Path) -> None:
        _run(folder, name, content)
        planned = plan(OPTIONS, [0], [0], folder, folder)
        for reference in ("", "text_reference"):
            results = read_results(planned, reference=reference)
            assert math.isfinite(results.scores["wa"][0, 0])
            assert all(isinstance(text, str) for text in (*results.predicted.values(), *results.true.values()))

    return feed


def _validation(content: bytes, folder: Path) -> None:
    _run(folder, run_folder.VALIDATION_FILE, content)
    [run] = plan(OPTIONS, [0], [0], folder, folder)
    scores = trials.scores_of(dataclasses.replace(run, validation_only=True))
    assert math.isfinite(scores["validation_wa"] + scores["validation_ua"] + scores["seconds"])


def _history(content: bytes, folder: Path) -> None:
    for row in run_folder.read_history(_run(folder, run_folder.HISTORY_FILE, content)):
        assert tuple(row) == run_state.HISTORY_COLUMNS
        assert all(isinstance(value, float) for value in row.values())


def _options(content: bytes, folder: Path) -> None:
    path = folder / "options.json"
    path.write_bytes(content)
    options = TrainOptions(**read_config(path))
    assert min(options.units, options.heads, options.epochs, options.batch_size, options.patience) >= 1
    assert np.isfinite([options.alpha, options.learning_rate, options.clip_norm, options.dropout]).all()
    np.random.default_rng([options.seed, 0])
    assert options.seed < 2**32


# Of records that are not those at hand, which are too few to be split.
_ELSEWHERE = {**CONFIG, "records": {**CONFIG["records"], "fingerprint": "of others"}}

PARSERS: Mapping[str, Parser] = {
    "config.json": json_parser([CONFIG], _config, prepare=_prepare),
    "config.json, evaluated": json_parser([CONFIG], _evaluate(run_folder.CONFIG_FILE), prepare=_prepare),
    "config.json, tracked": json_parser([CONFIG], _tracked, prepare=_prepare),
    "mlflow.json": json_parser([{"run": "a1", "place": "sqlite:///x", "sent": ""}], _mlflow, prepare=_prepare),
    "config.json, on other records": json_parser([_ELSEWHERE], _elsewhere, prepare=_prepare),
    "state.json": sealed_parser([STATE], _state, prepare=_prepare),
    "model.json": json_parser([MODEL], _model, prepare=_prepare),
    "metrics.json, evaluated": json_parser([METRICS], _evaluate(run_folder.METRICS_FILE), prepare=_prepare),
    "metrics.json, summed up": json_parser([METRICS], _summary, prepare=_prepare),
    "summary.json": json_parser([SUMMARY], _on_a_card),
    "summary.json, reported": json_parser([SUMMARY], _together),
    "predictions.csv, of a cross-validation": text_parser([_TOGETHER_CSV], _predictions_together),
    "metrics.json, reported": json_parser([METRICS], _reproduction(run_folder.METRICS_FILE), prepare=_prepare),
    "predictions.csv": text_parser([PREDICTIONS], _evaluate(run_folder.PREDICTIONS_FILE), prepare=_prepare),
    "validation_predictions.csv": text_parser(
        [PREDICTIONS], _evaluate(run_folder.VALIDATION_PREDICTIONS_FILE), prepare=_prepare
    ),
    "predictions.csv, reported": text_parser([PREDICTIONS], _reproduction("predictions.csv"), prepare=_prepare),
    "validation.json": sealed_parser([VALIDATION], _validation, prepare=_prepare),
    "history.csv": text_parser([HISTORY], _history, prepare=_prepare),
    "--config": json_parser([dataclasses.asdict(OPTIONS), {"glove": "g.txt", "seed": 3}], _options),
}
