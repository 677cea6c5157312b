"""A recording's timeline as files that other programs read: CSV, RTTM, and subtitles.

Subtitles begin each text with the emotion and its confidence in brackets, `[happy 0.812] not again`, by which
`can_tf.alignment.formats.subtitles` tells them from those that somebody wrote.
"""

import dataclasses
import html
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from can_tf.alignment.formats.format import one_token
from can_tf.alignment.formats.subtitles import VTT_HEADER, written_times
from can_tf.errors import CanError
from can_tf.files import replacing, write_csv
from can_tf.prediction.answers import Prediction
from can_tf.prediction.timeline import Moment
from can_tf.report.label_colors import label_colors

_COLUMNS = ("recording", "start", "end", "speaker", "label", "most_probable", "confidence")
_LAST_COLUMNS = ("words_from", "words", "error")


@dataclasses.dataclass(frozen=True, eq=False)
class RecordingTimeline:
    """What `timeline` found in a recording, and what it is called.

    Attributes:
        path: The recording.
        moments: Its stretches, in order.
        name: What files about several recordings call it; None is the path without folder and suffix.

    Example:
        >>> RecordingTimeline(Path("talk.wav"), []).answered()
        []
    """

    path: Path
    moments: Sequence[Moment]
    name: PurePath | None = None

    def answered(self) -> list[tuple[Moment, Prediction]]:
        """Returns the stretches that have an emotion."""
        return [(moment, moment.answer) for moment in self.moments if not isinstance(moment.answer, CanError)]


def labels_of(recordings: Sequence[RecordingTimeline]) -> list[str]:
    """Returns the labels of the model that was asked, in the order of their names."""
    return sorted({label for each in recordings for _, answer in each.answered() for label in answer.probabilities})


def write_timeline_csv(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes a row for each stretch: times in seconds, emotion, words, or why there is none."""
    labels = labels_of(recordings)
    columns = [*_COLUMNS, *(f"probability_{label}" for label in labels), *_LAST_COLUMNS]
    write_csv(path, columns, (_row(each, moment) for each in recordings for moment in each.moments))


def _row(recording: RecordingTimeline, moment: Moment) -> dict[str, Any]:
    shown = moment.to_json()
    row = {name: shown.get(name, "") for name in (*_COLUMNS[1:], "words_from", "error")}
    row |= {f"probability_{label}": share for label, share in shown.get("probabilities", {}).items()}
    row["speaker"] = moment.speaker or ""
    return {"recording": str(recording.path), **row, "words": words_of(moment)}


def words_of(moment: Moment) -> str:
    """Returns what is said in a stretch; nothing where it is not known."""
    return "" if isinstance(moment.answer, CanError) else " ".join(word.text for word in moment.answer.words)


def write_rttm(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes lines as diarization has them: the label stands for the speaker, and its confidence for theirs."""
    _write(path, "".join(line for each in recordings for line in _rttm_lines(each)))


def _rttm_lines(recording: RecordingTimeline) -> Iterator[str]:
    name = one_token((recording.name or PurePath(recording.path.stem)).as_posix())
    for moment, answer in recording.answered():
        seconds = moment.end - moment.start
        yield (
            f"SPEAKER {name} 1 {moment.start:.3f} {seconds:.3f} <NA> <NA> {one_token(answer.label)} "
            f"{answer.confidence:.3f} <NA>\n"
        )


def write_srt(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes the stretches of one recording as SubRip's subtitles."""
    cues = [
        f"{number}\n{_times(moment, ',')}\n{_escaped(_marked(moment, answer, moment.speaker))}\n"
        for number, (moment, answer) in enumerate(_one(recordings).answered(), 1)
    ]
    _write(path, "\n".join(cues))


def write_vtt(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes the stretches of one recording as WebVTT, which has a mark for who speaks."""
    cues = [
        f"\n{_times(moment, '.')}\n{_voice(moment.speaker)}{_escaped(_marked(moment, answer))}\n"
        for moment, answer in _one(recordings).answered()
    ]
    _write(path, f"{VTT_HEADER}\n{''.join(cues)}")


def _times(moment: Moment, point: str) -> str:
    return written_times(moment.start, moment.end, point)


def _marked(moment: Moment, answer: Prediction, speaker: str | None = None) -> str:
    emotion = answer.label if speaker is None else f"{speaker}: {answer.label}"
    return f"[{_one_line(emotion)} {answer.confidence:.3f}] {words_of(moment)}"


def _voice(speaker: str | None) -> str:
    return "" if speaker is None else f"<v {_escaped(_one_line(speaker))}>"


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)


def _one(recordings: Sequence[RecordingTimeline]) -> RecordingTimeline:
    [recording] = recordings
    return recording


def _one_line(text: str) -> str:
    return " ".join(text.split())


def draw_timeline(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Draws the stretches of one recording as a PNG; needs the extra `report`."""
    from can_tf.report.plots import timeline_png

    recording, labels = _one(recordings), labels_of(recordings)
    timeline_png(
        [(moment.start, moment.end) for moment, _ in recording.answered()],
        [[answer.best_probabilities[label] for label in labels] for _, answer in recording.answered()],
        label_colors(labels),
        path,
        recording.path.name,
    )


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # A file may be named by any bytes.
