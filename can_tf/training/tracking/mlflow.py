"""MLflow: a run there for each run here. Needs the extra `mlflow`.

Where it is told and under which experiment is MLflow's own business: MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME.
The run folder remembers which run there it is, so that a training that goes on goes on in the same.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from can_tf.errors import RunError
from can_tf.extras import require
from can_tf.files import write_json
from can_tf.training import run_folder
from can_tf.training.run_state import HISTORY_FILE
from can_tf.training.tracking.tracker import Row, Scores, TrackedRun, TrackerKind, flat_scores

STATE_FILE = "mlflow.json"
EXTRA = "mlflow"

_STATE = {"run": str, "place": str, "sent": str}
_EXPERIMENT = "can_tf"  # Where nobody names one.
_GONE = "RESOURCE_DOES_NOT_EXIST"
_NOT_IN_NAMES = re.compile(r"[^\w.\- /]")
# A training does not wait for long for a server that is not there: MLflow's own values are minutes.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
_ARTIFACTS = (
    run_folder.CONFIG_FILE,
    HISTORY_FILE,
    run_folder.METRICS_FILE,
    run_folder.VALIDATION_FILE,
    run_folder.PREDICTIONS_FILE,
    run_folder.VALIDATION_PREDICTIONS_FILE,
    run_folder.MODEL_CONFIG_FILE,
    run_folder.MODEL_FILE,
)


class MlflowRun:
    """Tells MLflow; see `Tracker`.

    Args:
        run: Of which it is told.
    """

    def __init__(self, run: TrackedRun):
        self._run, self._state = run, read_state(run.folder)
        self._client: Any = None
        self._id = ""

    def begin(self, history: Sequence[Row]) -> None:
        self._open()
        self._send(history)

    def epoch(self, row: Row, losses: Mapping[str, float]) -> None:
        values = {name: value for name, value in row.items() if name != "epoch"}
        self._log({**values, **losses}, row["epoch"])

    def end(self, history: Sequence[Row], scores: Scores, result: str) -> None:
        self._open()
        self._send(history)
        self._log(flat_scores(scores), len(history))
        for name in _ARTIFACTS:
            if (self._run.folder / name).exists():
                self._client.log_artifact(self._id, str(self._run.folder / name))
        self._client.set_terminated(self._id, "FINISHED")
        self._remember(result)

    def stop(self, error: BaseException) -> None:
        if self._client is not None:
            self._client.set_terminated(self._id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")

    def _open(self) -> None:
        """Opens the run there, which is made where there is none, once."""
        if self._client is not None:
            return
        for name, value in _PATIENCE.items():
            os.environ.setdefault(name, value)
        import mlflow

        place = os.environ.get("MLFLOW_TRACKING_URI") or self._state["place"] or mlflow.get_tracking_uri()
        client = mlflow.MlflowClient(tracking_uri=place)
        same_place = self._state["place"] in ("", place)
        self._id = self._known(client) if same_place else ""
        if self._id:
            client.update_run(self._id, status="RUNNING")
        else:
            self._id = self._new(client)
            self._state = {"run": self._id, "place": place, "sent": ""}
            self._remember("")
        self._client = client

    def _known(self, client: Any) -> str:
        """Returns the id of the run there; nothing where there is none, or none any more."""
        from mlflow.exceptions import MlflowException

        try:
            return client.get_run(self._state["run"]).info.run_id if self._state["run"] else ""
        except MlflowException as error:
            if error.error_code != _GONE:
                raise
            return ""

    def _new(self, client: Any) -> str:
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or _EXPERIMENT
        experiment = client.get_experiment_by_name(name)
        number = client.create_experiment(name) if experiment is None else experiment.experiment_id
        number = os.environ.get("MLFLOW_EXPERIMENT_ID") or number
        run_id = client.create_run(number, run_name=self._run.name, tags=_tags(self._run)).info.run_id
        for key, value in self._run.parameters().items():
            client.log_param(run_id, key, value)
        return run_id

    def _send(self, history: Sequence[Row]) -> None:
        """Tells of the epochs that are not there yet."""
        there = {metric.step for metric in self._client.get_metric_history(self._id, "seconds")} if history else set()
        for row in history:
            if row["epoch"] not in there:
                self.epoch(row, {})

    def _log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._client.log_metric(self._id, _NOT_IN_NAMES.sub("_", name), value, step=step)

    def _remember(self, sent: str) -> None:
        self._state["sent"] = sent
        write_json(self._run.folder / STATE_FILE, self._state)


def _tags(run: TrackedRun) -> dict[str, str]:
    records = run.config["records"]
    known = {
        "can_tf.run": str(run.folder),
        "can_tf.records": records["fingerprint"],
        "can_tf.corpus": records["corpus"]["name"],
        "can_tf.synthetic": records["corpus"]["synthetic"],
        "mlflow.source.git.commit": run.config.get("git_commit"),
        **{f"can_tf.version.{name}": version for name, version in run.config["versions"].items()},
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def read_state(folder: Path) -> dict[str, str]:
    """Returns which run of MLflow's a run is, where that is, and the file of the scores that it has.

    Raises:
        RunError: The file that says so is damaged.
    """
    if not (folder / STATE_FILE).exists():
        return dict.fromkeys(_STATE, "")
    try:
        return run_folder.read_run_json(folder, STATE_FILE, _STATE)
    except RunError as error:
        raise RunError(f"{error} Delete the file, and MLflow has the training as a new run.") from error


MLFLOW = TrackerKind(
    title="MLflow",
    ready=lambda: require("mlflow", "Telling MLflow of trainings", EXTRA),
    make=MlflowRun,
    has=lambda folder, result: read_state(folder)["sent"] == result,
)
