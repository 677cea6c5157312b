"""A corpus of synthetic speech, laid out as IEMOCAP is on disk, for trying everything without the licensed corpus.

The sentences were written and labelled by people (GoEmotions); espeak-ng says them in ten voices. How something is
said depends on the emotion, but not strictly: deliveries are drawn from distributions that overlap, and an acted line
is now and then played with another emotion than its words have. So neither words nor voice tell the emotion alone. What
a model scores here says that all parts work together, and nothing about speech of people.

As in IEMOCAP, scripted dialogs are performed in every session, so their sentences recur across speakers; improvised
dialogs use a sentence once a session, as long as there are enough. All is a function of the seed.
"""

import concurrent.futures
import dataclasses
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from can_tf.corpus.iemocap import RELEASE_FOLDER, SYNTHETIC_FILE
from can_tf.corpus.labels import PAPER_COUNTS_BY_LABEL_SET
from can_tf.corpus.speech_synthesis import Delivery, Speech, Synthesizer
from can_tf.errors import CorpusError

SAMPLE_RATE_HZ = 16_000
_FRAMES_PER_SECOND = 100
_SCRIPTED_SHARE = 0.47
# How often a line's words have another label than its voice.
_PLAYED_AGAINST_THE_WORDS = {"script": 0.3, "impro": 0.05}
_OTHER_LABELS = ("xxx", "fea", "oth", "dis")
_OTHER_SHARE = 0.03
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


@dataclasses.dataclass(frozen=True, slots=True)
class EmotionVoice:
    """How an emotion sounds beside the speaker's neutral voice, on average.

    Attributes:
        rate: Factor of the words a minute.
        pitch, pitch_range: Added, in espeak-ng's units.
        decibels: Added to the loudness.
        pause: Probability of a pause before a word.
        emphasis: Probability that a word is said with emphasis.
        valence, activation, dominance: What the evaluators write, 1 to 5.
        filler: Noise that now and then goes with it.
    """

    rate: float
    pitch: float
    pitch_range: float
    decibels: float
    pause: float
    emphasis: float
    valence: float
    activation: float
    dominance: float
    filler: str = "++BREATHING++"


EMOTION_VOICES: Mapping[str, EmotionVoice] = {
    "ang": EmotionVoice(1.10, 4, 12, 6.0, 0.05, 0.30, 1.8, 4.0, 4.0),
    "exc": EmotionVoice(1.18, 16, 26, 3.0, 0.03, 0.18, 4.2, 4.0, 3.5, "++LAUGHTER++"),
    "hap": EmotionVoice(1.02, 11, 14, 0.5, 0.06, 0.12, 4.2, 3.0, 3.0, "++LAUGHTER++"),
    "sad": EmotionVoice(0.80, -10, -20, -6.0, 0.22, 0.03, 2.0, 2.0, 2.3),
    "fru": EmotionVoice(0.92, 0, 4, 2.5, 0.16, 0.22, 2.2, 3.2, 3.3),
    "sur": EmotionVoice(1.05, 24, 34, 1.5, 0.05, 0.25, 3.3, 3.8, 3.0),
    "neu": EmotionVoice(1.00, 0, -6, -1.0, 0.08, 0.04, 3.0, 2.5, 3.0),
}
_RATE_SPREAD, _PITCH_SPREAD, _RANGE_SPREAD, _DECIBEL_SPREAD = 0.10, 9.0, 11.0, 2.6  # Standard deviations.

# Session, then woman and man: espeak-ng variant and base pitch. Variants with breath, such as f2, f3 and f5, are not
# among them: their noise is another one in each process.
_SPEAKERS = (
    (("belinda", 62), ("m1", 38)),
    (("steph", 68), ("m3", 34)),
    (("f4", 58), ("m7", 42)),
    (("f1", 64), ("adam", 36)),
    (("linda", 60), ("robert", 40)),
)


