"""The parsers of a corpus: alignments, transcripts, label files, manifests, recordings; and of word vectors."""

import gzip
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from can_tf.alignment.cache import read_kept
from can_tf.alignment.formats import FORMATS, format_alignment, read_alignment
from can_tf.alignment.mending import OVERLAP_TOLERANCE_SECONDS
from can_tf.alignment.pauses import Stretch
from can_tf.alignment.spans import share_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.alignment.turns import Speakers, read_turns
from can_tf.alignment.word import Word
from can_tf.audio import read_audio, wav_bytes
from can_tf.corpus.iemocap import read_iemocap
from can_tf.corpus.labels import LABEL_SETS, load_label_set
from can_tf.corpus.manifest import read_manifest
from can_tf.corpus.utterance import Corpus
from can_tf.errors import AlignmentError, CorpusError
from can_tf.text.glove import read_glove
from tests.alignment.formats.test_json_dialects import DIALECTS
from tests.alignment.textgrids import LONG_TEXTGRID, SHORT_TEXTGRID
from tests.audio.test_media import contained
from tests.conftest import write_tone
from tests.fuzz.hostile import hostile_string
from tests.fuzz.parser import Parser, binary_parser, json_parser, text_parser

WDSEG = "\t SFrm  EFrm   SegAScr Word\n\t    0     9    -612 <s>\n\t   10    30   -1320 GOOD\n\t   31    60 -9 DAY(2)\n"
WDSEG += "\t   61    70     -98 </s>\n Total score:      -3444\n"
CTM = ";; by hand\nu1 1 0.10 0.20 good 0.9\nu1 1 0.40 0.10 day\n"
ENTRIES = [{"word": " good", "start": 0.1, "end": 0.4}, {"word": "day", "start": 0.4, "end": 0.9, "score": 0.3}]
WHISPER = {"text": " good day", "segments": [{"id": 0, "start": 0.1, "end": 0.9, "words": ENTRIES}], "language": "en"}
WHISPERX = {"segments": [{"start": 0.1, "text": "good day", "words": ENTRIES}], "word_segments": ENTRIES}
VOSK = {"result": [{"conf": 1.0, **entry} for entry in ENTRIES], "text": "good day"}
EVALUATION = """% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
[10.0100 - 11.3925]\tSes01F_impro01_M000\txxx\t[2.5000, 3.0000, 2.5000]
[12.0000 - 13.0000]\tSes01F_impro01_F001\tang\t[2.5000, 3.0000, 2.5000]
"""
CSV_MANIFEST = "id,audio,label,speaker,session,alignment,transcript\n"
CSV_MANIFEST += 'u1,a.wav,calm,anna,s1,a.ctm,\nu2,a.wav,loud,ben,s2,,"Say it, now"\n'
ROWS = [
    {"id": "u1", "audio": "a.wav", "label": "calm", "speaker": "anna", "alignment": "a.json"},
    {"id": "u2", "audio": "a.wav", "label": "loud", "speaker": "ben", "session": "s2", "transcript": "say"},
]
JSONL_MANIFEST = "".join(json.dumps(row) + "\n" for row in ROWS)
GLOVE = "good 0.1 -0.2 3e-1\nday 0.5 0.25 1\nThe 0 1 2\nn't 1 1 1\nat name@ 0.5 0.5 0.5\n"
TRANSCRIPTS = [
    "It's 10:30, Mr. O'Neil: $5! [LAUGHTER] talkin' in 1999 & 21st",
    "<sil> \u00a33.50 and 1,234,567.5 \u2019tis caf\u00e9 THAN(2) 1st 50% 4111111111111111",
]


def check_words(words: Sequence[Word]) -> None:
    """Words have texts and finite times in order."""
    assert words
    reached = 0.0
    for word in words:
        assert isinstance(word.text, str)
        assert math.isfinite(word.start)
        assert math.isfinite(word.end)
        assert 0 <= word.start <= word.end
        assert word.start >= reached - OVERLAP_TOLERANCE_SECONDS
        reached = max(reached, word.end)


