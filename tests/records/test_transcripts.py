"""Records of recordings whose words are known and whose times are not."""

import csv
import shutil

import numpy as np
import pytest
import soundfile

from can_tf.alignment.cache import read_kept
from can_tf.alignment.forced import Aligner, aligner_description
from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.recognition.sphinx import SphinxRecognizer
from can_tf.alignment.silence import silence_at_edges
from can_tf.alignment.spans import share_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.word import Word
from can_tf.corpus.manifest import read_manifest
from can_tf.errors import MissingExtraError, RecordsError
from can_tf.records import build, plan, shards
from can_tf.records.build import BuildOptions, build_records
from can_tf.records.pipeline import read_examples
from can_tf.records.schema import parse
from tests.alignment.conftest import FOLDER, NAMES, speech_of
from tests.conftest import folder_bytes


@pytest.fixture
def corpus(tmp_path):
    """Three sentences with their transcripts, and four that cannot be aligned."""
    soundfile.write(tmp_path / "silence.wav", np.zeros(16_000), 16_000)
    rows = []
    for name in NAMES:
        shutil.copy(FOLDER / f"{name}.flac", tmp_path)
        rows.append((name, f"{name}.flac", speech_of(name).transcript))
    rows += [
        ("another", f"{NAMES[0]}.flac", speech_of(NAMES[1]).transcript),
        ("russian", f"{NAMES[0]}.flac", "\u043d\u0435\u0442"),
        ("silence", "silence.wav", "yes"),
        ("wordless", f"{NAMES[0]}.flac", "..."),
    ]
    with (tmp_path / "m.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "audio", "transcript", "label", "speaker"])
        writer.writerows([*row, "neutral", "reader"] for row in rows)
    return read_manifest(tmp_path / "m.csv")


def records_of(dataset):
    """Returns the words of a dataset's examples and their times, by id."""
    found = {}
    for example in read_examples(dataset, dataset.utterances):
        parsed = parse([example], dataset.front_end.width)
        found[parsed["id"].numpy()[0].decode()] = {
            name: parsed[name][0].numpy() for name in ("words", "word_start", "word_end")
        }
    return found


def words_in(record):
    return [word.decode() for word in record["words"]]


def test_transcripts_are_aligned_on_the_way(tmp_path, corpus):
    dataset = build_records(corpus, tmp_path / "records", BuildOptions())
    records = records_of(dataset)
    assert sorted(records) == list(NAMES)
    for name in NAMES:
        speech = speech_of(name)
        words = share_silence(Aligner().align(speech.samples, spoken_words(speech.transcript)))
        assert words_in(records[name]) == [word.text for word in words]
        np.testing.assert_allclose(records[name]["word_start"], [word.start for word in words], atol=1e-6)
        np.testing.assert_allclose(records[name]["word_end"], [word.end for word in words], atol=1e-6)
    assert dataset.description["aligner"] == aligner_description()
    reasons = {row["id"]: row["reason"] for row in dataset.rejected()}
    assert set(reasons) == {"another", "russian", "silence", "wordless"}
    assert "Is it the transcript of this recording" in reasons["another"]
    assert "not written in the Latin alphabet" in reasons["russian"]
    assert "is silent" in reasons["silence"]
    assert "holds no words" in reasons["wordless"]


def test_one_and_two_workers_write_the_same_bytes(tmp_path, corpus, monkeypatch):
    monkeypatch.setattr(build, "UTTERANCES_PER_SHARD", 2)
    folders = [tmp_path / str(workers) / "records" for workers in (1, 2)]
    for workers, folder in enumerate(folders, 1):
        build_records(corpus, folder, BuildOptions(), workers=workers)
    assert folder_bytes(folders[0]) == folder_bytes(folders[1])
    assert len(list(folders[0].glob("shard-*"))) == 4


def test_alignments_are_kept_by_content(tmp_path, corpus):
    build_records(corpus, tmp_path / "one" / "records", BuildOptions(), alignments=tmp_path / "kept")
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == len(NAMES)
    for path in kept:  # A mark, to see that they are read.
        path.write_text(path.read_text().replace('"he"', '"marked"'))
    again = build_records(
        corpus, tmp_path / "two" / "records", BuildOptions(segmentation="equal"), alignments=tmp_path / "kept"
    )
    assert sum("marked" in words_in(record) for record in records_of(again).values()) == 2
    assert sorted((tmp_path / "kept").iterdir()) == kept


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '[["a", 0.1]]',
        '[["a", 0.5, 0.1]]',
        '[["a", 0, NaN]]',
        "[[1, 0, 1]]",
        '[["a", [], 1]]',
    ],
)
def test_a_damaged_alignment_is_made_again(tmp_path, content):
    path = tmp_path / "kept.json"
    assert read_kept(path) is None
    path.write_text('[["a", 0.1, 0.5], ["b", 0.5, 1]]')
    assert read_kept(path) == (Word("a", 0.1, 0.5), Word("b", 0.5, 1.0))
    path.write_text(content)
    assert read_kept(path) is None