@dataclasses.dataclass(frozen=True)
class DemoSummary:
    """What was made: the root of the release, and the usable utterances by label."""

    root: Path
    counts: Mapping[str, int]

    @property
    def usable(self) -> int:
        return sum(self.counts.values())


@dataclasses.dataclass(frozen=True, slots=True)
class _Line:
    """An utterance to be said: `label` is its voice's and its evaluators', whatever its words are like."""

    id: str
    sentence: str
    label: str
    aligned: bool = True

    @property
    def dialog(self) -> str:
        return self.id.rsplit("_", 1)[0]

    @property
    def speaker_letter(self) -> str:
        return self.id.rsplit("_", 1)[1][0]


def make_demo_corpus(
    out: Path, *, utterances: int = 1400, seed: int = 0, report: Callable[[int, int], None] | None = None
) -> DemoSummary:
    """Writes a demo corpus to `out/IEMOCAP_full_release`, complete or not at all.

    Args:
        out: Folder; made if missing. If its own name is IEMOCAP_full_release, that is the root.
        utterances: Usable ones: of the seven labels, in the paper's proportions, with an alignment.
        seed: Of everything random.
        report: Called with the utterances said and their total.

    Raises:
        CorpusError: There is something at the root already.
        MissingExtraError: espeakng-loader is not installed.
    """
    root = out if out.name == RELEASE_FOLDER else out / RELEASE_FOLDER
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CorpusError(f"{root}: is there already and not empty. Give another folder, or remove it.")
    counts = apportion(utterances)
    lines = _plan(counts, seed)
    root.parent.mkdir(parents=True, exist_ok=True)
    temporary = root.with_name(f".{root.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        _speak_sessions(lines, temporary, seed, report)
        _write_front_matter(temporary, utterances, seed)
        if root.exists():
            root.rmdir()
        temporary.rename(root)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return DemoSummary(root, counts)


def apportion(utterances: int) -> dict[str, int]:
    """Shares utterances among the labels in the paper's proportions, by largest remainder."""
    paper = PAPER_COUNTS_BY_LABEL_SET["paper7"]
    total = sum(paper.values())
    counts = {label: utterances * count // total for label, count in paper.items()}
    by_remainder = sorted(paper, key=lambda label: (-(utterances * paper[label] % total), label))
    for label in by_remainder[: utterances - sum(counts.values())]:
        counts[label] += 1
    return counts


def _plan(counts: Mapping[str, int], seed: int) -> list[list[_Line]]:
    """Returns the lines of each session."""
    generator = np.random.default_rng([seed, 0])
    labels = [label for label, count in counts.items() for _ in range(count)]
    labels += list(generator.choice(_OTHER_LABELS, round(_OTHER_SHARE * len(labels)), p=[0.7, 0.15, 0.08, 0.07]))
    generator.shuffle(labels)
    sentences = _Sentences(generator)
    numbers: Counter[str] = Counter()
    sessions: list[list[_Line]] = []
    for session, share in enumerate(np.array_split(np.array(labels), 5), 1):
        sentences.new_session()
        dialogs = _dialogs(session)
        lines = [_line(str(label), dialogs, numbers, sentences, generator) for label in share]
        if session == 3:
            lines.append(_Line("Ses03M_impro03_M001", sentences.draw("exc", "impro", generator), "exc", aligned=False))
            lines.append(_Line("Ses03F_impro07_M030", sentences.draw("neu", "impro", generator), "xxx", aligned=False))
        sessions.append(sorted(lines, key=lambda line: line.id))
    return sessions


def _dialogs(session: int) -> dict[str, list[str]]:
    """Returns the names of a session's dialogs by kind, with IEMOCAP's irregular ones."""
    improvised = [f"Ses{session:02d}{wearer}_impro{number:02d}" for wearer in "FM" for number in range(1, 9)]
    parts = ("script01_1", "script01_2", "script01_3", "script02_1", "script02_2", "script03_1", "script03_2")
    scripted = [f"Ses{session:02d}{wearer}_{part}" for wearer in "FM" for part in parts]
    if session == 3:
        for name in ("Ses03M_impro05", "Ses03M_impro08"):
            improvised.remove(name)
            improvised += [f"{name}a", f"{name}b"]
    if session == 5:
        scripted.append("Ses05M_script01_1b")
    return {"impro": improvised, "script": scripted}


def _line(
    label: str,
    dialogs: Mapping[str, Sequence[str]],
    numbers: Counter[str],
    sentences: "_Sentences",
    generator: np.random.Generator,
) -> _Line:
    kind = "script" if generator.random() < _SCRIPTED_SHARE else "impro"
    turn = f"{generator.choice(dialogs[kind])}_{generator.choice(('F', 'M'))}"
    if f"{turn}{numbers[turn]:03d}" in ("Ses03M_impro03_M001", "Ses03F_impro07_M030"):
        numbers[turn] += 1  # Kept for the two without an alignment.
    id_ = f"{turn}{numbers[turn]:03d}"
    numbers[turn] += 1
    return _Line(id_, sentences.draw(label, kind, generator), label)


class _Sentences:
    """The supply of sentences: those of the scripts recur in each session, the others in a random order."""

    def __init__(self, generator: np.random.Generator):
        by_label: dict[str, list[str]] = {}
        for label, sentence in read_sentences():
            by_label.setdefault(label, []).append(sentence)
        self._scripted: dict[str, list[str]] = {}
        self._improvised: dict[str, list[str]] = {}
        for label, sentences in by_label.items():
            order = [sentences[index] for index in generator.permutation(len(sentences))]
            cut = len(order) // 3
            self._scripted[label], self._improvised[label] = order[:cut], order[cut:]
        self._labels = sorted(by_label)
        self._next: Counter[tuple[str, str]] = Counter()

    def new_session(self) -> None:
        """Begins the scripts again, as each session performs them."""
        self._next = Counter({key: count for key, count in self._next.items() if key[0] == "impro"})

    def draw(self, label: str, kind: str, generator: np.random.Generator) -> str:
        """Returns a sentence for a label; now and then, one whose words have another."""
        words_label = label
        if label not in self._labels or generator.random() < _PLAYED_AGAINST_THE_WORDS[kind]:
            words_label = str(generator.choice(self._labels))
        supply = (self._scripted if kind == "script" else self._improvised)[words_label]
        place = self._next[kind, words_label]
        self._next[kind, words_label] += 1
        return supply[place % len(supply)]


def read_sentences() -> list[tuple[str, str]]:
    """Returns label and words of each of the sentences that ship with can_tf."""
    text = (resources.files("can_tf.corpus") / "data" / "demo_sentences.tsv").read_text(encoding="utf-8")
    return [(label, sentence) for label, sentence, _ in (line.split("\t") for line in text.splitlines())]


def _speak_sessions(
    sessions: Sequence[Sequence[_Line]], root: Path, seed: int, report: Callable[[int, int], None] | None
) -> None:
    """Says the sessions, each in a process of its own: espeak-ng's flutter goes on from one call to the next, so only a
    new process says the same thing again."""
    total, done = sum(len(lines) for lines in sessions), 0
    if report is not None:
        report(0, total)
    with concurrent.futures.ThreadPoolExecutor(min(len(sessions), os.cpu_count() or 1)) as threads:
        futures = {
            threads.submit(_in_new_process, _speak_session, number, lines, root, seed): len(lines)
            for number, lines in enumerate(sessions, 1)
        }
        for future in concurrent.futures.as_completed(futures):
            future.result()
            done += futures[future]
            if report is not None:
                report(done, total)


def _in_new_process(function: Callable[..., None], *arguments: object) -> None:
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        executor.submit(function, *arguments).result()


def _speak_session(session: int, lines: Sequence[_Line], root: Path, seed: int) -> None:
    folder = root / f"Session{session}"
    synthesizer = Synthesizer()
    durations: dict[str, float] = {}
    for index, line in enumerate(lines):
        generator = np.random.default_rng([seed, session, index])
        performance = _perform(line, session, synthesizer, generator)
        _write_utterance(folder / "sentences", line, performance, generator)
        durations[line.id] = len(performance.samples) / SAMPLE_RATE_HZ
    generator = np.random.default_rng([seed, session, len(lines)])
    for dialog in sorted({line.dialog for line in lines}):
        _write_dialog(
            folder / "dialog", dialog, [line for line in lines if line.dialog == dialog], durations, generator
        )


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class _Performance:
    """Samples at 16 kHz in [-1, 1], and tokens with their start and end in seconds, without gaps."""

    samples: np.ndarray
    tokens: Sequence[tuple[str, float, float]]


def _perform(line: _Line, session: int, synthesizer: Synthesizer, generator: np.random.Generator) -> _Performance:
    voice, base_pitch = _SPEAKERS[session - 1]["FM".index(line.speaker_letter)]
    synthesizer.use_voice(f"en-us+{voice}")
    emotion = EMOTION_VOICES.get(line.label, EMOTION_VOICES["neu"])
    rate = 165 * emotion.rate * (1 + _RATE_SPREAD * generator.normal())
    pitch = base_pitch + emotion.pitch + _PITCH_SPREAD * generator.normal()
    pitch_range = 50 + emotion.pitch_range + _RANGE_SPREAD * generator.normal()
    pieces: list[tuple[Sequence[str], Speech]] = [(["<s>"], _silence(generator.uniform(0.12, 0.5), synthesizer))]
    for phrase, emphatic, pause in _phrases(line.sentence.split(), emotion, generator):
        if pause:
            pieces.append((["<sil>"], _silence(generator.uniform(0.12, 0.6), synthesizer)))
        delivery = Delivery(
            rate=_within(rate * (0.82 if emphatic else 1.0), 80, 400),
            volume=100,
            pitch=_within(pitch + (10 if emphatic else 0), 0, 99),
            pitch_range=_within(pitch_range + (12 if emphatic else 0), 0, 99),
        )
        speech = synthesizer.speak(phrase, delivery)
        gain = 10 ** (4 / 20) if emphatic else 1.0
        pieces.append((phrase, dataclasses.replace(speech, samples=speech.samples * gain)))
    if generator.random() < 0.06:
        pieces.append(([emotion.filler], _noise(emotion.filler, synthesizer, generator)))
    pieces.append((["</s>"], _silence(generator.uniform(0.12, 0.5), synthesizer)))
    decibels = emotion.decibels + _DECIBEL_SPREAD * generator.normal()
    return _mixed(pieces, synthesizer.sample_rate_hz, decibels, generator)


def _within(value: float, low: int, high: int) -> int:
    return round(min(max(value, low), high))


def _phrases(
    words: Sequence[str], emotion: EmotionVoice, generator: np.random.Generator
) -> Iterator[tuple[list[str], bool, bool]]:
    """Yields runs of words that are said in one go, whether with emphasis, and whether a pause comes before."""
    phrase: list[str] = []
    paused = False
    for index, word in enumerate(words):
        pause = index > 0 and generator.random() < emotion.pause
        emphatic = len(word) > 3 and generator.random() < emotion.emphasis
        if (pause or emphatic) and phrase:
            yield phrase, False, paused
            phrase, paused = [], False
        paused = paused or pause
        if emphatic:
            yield [word], True, paused
            paused = False
        else:
            phrase.append(word)
    if phrase:
        yield phrase, False, paused


def _silence(seconds: float, synthesizer: Synthesizer) -> Speech:
    samples = np.zeros(round(seconds * synthesizer.sample_rate_hz), np.float32)
    return Speech(samples, ((0.0, len(samples) / synthesizer.sample_rate_hz),))


def _noise(filler: str, synthesizer: Synthesizer, generator: np.random.Generator) -> Speech:
    """Returns bursts of noise for laughter, one long soft one for a breath."""
    seconds = generator.uniform(0.3, 0.7)
    time = np.arange(round(seconds * synthesizer.sample_rate_hz)) / synthesizer.sample_rate_hz
    swell = np.sin(np.pi * time / seconds)
    envelope = swell * np.maximum(np.sin(2 * np.pi * 5 * time), 0) if filler == "++LAUGHTER++" else 0.3 * swell
    samples = (0.1 * envelope * generator.normal(size=len(time))).astype(np.float32)
    return Speech(samples, ((0.0, seconds),))


def _mixed(
    pieces: Sequence[tuple[Sequence[str], Speech]], rate_hz: int, decibels: float, generator: np.random.Generator
) -> _Performance:
    """Joins the pieces, sets the loudness, adds a light background noise and brings all to 16 kHz."""
    offsets = np.cumsum([0, *(len(speech.samples) for _, speech in pieces)]) / rate_hz
    tokens = [
        (token, float(offset) + start, float(offset) + end)
        for (tokens, speech), offset in zip(pieces, offsets, strict=False)
        for token, (start, end) in zip(tokens, speech.words, strict=True)
    ]
    speech = np.concatenate([speech.samples for _, speech in pieces])
    samples = signal.resample_poly(speech, SAMPLE_RATE_HZ // 50, rate_hz // 50) * (0.35 * 10 ** (decibels / 20))
    noise = generator.normal(size=len(samples)) * 10 ** (generator.uniform(-64, -50) / 20)
    return _Performance(np.clip(samples + noise, -1, 1).astype(np.float32), tokens)


def _write_utterance(folder: Path, line: _Line, performance: _Performance, generator: np.random.Generator) -> None:
    wav = folder / "wav" / line.dialog / f"{line.id}.wav"
    wav.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(wav, performance.samples, SAMPLE_RATE_HZ, subtype="PCM_16")
    alignment = folder / "ForcedAlignment" / line.dialog / f"{line.id}.wdseg"
    alignment.parent.mkdir(parents=True, exist_ok=True)
    if line.aligned:
        alignment.write_text(_wdseg(performance.tokens, generator), encoding="ascii")


def _wdseg(tokens: Sequence[tuple[str, float, float]], generator: np.random.Generator) -> str:
    """Returns word timings as Sphinx writes them: frames of 10 ms without gaps, the last frame inclusive."""
    rows, total, first = ["\t SFrm  EFrm   SegAScr Word"], 0, 0
    for token, _, end in tokens:
        last = max(round(end * _FRAMES_PER_SECOND) - 1, first)
        score = -int(generator.integers(1_000, 60_000)) * (last - first + 1)
        variant = "(2)" if token.isalpha() and generator.random() < 0.05 else ""
        name = token if token.startswith("<") else f"{token.upper()}{variant}"
        rows.append(f"\t{first:5d} {last:5d} {score:10d} {name}")
        total, first = total + score, last + 1
    return "\n".join([*rows, f" Total score: {total:12d}"]) + "\n"


def _write_dialog(
    folder: Path, dialog: str, lines: Sequence[_Line], durations: Mapping[str, float], generator: np.random.Generator
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


def _evaluation_block(line: _Line, start: float, end: float, generator: np.random.Generator) -> list[str]:
    emotion = EMOTION_VOICES.get(line.label, EMOTION_VOICES["neu"])
    means = np.array([emotion.valence, emotion.activation, emotion.dominance])
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


def _write_front_matter(root: Path, utterances: int, seed: int) -> None:
    (root / SYNTHETIC_FILE).write_text(
        f"Synthetic speech made by can-tf demo-corpus --utterances {utterances} --seed {seed}.\n", encoding="utf-8"
    )
    (root / "README.txt").write_text(
        "All speech in this folder is synthetic: it is not IEMOCAP, and no person speaks in it.\n\n"
        "It is laid out as IEMOCAP_full_release is. The sentences are a subset of GoEmotions (Demszky et al., 2020, "
        "Google Research, CC BY 4.0); the voices are espeak-ng's.\n",
        encoding="utf-8",
    )