def check_corpus(corpus: Corpus) -> None:
    """Utterances are usable, and each id occurs once."""
    ids = [utterance.id for utterance in corpus.utterances]
    assert len(set(ids)) == len(ids)
    for utterance in corpus.utterances:
        assert utterance.id.strip()
        assert utterance.id.isprintable()
        assert utterance.label in corpus.labels
        assert utterance.audio_path.is_file()
        if utterance.words:
            check_words(utterance.words)
    "".join(f"{each.id}{each.reason}{each.path}" for each in corpus.rejected).encode()  # Goes into rejected.csv.
    if not corpus.utterances:
        raise CorpusError("nothing usable, as build-records says")


def _written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _alignment(name: str):
    def feed(content: bytes, folder: Path) -> None:
        words = read_alignment(_written(folder, name, content), "u1")
        check_words(words)
        check_words(share_silence(words))

    return feed


def _turns(content: bytes, folder: Path) -> None:
    turns = read_turns(_written(folder, "a.rttm", content), "u1")
    parts = Speakers(turns).cut([Stretch(0.25, 4.0)])
    assert (parts[0][0].start, parts[-1][0].end) == (0.25, 4.0)
    assert all(start < end for (start, end), _ in parts)


def _kept_alignment(content: bytes, folder: Path) -> None:
    words = read_kept(_written(folder, "a.json", content))
    if words is None:
        raise AlignmentError("it is aligned again")
    for word in words:
        check_words([word])


def _transcript(text: str, folder: Path) -> None:
    words = spoken_words(text)
    assert words
    assert all(word and word.isascii() and set(word) <= set("abcdefghijklmnopqrstuvwxyz'") for word in words)


def _prepare_release(folder: Path) -> None:
    sentences = folder / "Session1" / "sentences"
    for name in ("Ses01F_impro01_F000", "Ses01F_impro01_M000", "Ses01F_impro01_F001"):
        for kind, suffix, content in (("wav", "wav", ""), ("ForcedAlignment", "wdseg", WDSEG)):
            path = sentences / kind / "Ses01F_impro01" / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    (folder / "Session1" / "dialog" / "EmoEvaluation").mkdir(parents=True)


def _evaluation(content: bytes, folder: Path) -> None:
    _written(folder, "Session1/dialog/EmoEvaluation/Ses01F_impro01.txt", content)
    check_corpus(read_iemocap(folder, LABEL_SETS["paper7"]))


def _prepare_manifest(folder: Path) -> None:
    write_tone(folder / "a.wav", 1.0)
    (folder / "a.ctm").write_text(CTM)
    (folder / "a.json").write_text(json.dumps(ENTRIES))


def _manifest(name: str):
    def feed(content: bytes, folder: Path) -> None:
        check_corpus(read_manifest(_written(folder, name, content)))

    return feed


def _labels(name: str):
    def feed(content: bytes, folder: Path) -> None:
        found = load_label_set(str(_written(folder, name, content)))
        assert found.labels
        assert len(set(found.labels)) == len(found.labels)
        assert set(found.mapping.values()) == set(found.labels)
        assert not set(found.excluded) & set(found.mapping)
        " ".join([*found.labels, *found.mapping, *found.excluded]).encode()

    return feed


def _glove(name: str):
    def feed(content: bytes, folder: Path) -> None:
        glove = read_glove(_written(folder, name, content), ["good", "day", "the", "don't", "at name@"])
        for vector in glove.vectors.values():
            assert vector.shape == (glove.dimension,)
            assert np.isfinite(vector).all()

    return feed


def _encoded(rate: int, channels: int, **kind: str) -> bytes:
    samples = np.random.default_rng(0).normal(size=(400, channels)) * 0.1
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **kind)
    return buffer.getvalue()


def _recording(name: str):
    def feed(content: bytes, folder: Path) -> None:
        path = _written(folder, name, content)
        samples = read_audio(path)
        assert samples.ndim == 1
        assert samples.dtype == np.float32
        assert len(samples)
        assert np.isfinite(samples).all()
        # A second of 16-bit mono has 32,000 bytes; nothing here is compressed a thousandfold.
        assert len(samples) < 1000 * len(content) + 1000
        np.testing.assert_array_equal(read_audio(wav_bytes(samples)), samples)

    return feed


