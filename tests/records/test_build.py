import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from can_tf.alignment.word import Word
from can_tf.checksums import changes, read_checksums, read_sealed, write_sealed
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import BusyError, RecordsError
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.files import sha256_of_file
from can_tf.locks import alone_in
from can_tf.provenance import git_commit
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.dataset import load_dataset, verify_shards
from can_tf.records.schema import parse
from can_tf.records.shards import _use_one_thread
from can_tf.stack import RESAMPLER
from tests.conftest import folder_bytes, without_checksums, write_tone
from tests.test_files import HOSTILE_NAMES


def first_record(folder):
    [shard] = sorted(folder.glob("*.tfrecord"))
    [serialized] = list(tf.data.TFRecordDataset(str(shard)))
    return parse(serialized[None], 40)


def test_table_1_is_read_back_from_the_tfrecord(tmp_path, table_1_utterance):
    corpus = Corpus("iemocap", ("ang", "hap"), (table_1_utterance,), (), {})
    build_records(corpus, tmp_path / "records", BuildOptions(overlap=0.0))
    record = first_record(tmp_path / "records")
    assert record["id"].numpy().tolist() == [b"Ses01F_impro01_F000"]
    assert record["label"].numpy().tolist() == [1]
    assert record["words"].to_list() == [[b"i", b"like", b"apple"]]
    np.testing.assert_allclose(record["word_start"].to_list(), [[0.0, 0.76, 1.15]], rtol=1e-6)
    np.testing.assert_allclose(record["word_end"].to_list(), [[0.76, 1.15, 1.78]], rtol=1e-6)
    # 12,160, 6,240 and 10,080 samples: 1 + (samples - 400) // 160 frames
    assert record["segment_frames"].to_list() == [[74, 37, 61]]
    assert record["frames"].bounding_shape().numpy().tolist() == [1, 3, 74, 40]


def test_the_overlap_of_a_tenth_gives_the_frames_worked_out_by_hand(tmp_path, table_1_utterance):
    corpus = Corpus("iemocap", ("ang", "hap"), (table_1_utterance,), (), {})
    build_records(corpus, tmp_path / "records", BuildOptions())
    record = first_record(tmp_path / "records")
    np.testing.assert_allclose(record["word_end"].to_list(), [[0.76, 1.15, 1.78]], rtol=1e-6)
    assert record["segment_frames"].to_list() == [[78, 41, 66]]  # tests/features/test_mfcc.py has the arithmetic.


@pytest.mark.parametrize("segmentation, frames", [("equal", [[57, 57, 57]]), ("whole", [[176]])])
def test_other_segmentations_keep_the_words(tmp_path, table_1_utterance, segmentation, frames):
    corpus = Corpus("iemocap", ("ang", "hap"), (table_1_utterance,), (), {})
    options = BuildOptions(segmentation=segmentation, overlap=0.0)
    build_records(corpus, tmp_path / "records", options)
    record = first_record(tmp_path / "records")
    assert record["segment_frames"].to_list() == frames  # 1.78 s / 3 is 9,493 samples; 1.78 s are 28,480.
    np.testing.assert_allclose(record["word_start"].to_list(), [[0.0, 0.76, 1.15]], rtol=1e-6)


def test_the_description_counts_and_hashes_what_was_written(tone_corpus, tone_records):
    dataset, folder = tone_records, tone_records.folder
    description = json.loads((folder / "dataset.json").read_text())
    assert description["counts"] == {"calm": 75, "loud": 75}
    assert description["labels"] == ["calm", "loud"]
    assert [shard["examples"] for shard in description["shards"]] == [64, 64, 22]
    for shard in dataset.shards:
        assert sha256_of_file(folder / shard.name) == shard.sha256
    assert description["versions"]["tensorflow"] == tf.__version__
    assert changes(folder) == []
    assert set(read_checksums(folder)) == {path.name for path in folder.iterdir()} - {".lock", "SHA256SUMS"}
    assert [utterance.id for utterance in dataset.utterances] == [utterance.id for utterance in tone_corpus.utterances]
    assert dataset.utterances[3].words == "night now good bad"
    assert dataset.utterances[3].seconds == 0.9
    assert not (folder / ".build").exists()


def test_one_and_two_workers_write_the_same_bytes(tmp_path, tone_corpus, tone_records):
    build_records(tone_corpus, tmp_path / "two", BuildOptions(), workers=2)
    assert folder_bytes(tone_records.folder) == folder_bytes(tmp_path / "two")


@pytest.mark.long
def test_one_and_two_workers_write_the_same_states_of_whisper(tmp_path, tone_corpus):
    for workers in (1, 2):
        build_records(tone_corpus, tmp_path / str(workers), BuildOptions(front_end=WhisperBase()), workers=workers)
    assert folder_bytes(tmp_path / "1") == folder_bytes(tmp_path / "2")


