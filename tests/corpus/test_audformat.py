"""Databases as `audformat.Database.save` writes them."""

import pickle
import sys

import pyarrow
import pytest
from pyarrow import parquet

from can_tf.corpus.audformat import read_audformat
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import read_corpus
from can_tf.errors import CorpusError, MissingExtraError
from tests.conftest import write_tone
from tests.corpus.written import HEADER, TAKES, write_audformat, write_recordings

TWO_RATERS = """
tables:
  asked: {type: filewise, columns: {emotion: {scheme_id: emotion}, speaker: {scheme_id: speaker}}}
  heard: {type: filewise, columns: {emotion: {scheme_id: emotion}}}
"""


@pytest.fixture
def root(tmp_path):
    write_recordings(tmp_path)
    return write_audformat(tmp_path)


@pytest.fixture
def raters(tmp_path):
    for name in "ab":
        write_tone(tmp_path / f"{name}.wav", 0.5)
    (tmp_path / "db.yaml").write_text(TWO_RATERS)
    (tmp_path / "db.asked.csv").write_text("file,emotion,speaker\na.wav,calm,anna\nb.wav,calm,ben\n")
    (tmp_path / "db.heard.csv").write_text("file,emotion\na.wav,calm\nb.wav,angry\n")
    return tmp_path


class Trap:
    """Marks a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (self.path.touch, ())


def test_tables_in_parquet_are_read_as_those_in_csv(root):
    expected = read_corpus("audformat", root)
    for name in ("emotion", "files", "words"):
        header, *rows = [line.split(",") for line in (root / f"db.{name}.csv").read_text().splitlines()]
        columns = {column: [] for column in header}
        if name == "files":
            said = ["a00", *(take.transcript or None for take in TAKES[1:])]
            rows = [[f"wav/{take.id}.wav", None, take.speaker, text] for take, text in zip(TAKES, said, strict=True)]
        for row in rows:
            for column, value in zip(header, row, strict=True):
                time = column in ("start", "end")
                columns[column].append(_nanoseconds(value) if time else value)
        types = {
            column: pyarrow.duration("ns") if column in ("start", "end") else pyarrow.string() for column in header
        }
        table = pyarrow.table(columns, schema=pyarrow.schema(types.items()))
        parquet.write_table(table, root / f"db.{name}.parquet")
        (root / f"db.{name}.csv").unlink()
    assert read_corpus("audformat", root) == expected
    assert len(expected.utterances) == len(TAKES)


def _nanoseconds(text):
    return round(float(text.rpartition(":")[2]) * 1e9) if ":" in text else 0 if text else None


def test_no_table_is_unpickled_and_no_header_runs_code(root):
    expected = read_corpus("audformat", root)
    (root / "db.files.pkl").write_bytes(pickle.dumps(Trap(root / "ran")))
    assert read_corpus("audformat", root) == expected
    (root / "db.files.csv").unlink()
    with pytest.raises(CorpusError, match="db.files.pkl: may run code when it is loaded, and is not opened; expected"):
        read_corpus("audformat", root)
    (root / "db.yaml").write_text(HEADER + "meta: !!python/object/apply:os.mkdir [ran]\n")
    with pytest.raises(CorpusError, match="db.files.pkl"):
        read_corpus("audformat", root)
    assert not (root / "ran").exists()


def test_segments_have_to_be_whole_files(root):
    rows = ["file,start,end,mood"]
    rows += ["wav/u00.wav,0 days,0 days 00:00:00.4,calm", "wav/u01.wav,00:00:00.25,,calm", "wav/u02.wav,0,0.74,calm"]
    rows += ["wav/u03.wav,soon,,calm", "wav/u04.wav,-1 days +23:59:59,,calm", ",0,,calm"]
    rows += ["../u05.wav,0,1,calm", "/etc/passwd,0,,calm", "wav/none.wav,0,1,calm", 'wav/u06.wav,0,,"calm" x']
    (root / "db.emotion.csv").write_text("\n".join(rows))
    corpus = read_corpus("audformat", root)
    assert [each.id for each in corpus.utterances] == ["wav/u02.wav"]
    reasons = " ".join(each.reason for each in corpus.rejected)
    for reason in (
        "'wav/u00.wav' is 0 to 0.4 s of a recording of 0.75 s; expected a recording for each",
        "'wav/u01.wav' is 0.25 to 0.75 s of a recording of 0.75 s",
        "'wav/u03.wav' has no usable time: expected seconds, or a time such as 0 days 00:00:01.5, found 'soon'",
        "'wav/u04.wav' has no usable time",
        "names no file",
        "its path '../u05.wav' leads out of the folder",
        "its path '/etc/passwd' leads out of the folder",
        "there is no such audio file",
        "is not CSV",
        "db.files.csv row 8: no table tells its label",
    ):
        assert reason in reasons
    assert reasons.count("wav/u00.wav") == 1


def test_tables_that_contradict_each_other_cost_the_file_unless_one_is_chosen(raters):
    corpus = read_corpus("audformat", raters)
    assert [(each.id, each.label, each.speaker) for each in corpus.utterances] == [("a.wav", "calm", "anna")]
    [rejection] = corpus.rejected
    assert "its label is 'calm', and 'angry' in the table heard; expected one. Choose with --column" in rejection.reason
    heard = read_corpus("audformat", raters, options=CorpusOptions(columns={"label": "heard.emotion"}))
    assert [each.label for each in heard.utterances] == ["calm", "angry"]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("db.yaml", None, "has no recording listed, as db.yaml is missing; expected a database of audformat"),
        ("db.yaml", "a: [", "db.yaml: is not YAML"),
        ("db.yaml", "[" * 10_000, "db.yaml: is not YAML"),
        ("db.yaml", "a: &a [*a]", "db.yaml: is not YAML"),
        ("db.yaml", "- 1", "db.yaml: names no tables; expected a header of audformat"),
        (
            "db.yaml",
            "tables: {t: [], u: {columns: {age: {}}}}",
            "column for the label; expected emotion or label, found u",
        ),
        ("db.yaml", "tables: {a/../../b: {columns: {emotion: {}}}}", "has a table 'a/../../b'; expected the name of"),
        ("db.yaml", "tables: {" + 300 * "x" + ": {columns: {emotion: {}}}}", "File name too long"),
        ("db.yaml", 'tables: {"\\ud800": {columns: {emotion: {}}}}', "db.yaml: (is not YAML|has a table '.ud800')"),
        ("db.heard.csv", None, "db.heard.csv: is missing, though db.yaml names that table"),
        ("db.heard.csv", "file,mood\na.wav,calm\n", "db.heard.csv: has no column 'emotion', though db.yaml says so"),
        ("db.heard.csv", b"\0\x81", "db.heard.csv"),
        ("db.heard.parquet", b"PAR1 is no table PAR1", "db.heard.parquet: cannot be read as Parquet"),
    ],
)
def test_what_cannot_be_read_is_named(raters, name, content, message):
    if content is None:
        (raters / name).unlink()
    else:
        (raters / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(CorpusError, match=message) as caught:
        read_corpus("audformat", raters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "columns, message", [({"label": "mood"}, "label; expected 'mood', found"), ({"id": "a"}, "'id'")]
)
def test_a_column_that_is_not_there_is_named(raters, columns, message):
    with pytest.raises(CorpusError, match=message):
        read_corpus("audformat", raters, options=CorpusOptions(columns=columns))


def test_the_missing_extra_is_named(raters, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingExtraError, match=r"Reading a database of audformat needs .*can_tf\[audformat\]"):
        read_audformat(raters)
