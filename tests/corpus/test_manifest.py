import json

import pytest

from can_tf.corpus.labels import LabelSet
from can_tf.corpus.manifest import REQUIRED_COLUMNS, read_manifest
from can_tf.errors import CorpusError
from tests.conftest import write_tone

HEADER = "id,audio,label,speaker,session,scenario,alignment\n"


@pytest.fixture
def folder(tmp_path):
    write_tone(tmp_path / "wav" / "a.wav", 1.0)
    (tmp_path / "a.ctm").write_text("u1 1 0.2 0.3 yes\n")
    (tmp_path / "a.wdseg").write_text("0 49 -1 YES\n")
    return tmp_path


def test_a_csv_manifest(folder):
    path = folder / "m.csv"
    path.write_text(
        "\ufeff" + HEADER + "u2,wav/a.wav,sad,bob,s1,x,a.wdseg\nu1,wav/a.wav,calm,ann,,,a.ctm\n", encoding="utf-8"
    )
    corpus = read_manifest(path)
    assert corpus.labels == ("calm", "sad")
    first, second = corpus.utterances
    assert (first.id, first.label, first.speaker, first.session) == ("u1", "calm", "ann", "")
    assert (second.id, second.session, second.scenario) == ("u2", "s1", "x")
    assert first.audio_path == folder / "wav" / "a.wav"


def test_silence_around_unmarked_words_is_part_of_the_utterance(folder):
    path = folder / "m.csv"
    path.write_text(HEADER + "u1,wav/a.wav,calm,ann,,,a.ctm\nu2,wav/a.wav,calm,ann,,,a.wdseg\n")
    unmarked, marked = read_manifest(path).utterances
    assert [(word.text, word.start, word.end) for word in unmarked.words] == [
        ("<s>", 0.0, 0.2),
        ("yes", 0.2, 0.5),
        ("</s>", 0.5, 1.0),
    ]
    assert [word.text for word in marked.words] == ["YES"]


def test_a_jsonl_manifest(folder):
    rows = [{"id": "u1", "audio": "wav/a.wav", "label": "calm", "speaker": "ann", "alignment": "a.ctm", "extra": 1}]
    path = folder / "m.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert [utterance.id for utterance in read_manifest(path).utterances] == ["u1"]


def test_bad_rows_are_rejected_with_their_number_and_the_rest_is_kept(folder):
    (folder / "empty.wdseg").write_text("")
    (folder / "noise.wav").write_bytes(b"no audio")
    path = folder / "m.csv"
    path.write_text(
        HEADER
        + "u1,wav/a.wav,calm,ann,,,a.ctm\n"
        + "u1,wav/a.wav,calm,ann,,,a.ctm\n"
        + ",wav/a.wav,calm,ann,,,a.ctm\n"
        + "u4,wav/none.wav,calm,ann,,,a.ctm\n"
        + "u5,wav/a.wav,calm,ann,,,\n"
        + "u6,wav/a.wav,odd,ann,,,a.ctm\n"
        + "u7,wav/a.wav,calm,ann,,,empty.wdseg\n"
        + "u8,noise.wav,calm,ann,,,a.ctm\n"
        + "u9,,calm,ann,,,a.ctm\n"
        + "u10,wav/a.wav,skip,ann,,,a.ctm\n"
        + f"u11,{'a' * 300}.wav,calm,ann,,,a.ctm\n"
        + f"u12,wav/a.wav,calm,ann,,,{'a' * 300}.ctm\n"
    )
    label_set = LabelSet("mine", ("calm",), {"calm": "calm"}, ("skip",))
    corpus = read_manifest(path, label_set)
    assert [utterance.id for utterance in corpus.utterances] == ["u1", "u5"]
    assert (corpus.utterances[1].words, corpus.utterances[1].transcript) == ((), "")  # To be recognized.
    assert corpus.excluded == {"skip": 1}
    reasons = {rejection.id: rejection.reason for rejection in corpus.rejected}
    assert reasons["u1"] == "row 3: its id occurs twice; the first is used"
    assert reasons["row 4"] == "row 4: expected an id of printable characters"
    assert "none.wav: there is no such audio file" in reasons["u4"]
    assert "its label 'odd' is unknown; the label set mine has calm, skip" in reasons["u6"]
    assert "empty.wdseg: holds no words" in reasons["u7"]
    assert "noise.wav: cannot be read as audio" in reasons["u8"]
    assert "names no audio file" in reasons["u9"]
    assert "a.wav: cannot be read (File name too long)" in reasons["u11"]
    assert "a.ctm: cannot be read (File name too long)" in reasons["u12"]


