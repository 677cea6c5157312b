"""A timeline as one HTML file that needs nothing else: the sound, its stretches by emotion, and the words.

All that is seen stands in the page as it is written, escaped. Its one script plays the sound, and the page's policy
lets no other run, whatever a word or a name holds.
"""

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

import numpy as np
import soundfile

from can_tf.audio import read_audio
from can_tf.errors import CanError
from can_tf.explanation.page import script_hash, style_of
from can_tf.files import replacing
from can_tf.pages.files import site_file
from can_tf.prediction.answers import Prediction
from can_tf.prediction.label_colors import UNCERTAIN_COLOR, label_colors
from can_tf.prediction.timeline import Moment
from can_tf.report.timeline_text import RecordingTimeline, labels_of, words_of
from can_tf.samples import SAMPLE_RATE_HZ

_ROW_SECONDS = 120.0
_COLUMNS = 1_000  # Of the waveform in a row.
_HEIGHT = 100
_MP3 = {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": 0.8}  # 40 kbit/s: 18 MB an hour.


def write_timeline_page(path: Path, recordings: Sequence[RecordingTimeline]) -> None:
    """Writes the page; reads the recordings for their sound.

    Raises:
        AudioError: A recording cannot be read any more.
    """
    colors = label_colors(labels_of(recordings))
    script = site_file("timeline.js", __package__)
    title = recordings[0].path.name if len(recordings) == 1 else f"{len(recordings)} recordings"
    text = Template(site_file("timeline.html", __package__)).substitute(
        title=html.escape(title),
        style=style_of("timeline.css"),
        script=script,
        script_hash=script_hash(script),
        legend="".join(_chip(label, colors) for label in colors),
        recordings="\n".join(_section(number, each, colors) for number, each in enumerate(recordings)),
    )
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="replace")  # A file may be named by any bytes.


def _section(number: int, recording: RecordingTimeline, colors: Mapping[str, str]) -> str:
    samples = read_audio(recording.path, max_seconds=float("inf"))
    name = html.escape(recording.path.name)
    rows = "\n".join(_rows(number, samples, recording.moments, colors))
    items = "\n".join(_item(f"r{number}s{place}", moment, colors) for place, moment in enumerate(recording.moments))
    return (
        f'<section class="recording">\n<h2>{name}</h2>\n'
        f'<audio controls aria-label="The recording {name}"></audio>\n'
        f'<script type="text/plain" class="sound">{_mp3(samples)}</script>\n'
        f'<div class="strip" aria-hidden="true">\n{rows}\n</div>\n<ol class="stretches">\n{items}\n</ol>\n</section>'
    )


