"""Making the demo corpus: all of it is planned, then each session is spoken by a process of its own."""

import concurrent.futures
import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from can_tf.alignment.espeak import Synthesizer
from can_tf.corpus.demo.planning import Line, apportion, plan_sessions
from can_tf.corpus.demo.release import write_dialog, write_front_matter, write_utterance
from can_tf.corpus.demo.speaking import SAMPLE_RATE_HZ, perform
from can_tf.corpus.demo.voices import SPEAKERS
from can_tf.corpus.iemocap import RELEASE_FOLDER
from can_tf.errors import CorpusError
from can_tf.files import TEMPORARY_PREFIX
from can_tf.locks import alone_in
from can_tf.processes import cores, process_pool
from can_tf.progress import Progress, counted, ignore


@dataclasses.dataclass(frozen=True)
class DemoSummary:
    """What was made: the root of the release, and the usable utterances by label."""

    root: Path
    counts: Mapping[str, int]

    @property
    def usable(self) -> int:
        return sum(self.counts.values())


def make_demo_corpus(out: Path, *, utterances: int = 1400, seed: int = 0, progress: Progress = ignore) -> DemoSummary:
    """Writes a demo corpus to `out/IEMOCAP_full_release`, complete or not at all.

    Args:
        out: Folder; made if missing. If its own name is IEMOCAP_full_release, that is the root.
        utterances: Usable ones: of the seven labels, in the paper's proportions, with an alignment.
        seed: Of everything random.
        progress: Told of the utterances said.

    Raises:
        CorpusError: There is something at the root already.
        BusyError: Another process makes a corpus here.
        MissingExtraError: espeakng-loader is not installed.

    Example:
        >>> summary = make_demo_corpus(Path("data/small"), utterances=5)
        >>> summary.usable, summary.root.name
        (5, 'IEMOCAP_full_release')
    """
    root = out if out.name == RELEASE_FOLDER else out / RELEASE_FOLDER
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CorpusError(f"{root}: is there already and not empty. Give another folder, or remove it.")
    counts = apportion(utterances)
    sessions = plan_sessions(counts, seed)
    root.parent.mkdir(parents=True, exist_ok=True)
    temporary = root.with_name(f"{TEMPORARY_PREFIX}{root.name}")
    with alone_in(root.parent, name=f".{root.name}.lock"):
        shutil.rmtree(temporary, ignore_errors=True)  # Left by a process that was killed.
        try:
            _speak_sessions(sessions, temporary, seed, counted(progress, "Speaking the synthetic corpus", "utterances"))
            write_front_matter(temporary, utterances, seed)
            if root.exists():
                root.rmdir()
            temporary.rename(root)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return DemoSummary(root, counts)


def _speak_sessions(
    sessions: Sequence[Sequence[Line]], root: Path, seed: int, report: Callable[[int, int], None]
) -> None:
    """Says the sessions, each in a process of its own: espeak-ng's flutter goes on from one call to the next, so only a
    new process says the same thing again."""
    total, done = sum(len(lines) for lines in sessions), 0
    report(0, total)
    with concurrent.futures.ThreadPoolExecutor(min(len(sessions), cores())) as threads:
        futures = {
            threads.submit(_in_new_process, _speak_session, number, lines, root, seed): len(lines)
            for number, lines in enumerate(sessions, 1)
        }
        for future in concurrent.futures.as_completed(futures):
            future.result()
            done += futures[future]
            report(done, total)


def _in_new_process(function: Callable[..., None], *arguments: object) -> None:
    with process_pool(1) as executor:
        executor.submit(function, *arguments).result()


def _speak_session(session: int, lines: Sequence[Line], root: Path, seed: int) -> None:
    folder = root / f"Session{session}"
    synthesizer = Synthesizer()
    durations: dict[str, float] = {}
    for index, line in enumerate(lines):
        generator = np.random.default_rng([seed, session, index])
        speaker = SPEAKERS[session - 1][line.speaker_letter]
        performance = perform(line.sentence, line.emotion, speaker, synthesizer, generator)
        write_utterance(folder / "sentences", line, performance, generator)
        durations[line.id] = len(performance.samples) / SAMPLE_RATE_HZ
    generator = np.random.default_rng([seed, session, len(lines)])
    for dialog in sorted({line.dialog for line in lines}):
        write_dialog(folder / "dialog", dialog, [line for line in lines if line.dialog == dialog], durations, generator)