def test_a_process_that_has_used_tensorflow_with_more_threads_builds_nothing():
    tf.constant(0)  # With this TensorFlow has begun, in this process.
    with pytest.raises(RecordsError, match="has used TensorFlow with other threads before"):
        _use_one_thread()


def test_an_interrupted_build_keeps_its_finished_shards_and_ends_with_the_same_bytes(
    tmp_path, tone_corpus, tone_records
):
    class StopError(Exception):
        pass

    def stop_in_the_middle(event):
        if 0 < event.done < event.total:
            raise StopError

    folder = tmp_path / "records"
    with pytest.raises(StopError):
        build_records(tone_corpus, folder, BuildOptions(), progress=stop_in_the_middle)
    with pytest.raises(RecordsError, match=r"holds no finished records \(dataset.json is missing\)"):
        load_dataset(folder)
    finished = {path: path.stat().st_mtime_ns for path in folder.glob("*.tfrecord")}
    assert finished
    damaged = sorted(finished)[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])  # A finished shard that was damaged since is built again.
    build_records(tone_corpus, folder, BuildOptions())
    assert folder_bytes(folder) == folder_bytes(tone_records.folder)
    assert all(path.stat().st_mtime_ns == time for path, time in finished.items() if path != damaged)


def test_a_finished_build_is_not_done_again(tone_corpus, tone_records_copy):
    folder = tone_records_copy.folder
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    build_records(tone_corpus, folder, BuildOptions())
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_other_options_need_another_folder_or_overwrite(tone_corpus, tone_records_copy):
    folder = tone_records_copy.folder
    equal = BuildOptions(segmentation="equal")
    with pytest.raises(RecordsError, match=r"holds records with segmentation aligned \(now equal\).*--overwrite"):
        build_records(tone_corpus, folder, equal)
    fewer = dataclasses.replace(tone_corpus, utterances=tone_corpus.utterances[1:])
    with pytest.raises(RecordsError, match=r"other utterances: ids, words, labels or speakers are not the same.*"):
        build_records(fewer, folder, BuildOptions())
    dataset = build_records(tone_corpus, folder, equal, overwrite=True)
    assert dataset.segmentation == "equal"


def interrupt(corpus, folder, options):
    """Begins a build, and stops it when its plan is there."""

    class StopError(Exception):
        pass

    def stop(event):
        raise StopError

    with pytest.raises(StopError):
        build_records(corpus, folder, options, progress=stop)


def test_an_unfinished_build_goes_on_with_the_same_options_and_versions_alone(tmp_path, tone_corpus):
    interrupt(tone_corpus, tmp_path, BuildOptions())
    overlap = BuildOptions(overlap=0.2)
    with pytest.raises(RecordsError, match=r"an unfinished build with overlap 0.1 \(now 0.2\)"):
        build_records(tone_corpus, tmp_path, overlap)
    plan = tmp_path / ".build" / "plan.json"
    begun = read_sealed(plan)
    begun["versions"]["tensorflow"] = f"0.{begun['versions']['tensorflow']}"
    write_sealed(plan, begun)
    with pytest.raises(RecordsError, match=r"an unfinished build with tensorflow 0\.2\.\d+\.\d+ \(now 2\.\d+\.\d+\)"):
        build_records(tone_corpus, tmp_path, BuildOptions())
    plan.write_text("{")
    with pytest.raises(RecordsError, match=r"plan.json: is damaged.*--overwrite"):
        build_records(tone_corpus, tmp_path, BuildOptions())


def test_a_build_that_goes_on_with_another_commit_says_so(tmp_path, tone_corpus, caplog):
    interrupt(tone_corpus, tmp_path, BuildOptions())
    plan = tmp_path / ".build" / "plan.json"
    write_sealed(plan, {**read_sealed(plan), "git_commit": "1b2c3d"})
    build_records(tone_corpus, tmp_path, BuildOptions())
    assert f"{tmp_path}: goes on with a build of commit 1b2c3d (now {git_commit()})" in caplog.text


def test_two_builds_of_one_folder_do_not_meet(tmp_path, tone_corpus):
    with alone_in(tmp_path), pytest.raises(BusyError, match="another can_tf process is at work here"):
        build_records(tone_corpus, tmp_path, BuildOptions())
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_what_cannot_be_used_is_rejected_by_name_and_reason(tmp_path, tone_corpus):
    utterances = list(tone_corpus.utterances[:6])
    utterances[0] = dataclasses.replace(utterances[0], audio_path=tmp_path / "missing.wav")
    utterances[1] = dataclasses.replace(utterances[1], words=(Word("<sil>", 0.0, 0.4),))
    utterances[2] = dataclasses.replace(utterances[2], words=(Word("late", 0.0, 5.0),))
    short = write_tone(tmp_path / "short.wav", 0.3)
    utterances[3] = dataclasses.replace(
        utterances[3], audio_path=short, words=(Word("in", 0.0, 0.29998), Word("out", 0.29998, 0.3))
    )
    corpus = dataclasses.replace(
        tone_corpus, utterances=tuple(utterances), rejected=(Rejection("a", "no alignment", "x"),)
    )
    dataset = build_records(corpus, tmp_path / "records", BuildOptions())
    reasons = {row["id"]: row["reason"] for row in dataset.rejected()}
    assert list(reasons) == ["a", "u000", "u001", "u002", "u003"]
    assert "missing.wav: cannot be read" in reasons["u000"]
    assert "only silence" in reasons["u001"]
    assert "the alignment ends at 5.00 s and the audio at 0.70 s" in reasons["u002"]
    assert "a word is shorter than a sample" in reasons["u003"]
    assert [utterance.id for utterance in dataset.utterances] == ["u004", "u005"]


