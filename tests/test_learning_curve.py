"""The parts of `tools/learning_curve.py`, worked out by hand."""

from types import SimpleNamespace

import learning_curve as study
import numpy as np
from learning_curve import CAN, REFERENCE, TEST, TRAIN, VALIDATION, Key

from can_tf.training.data import Split


def rows(speaker, **counts):
    return tuple(
        SimpleNamespace(id=f"{speaker}-{label}-{take}", label=label)
        for label, count in counts.items()
        for take in range(count)
    )


SPLIT = Split(rows("others", calm=3), rows("ben", calm=1), rows("anna", calm=5, loud=3))


def test_the_same_rest_tests_every_number_of_utterances():
    of_one, of_two = (study.sessions_of(SPLIT, count, most=2, draw=0) for count in (1, 2))
    for sessions, learned in ((of_one, 2), (of_two, 4)):
        found = list(sessions.values())
        assert [found.count(part) for part in (TRAIN, VALIDATION, TEST)] == [learned, 1, 4]
    tested = [{id_ for id_, part in sessions.items() if part == TEST} for sessions in (of_one, of_two)]
    assert tested[0] == tested[1]
    assert {id_ for id_, part in of_one.items() if part == TRAIN} < {
        id_ for id_, part in of_two.items() if part == TRAIN
    }
    assert not any(id_.startswith("others") for id_ in of_two)
    assert sorted((TRAIN, VALIDATION, TEST)) == [
        TEST,
        VALIDATION,
        TRAIN,
    ]  # The first session tests, the next validates.


def test_another_draw_learns_from_others():
    drawn = {
        frozenset(id_ for id_, part in study.sessions_of(SPLIT, 2, 2, draw).items() if part == TRAIN)
        for draw in range(5)
    }
    assert len(drawn) > 1


def test_the_table_has_means_over_draws():
    found = {
        Key(CAN, 0, 0): np.array([[1, 1], [0, 2]]),
        Key(CAN, 0, 1): np.array([[2, 0], [0, 2]]),
        Key(CAN, 5, 0): np.array([[2, 0], [0, 2]]),
        Key(CAN, 5, 1): np.array([[2, 0], [0, 2]]),
        Key(REFERENCE, 5, 0): np.array([[0, 2], [0, 2]]),
        Key(REFERENCE, 5, 1): np.array([[0, 2], [0, 2]]),
    }
    lines = [line.split("  ") for line in study.table(found, (0, 5), 2).splitlines()[2:]]
    assert [[cell.strip() for cell in line if cell.strip()] for line in lines] == [
        ["0", "0.875 ± 0.177"],
        ["5", "1.000 ± 0.000", "0.500 ± 0.000"],
    ]
