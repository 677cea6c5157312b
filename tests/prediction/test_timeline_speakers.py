"""Timelines by who speaks, and of recordings whose words are recognized as a whole."""

import numpy as np
import pytest

from can_tf.alignment.pauses import find_stretches
from can_tf.alignment.recognition.whisper import WhisperRecognizer
from can_tf.alignment.turns import Turn
from can_tf.prediction import timeline as module
from can_tf.prediction.timeline import timeline
from can_tf.samples import SAMPLE_RATE_HZ
from tests.alignment.conftest import NAMES, speech_of
from tests.alignment.recognition.stand_in import StandIn, segment
from tests.prediction.stand_ins import StandInFinder, stand_in_predictor

SPEECH = [speech_of(name) for name in NAMES]
SILENCE = np.zeros(SAMPLE_RATE_HZ, np.float32)
TALK = np.concatenate([part for speech in SPEECH for part in (speech.samples, SILENCE)])
BEGINS = np.cumsum([0.0, *(speech.seconds + 1.0 for speech in SPEECH[:-1])])
TURNS = [
    Turn(BEGINS[0], BEGINS[0] + 2.0, "anna"),
    Turn(BEGINS[0] + 2.0, BEGINS[1], "ben"),
    Turn(BEGINS[1] - 0.4, BEGINS[2], "anna"),
]


def lines_of(notes):
    return [event.line() for event in notes if event.note]


def test_stretches_are_cut_at_turns_and_say_who_speaks():
    notes = []
    moments = timeline(stand_in_predictor(), (TALK, SAMPLE_RATE_HZ), speakers=TURNS, progress=notes.append)
    assert [moment.speaker for moment in moments] == ["anna", "ben", "anna", None]
    plain = find_stretches(TALK)
    assert moments[0].end == moments[1].start == pytest.approx(2.0)
    assert [(moment.start, moment.end) for moment in moments[2:]] == plain[1:]
    assert moments[0].to_json()["speaker"] == "anna"
    assert lines_of(notes) == [
        "the recording: 0.4 s in which two speak at once are taken as the speech of who began first.",
        "the recording: 1 of 4 stretches are in nobody's turn: no speaker.",
    ]


def test_known_words_are_parted_by_who_says_them(tmp_path):
    words = "".join(f"talk 1 {0.4 * index:.2f} 0.35 w{index}\n" for index in range(10))
    (tmp_path / "talk.ctm").write_text(words)
    moments = timeline(stand_in_predictor(), (TALK, SAMPLE_RATE_HZ), tmp_path / "talk.ctm", speakers=TURNS)
    said = [(moment.speaker, len(moment.answer.words)) for moment in moments]
    assert said == [("anna", 5), ("ben", 5)]


def test_turns_are_read_from_a_file_that_is_about_several(tmp_path):
    path = tmp_path / "all.rttm"
    path.write_text("SPEAKER recording 1 0 60 <NA> <NA> anna <NA> <NA>\n")
    moments = timeline(stand_in_predictor(), (TALK, SAMPLE_RATE_HZ), speakers=path)
    assert {moment.speaker for moment in moments} == {"anna"}


@pytest.mark.parametrize(
    "speakers, together, note",
    [
        (None, [3], "the recording's 3 stretches are taken to be one speaker's. --speakers FILE tells several apart."),
        (TURNS, [2, 1, 1], "those of the recording are taken as anna's (2), ben's (1), nobody's (1)."),
    ],
)
def test_a_model_trained_by_speaker_takes_each_speakers_stretches_together(monkeypatch, speakers, together, note):
    asked, notes = [], []

    def ask(predictor, requests):
        asked.append(len(requests))
        return predictor.predict_all(requests)

    monkeypatch.setattr(module, "predict_together", ask)
    predictor = stand_in_predictor(normalize="speaker")
    moments = timeline(predictor, (TALK, SAMPLE_RATE_HZ), speakers=speakers, progress=notes.append)
    assert asked == together
    assert [moment.start for moment in moments] == sorted(moment.start for moment in moments)
    assert lines_of(notes)[-1] == f"This model standardizes frames by speaker: {note}"


def test_a_single_stretch_of_a_model_trained_by_speaker_is_told():
    notes = []
    samples = np.concatenate([SPEECH[0].samples, SILENCE])
    timeline(stand_in_predictor(normalize="speaker"), (samples, SAMPLE_RATE_HZ), progress=notes.append)
    assert "is one stretch and standardized by itself" in lines_of(notes)[0]


class Whole(StandInFinder):
    """A recognizer that takes whole recordings."""

    def __init__(self, recognizer):
        super().__init__(whole_seconds=3_600.0)
        self._recognizer = recognizer

    def find(self, samples, transcript=None):
        self.asked.append(samples)
        return self._recognizer.recognize(samples)


def test_the_pauses_between_whispers_words_cut_a_recording_that_it_takes_as_a_whole():
    ends = BEGINS + [speech.seconds for speech in SPEECH]
    answers = [
        segment([(" eins", begin + 0.1, begin + 0.9), (" zwei", begin + 0.9, end + 0.6)])  # Late by 0.6 s of silence.
        for begin, end in zip(BEGINS, ends, strict=True)
    ]
    finder = Whole(WhisperRecognizer(StandIn(answers, language="de"), "stand-in"))
    moments = timeline(stand_in_predictor(finder), (TALK, SAMPLE_RATE_HZ))
    assert [len(samples) for samples in finder.asked] == [len(TALK)]
    assert [[word.text for word in moment.answer.words] for moment in moments] == [["eins", "zwei"]] * len(SPEECH)
    for moment, begin, end in zip(moments, BEGINS, ends, strict=True):
        assert begin - 0.1 <= moment.start <= begin + 0.3
        assert moment.end == pytest.approx(end, abs=0.45)
