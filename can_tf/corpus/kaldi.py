"""Reads a data folder as Kaldi has it, with the labels in a file more.

https://kaldi-asr.org/doc/data_prep.html: each file has a line for each utterance, its id and, behind spaces or a tab,
what the file tells: `wav.scp` its recording, `utt2spk` who speaks, `text` what is said. `utt2emo` tells its label. A
`ctm`, if there is such a file, times words; utterances that it lacks are aligned or recognized.

A path in `wav.scp` counts from the folder, or from one of the three above it: Kaldi's own start where its recipe ran,
such as two above `data/train`. Commands in place of paths are not run.
"""

from collections.abc import Mapping
from pathlib import Path

from can_tf.alignment.formats import recordings_in
from can_tf.corpus.labels import LabelSet
from can_tf.corpus.options import DEFAULT_OPTIONS, CorpusOptions
from can_tf.corpus.rows import COLUMNS, Listed, corpus_of_rows, from_above
from can_tf.corpus.utterance import Corpus
from can_tf.errors import AlignmentError, CorpusError
from can_tf.text_files import read_text

KALDI = "kaldi"  # The name of the corpus.
_RECORDINGS, _LABELS, _SPEAKERS, _TEXTS, _TIMES = "wav.scp", "utt2emo", "utt2spk", "text", "ctm"


def read_kaldi(root: Path, label_set: LabelSet | None = None, options: CorpusOptions = DEFAULT_OPTIONS) -> Corpus:
    """Reads recordings, labels, speakers and words; of the audio, at most its length is read.

    Args:
        root: The folder of `wav.scp`.
        label_set: Which labels count, and as what; None takes the folder's own in alphabetical order.
        options: Which channel of the `ctm` has the words, and what in it marks silence.

    Raises:
        CorpusError: A file is missing or has a line of an id alone, or utterances are parts of recordings.
    """
    if options.columns:
        raise CorpusError(f"{root}: files of Kaldi have no columns; leave --column out.")
    if not (root / _RECORDINGS).is_file():
        raise CorpusError(f"{root}: has no recording listed in {_RECORDINGS}; expected a data folder of Kaldi.")
    if (root / "segments").exists():
        raise CorpusError(
            f"{root / 'segments'}: says which parts of recordings are utterances; expected a recording for each. Make "
            "them with Kaldi's extract-segments, and leave segments out."
        )
    paths, labels, speakers = (_table(root / name) for name in (_RECORDINGS, _LABELS, _SPEAKERS))
    texts = _table(root / _TEXTS) if (root / _TEXTS).exists() else {}
    timed = _timed(root / _TIMES)
    listed = []
    for id_, path in paths.items():
        lacking = [name for name, table in ((_LABELS, labels), (_SPEAKERS, speakers)) if id_ not in table]
        fault = f"{', '.join(lacking)} has no line of it" if lacking else ""
        if path.endswith("|"):
            fault = f"{_RECORDINGS} has a command, and none is run here; write what it gives to a file"
        row = dict.fromkeys(COLUMNS, "") | {
            "id": id_,
            "audio": from_above(root, path),
            "label": labels.get(id_, ""),
            "speaker": speakers.get(id_, ""),
            "alignment": _TIMES if id_ in timed else "",
            "transcript": texts.get(id_, ""),
        }
        listed.append(Listed(id_, row, fault))
    return corpus_of_rows(KALDI, root / _RECORDINGS, listed, label_set, options)


def _table(path: Path) -> Mapping[str, str]:
    """Returns what a file tells, by id."""
    table: dict[str, str] = {}
    for number, line in enumerate(read_text(path, CorpusError).splitlines(), 1):
        if not line.strip():
            continue
        id_, *rest = line.split(maxsplit=1)
        if not rest and path.name != _TEXTS:  # Nothing may be said.
            raise CorpusError(f"{path}:{number}: expected an id and, behind a space, what {path.name} tells of it.")
        if id_ in table:
            raise CorpusError(f"{path}:{number}: has {id_} a second time; expected each id once.")
        table[id_] = "".join(rest).strip()
    return table


def _timed(path: Path) -> frozenset[str]:
    """Returns the ids of the utterances whose words are timed."""
    if not path.exists():
        return frozenset()
    try:
        return frozenset(recordings_in(path))
    except AlignmentError as error:
        raise CorpusError(str(error)) from error
