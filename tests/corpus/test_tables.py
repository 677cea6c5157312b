"""Lists as people keep them: other separators, encodings, names of columns, and rows that are not CSV."""

import json

import pytest

from can_tf.corpus.manifest import read_manifest
from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.tables import csv_rows
from can_tf.errors import CorpusError
from tests.conftest import write_tone

HEADER = "id,audio,label,speaker,transcript\n"
ROW = "u1,a.wav,happy,anna,well go\n"


@pytest.fixture
def folder(tmp_path):
    write_tone(tmp_path / "a.wav", 1.0)
    return tmp_path


def read(folder, content, name="m.csv", **columns):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_manifest(path, options=CorpusOptions(columns=columns))


def said(corpus):
    return {each.id: each.transcript for each in corpus.utterances}


def reasons(corpus):
    return {each.id: each.reason for each in corpus.rejected}


@pytest.mark.parametrize(
    "content, told",
    [
        ((HEADER + ROW).replace(",", ";"), "separated by semicolons"),
        ((HEADER + ROW).replace(",", "\t"), "separated by tabs"),
        ((HEADER + ROW).replace(",", "|"), "separated by bars"),
        ("sep=;\r\n" + (HEADER + ROW).replace(",", ";"), "separated by semicolons"),
        ((HEADER + ROW).encode("utf-16"), ""),
        ((HEADER + ROW).encode("utf-16-le"), "has no byte order mark and is read as UTF-16-LE"),
        ((HEADER + ROW).encode("utf-8-sig"), ""),
        ((HEADER + ROW).replace(",", ";").encode("utf-16"), "separated by semicolons"),
        ((HEADER + ROW.replace("happy", "fr\u00f6hlich")).encode("cp1252"), "Windows-1252, where it has"),
        ((HEADER + ROW).replace(",", ", "), ""),
        (HEADER.upper() + ROW, ""),
        (HEADER.title().replace("Id", " ID ") + ROW, ""),
        ('"id","audio","label","speaker","transcript"\n' + ROW, ""),
        (HEADER + ROW + ",,,,\r\n" + " , ,\t,,\n\n", ""),
        (HEADER + ROW.replace("\n", ",,\n"), ""),
        (HEADER + 'u1,a.wav,happy,anna,"well go"\n', ""),
        (HEADER + 'u1, a.wav, happy, anna, "well go"\n', ""),
        ((HEADER + ROW).replace("\n", "\r"), ""),
        ("," + HEADER + "0," + ROW, ""),
        ("\n\n" + HEADER + ROW, ""),
    ],
)
def test_a_list_is_read_and_what_was_guessed_is_told(folder, caplog, content, told):
    corpus = read(folder, content)
    assert said(corpus) == {"u1": "well go"}
    assert not corpus.rejected
    assert (told in caplog.text) if told else not caplog.messages


def test_a_tab_separated_list_and_a_suffix_in_capitals(folder):
    assert said(read(folder, (HEADER + ROW).replace(",", "\t"), "m.tsv"))
    assert said(read(folder, HEADER + ROW, "M.CSV"))
    row = dict(zip(HEADER.strip().split(","), ROW.strip().split(","), strict=True))
    assert said(read(folder, json.dumps(row) + "\r\n" + json.dumps({**row, "id": "u2"}), "m.NDJSON")).keys() == {
        "u1",
        "u2",
    }


@pytest.mark.parametrize(
    "row, line, reason",
    [
        ("u2,a.wav,sad,ben,well, go away", 3, "has 6 fields and the header 5; expected quotation marks around text"),
        ('u2,a.wav,sad,ben,"no" he said', 3, "is not CSV (',' expected after '\"')"),
        ('u2,a.wav,sad,ben,"no he said', 3, "is not CSV ("),
        ('"u2,a.wav,sad,ben,no', 3, "is not CSV ("),
        ("u2,a.wav,sad,ben," + "go " * 50_000, 3, "is not CSV (field larger than field limit"),
        ('u2,a.wav,sad,ben,"no" "yes"', 3, "is not CSV ("),
    ],
)
def test_a_row_that_is_not_csv_costs_itself_and_names_its_line(folder, row, line, reason):
    corpus = read(folder, HEADER + ROW + row + "\nu3,a.wav,happy,anna,away\n" + 'u4,a.wav,sad,ben,"so, so"\n')
    assert said(corpus) == {"u1": "well go", "u3": "away", "u4": "so, so"}
    [rejection] = corpus.rejected
    assert rejection.reason.startswith(f"row {line}: {reason}")


def test_a_quotation_mark_that_swallows_rows_is_found_out(folder):
    rows = 'u2,a.wav,sad,ben,"no\nu3,a.wav,happy,anna,away"\nu4,a.wav,sad,ben,so\n'
    corpus = read(folder, HEADER + ROW + rows)
    assert set(said(corpus)) == {"u1", "u3", "u4"}
    assert "row 3: a quotation mark opens in it, and closes 1 row below" in reasons(corpus).values()


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_an_exotic_line_break_does_not_cut_a_row(folder, character):
    corpus = read(folder, HEADER + f"u1,a.wav,happy,anna,well{character}go away\n" + ROW.replace("u1", "u2"))
    assert said(corpus) == {"u1": f"well{character}go away", "u2": "well go"}


