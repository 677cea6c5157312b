"""A corpus of synthetic speech, laid out as IEMOCAP is on disk, for trying everything without the licensed corpus.

The sentences were written and labeled by people (GoEmotions); espeak-ng says them in ten voices. How something is
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
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import soundfile

from can_tf.alignment.espeak import Synthesizer
from can_tf.corpus.demo.voices import EMOTION_VOICES, SAMPLE_RATE_HZ, SPEAKERS, EmotionVoice, Performance, perform
from can_tf.corpus.iemocap import RELEASE_FOLDER, SYNTHETIC_FILE
from can_tf.corpus.labels import PAPER_COUNTS_BY_LABEL_SET
from can_tf.errors import CorpusError
from can_tf.files import TEMPORARY_PREFIX
from can_tf.locks import alone_in

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

    @property
    def emotion(self) -> EmotionVoice:
        return EMOTION_VOICES.get(self.label, EMOTION_VOICES["neu"])


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
        BusyError: Another process makes a corpus here.
        MissingExtraError: espeakng-loader is not installed.
    """
    root = out if out.name == RELEASE_FOLDER else out / RELEASE_FOLDER
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CorpusError(f"{root}: is there already and not empty. Give another folder, or remove it.")
    counts = apportion(utterances)
    lines = _plan(counts, seed)
    root.parent.mkdir(parents=True, exist_ok=True)
    temporary = root.with_name(f"{TEMPORARY_PREFIX}{root.name}")
    with alone_in(root.parent, name=f".{root.name}.lock"):
        shutil.rmtree(temporary, ignore_errors=True)  # Left by a process that was killed.
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
        speaker = SPEAKERS[session - 1][line.speaker_letter]
        performance = perform(line.sentence, line.emotion, speaker, synthesizer, generator)
        _write_utterance(folder / "sentences", line, performance, generator)
        durations[line.id] = len(performance.samples) / SAMPLE_RATE_HZ
    generator = np.random.default_rng([seed, session, len(lines)])
    for dialog in sorted({line.dialog for line in lines}):
        _write_dialog(
            folder / "dialog", dialog, [line for line in lines if line.dialog == dialog], durations, generator
        )


def _write_utterance(folder: Path, line: _Line, performance: Performance, generator: np.random.Generator) -> None:
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
