"""Two cross-validations compared: differences worked out by hand, and what cannot be compared."""

import dataclasses
import json

import pytest
from click.testing import CliRunner

from can_tf.cli.main import main
from can_tf.errors import RunError
from can_tf.files import write_csv
from can_tf.report.against import compare_together
from can_tf.report.statistics import corrected_t_test
from can_tf.report.together import Together, read_together
from can_tf.training.intervals import intervals_of

LABELS = ("calm", "loud")
# By fold: each speaker's true labels, as letters.
TRUE = {0: {"anna": "ccll", "ben": "cl"}, 1: {"cora": "cl", "dan": "cl", "eve": "ccll"}}


def together(name, wrong, *, seeds=(0, 1), **options):
    """A cross-validation whose predictions are right, but for these: by seed, ids."""
    rows = [
        {"seed": seed, "fold": fold, "corpus": "", "speaker": speaker, "id": f"{speaker}{place}", "label": label}
        for seed in seeds
        for fold, speakers in TRUE.items()
        for speaker, letters in speakers.items()
        for place, label in enumerate({"c": "calm", "l": "loud"}[letter] for letter in letters)
    ]
    for row in rows:
        missed = row["id"] in wrong.get(row["seed"], ())
        row["predicted"] = row["label"] if not missed else {"calm": "loud", "loud": "calm"}[row["label"]]
    summary = {
        "test_share": 0.5,
        "options": {"protocol": "speaker", "folds": 0, **options},
        "records": {"fingerprint": "f", "corpus": "manifest"},
        "intervals": intervals_of(rows, LABELS, samples=20),
    }
    return Together(name, LABELS, summary, [{key: str(value) for key, value in row.items()} for row in rows])


BETTER = together("can-speaker", {0: ["anna0"]}, class_weight="none")
WORSE = together("audio-speaker", {0: ["anna0", "ben0", "eve0"], 1: ["eve3"]}, class_weight="balanced")


def test_differences_are_of_all_test_sets_together_and_tests_of_trainings():
    found = compare_together(BETTER, WORSE)
    # Of seven calm and seven loud utterances: UA 1 - 1/14 and 1 against 1 - 3/14 and 1 - 1/14, as is WA.
    for score in ("wa", "ua"):
        assert found[score]["difference"] == pytest.approx((2 / 14 + 1 / 14) / 2)
    # WA by training, seed 0 then 1: 5/6 against 4/6 and 8/8 against 7/8; then 6/6 twice and 8/8 against 7/8.
    expected = corrected_t_test([5 / 6, 1, 1, 1], [4 / 6, 7 / 8, 1, 7 / 8], 0.5)
    assert found["wa"]["p"] == pytest.approx(expected.p)
    assert (found["against"], found["pairs"], found["left_out"]) == ("audio-speaker", 4, 0)
    assert found["resampled"] == "speakers"
    assert found["differs"] == {"class_weight": ["none", "balanced"]}


def test_the_interval_draws_the_same_speakers_for_both():
    found = compare_together(BETTER, WORSE)["wa"]
    assert 0 <= found["low"] < found["difference"] < found["high"] < 0.25  # No speaker is worse with the first.
    same = compare_together(BETTER, dataclasses.replace(BETTER, name="again"))["wa"]
    assert (same["difference"], same["low"], same["high"], same["p"]) == (0.0, 0.0, 0.0, 1.0)


def test_trainings_of_one_alone_are_left_out():
    found = compare_together(BETTER, together("audio-speaker", {0: ["ben0"]}, seeds=(0, 2)))
    assert (found["pairs"], found["left_out"]) == (2, 4)
    assert found["wa"]["difference"] == pytest.approx(0)  # Seed 0 alone: one is wrong in each.


def other_label(one):
    rows = [{**row, "label": "calm"} if row["id"] == "eve3" else row for row in one.rows]
    return dataclasses.replace(one, rows=rows)


@pytest.mark.parametrize(
    "second, message",
    [
        (dataclasses.replace(WORSE, labels=("calm", "sad")), "their labels are calm, loud and calm, sad"),
        (together("x", {}, seeds=(7,)), "no fold and seed in common"),
        (dataclasses.replace(WORSE, rows=WORSE.rows[1:]), "not tested on the same utterances .1 predictions"),
        (other_label(WORSE), "not tested on the same utterances .4 predictions"),
    ],
)
def test_what_cannot_be_compared_is_refused(second, message):
    with pytest.raises(RunError, match=f"can-speaker and .* cannot be compared: .*{message}"):
        compare_together(BETTER, second)


def write(folder, one):
    spread = {"mean": 0.5, "std": 0.0}
    scores = {name: {**spread, "values": [0.5] * 4} for name in ("wa", "ua", "macro_f1")}
    summary = {
        **one.summary,
        "runs": 4,
        "done": 4,
        "folds": [0, 1],
        "seeds": [0, 1],
        "synthetic": False,
        "pooled": {"final": dict.fromkeys(scores, spread)},
        "scores": {"final": {**scores, "recall": dict.fromkeys(LABELS, spread)}},
    }
    path = folder / f"cv-{one.name}"
    path.mkdir()
    rows = [{**row, "probability_calm": 0.5, "probability_loud": 0.5} for row in one.rows]
    write_csv(path / "predictions.csv", rows[0], rows)
    (path / "summary.json").write_text(json.dumps(summary))
    return path


def evaluate(*arguments):
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)])


def test_the_command_compares_and_says_what_was_not_the_same(tmp_path):
    own, other = write(tmp_path, BETTER), write(tmp_path, WORSE)
    done = evaluate(own, "--against", other)
    assert done.exit_code == 0, done.output
    assert "audio-speaker" in done.stdout
    assert "+0.107" in done.stdout
    told = "audio-speaker: 4 pairs of trainings, speakers resampled; class_weight none against balanced."
    assert told in done.stdout
    page = (own / "report.html").read_text()
    assert "Compared with other cross-validations" in page
    assert told in page
    found = json.loads(evaluate(own, "--against", other, "--json").stdout)
    assert found["compared"] == [compare_together(read_together(own), read_together(other))]
    assert json.loads(evaluate(own, "--json").stdout)["compared"] == []


def test_a_run_is_not_compared_so(tmp_path):
    done = evaluate(tmp_path, "--against", tmp_path)
    assert done.exit_code == 1
    assert "is no folder of a cross-validation, which --against compares with another" in done.output