def test_a_quoted_line_break_is_part_of_its_field(folder):
    assert said(read(folder, HEADER + 'u1,a.wav,happy,anna,"well,\ngo"\n'))["u1"] == "well,\ngo"


@pytest.mark.parametrize(
    "header, hint",
    [
        (
            "filename,emotion,text",
            "found filename, emotion, text. Perhaps: --column audio=filename --column label=emotion",
        ),
        ("id,path,label,speaker,transcript", "Perhaps: --column audio=path"),
        ("utt_id,wav,Emotion,spk", "--column id=utt_id --column audio=wav --column label=Emotion --column speaker=spk"),
        ("id,audio,label,Speaker ID,transcript", "--column speaker=Speaker ID"),
        ("a,b", "lacks the columns id, audio, label, speaker; expected a header with id, audio, .*; found a, b$"),
        ("u1,a.wav,happy,anna,well", "found u1, a.wav, happy, anna, well"),
    ],
)
def test_a_header_of_other_names_gets_a_hint(folder, header, hint):
    with pytest.raises(CorpusError, match=hint):
        read(folder, f"{header}\n1,2,3,4\n")


def test_columns_go_by_the_names_given_for_them(folder):
    columns = {"label": "Emotion", "id": "file", "audio": "file", "transcript": "text"}
    corpus = read(folder, "file,Emotion,speaker,text\na.wav,happy,anna,well go\n", **columns)
    assert [(each.id, each.label, each.transcript) for each in corpus.utterances] == [("a.wav", "happy", "well go")]
    row = {"file": "a.wav", "Emotion": "happy", "speaker": "anna", "text": "well go"}
    assert said(read(folder, json.dumps(row), "m.jsonl", **columns)) == {"a.wav": "well go"}


@pytest.mark.parametrize(
    "columns, message",
    [
        ({"label": "mood"}, "m.csv: has no column 'mood' for label; it has id, audio, label"),
        ({"emotion": "label"}, "there is no column 'emotion' to name; expected one of id, audio, label"),
    ],
)
def test_a_name_for_a_column_that_is_not_there_is_refused(folder, columns, message):
    with pytest.raises(CorpusError, match=message):
        read(folder, HEADER + ROW, **columns)


def test_a_column_that_stands_there_twice_is_refused(folder):
    with pytest.raises(CorpusError, match="has several columns 'label'; expected one for label"):
        read(folder, "id,audio,label,speaker,label\nu1,a.wav,happy,anna,sad\n")
    with pytest.raises(CorpusError, match="has several columns 'Label'"):
        read(folder, "id,audio,Label,speaker,LABEL\nu1,a.wav,happy,anna,sad\n")


def test_one_bad_line_of_jsonl_costs_itself(folder):
    row = dict(zip(HEADER.strip().split(","), ROW.strip().split(","), strict=True))
    lines = [json.dumps(row), "{", '{"id": "u2"}', json.dumps({**row, "id": "u3", "label": ["sad"]}), "3"]
    corpus = read(folder, "\n".join([*lines, json.dumps({**row, "id": "u4"})]), "m.jsonl")
    assert set(said(corpus)) == {"u1", "u4"}
    told = reasons(corpus)
    assert told["row 2"].startswith("row 2: is not JSON")
    assert "lacks audio, label, speaker; expected" in told["u2"]
    assert told["u3"] == "row 4: expected text in label"
    assert told["row 5"] == "row 5: is int; expected an object"


def test_a_path_of_windows_gets_a_hint(folder):
    write_tone(folder / "wav" / "u1.wav", 0.1)
    corpus = read(folder, HEADER + "u1,wav\\u1.wav,happy,anna,so\nu2,C:\\wav\\u2.wav,happy,anna,so\n")
    assert reasons(corpus)["u1"].endswith("audio file; here / separates folders: 'wav/u1.wav', and that is there")
    assert reasons(corpus)["u2"].endswith("here / separates folders: 'C:/wav/u2.wav'")


@pytest.mark.parametrize("on_disk, in_list", [("cafe\u0301", "caf\u00e9"), ("caf\u00e9", "cafe\u0301")])
def test_a_recording_is_found_in_either_spelling_of_its_accents(folder, on_disk, in_list):
    write_tone(folder / f"{on_disk}.wav", 0.1)
    [utterance] = read(folder, HEADER + f"u1,{in_list}.wav,happy,anna,so\n").utterances
    assert utterance.audio_path.is_file()


def test_rows_are_told_by_the_line_they_begin_in():
    assert list(csv_rows('a,b\n\n"c\nd",e\n"f" g\nh,i\n')) == [
        (1, ["a", "b"], ""),
        (3, ["c\nd", "e"], ""),
        (5, [], "is not CSV (',' expected after '\"')"),
        (6, ["h", "i"], ""),
    ]
