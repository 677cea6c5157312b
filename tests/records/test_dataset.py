"""What `load_dataset` refuses: each part of a records folder that is damaged, by its name."""

import csv
import json
import math

import pytest

from can_tf.errors import RecordsError
from can_tf.files import write_csv
from can_tf.records.dataset import REJECTED_COLUMNS, load_dataset
from can_tf.records.specification import COLUMNS
from tests.conftest import without_checksums


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"labels": []}, "labels: expected one at least"),
        ({"labels": ["calm", "calm"]}, "labels: expected one at least, each once"),
        ({"labels": "calm"}, "labels: expected a list, found 'calm'"),
        ({"corpus": {"name": "manifest"}}, "corpus lacks synthetic"),
        ({"features": {}}, "features lacks name"),
        ({"features": {"name": "plp"}}, "features: there is no front end 'plp'; expected one of mfcc"),
        ({"features": {"name": "mfcc", "mel": 1}}, "features: mfcc has no setting 'mel'; expected window_seconds"),
        ({"overlap": 2}, "overlap: expected another value, found 2"),
        ({"same_sound": ["u1"]}, "same_sound: expected an object"),
        ({"same_sound": {"u1": 0}}, "same_sound.u1: expected text, found 0"),
        ({"fillers": None}, "it lacks fillers|fillers: expected text"),
        ({"counts": {"calm": "2"}}, "counts.calm: expected a whole number, found '2'"),
        (
            {"shards": [{"name": "../x", "examples": 1, "bytes": 1, "sha256": ""}]},
            "shards: expected names of files in this",
        ),
        (
            {"shards": [{"name": "x", "examples": 1, "bytes": 10**4000, "sha256": 0}]},
            r"shards\[0\].sha256: expected text, found 0",
        ),
    ],
)
def test_a_description_with_a_damaged_part_is_refused_by_its_name(tone_records_copy, changes, message):
    path = tone_records_copy.folder / "dataset.json"
    path.write_text(json.dumps({**tone_records_copy.description, **changes}))
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match=rf"dataset.json: is damaged \(({message})"):
        load_dataset(tone_records_copy.folder)


@pytest.mark.parametrize("feature, value", [("mel_bins", 0), ("mel_bins", 2**40), ("hop_seconds", math.nan)])
def test_features_that_cannot_be_are_refused(tone_records_copy, feature, value):
    path = tone_records_copy.folder / "dataset.json"
    features = {**tone_records_copy.description["features"], feature: value}
    path.write_text(json.dumps({**tone_records_copy.description, "features": features}))
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match=f"features: mfcc: {feature}: expected"):
        load_dataset(tone_records_copy.folder)


@pytest.mark.parametrize(
    "column, value",
    [
        *(("id", "u001"), ("label", "odd"), ("seconds", "nan"), ("seconds", "-1"), ("shard", "../other")),
        *(("segments", 0), ("frames", 0), ("longest_segment", 10**6), ("offset", -1), ("bytes", 10**30), ("bytes", 0)),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_its_utterance(tone_records_copy, column, value):
    path = tone_records_copy.folder / "utterances.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    rows[0][column] = value
    write_csv(path, rows[0].keys(), rows)
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match=r"utterances.csv: is damaged \(the row of 'u00[01]' does not fit"):
        load_dataset(tone_records_copy.folder)


@pytest.mark.parametrize("name, columns", [("utterances.csv", COLUMNS), ("rejected.csv", REJECTED_COLUMNS)])
def test_a_row_cut_short_is_refused(tone_records_copy, name, columns):
    (tone_records_copy.folder / name).write_text(",".join(columns) + "\nu000,calm\n")
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match=f"{name}: is damaged .the row of 'u000' has too many or too few columns"):
        load_dataset(tone_records_copy.folder).rejected()


def test_records_from_before_the_same_sound_was_told_are_read(tone_records_copy):
    assert tone_records_copy.description["same_sound"] == {}
    older = {name: value for name, value in tone_records_copy.description.items() if name != "same_sound"}
    (tone_records_copy.folder / "dataset.json").write_text(json.dumps(older))
    without_checksums(tone_records_copy.folder)
    assert load_dataset(tone_records_copy.folder).same_sound == {}


def test_records_from_before_there_were_several_corpora_are_read(tone_records_copy):
    older = [name for name in COLUMNS if name != "corpus"]
    rows = [{name: getattr(row, name) for name in older} for row in tone_records_copy.utterances]
    write_csv(tone_records_copy.folder / "utterances.csv", older, rows)
    without_checksums(tone_records_copy.folder)
    assert load_dataset(tone_records_copy.folder).utterances == tone_records_copy.utterances
