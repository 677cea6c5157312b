"""Files in which other tools list a corpus."""

from collections.abc import Mapping
from pathlib import Path

from can_tf.corpus.registry import read_corpus
from tests.conftest import write_tone
from tests.corpus.written import TAKES, cut, recording, supervision, write_audformat, write_lines
from tests.fuzz.corpora import check_corpus
from tests.fuzz.parser import Parser, json_parser, text_parser

TAKE = TAKES[0]
TABLE = "file,start,end,mood\nwav/u00.wav,0 days,0 days 00:00:00.750000,calm\nwav/u00.wav,00:00:00.1,,sad\n"
HEADER = "schemes: {emotion: {dtype: str, labels: [calm]}}\ntables:\n  emotion: &t {type: segmented, columns: {mood: "
HEADER += (
    "{scheme_id: emotion}}}\n  files:\n    columns:\n      speaker: {}\n      transcription: {scheme_id: x}\nmore: *t\n"
)
METADATA = [
    {"file_name": "wav/u00.wav", "emotion": "calm", "speaker_id": "anna", "text": "so long"},
    {"file_name": "./wav/u00.wav", "label": 3, "speaker": 7, "alignment": None},
]


def _prepare(folder: Path) -> None:
    write_tone(folder / "wav" / "u00.wav", 0.75)


def _prepare_recordings(folder: Path) -> None:
    _prepare(folder)
    write_lines(folder / "recordings.jsonl", [recording("u00")])


def _prepare_database(folder: Path) -> None:
    _prepare(folder)
    write_audformat(folder)


def _file(corpus: str, name: str):
    def feed(content: bytes, folder: Path) -> None:
        (folder / name).write_bytes(content)
        check_corpus(read_corpus(corpus, folder))

    return feed


PARSERS: Mapping[str, Parser] = {
    "supervisions of lhotse": json_parser(
        [supervision(TAKE)], _file("lhotse", "supervisions.jsonl"), prepare=_prepare_recordings
    ),
    "cuts of lhotse": json_parser([cut(TAKE)], _file("lhotse", "cuts.jsonl"), prepare=_prepare),
    "header of audformat": text_parser([HEADER], _file("audformat", "db.yaml"), prepare=_prepare_database),
    "table of audformat": text_parser([TABLE], _file("audformat", "db.emotion.csv"), prepare=_prepare_database),
    "metadata of an audio folder": json_parser(METADATA, _file("audio-folder", "metadata.jsonl"), prepare=_prepare),
}
