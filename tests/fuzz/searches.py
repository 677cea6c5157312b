"""The parsers of a search."""

from collections.abc import Mapping
from pathlib import Path

from can_tf.training import tuning
from can_tf.training.oracles import STATE_FILE, check_states
from can_tf.training.search import Search
from tests.fuzz import records
from tests.fuzz.parser import Parser, sealed, sealed_parser
from tests.fuzz.runs import OPTIONS

SEARCH = {"options": OPTIONS, "over": ("alpha", "heads"), "method": "random", "trials": 4, "folds": 2, "jobs": 1}


def _search(folder: Path) -> Search:
    return Search(folder=folder / "search", records={0.1: folder / "records"}, **SEARCH)


def _prepare_search(folder: Path) -> None:
    for name in ("search", "records"):
        (folder / name).mkdir()
    records.prepare(folder / "records")


def _same_search(content: bytes, folder: Path) -> None:
    (folder / "search" / "search.json").write_bytes(content)
    tuning._check_same(_search(folder), may_begin=False)


def _prepare_states(folder: Path) -> None:
    (folder / "trial_0").mkdir()
    for name in (STATE_FILE, "trial_0/trial.json"):
        (folder / name).write_bytes(sealed(b"{}"))


def _states(name: str):
    def feed(content: bytes, folder: Path) -> None:
        (folder / name).write_bytes(content)
        check_states(folder)

    return feed


_SEARCH_JSON = {**_search(Path()).description(), "records": [records.DESCRIPTION["fingerprint"]]}

_ORACLE = {"ongoing_trials": {"tuner0": "1"}, "start_order": ["0", "1"], "end_order": ["0"], "retry_queue": []}
_TRIAL = {"trial_id": "0", "score": 0.5, "status": "COMPLETED", "hyperparameters": {"values": {"alpha": 0.1}}}

PARSERS: Mapping[str, Parser] = {
    "search.json": sealed_parser([_SEARCH_JSON], _same_search, prepare=_prepare_search),
    "oracle.json": sealed_parser([_ORACLE], _states(STATE_FILE), prepare=_prepare_states),
    "trial.json": sealed_parser([_TRIAL], _states("trial_0/trial.json"), prepare=_prepare_states),
}
