"""Audio folders as Hugging Face's datasets document them."""

import json

import pytest

from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import read_corpus
from can_tf.errors import CorpusError
from tests.conftest import write_tone
from tests.corpus.written import write_lines


def write(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"RIFF")


def rows(corpus):
    return [(each.id, each.label, each.speaker, each.transcript) for each in corpus.utterances]


def test_parts_have_tables_of_their_own(tmp_path):
    write(tmp_path, "train/a.wav", "test/clips/a.mp3", "test/b.wav")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label,speaker\n./a.wav,calm,anna\n")
    lines = [
        {"file_name": "clips/a.mp3", "emotion": "angry", "label": 1, "speaker_id": 7, "sentence": "so\nlong"},
        {"file_name": "b.wav", "emotion": None, "label": 0, "speaker_id": 8},
    ]
    write_lines(tmp_path / "test" / "metadata.jsonl", lines)
    corpus = read_corpus("audio-folder", tmp_path)
    assert rows(corpus) == [("test/clips/a.mp3", "angry", "7", "so\nlong"), ("train/a.wav", "calm", "anna", "")]
    [rejection] = corpus.rejected
    assert (rejection.id, rejection.reason[:38]) == ("test/b.wav", "test/metadata.jsonl row 2: its label '")


def test_words_of_an_alignment_are_timed(tmp_path):
    write_tone(tmp_path / "train" / "a.wav", 1.0)
    (tmp_path / "train" / "a.ctm").write_text("a 1 0.25 0.5 yes\n")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,label,alignment\na.wav,calm,a.ctm\n")
    [utterance] = read_corpus("audio-folder", tmp_path).utterances
    assert [word.text for word in utterance.words] == ["<s>", "yes", "</s>"]


def test_names_of_columns_can_be_given(tmp_path):
    write(tmp_path, "a.wav")
    (tmp_path / "metadata.csv").write_text("path,mood,who,name\na.wav,calm,anna,u1\n")
    named = {"audio": "path", "label": "mood", "speaker": "who", "id": "name"}
    corpus = read_corpus("audio-folder", tmp_path, options=CorpusOptions(columns=named))
    assert rows(corpus) == [("u1", "calm", "anna", "")]


def test_without_a_table_folders_are_labels(tmp_path):
    write(tmp_path, "train/calm/a.wav", "train/angry/a.flac", "data/test/calm/b.wav", "calm/c.wav", "calm/._c.wav")
    write(tmp_path, "calm/notes.txt", ".git/calm/d.wav", "loose.wav", "calm/anna/e.wav", "train/f.wav")
    corpus = read_corpus("audio-folder", tmp_path)
    assert rows(corpus) == [
        ("calm/c.wav", "calm", "", ""),
        ("data/test/calm/b.wav", "calm", "", ""),
        ("train/angry/a.flac", "angry", "", ""),
        ("train/calm/a.wav", "calm", "", ""),
    ]
    assert [each.id for each in corpus.rejected] == ["calm/anna/e.wav", "loose.wav", "train/f.wav"]
    assert "is in no folder LABEL or train/LABEL" in corpus.rejected[0].reason
    assert corpus.notes == ("Nothing says who speaks: all utterances count as one speaker's.",)


def test_a_broken_row_or_a_path_that_leads_out_costs_itself_alone(tmp_path):
    write(tmp_path, "in/a.wav", "in/b.wav", "out.wav")
    table = ["file_name,label,speaker,text", "a.wav,=1+1,anna,yes", "../out.wav,calm,anna,", "..\\out.wav,calm,anna,"]
    table += [f"{tmp_path}/out.wav,calm,anna,", "C:\\a.wav,calm,anna,", ",calm,anna,", "none.wav,calm,anna,no"]
    table += [
        "a.wav,calm,anna,again",
        'b.wav,calm,anna,"a" b',
        "b.wav,calm,anna,well, well",
        "b.wav,calm",
        "\x07,calm,anna,",
    ]
    (tmp_path / "in" / "metadata.csv").write_text("\n".join(table))
    corpus = read_corpus("audio-folder", tmp_path / "in")
    assert rows(corpus) == [("a.wav", "=1+1", "anna", "yes")]
    reasons = sorted(each.reason.removeprefix("metadata.csv row ") for each in corpus.rejected)
    assert [reason.split(": ", 1)[1][:28] for reason in sorted(reasons, key=lambda each: int(each.split(":")[0]))] == [
        "its path '../out.wav' leads ",
        "its path '..\\\\out.wav' leads",
        f"its path '{tmp_path}"[:28],
        "its path 'C:\\\\a.wav' leads o",
        "names no file",
        f"{tmp_path / 'in' / 'none.wav'}"[:28],
        "its id occurs twice; the fir",
        "is not CSV (',' expected aft",
        "has 5 fields and the header ",
        "ends before its column text;",
        "expected an id of printable ",
    ]


def test_lines_of_json_that_are_odd_cost_themselves_alone(tmp_path):
    write(tmp_path, "a.wav")
    good = json.dumps({"file_name": "a.wav", "label": "calm", "speaker": "anna"})
    odd = [
        "{",
        "[]",
        '{"label": "calm"}',
        '{"file_name": ["a.wav"], "label": "calm"}',
        "[" * 100_000,
        '{"file_name": 1e999}',
    ]
    odd += ['{"file_name": "a\\u0000.wav", "label": "calm"}', '{"file_name": "\\ud800.wav", "label": "calm"}']
    (tmp_path / "metadata.jsonl").write_text("\n".join([good, *odd]))
    corpus = read_corpus("audio-folder", tmp_path)
    assert rows(corpus) == [("a.wav", "calm", "anna", "")]
    assert len(corpus.rejected) == len(odd)
    "".join(f"{each.id}{each.reason}" for each in corpus.rejected).encode()


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "has no recording LABEL/x.wav or train/LABEL/x.wav, and no metadata.csv or metadata.jsonl; expected"),
        ({"calm/anna/a.wav": b""}, "For LABEL/SPEAKER/x.wav there is label-folders"),
        (
            {"metadata.csv": b"", "metadata.jsonl": b""},
            "has both metadata.csv and metadata.jsonl; expected one of them",
        ),
        ({"metadata.csv": b"path,label\na.wav,calm\n"}, "has no column file_name; .* found path, label"),
        ({"metadata.csv": b"file_name,mood\na.wav,calm\n"}, "lacks the label; .* Perhaps: --column label=mood"),
        ({"metadata.csv": b"\0\x81"}, "metadata.csv"),
        ({"metadata.jsonl": b"{"}, "metadata.jsonl: has no column file_name"),
    ],
)
def test_what_is_no_audio_folder_is_named(tmp_path, files, message):
    for name, content in files.items():
        write(tmp_path, name)
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus("audio-folder", tmp_path)
    assert "\n" not in str(caught.value)


def test_columns_of_folders_without_a_table_are_refused(tmp_path):
    write(tmp_path, "calm/a.wav")
    with pytest.raises(CorpusError, match="has no table .* with columns; leave --column out"):
        read_corpus("audio-folder", tmp_path, options=CorpusOptions(columns={"label": "mood"}))
