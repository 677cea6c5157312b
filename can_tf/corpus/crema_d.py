"""Reads CREMA-D: acted American English, 91 actors, twelve sentences, six emotions, and what listeners heard.

Cao, Cooper, Keutmann, Gur, Nenkova and Verma, "CREMA-D: Crowd-sourced emotional multimodal actors dataset", IEEE
Transactions on Affective Computing 5(4), 2014. The folder is the repository CheyneyComputerScience/CREMA-D:
`AudioWAV/1001_DFA_ANG_XX.wav` is actor 1001, "Don't forget a jacket", anger, of no level in particular.
`processedResults/tabulatedVotes.csv` counts votes. Its rows are named 100001 and so on for those who only heard clip 1,
200001 for those who only saw it, 300001 for both; here, the first count.
"""

import csv
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from can_tf.corpus.acted import Take, read_takes, recordings_in
from can_tf.corpus.labels import LABEL_SETS, LabelSet
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus
from can_tf.errors import CorpusError

CREMA_D, CREMA_D_HEARD = "crema-d", "crema-d-heard"  # The names of the corpus.
_ADDRESS = "https://github.com/CheyneyComputerScience/CREMA-D"
SOURCE = Source(
    license="CREMA-D is given out under the Open Database License 1.0 (ODbL), its contents under the Database Contents "
    "License 1.0: name it, and pass on a database that is adapted from it under the same license.",
    speech="acted American English, twelve sentences",
    citation='Cao, Cooper, Keutmann, Gur, Nenkova and Verma, "CREMA-D: Crowd-sourced emotional multimodal actors '
    'dataset", IEEE Transactions on Affective Computing 5(4), 2014',
    address=_ADDRESS,
    asks=(
        "Whoever publicly uses a work made from it says beside it that it has content of CREMA-D, which is available "
        "under the ODbL (section 4.3).",
        "A database made from it that is used publicly, such as records or corrected labels, is under the ODbL, a "
        "later version of it or a compatible license; it keeps the notices, and has the license or its address with "
        "it (sections 4.2 and 4.4).",
        "Whoever publicly uses such a database, or a work made from one, offers its recipients that database, or all "
        "changes to CREMA-D or the method of making them (section 4.6).",
        "It covers no other rights in single recordings, such as data protection, privacy and personality rights "
        "(section 2.4).",
        "It does not say whether a trained model is a work made from the database or a database made from it.",
    ),
    notice=f"Contains information from CREMA-D ({_ADDRESS}), which is made available here under the Open Database "
    "License (ODbL, https://opendatacommons.org/licenses/odbl/1-0/).",
)
EMOTIONS = {
    "ANG": "anger",
    "DIS": "disgust",
    "FEA": "fear",
    "HAP": "happiness",
    "NEU": "neutral",
    "SAD": "sadness",
}
SENTENCES = {
    "IEO": "it's eleven o'clock",
    "TIE": "that is exactly what happened",
    "IOM": "i'm on my way to the meeting",
    "IWW": "i wonder what this is about",
    "TAI": "the airplane is almost full",
    "MTI": "maybe tomorrow it will be cold",
    "IWL": "i would like a new alarm clock",
    "ITH": "i think i have a doctor's appointment",
    "DFA": "don't forget a jacket",
    "ITS": "i think i've seen this before",
    "TSI": "the surface is slick",
    "WSI": "we'll stop in a couple of minutes",
}
PUBLISHED_COUNTS = {
    "crema-d": {emotion: 1_087 if emotion == "neutral" else 1_271 for emotion in EMOTIONS.values()},
    "four": {"ang": 1_271, "hap": 1_271, "sad": 1_271, "neu": 1_087},
}
_LEVELS = ("LO", "MD", "HI", "XX", "X")  # One is published with a single X.
_VOTES = Path("processedResults", "tabulatedVotes.csv")
_VOICE = "1"  # What the names of the rows of those begin with who only heard.


class _Votes(NamedTuple):
    """What those heard who only heard: the emotions with the most votes, and each emotion's share of all votes."""

    most: tuple[str, ...]
    shares: Mapping[str, float]


def read_crema_d(root: Path, label_set: LabelSet | None = None, *, heard: bool = False) -> Corpus:
    """Reads names and votes; sound is not opened.

    Args:
        root: The folder of `AudioWAV`.
        label_set: Which labels count, and as what; None takes all six.
        heard: Whether a recording's label is what most listeners heard, and not what the actor was asked for. Those on
            which listeners were divided are rejected.

    Raises:
        CorpusError: There is no recording; or no votes, where they are to be labels.
    """
    recordings = recordings_in(root, "AudioWAV/*.wav", "the folder of the repository CREMA-D")
    votes = _read_votes(root / _VOTES)
    if heard and not votes:
        raise CorpusError(f"{root / _VOTES}: is not there; expected the votes that are to be the labels.")
    emotion_of = functools.partial(_heard, votes) if heard else _intended

    def take(path: Path) -> Take:
        actor, sentence, _ = _parts(path)
        share = votes[path.stem].shares[emotion_of(path)] if path.stem in votes else None
        return Take(speaker=actor, transcript=SENTENCES[sentence], scenario=sentence, heard=share)

    name = CREMA_D_HEARD if heard else CREMA_D
    return read_takes(name, recordings, label_set or LABEL_SETS["crema-d"], emotion_of, take)


def _parts(path: Path) -> tuple[str, str, str]:
    """Returns actor, sentence and emotion, each as the name has it."""
    parts = path.stem.split("_")
    good = len(parts) == 4 and parts[0].isdigit() and parts[3] in _LEVELS
    if not good or parts[1] not in SENTENCES or parts[2] not in EMOTIONS:
        raise CorpusError("expected a name such as 1001_DFA_ANG_XX: actor, sentence, emotion, level")
    return parts[0], parts[1], parts[2]


def _intended(path: Path) -> str:
    return EMOTIONS[_parts(path)[2]]


def _heard(votes: Mapping[str, _Votes], path: Path) -> str:
    _parts(path)
    if path.stem not in votes:
        raise CorpusError(f"{_VOTES} has no votes on it")
    most = votes[path.stem].most
    if len(most) > 1:
        raise CorpusError(f"its listeners were divided between {' and '.join(most)}")
    return most[0]


def _read_votes(path: Path) -> dict[str, _Votes]:
    """Returns the votes on voices by the name of the recording; none if there is no such file."""
    if not path.exists():
        return {}
    by_letter = {code[0]: emotion for code, emotion in EMOTIONS.items()}
    votes = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if not row[""].startswith(_VOICE):
                    continue
                counts = {emotion: int(row[letter]) for letter, emotion in by_letter.items()}
                total, most = sum(counts.values()), max(counts.values())
                if total:
                    winners = tuple(emotion for emotion, count in counts.items() if count == most)
                    votes[row["fileName"]] = _Votes(winners, {e: count / total for e, count in counts.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise CorpusError(f"{path}: expected the columns A, D, F, H, N, S and fileName ({error!r})") from error
    return votes