def _mp3(samples: np.ndarray) -> str:
    """Returns the sound as browsers play it, in base64."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", SAMPLE_RATE_HZ, 1, **_MP3) as sound:
        for begin in range(0, len(samples), SAMPLE_RATE_HZ * 60):
            sound.write(samples[begin : begin + SAMPLE_RATE_HZ * 60])
    return base64.b64encode(file.getvalue()).decode()


def _rows(number: int, samples: np.ndarray, moments: Sequence[Moment], colors: Mapping[str, str]) -> Iterator[str]:
    """Yields the waveform and its stretches, two minutes in a row."""
    seconds = len(samples) / SAMPLE_RATE_HZ
    each = min(seconds, _ROW_SECONDS)
    loudest = max(float(np.abs(samples).max()), 1e-4)
    for begin in np.arange(0.0, seconds, each).tolist():
        end = min(begin + each, seconds)
        part = samples[round(begin * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)]
        if not len(part):
            continue
        columns = max(round(_COLUMNS * (end - begin) / each), 1)
        inside = [
            _block(f"r{number}s{place}", moment, begin, end, columns, colors)
            for place, moment in enumerate(moments)
            if moment.start < end and begin < moment.end
        ]
        tags = "".join(_tag(moment, begin, begin + each) for moment in moments if begin <= moment.start < end)
        yield (
            f'<div class="line"><span class="time">{_clock(begin)}</span>'
            f'<svg viewBox="0 0 {columns} {_HEIGHT}" preserveAspectRatio="none" '
            f'style="width: {100 * (end - begin) / each:.2f}%">{"".join(inside)}'
            f'<path class="wave" d="{_wave(np.abs(part) / loudest, columns)}"/></svg>{tags}</div>'
        )


def _wave(loudness: np.ndarray, columns: int) -> str:
    """Returns the outline of a waveform as a path: the loudest sample in each column, above and below the middle."""
    edges = np.linspace(0, len(loudness), min(columns, len(loudness)) + 1).astype(int)
    peaks = np.maximum.reduceat(loudness, edges[:-1]) * _HEIGHT / 2
    places = np.linspace(0, columns, len(peaks), endpoint=False)
    return "".join(
        f"M{place:.0f} {_HEIGHT / 2 - peak:.0f}V{_HEIGHT / 2 + max(peak, 0.5):.0f}"
        for place, peak in zip(places.tolist(), peaks.tolist(), strict=True)
    )


def _block(name: str, moment: Moment, begin: float, end: float, columns: int, colors: Mapping[str, str]) -> str:
    left, right = (
        columns * (min(max(time, begin), end) - begin) / (end - begin) for time in (moment.start, moment.end)
    )
    return (
        f'<a href="#{name}" tabindex="-1"><title>{html.escape(_told(moment))}</title><rect x="{left:.1f}" y="0" '
        f'width="{max(right - left, 1):.1f}" height="{_HEIGHT}" fill="{_color(moment, colors)}"/></a>'
    )


def _tag(moment: Moment, begin: float, end: float) -> str:
    """Returns the label as it stands below its stretch, as far as there is room."""
    if isinstance(moment.answer, CanError):
        return ""
    left, right = (100 * (min(time, end) - begin) / (end - begin) for time in (moment.start, moment.end))
    label = html.escape(moment.answer.label)
    return f'<span class="tag" style="left: {left:.2f}%; width: {right - left:.2f}%">{label}</span>'


def _item(name: str, moment: Moment, colors: Mapping[str, str]) -> str:
    times = f"{_clock(moment.start)} to {_clock(moment.end)}"
    speaker = "" if moment.speaker is None else f'<span class="speaker">{html.escape(moment.speaker)}</span> '
    if isinstance(moment.answer, CanError):
        what = f'{speaker}<span class="note">no emotion: {html.escape(_told(moment))}</span>'
    else:
        what = (
            f"{_chip(moment.answer.label, colors)} {moment.answer.confidence:.3f} {speaker}"
            f'<span class="words">{html.escape(words_of(moment))}</span>'
        )
    return (
        f'<li id="{name}" data-start="{moment.start:.3f}" data-end="{moment.end:.3f}"><button type="button" '
        f'aria-label="Play {times}">{_clock(moment.start)}</button> {what}</li>'
    )


def _told(moment: Moment) -> str:
    """Returns a stretch in a few words."""
    if isinstance(moment.answer, CanError):
        return " ".join(str(moment.answer).split())
    return f"{moment.answer.label} {moment.answer.confidence:.3f}: {words_of(moment)}"


def _color(moment: Moment, colors: Mapping[str, str]) -> str:
    answer = moment.answer
    return colors.get(answer.label, UNCERTAIN_COLOR) if isinstance(answer, Prediction) else "none"


def _chip(label: str, colors: Mapping[str, str]) -> str:
    return f'<span class="chip" style="--color: {colors.get(label, UNCERTAIN_COLOR)}">{html.escape(label)}</span>'


def _clock(seconds: float) -> str:
    """Returns a time as players show it.

    Example:
        >>> _clock(61.25), _clock(3661.0)
        ('1:01.2', '1:01:01.0')
    """
    tenths = int(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    begin = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{begin}:{rest // 10:02d}.{rest % 10}"
