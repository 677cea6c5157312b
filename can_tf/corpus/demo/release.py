"""The demo corpus on disk: IEMOCAP's layout, with what would confuse a careless reader of it."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from can_tf.alignment.formats.wdseg import FRAMES_PER_SECOND, Row, wdseg_text
from can_tf.corpus.demo.planning import Line
from can_tf.corpus.demo.speaking import SAMPLE_RATE_HZ, Performance
from can_tf.corpus.iemocap import SYNTHETIC_FILE

_FULL_NAMES = {
    "ang": "Anger",
    "exc": "Excited",
    "hap": "Happiness",
    "sad": "Sadness",
    "fru": "Frustration",
    "sur": "Surprise",
    "neu": "Neutral state",
    "fea": "Fear",
    "dis": "Disgust",
    "oth": "Other",
    "xxx": "Other",
}


def write_utterance(folder: Path, line: Line, performance: Performance, generator: np.random.Generator) -> None:
    wav = folder / "wav" / line.dialog / f"{line.id}.wav"
    wav.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()  # soundfile's errors do not say that a disk is full.
    soundfile.write(content, performance.samples, SAMPLE_RATE_HZ, subtype="PCM_16", format="WAV")
    try:
        wav.write_bytes(content.getvalue())
    except OSError as error:
        error.filename = str(wav)  # A full disk names no file.
        raise
    alignment = folder / "ForcedAlignment" / line.dialog / f"{line.id}.wdseg"
    alignment.parent.mkdir(parents=True, exist_ok=True)
    if line.aligned:
        alignment.write_text(wdseg_text(_rows(performance.tokens, generator)), encoding="ascii")


def _rows(tokens: Sequence[tuple[str, float, float]], generator: np.random.Generator) -> Iterator[Row]:
    """Yields word timings as Sphinx has them, without gaps; some words carry the mark of a pronunciation variant."""
    first = 0
    for token, _, end in tokens:
        last = max(round(end * FRAMES_PER_SECOND) - 1, first)
        score = -int(generator.integers(1_000, 60_000)) * (last - first + 1)
        variant = "(2)" if token.isalpha() and generator.random() < 0.05 else ""
        yield Row(first, last, score, token if token.startswith("<") else f"{token.upper()}{variant}")
        first = last + 1


def write_dialog(
    folder: Path, dialog: str, lines: Sequence[Line], durations: Mapping[str, float], generator: np.random.Generator
) -> None:
    """Writes a dialog's evaluation and transcription, and what stands around them in the real release."""
    evaluation = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
    transcription = []
    start = float(generator.uniform(2, 8))
    for line in lines:
        end = start + durations[line.id]
        evaluation += _evaluation_block(line, start, end, generator)
        transcription.append(f"{line.id} [{start:08.4f}-{end:08.4f}]: {line.sentence.capitalize()}.")
        start = end + float(generator.uniform(0.1, 1.5))
    transcription.append(f"{dialog}_MXX0 [{start:08.4f}-{start + 0.8:08.4f}]: Mmhmm.")
    transcription.append("M: sorry")
    texts = {
        f"EmoEvaluation/{dialog}.txt": evaluation,
        f"EmoEvaluation/Categorical/{dialog}_e1_cat.txt": [f"{line.id} :Other; ()" for line in lines],
        f"EmoEvaluation/Attribute/{dialog}_e1_atr.txt": [f"{line.id} :act 3; :val 3; :dom 3; ()" for line in lines],
        f"EmoEvaluation/Self-evaluation/{dialog}_f1_cat.txt": [f"[1.0 - 2.0]\t{line.id}\tzzz\t[1]" for line in lines],
        f"transcriptions/{dialog}.txt": transcription,
    }
    for name, content in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(content) + "\n", encoding="utf-8")
    if dialog.endswith("F_impro01"):  # What macOS leaves beside files: binary, and named like them.
        (folder / "EmoEvaluation" / f"._{dialog}.txt").write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\xff\xfe")


def _evaluation_block(line: Line, start: float, end: float, generator: np.random.Generator) -> list[str]:
    means = np.array([line.emotion.valence, line.emotion.activation, line.emotion.dominance])
    ratings = np.clip(np.round(means + 0.7 * generator.normal(size=(2, 3))), 1, 5).astype(int)
    mean = ", ".join(f"{value:.4f}" for value in ratings.mean(axis=0))
    name = _FULL_NAMES[line.label]
    return [
        f"[{start:.4f} - {end:.4f}]\t{line.id}\t{line.label}\t[{mean}]",
        f"C-E1:\t{name};\t()",
        f"C-E2:\t{name}; Neutral state;\t(not sure)",
        f"C-F1:\t{name};\t()",
        *(
            f"A-E{index}:\tval {valence}; act {activation}; dom  {dominance};\t()"
            for index, (valence, activation, dominance) in enumerate(ratings, 1)
        ),
        "",
    ]


def write_front_matter(root: Path, utterances: int, seed: int) -> None:
    (root / SYNTHETIC_FILE).write_text(
        f"Synthetic speech made by can-tf demo-corpus --utterances {utterances} --seed {seed}.\n", encoding="utf-8"
    )
    (root / "README.txt").write_text(
        "All speech in this folder is synthetic: it is not IEMOCAP, and no person speaks in it.\n\n"
        "It is laid out as IEMOCAP_full_release is. The sentences are a subset of GoEmotions (Demszky et al., 2020, "
        "Google Research, CC BY 4.0); the voices are espeak-ng's.\n",
        encoding="utf-8",
    )