def test_another_transcript_is_another_corpus(tmp_path, corpus):
    build_records(corpus, tmp_path / "records", BuildOptions())
    text = (tmp_path / "m.csv").read_text(encoding="utf-8")
    (tmp_path / "m.csv").write_text(text.replace("amiable himself", "amiable itself"), encoding="utf-8")
    with pytest.raises(RecordsError, match="holds records with other utterances"):
        build_records(read_manifest(tmp_path / "m.csv"), tmp_path / "records", BuildOptions())


def test_words_of_rows_with_neither_are_recognized_and_kept(tmp_path):
    rows = [f"{name},{FOLDER / name}.flac,neutral,reader" for name in NAMES[:2]]
    (tmp_path / "m.csv").write_text("\n".join(["id,audio,label,speaker", *rows]))
    said = []
    for name in ("one", "two"):
        dataset = build_records(
            read_manifest(tmp_path / "m.csv"),
            tmp_path / name,
            alignments=tmp_path / "kept",
            progress=lambda event: said.append(event.note),
            recognizer=RecognizerOptions(name="sphinx"),
        )
    assert said[0].startswith("2 utterances with neither an alignment nor a transcript: words are recognized by pocket")
    records = records_of(dataset)
    for name in NAMES[:2]:
        speech = speech_of(name)
        words = share_silence(silence_at_edges(SphinxRecognizer().recognize(speech.samples), speech.seconds))
        assert words_in(records[name]) == [word.text for word in words]
        np.testing.assert_allclose(records[name]["word_end"], [word.end for word in words], atol=1e-6)
    assert dataset.description["recognizer"].startswith("pocketsphinx 5")
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_records_tell_which_recognizer_made_their_words(tmp_path, monkeypatch):
    (tmp_path / "m.csv").write_text(f"id,audio,label,speaker\nu,{FOLDER / NAMES[0]}.flac,neutral,reader\n")
    corpus, options = read_manifest(tmp_path / "m.csv"), RecognizerOptions(name="sphinx")
    build_records(corpus, tmp_path / "records", recognizer=options)
    monkeypatch.setattr(plan.Choice, "describe", lambda choice: "better ears 1.0")
    with pytest.raises(RecordsError, match=r"holds records with recognizer pocketsphinx 5.* \(now better ears 1.0\)"):
        build_records(corpus, tmp_path / "records", recognizer=options)


def test_without_the_aligner_nothing_is_rejected_for_it(tmp_path, corpus, monkeypatch):
    def missing(*_):
        raise MissingExtraError("Aligning transcripts", "align")

    monkeypatch.setattr(plan, "aligner_description", missing)
    with pytest.raises(MissingExtraError, match=r"can_tf\[align\]"):
        build_records(corpus, tmp_path / "records", BuildOptions())
    monkeypatch.setattr(shards, "CachedWords", missing)
    task = shards.ShardTask(
        "shard", tmp_path, tmp_path, corpus.utterances, corpus.labels, BuildOptions(), tmp_path / "alignments"
    )
    with pytest.raises(MissingExtraError):
        list(shards._prepared(task, []))
