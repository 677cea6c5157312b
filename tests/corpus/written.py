"""The same few recordings as a manifest, and as other tools lay such out. Nothing here is a recording of a person."""

import csv
import gzip
import json
from pathlib import Path
from typing import NamedTuple

from tests.conftest import write_tone

SECONDS = 0.75


class Take(NamedTuple):
    """A recording; of words, starts and durations are sums of powers of two, which all formats keep as they are."""

    id: str
    label: str
    speaker: str
    transcript: str = ""
    words: tuple[tuple[str, float, float], ...] = ()


TAKES = [
    Take(
        f"u{number:02d}",
        ("calm", "very angry", "traurig")[number % 3],
        ("anna", "b\u00f6rn")[number // 12],
        "" if number % 4 == 3 else f'"Good day", caf\u00e9 {number}',
        (("good", 0.125, 0.25), ("caf\u00e9", 0.375, 0.25)) if number % 4 < 2 else (),
    )
    for number in range(24)
]


def write_csv(path: Path, rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def write_lines(path: Path, values) -> None:
    """Writes values as lines of JSON, gzipped where the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(value) + "\n" for value in values).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def write_recordings(root: Path) -> None:
    for number, take in enumerate(TAKES):
        write_tone(root / "wav" / f"{take.id}.wav", SECONDS, hertz=200 + 10 * number)


def write_ctms(root: Path) -> list[str]:
    """Writes the words of each take to a file of its own, and returns their names, "" where there are none."""
    for take in TAKES:
        if take.words:
            rows = [f"{take.id} 1 {start} {seconds} {word}\n" for word, start, seconds in take.words]
            (root / f"{take.id}.ctm").write_text("".join(rows), encoding="utf-8")
    return [f"{take.id}.ctm" if take.words else "" for take in TAKES]


def write_manifest(root: Path) -> Path:
    rows = [
        [take.id, f"wav/{take.id}.wav", take.label, take.speaker, ctm, take.transcript]
        for take, ctm in zip(TAKES, write_ctms(root), strict=True)
    ]
    write_csv(root / "corpus.csv", [["id", "audio", "label", "speaker", "alignment", "transcript"], *rows])
    return root / "corpus.csv"


def write_kaldi(root: Path) -> Path:
    tables = {
        "wav.scp": lambda take: f"wav/{take.id}.wav",
        "utt2emo": lambda take: take.label,
        "utt2spk": lambda take: take.speaker,
        "text": lambda take: take.transcript,
    }
    for name, tell in tables.items():
        text = "".join(f"{take.id} {tell(take)}\n" for take in TAKES)
        (root / name).write_text(text, encoding="utf-8")
    words = [f"{take.id} 1 {start} {seconds} {word}\n" for take in TAKES for word, start, seconds in take.words]
    (root / "ctm").write_text("".join(words), encoding="utf-8")
    return root


def recording(id_: str, **changed) -> dict:
    source = {"type": "file", "channels": [0], "source": f"wav/{id_}.wav"}
    told = {"sampling_rate": 16_000, "num_samples": 12_000, "duration": SECONDS, "channel_ids": [0]}
    return {"id": id_, "sources": [source], **told, **changed}


def supervision(take: Take, **changed) -> dict:
    told = {"id": take.id, "recording_id": take.id, "start": 0.0, "duration": SECONDS, "channel": 0}
    if take.transcript:
        told["text"] = take.transcript
    if take.words:
        told["alignment"] = {"word": [["", 0.0, 0.125, None], *([*word, 0.5] for word in take.words)]}
    return {**told, "speaker": take.speaker, "custom": {"emotion": take.label}, **changed}


def write_lhotse(root: Path) -> Path:
    write_lines(root / "mine_recordings_all.jsonl.gz", [recording(take.id) for take in TAKES])
    for part, takes in (("train", TAKES[:16]), ("test", TAKES[16:])):
        write_lines(root / f"mine_supervisions_{part}.jsonl.gz", map(supervision, takes))
    return root


def cut(take: Take, **changed) -> dict:
    told = {"id": f"{take.id}-0", "start": 0, "duration": SECONDS, "channel": 0, "type": "MonoCut"}
    return {**told, "recording": recording(take.id), "supervisions": [supervision(take)], **changed}


def write_cuts(root: Path) -> Path:
    write_lines(root / "cuts.jsonl", map(cut, TAKES))
    return root


HEADER = """name: mine
source: ''
usage: unrestricted
languages: [eng]
schemes:
  emotion:
    dtype: str
    labels: [calm, very angry, traurig]
  speaker:
    dtype: str
    labels:
      anna: {gender: female}
  transcription:
    dtype: str
    labels: {a00: '"Good day", caf\u00e9 0'}
  word: {dtype: str}
tables:
  emotion:
    type: segmented
    columns:
      mood: {scheme_id: emotion, rater_id: gold}
  files:
    type: filewise
    columns:
      duration: {scheme_id: time}
      speaker: {scheme_id: speaker}
      transcription: {scheme_id: transcription}
  unused:
    type: filewise
    columns: {}
  words:
    type: segmented
    columns:
      word: {scheme_id: word}
"""


def write_audformat(root: Path) -> Path:
    (root / "db.yaml").write_text(HEADER, encoding="utf-8")
    names = {take.id: f"wav/{take.id}.wav" for take in TAKES}
    ends = [("", "0 days 00:00:00.750000")[number % 2] for number in range(len(TAKES))]
    moods = [[names[take.id], "0 days", end, take.label] for take, end in zip(TAKES, ends, strict=True)]
    write_csv(root / "db.emotion.csv", [["file", "start", "end", "mood"], *moods])
    said = ["a00", *(take.transcript for take in TAKES[1:])]
    files = [[names[take.id], "", take.speaker, text] for take, text in zip(TAKES, said, strict=True)]
    write_csv(root / "db.files.csv", [["file", "duration", "speaker", "transcription"], *files])
    words = [
        [names[take.id], f"0 days 00:00:0{start:.6f}", f"0 days 00:00:0{start + seconds:.6f}", word]
        for take in TAKES
        for word, start, seconds in take.words
    ]
    write_csv(root / "db.words.csv", [["file", "start", "end", "word"], *words])
    return root


def write_audio_folder(root: Path) -> Path:
    rows = [
        [f"wav/{take.id}.wav", take.label, take.speaker, ctm, take.transcript]
        for take, ctm in zip(TAKES, write_ctms(root), strict=True)
    ]
    write_csv(root / "metadata.csv", [["file_name", "emotion", "speaker_id", "alignment", "text"], *rows])
    return root


WRITERS = {
    "kaldi": write_kaldi,
    "lhotse": write_lhotse,
    "lhotse, cuts": write_cuts,
    "audformat": write_audformat,
    "audio-folder": write_audio_folder,
}
