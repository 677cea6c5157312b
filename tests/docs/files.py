"""What the pages take for granted: recordings, and their words with times. Nothing that cannot be passed on."""

from pathlib import Path

import numpy as np
import soundfile

from can_tf.alignment.espeak import Delivery, Synthesizer
from can_tf.alignment.formats import format_alignment
from can_tf.alignment.word import Word
from can_tf.audio.resampling import resample
from can_tf.samples import pcm16
from tests.conftest import write_tone
from tests.docs.shown import ROOT
from tests.docs.tables import DEMO

SPEECH = ROOT / "tests" / "alignment" / "data"


def make_files(folder: Path) -> None:
    """Makes what the pages take for granted."""
    (folder / "data").mkdir()
    (folder / "data" / "demo-100-seed0").symlink_to(Path(DEMO).name)  # What `--utterances 100` would make.
    _say_not_again(folder)
    (folder / "recordings").mkdir()
    for suffix in (".wav", ".TextGrid"):
        (folder / f"audio{suffix}").write_bytes((folder / f"talk{suffix}").read_bytes())
        (folder / "recordings" / f"one{suffix}").write_bytes((folder / f"talk{suffix}").read_bytes())
    speech = [soundfile.read(SPEECH / f"{name}.flac", dtype="float32") for name in ("austen-0880", "austen-0890")]
    pause = np.zeros(16_000, np.float32)
    soundfile.write(folder / "meeting.mp3", np.concatenate([speech[0][0], pause, speech[1][0]]), 16_000)
    (folder / "meeting.rttm").write_text("SPEAKER meeting 1 0.0 4.0 <NA> <NA> anna <NA> <NA>\n")
    (folder / "talk.raw").write_bytes(pcm16(resample(speech[0][0], 16_000, 44_100)).astype("<i2").tobytes())
    rows = [f"demo,{DEMO}/IEMOCAP_full_release,{name}" for name in ("one", "two")]
    (folder / "two.csv").write_text("\n".join(["corpus,root,name", *rows]))
    (folder / "wav").mkdir()
    (folder / "words").mkdir()
    (folder / "wav" / "u1.flac").write_bytes((SPEECH / "austen-0880.flac").read_bytes())
    for index in range(1, 41):
        if index > 1:
            write_tone(folder / "wav" / f"u{index}.flac", 0.5, hertz=100 + 10 * index)
        words = (Word("good", 0.0, 0.2), Word("day", 0.2, 0.4))
        text = format_alignment("textgrid", f"u{index}", words, 0.5)
        (folder / "words" / f"u{index}.TextGrid").write_text(text)


def _say_not_again(folder: Path) -> None:
    synthesizer = Synthesizer()
    synthesizer.use_voice("en-us+m1")
    said = synthesizer.speak(["not", "again"], Delivery(rate=110, volume=100, pitch=50, pitch_range=50))
    samples = np.concatenate([resample(said.samples, synthesizer.sample_rate_hz, 16_000), np.zeros(16_000, np.float32)])
    soundfile.write(folder / "talk.wav", samples, 16_000, subtype="PCM_16")
    seconds = len(samples) / 16_000
    words = (Word("not", 0.0, 0.41), Word("again", 0.41, 1.2))
    (folder / "talk.TextGrid").write_text(format_alignment("textgrid", "talk", words, seconds))


def with_more_rows(text: str) -> str:
    """Returns a manifest with enough rows for ten folds; any other file as it is."""
    row = "u1,wav/u1.flac,happy,anna,1,interview,words/u1.TextGrid"
    if row not in text:
        return text
    speakers = ("anna", "ben", "eve", "ida", "max", "tom")
    more = [
        f"u{index},wav/u{index}.flac,{('happy', 'sad')[index % 2]},{speakers[index // 2 % 6]},1,interview,"
        f"words/u{index}.TextGrid"
        for index in range(2, 41)
    ]
    return text + "\n".join(more) + "\n"
