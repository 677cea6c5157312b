"""A recording's timeline as files that other programs read: CSV, RTTM, and subtitles.

Subtitles begin each text with the emotion and its confidence in brackets, `[happy 0.812] not again`, by which
`can_tf.alignment.formats.subtitles` tells them from those that somebody wrote.
"""

import dataclasses
import html
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Any

from can_tf.alignment.formats.format import one_token
from can_tf.alignment.formats.subtitles import VTT_HEADER, written_times
from can_tf.errors import CanError
from can_tf.files import replacing, write_csv
from can_tf.prediction.answers import Prediction
from can_tf.prediction.label_colors import label_colors
from can_tf.prediction.picture import as_html, chip
from can_tf.prediction.tables import cells_of, columns_of
from can_tf.prediction.timeline import Moment
from can_tf.progress import amount

_COLUMNS = ("recording", "start", "end", "speaker")  # Before those of a prediction.
_MOST_ROWS = 200  # In a notebook.


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RecordingTimeline:
    """What `timeline` found in a recording, and what it is called. A notebook shows it as a table.

    Attributes:
        path: The recording.
        moments: Its stretches, in order.
        name: What files about several recordings call it; None is the path without folder and suffix.

    Example:
        >>> RecordingTimeline(Path("talk.wav"), [])
        <RecordingTimeline of talk.wav: 0 stretches>
    """

    path: Path
    moments: Sequence[Moment]
    name: PurePath | None = None

    def __repr__(self) -> str:
        counts = Counter(answer.label for _, answer in self.answered())
        told = [amount(len(self.moments), "stretches"), *(f"{label} {count}" for label, count in counts.most_common())]
        return f"<{type(self).__name__} of {self.path}: {', '.join(told)}>"

    def _repr_html_(self) -> str:
        labels = labels_of([self])
        rows = [_html_row(moment, labels) for moment in self.moments[:_MOST_ROWS]]
        left_out = len(self.moments) - _MOST_ROWS
        rows += [f'<tr><td colspan="4">and {left_out} more</td></tr>'] if left_out > 0 else []
        return as_html(f"<table>{''.join(rows)}</table>")

    def answered(self) -> list[tuple[Moment, Prediction]]:
        """Returns the stretches that have an emotion."""
        return [(moment, moment.answer) for moment in self.moments if not isinstance(moment.answer, CanError)]


def _html_row(moment: Moment, labels: Sequence[str]) -> str:
    cells = [f"{moment.start:.2f} to {moment.end:.2f} s"]
    cells += [] if moment.speaker is None else [html.escape(moment.speaker)]
    if isinstance(moment.answer, CanError):
        cells += ["", "", html.escape(" ".join(str(moment.answer).split()))]
    else:
        cells += [chip(moment.answer.label, labels), f"{moment.answer.confidence:.3f}", html.escape(words_of(moment))]
    return "<tr>" + "".join(f'<td style="text-align: left">{cell}</td>' for cell in cells) + "</tr>"


def labels_of(recordings: Sequence[RecordingTimeline]) -> list[str]:
    """Returns the labels of the model that was asked, in the order of their names."""
    return sorted({label for each in recordings for _, answer in each.answered() for label in answer.probabilities})


def write_timeline_csv(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes a row for each stretch: times in seconds, emotion, words, or why there is none."""
    columns = columns_of((moment.answer for each in recordings for moment in each.moments), *_COLUMNS)
    write_csv(path, columns, (_row(each, moment) for each in recordings for moment in each.moments))


def _row(recording: RecordingTimeline, moment: Moment) -> dict[str, Any]:
    times = {"start": round(moment.start, 3), "end": round(moment.end, 3), "speaker": moment.speaker or ""}
    return {"recording": str(recording.path), **times, **cells_of(moment.answer)}


def words_of(moment: Moment) -> str:
    """Returns what is said in a stretch; nothing where it is not known."""
    return "" if isinstance(moment.answer, CanError) else moment.answer.said


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
    from can_tf.report.plots import timeline_figure, write_png

    recording, labels = _one(recordings), labels_of(recordings)
    figure = timeline_figure(
        [(moment.start, moment.end) for moment, _ in recording.answered()],
        [[answer.best_probabilities[label] for label in labels] for _, answer in recording.answered()],
        label_colors(labels),
        recording.path.name,
    )
    write_png(figure, path)


def _write(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")  # A file may be named by any bytes.