def test_strict_makes_the_first_reject_an_error(tmp_path, tone_corpus):
    corpus = dataclasses.replace(tone_corpus, rejected=(Rejection("a", "no alignment file", "x"),))
    with pytest.raises(RecordsError, match="1 utterances cannot be used; rejected.csv lists them. The first is a: no"):
        build_records(corpus, tmp_path / "records", BuildOptions(), strict=True)


def test_a_corpus_with_nothing_usable_is_an_error(tmp_path):
    corpus = Corpus("iemocap", ("ang",), (), (), {})
    with pytest.raises(RecordsError, match="holds no utterance with a label of ang"):
        build_records(corpus, tmp_path / "records", BuildOptions())


def test_a_shard_cut_short_is_noticed_before_it_is_read(tone_records_copy):
    folder = tone_records_copy.folder
    shard = sorted(folder.glob("*.tfrecord"))[1]
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(RecordsError, match=r"shard-00001-of-00003.tfrecord: is \d+ bytes long, \d+ were written"):
        load_dataset(folder)


def test_a_changed_byte_is_noticed_by_its_hash(tone_records_copy):
    folder = tone_records_copy.folder
    shard = folder / tone_records_copy.shards[0].name
    content = bytearray(shard.read_bytes())
    content[5_000] ^= 1
    shard.write_bytes(content)
    with pytest.raises(RecordsError, match="SHA-256"):
        verify_shards(load_dataset(folder))


def test_another_schema_version_is_refused(tone_records_copy):
    folder = tone_records_copy.folder
    path = folder / "dataset.json"
    path.write_text(path.read_text().replace('"schema_version": 2', '"schema_version": 99'))
    without_checksums(folder)
    with pytest.raises(RecordsError, match="schema_version is 99, this version of can_tf reads 2"):
        load_dataset(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", "[" * 100_000, '{"schema_version": 1, "shards": 3}'])
def test_a_damaged_description_is_refused(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(RecordsError, match="dataset.json"):
        load_dataset(tmp_path)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_shard_whose_name_leads_out_of_the_folder_is_refused(tone_records_copy, name):
    path = tone_records_copy.folder / "dataset.json"
    description = json.loads(path.read_text())
    description["shards"][1]["name"] = name
    path.write_text(json.dumps(description))
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match="dataset.json: is damaged .shards"):
        load_dataset(tone_records_copy.folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "", "utterances.csv", "a\0b"])
def test_an_utterance_in_a_file_that_is_no_shard_is_refused(tone_records_copy, name):
    path = tone_records_copy.folder / "utterances.csv"
    first = tone_records_copy.utterances[0]
    path.write_text(path.read_text().replace(first.shard, name, 1))
    without_checksums(tone_records_copy.folder)
    with pytest.raises(RecordsError, match=f"utterances.csv: is damaged .the row of '{first.id}' does not fit"):
        load_dataset(tone_records_copy.folder)


def test_utterances_of_the_very_same_sound_are_told(tmp_path, tone_corpus, caplog):
    first, second, third = tone_corpus.utterances[:3]
    same = dataclasses.replace(second, audio_path=first.audio_path, words=first.words)
    dataset = build_records(dataclasses.replace(tone_corpus, utterances=(first, same, third)), tmp_path)
    assert dataset.same_sound == {second.id: first.id}
    told = f"{tmp_path}: 1 of 3 utterances have the very sound of another; the first are {first.id} and {second.id}"
    assert told in caplog.messages


@pytest.mark.parametrize("rate, resampler", [(16_000, None), (22_050, RESAMPLER)])
def test_records_say_which_library_resampled_their_recordings(tmp_path, rate, resampler):
    sound = write_tone(tmp_path / "audio" / "a.wav", 1.0, rate=rate)
    utterance = Utterance("a", sound, (Word("day", 0.0, 1.0),), "hap", "anna", "s1", "")
    build_records(Corpus("manifest", ("hap",), (utterance,), (), {}), tmp_path / "records")
    assert load_dataset(tmp_path / "records").description.get("resampler") == resampler
