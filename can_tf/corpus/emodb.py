"""Reads EmoDB as its authors publish it: acted German speech, ten speakers, ten sentences, seven emotions.

Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss, "A database of German emotional speech", Interspeech 2005. Under the
folder: `wav/03a01Fa.wav` is speaker 03, sentence a01, emotion F, take a; `silb/03a01Fa.silb` has the onsets of its
syllables, which people marked; `erkennung.txt` has what share of 20 listeners heard the emotion.

Syllables are written as they were spoken ("bend" for "Abend", "ha bm" for "haben"), so each word gets the run of
syllables whose letters are most like its own. Where there are no onsets, words are taken to be equally long.
"""

import dataclasses
import difflib
import functools
import math
from collections.abc import Sequence
from pathlib import Path

from can_tf.alignment.silence import SILENCE, silence_at_edges
from can_tf.alignment.word import Word
from can_tf.audio import seconds_in
from can_tf.corpus.acted import Take, note_on, read_takes, recordings_in
from can_tf.corpus.labels import EMODB_LABELS, LABEL_SETS, LabelSet
from can_tf.corpus.source import ASKED_BY_CC0, Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

EMODB = "emodb"  # The name of the corpus.
SOURCE = Source(
    license="EmoDB is in the public domain (CC0 1.0).",
    speech="acted German, ten sentences",
    citation='Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss, "A database of German emotional speech", Interspeech '
    "2005",
    address="https://audeering.github.io/datasets/datasets/emodb.html",
    asks=ASKED_BY_CC0,
)
# By their German initials: Wut, Langeweile, Ekel, Angst, Freude, Neutral, Trauer.
EMOTIONS = dict(zip("WLEAFNT", EMODB_LABELS, strict=True))
PUBLISHED_COUNTS = {
    "emodb": dict(zip(EMODB_LABELS, (127, 81, 46, 69, 71, 79, 62), strict=True)),
    "four": {"ang": 127, "hap": 71, "sad": 62, "neu": 79},
}
SENTENCES = {  # As spoken: "Blatt" in a05, where the list of the sentences has "Stück".
    "a01": "der lappen liegt auf dem eisschrank",
    "a02": "das will sie am mittwoch abgeben",
    "a04": "heute abend könnte ich es ihm sagen",
    "a05": "das schwarze blatt papier befindet sich da oben neben dem holzstück",
    "a07": "in sieben stunden wird es soweit sein",
    "b01": "was sind denn das für tüten die da unter dem tisch stehen",
    "b02": "sie haben es gerade hochgetragen und jetzt gehen sie wieder runter",
    "b03": "an den wochenenden bin ich jetzt immer nach hause gefahren und habe agnes besucht",
    "b09": "ich will das eben wegbringen und dann mit karl was trinken gehen",
    "b10": "die wird auf dem platz sein wo wir sie immer hinlegen",
}
_PAUSE, _END = "(", "."  # In place of a syllable.
_MOST_SYLLABLES = 6  # Of one word.
_OTHER_FIRST_LETTER = 0.15  # What it costs a cut: the "bm" of "haben bm es" is no beginning of "es".


def read_emodb(root: Path, label_set: LabelSet | None = None) -> Corpus:
    """Reads utterances, labels, word times and listeners' rates; of the audio, at most its length is read.

    Args:
        root: The folder of `wav`.
        label_set: Which of `EMODB_LABELS` count, and as what; None takes all seven.

    Raises:
        CorpusError: There is no such folder, or no recording in it.
    """
    recordings = recordings_in(root, "wav/*.wav", "the folder in which EmoDB was unpacked")
    rates = _listeners_rates(root / "erkennung.txt")
    without_times: list[str] = []

    def describe(path: Path) -> Take:
        words = _words(root, path)
        if words is None:
            words = _equal_words(path)
            without_times.append(path.stem)
        return Take(
            speaker=path.stem[:2],
            words=words,
            scenario=path.stem[2:5],
            heard=rates.get(path.name),
        )

    corpus = read_takes(EMODB, recordings, label_set or LABEL_SETS["emodb"], _emotion, describe)
    note = note_on("without syllable onsets in silb, their words taken to be equally long", without_times)
    return dataclasses.replace(corpus, notes=(*corpus.notes, *note))


def _emotion(path: Path) -> str:
    name = path.stem
    if len(name) != 7 or not name[:2].isdigit() or name[2:5] not in SENTENCES or name[5] not in EMOTIONS:
        raise CorpusError("expected a name such as 03a01Fa: speaker, sentence, emotion, take")
    return EMOTIONS[name[5]]


def _sentence(path: Path) -> list[str]:
    return SENTENCES[path.stem[2:5]].split()