_WAVS = [
    _encoded(16_000, 1, format="WAV", subtype="PCM_16"),
    _encoded(44_100, 2, format="WAV", subtype="PCM_24"),
    _encoded(16_000, 1, format="WAV", subtype="FLOAT"),
    _encoded(8_000, 1, format="WAVEX", subtype="PCM_U8"),
    _encoded(8_000, 1, format="WAV", subtype="IMA_ADPCM"),
]
_OTHERS = [_encoded(16_000, 1, format=form, subtype="PCM_16") for form in ("AIFF", "W64", "CAF", "RF64", "AU", "NIST")]
_FLACS = [_encoded(16_000, 1, format="FLAC"), _encoded(8_000, 2, format="FLAC")]

# What other programs write, by format, beside what can_tf writes itself.
_BY_OTHERS: Mapping[str, Sequence[Any]] = {
    "wdseg": [WDSEG],
    "textgrid": [LONG_TEXTGRID],
    "textgrid-short": [SHORT_TEXTGRID],
    "ctm": [CTM],
    "json": [ENTRIES, {"words": ENTRIES}, *DIALECTS.values()],
    "whisper": [WHISPER],
    "whisperx": [WHISPERX],
    "vosk": [VOSK, [VOSK, {"text": ""}]],
}


def _alignment_parser(name: str) -> Parser:
    suffix = FORMATS[name].suffixes[0]
    own = format_alignment(name, "u1", (Word("<sil>", 0.0, 0.1), Word("good", 0.1, 0.3), Word("day", 0.3, 0.9)), 1.0)
    if suffix == ".json":
        return json_parser([json.loads(own), *_BY_OTHERS.get(name, ())], _alignment(f"a{suffix}"))
    return text_parser([own, *_BY_OTHERS.get(name, ())], _alignment(f"a{suffix}"))


RTTM = "SPEAKER u1 1 0.5 1.5 <NA> <NA> anna <NA> <NA>\nSPEAKER u2 1 0 1 <NA> <NA> ben 0.5\n"

PARSERS: Mapping[str, Parser] = {
    **{f"alignment, {name}": _alignment_parser(name) for name in FORMATS},
    "kept alignment": json_parser([[["<sil>", 0.0, 0.1], ["good", 0.1, 0.5]]], _kept_alignment),
    "RTTM": text_parser(
        ["SPEAKER u1 1 0.5 1.5 <NA> <NA> anna <NA> <NA>\nSPEAKER u2 1 0 1 <NA> <NA> ben 0.5\n"], _turns
    ),
    "transcript": Parser(valid=TRANSCRIPTS, hostile=hostile_string(TRANSCRIPTS), feed=_transcript),
    "EmoEvaluation": text_parser([EVALUATION], _evaluation, prepare=_prepare_release),
    "CSV manifest": text_parser([CSV_MANIFEST], _manifest("m.csv"), prepare=_prepare_manifest),
    "JSONL manifest": text_parser([JSONL_MANIFEST], _manifest("m.jsonl"), prepare=_prepare_manifest),
    "JSONL manifest, values": json_parser(ROWS, _manifest("m.jsonl"), prepare=_prepare_manifest),
    "CSV label set": text_parser(["ang,negative\nhap,positive\nxxx,\n"], _labels("l.csv")),
    "JSON label set": json_parser([{"ang": "negative", "hap": "positive", "xxx": None}], _labels("l.json")),
    "GloVe": text_parser([GLOVE, "5 3\n" + GLOVE], _glove("g.txt")),
    "GloVe, gzipped": binary_parser([gzip.compress(GLOVE.encode(), mtime=0)], _glove("g.gz")),
    "wav": binary_parser(_WAVS, _recording("a.wav")),
    "flac": binary_parser(
        [_encoded(16_000, 1, format="FLAC"), _encoded(8_000, 2, format="FLAC")], _recording("a.flac")
    ),
    "aiff, w64, caf, rf64, au, sph": binary_parser(_OTHERS, _recording("a.sound")),
    "ogg": binary_parser(
        [_encoded(16_000, 1, format="OGG"), _encoded(48_000, 1, format="OGG", subtype="OPUS")], _recording("a.ogg")
    ),
    "mp3": binary_parser([_encoded(16_000, 1, format="MP3")], _recording("a.mp3")),
    "webm and m4a": binary_parser(
        [contained("webm", "libopus", seconds=0.1), contained("ipod", "aac", seconds=0.1)], _recording("a.webm")
    ),
}
