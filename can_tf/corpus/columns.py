"""Names of columns: those that a list has, and what they are likely to mean where they are not can_tf's."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from can_tf.errors import CorpusError

# What other lists call them, in lower case with `_` for spaces.
_ELSEWHERE: Mapping[str, Sequence[str]] = {
    "id": (
        "utterance_id",
        "utt_id",
        "uttid",
        "utt",
        "uid",
        "utterance",
        "segment_id",
        "key",
        "name",
        "wav_id",
        "file_id",
    ),
    "audio": (
        "path filepath file_path audio_path audio_file audio_filepath wav wav_path wav_file file filename file_name "
        "recording"
    ).split(),
    "label": ("emotion", "emo", "class", "category", "target", "sentiment", "mood", "y", "emotion_label", "labels"),
    "speaker": (
        "speaker_id",
        "spk",
        "spk_id",
        "spkid",
        "actor",
        "actor_id",
        "client_id",
        "subject",
        "participant",
        "user",
    ),
    "session": ("dialog", "dialog_id", "session_id", "conversation"),
    "scenario": ("script", "topic", "prompt", "situation"),
    "alignment": ("textgrid", "ctm", "words", "align", "alignment_path", "timings"),
    "transcript": ("text", "transcription", "sentence", "raw_text", "normalized_text", "caption", "words", "utterance"),
}

# What tools write by themselves; of several that are there, the first counts.
_WRITTEN: Mapping[str, Sequence[str]] = {
    "label": ("emotion", "label"),
    "speaker": ("speaker", "speaker_id"),
    "session": ("session",),
    "scenario": ("scenario",),
    "alignment": ("alignment",),
    "transcript": ("transcript", "transcription", "text", "sentence"),
}


def written_names(found: Collection[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Returns the name that another tool's list has for each column that it has.

    Args:
        found: The list's names.
        renamed: Names given for columns, whether they are there or not.

    Raises:
        CorpusError: A given column is unknown.

    Example:
        >>> written_names(["file", "label", "Emotion", "text"], {"speaker": "who"})
        {'label': 'Emotion', 'transcript': 'text', 'speaker': 'who'}
    """
    if unknown := [column for column in renamed if column not in _WRITTEN]:
        raise CorpusError(f"there is no column {unknown[0]!r} to name; expected one of {', '.join(_WRITTEN)}")
    plain = {_plain(name): name for name in sorted(found)}
    names = {
        column: next((plain[name] for name in written if name in plain), None) for column, written in _WRITTEN.items()
    }
    return {column: name for column, name in names.items() if name is not None} | dict(renamed)


def names_by_column(
    path: Path, found: Sequence[str], renamed: Mapping[str, str], columns: Sequence[str]
) -> dict[str, str]:
    """Returns the name that a list has for each column that it has.

    Args:
        path: For messages.
        found: The list's names.
        renamed: Names given for columns; others go by their own, in any case.
        columns: Those that can_tf knows.

    Raises:
        CorpusError: A given name is not there, or a column is unknown.

    Example:
        >>> names_by_column(Path("m.csv"), ["ID", "emotion"], {"label": "emotion"}, ["id", "label", "speaker"])
        {'id': 'ID', 'label': 'emotion'}
    """
    names: dict[str, str] = {}
    for column, name in renamed.items():
        if column not in columns:
            raise CorpusError(f"there is no column {column!r} to name; expected one of {', '.join(columns)}")
        if name not in found:
            raise CorpusError(f"{path}: has no column {name!r} for {column}; it has {_listed(found)}")
    for column in columns:
        alike = [name for name in found if _plain(name) == column]
        if column in renamed or column in found:
            names[column] = renamed.get(column, column)
        elif alike:
            names[column] = alike[0]
        if found.count(names.get(column, "")) > 1 or (len(alike) > 1 and names[column] == alike[0] != column):
            raise CorpusError(f"{path}: has several columns {names[column]!r}; expected one for {column}")
    return names


def lacking(what: str, missing: Sequence[str], found: Sequence[str], renamed: Mapping[str, str]) -> str:
    """Returns in words that a list lacks columns, what it has, and which of those may be meant.

    Example:
        >>> lacking("label", ["label"], ["id", "audio", "speaker", "emotion"], {})[-66:]
        'found id, audio, speaker, emotion. Perhaps: --column label=emotion'
    """
    taken = set(renamed.values())
    likely = [
        f"--column {column}={name}"
        for column in [*missing, *(["transcript"] if not {"transcript", "alignment"} & {*map(_plain, found)} else [])]
        if (name := next((each for each in found if _plain(each) in _ELSEWHERE[column] and each not in taken), None))
    ]
    hint = f". Perhaps: {' '.join(likely)}" if likely else ""
    return (
        f"lacks {what}; expected a header with id, audio, label, speaker, alignment or transcript, and perhaps session "
        f"and scenario; found {_listed(found)}{hint}"
    )


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().split())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(ascii(name)[1:-1][:40] for name in names[:20]) or "nothing"