def test_a_label_that_cannot_be_printed_is_rejected_by_its_row(folder):
    path = folder / "m.jsonl"
    rest = {"audio": "wav/a.wav", "speaker": "ann", "alignment": "a.ctm"}
    rows = [{"id": "ux", "label": "x\x1b[2J", **rest}, {"id": "uy", "label": "y", **rest}]
    path.write_text("\n".join(map(json.dumps, rows)))
    corpus = read_manifest(path)
    assert [utterance.id for utterance in corpus.utterances] == ["uy"]
    assert corpus.rejected[0].reason == "row 1: expected a label of printable characters, found 'x\\x1b[2J'"


def test_a_transcript_is_enough_and_an_alignment_goes_before_it(folder):
    path = folder / "m.csv"
    path.write_text(
        "id,audio,label,speaker,transcript,alignment\n"
        'u1,wav/a.wav,calm,ann,"Yes, no.",\nu2,wav/a.wav,calm,ann,No.,a.wdseg\n'
    )
    first, second = read_manifest(path).utterances
    assert (first.words, first.transcript) == ((), "Yes, no.")
    assert [word.text for word in second.words] == ["YES"]


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("m.csv", "id,audio\nu1,a.wav\n", "lacks the columns label, speaker; expected a header with id, audio"),
        ("m.csv", "", "lacks the columns id, audio, label, speaker"),
        ("m.csv", HEADER + 'u1,"a.wav\n', "is not CSV"),
        ("m.jsonl", '{"id": "u1"}\n', "m.jsonl:1: lacks audio, label, speaker"),
        ("m.jsonl", "{\n", "m.jsonl:1: is not JSON"),
        ("m.jsonl", "[" * 100_000, "m.jsonl:1: is not JSON"),
        ("m.jsonl", "[1]\n", "m.jsonl:1: is list; expected an object"),
        (
            "m.jsonl",
            json.dumps({name: [1] for name in REQUIRED_COLUMNS}),
            "m.jsonl:1: expected text in id, audio, label",
        ),
        ("m.txt", "x", "expected a manifest that ends in .csv, .tsv or .jsonl"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(CorpusError, match=message):
        read_manifest(path)


def test_a_missing_manifest_and_one_that_is_not_utf_8_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="cannot be read as UTF-8 text"):
        read_manifest(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorpusError, match="cannot be read as UTF-8 text"):
        read_manifest(tmp_path / "m.csv")


@pytest.mark.parametrize("column", ["label", "audio", "alignment", "speaker", "transcript"])
@pytest.mark.parametrize("value", ["a\0b.json", "\ud800.json"])
def test_a_row_with_what_is_no_text_is_rejected_and_the_rest_is_kept(folder, column, value):
    row = {"id": "u1", "audio": "wav/a.wav", "label": "calm", "speaker": "ann", "alignment": "a.ctm"}
    path = folder / "m.jsonl"
    path.write_text(f"{json.dumps(row)}\n{json.dumps({**row, 'id': 'u2', column: value})}\n")
    corpus = read_manifest(path)
    assert [utterance.id for utterance in corpus.utterances] == ["u1"]
    [rejection] = corpus.rejected
    assert corpus.labels == ("calm",)
    assert rejection.reason == f"row 2: its {column} holds a NUL or half a character; expected text"


@pytest.mark.parametrize("id_", ["a\0b", "\ud800", "a\nb"])
def test_an_id_that_cannot_be_printed_is_rejected_by_its_row(folder, id_):
    row = {"id": id_, "audio": "wav/a.wav", "label": "calm", "speaker": "ann", "alignment": "a.ctm"}
    (folder / "m.jsonl").write_text(json.dumps(row))
    [rejection] = read_manifest(folder / "m.jsonl").rejected
    assert rejection.reason == "row 1: expected an id of printable characters"
    rejection.id.encode()  # It goes into rejected.csv.


def test_a_manifest_may_name_recordings_anywhere(folder, tmp_path_factory):
    elsewhere = write_tone(tmp_path_factory.mktemp("elsewhere") / "b.wav", 1.0)
    (folder / "lists").mkdir()
    path = folder / "lists" / "m.csv"
    path.write_text(HEADER + f"u1,{elsewhere},calm,ann,,,../a.wdseg\nu2,../wav/a.wav,calm,ann,,,../a.wdseg\n")
    assert [utterance.audio_path.is_file() for utterance in read_manifest(path).utterances] == [True, True]


def test_a_row_that_was_cut_short_is_not_taken_for_one_without_words(tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    path = tmp_path / "m.csv"
    path.write_text("id,audio,label,speaker,alignment,transcript\nu1,a.wav,calm,ann,,\nu2,a.wav,calm,ann")
    corpus = read_manifest(path)
    assert [(each.id, each.words, each.transcript) for each in corpus.utterances] == [("u1", (), "")]
    [rejection] = corpus.rejected
    assert rejection.reason == (
        "row 3: ends before its column alignment; expected a field for each column, if an empty one"
    )