def _words(root: Path, path: Path) -> tuple[Word, ...] | None:
    """Returns the words of a recording with the silences between them; None without a syllable."""
    onsets = root / "silb" / f"{path.stem}.silb"
    if not onsets.exists() or not onsets.stat().st_size:  # That of 13a01Wb is empty as it is published.
        return None
    return silence_at_edges(words_of_syllables(_syllables(onsets), _sentence(path)), seconds_in(path))


def _equal_words(path: Path) -> tuple[Word, ...]:
    words, seconds = _sentence(path), seconds_in(path)
    ends = [seconds * (index + 1) / len(words) for index in range(len(words))]
    return tuple(Word(word, start, end) for word, start, end in zip(words, [0.0, *ends], ends, strict=False))


def _syllables(path: Path) -> list[Word]:
    """Returns the syllables of a file, each up to the next onset; pauses are `SILENCE`."""
    try:
        lines = path.read_text(encoding="latin-1").splitlines()
        rows = [line.split(maxsplit=1) for line in lines if line.strip()]
        onsets = [(float(time), text.strip().lower()) for time, text in rows]
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: expected lines of seconds and syllable ({error})") from error
    if not onsets or onsets[-1][1] != _END:
        raise CorpusError(f"{path}: expected {_END!r}, the end of speech, in its last line")
    starts = [start for start, _ in onsets]
    if not all(map(math.isfinite, starts)) or starts != sorted(starts):
        raise CorpusError(f"{path}: expected onsets that rise")
    ends = zip(onsets, starts[1:], strict=False)
    return [Word(SILENCE if text in (_PAUSE, _END) else text, start, end) for (start, text), end in ends if end > start]


def words_of_syllables(syllables: Sequence[Word], words: Sequence[str]) -> tuple[Word, ...]:
    """Joins syllables into words: the cuts under which the letters differ least.

    Args:
        syllables: What was spoken, in order; silences among them stay as they are.
        words: What was said.

    Raises:
        CorpusError: There are fewer syllables than words.

    Example:
        >>> spoken = [Word("heu", 0.0, 0.2), Word("te", 0.2, 0.3), Word("a", 0.3, 0.4), Word("bmt", 0.4, 0.6)]
        >>> [(word.text, word.start) for word in words_of_syllables(spoken, ["heute", "abend"])]
        [('heute', 0.0), ('abend', 0.3)]
    """
    spoken = [syllable for syllable in syllables if syllable.text != SILENCE]
    if len(spoken) < len(words):
        raise CorpusError(f"has {len(spoken)} syllables for a sentence of {len(words)} words")
    cuts = _cuts([syllable.text for syllable in spoken], words)
    joined = []
    for word, first, behind in zip(words, cuts, cuts[1:], strict=False):
        joined.append(Word(word, spoken[first].start, spoken[behind - 1].end))
    pauses = [syllable for syllable in syllables if syllable.text == SILENCE]
    outside = [pause for pause in pauses if all(pause.end <= w.start or pause.start >= w.end for w in joined)]
    return tuple(sorted([*joined, *outside], key=lambda token: token.start))


def _cuts(syllables: Sequence[str], words: Sequence[str]) -> list[int]:
    """Returns the first syllable of each word, and at the end the number of syllables."""
    best: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]  # Of words so far: cost and last cut by syllables used.
    for word in words:
        costs: dict[int, tuple[float, int]] = {}
        for first, (cost, _) in best[-1].items():
            for behind in range(first + 1, min(first + _MOST_SYLLABLES, len(syllables)) + 1):
                total = cost + _difference("".join(syllables[first:behind]), word)
                if behind not in costs or total < costs[behind][0]:
                    costs[behind] = (total, first)
        best.append(costs)
    if len(syllables) not in best[-1]:
        raise CorpusError(f"its {len(syllables)} syllables are too many for a sentence of {len(words)} words")
    cuts = [len(syllables)]
    for costs in reversed(best[1:]):
        cuts.append(costs[cuts[-1]][1])
    return cuts[::-1]


@functools.cache  # There are few, ten sentences over and over.
def _difference(spoken: str, word: str) -> float:
    """Returns which share of the letters differ, 0 to 1, and a little more if it is the first."""
    differing = 1 - difflib.SequenceMatcher(None, spoken, word, autojunk=False).ratio()
    return differing + (_OTHER_FIRST_LETTER if spoken[0] != word[0] else 0.0)


def _listeners_rates(path: Path) -> dict[str, float]:
    """Returns which share of the listeners heard the emotion asked for, by the name of the recording."""
    if not path.exists():
        return {}
    rates = {}
    for line in path.read_text(encoding="latin-1").splitlines()[1:]:
        columns = [column.replace("\xa0", " ").strip() for column in line.split("\t")]
        if len(columns) < 3:
            continue
        try:
            rates[columns[1]] = float(columns[2].replace(",", ".")) / 100
        except ValueError as error:
            raise CorpusError(f"{path}: expected a percentage for {columns[1]}, found {columns[2]!r}") from error
    return rates
