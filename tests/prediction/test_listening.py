"""Speech that is answered while it comes in: the stretches of its recording, and what happens when it is too much."""

import os
import signal
import threading

import numpy as np
import pytest

from can_tf.alignment.pauses import find_stretches
from can_tf.audio.live import RawSound
from can_tf.cli.commands.listen import _until_interrupted
from can_tf.errors import AlignmentError, AudioError, RecognizerError
from can_tf.prediction.answers import Prediction
from can_tf.prediction.listening import listen, warm_up
from can_tf.prediction.timeline import timeline
from can_tf.samples import SAMPLE_RATE_HZ, pcm16
from tests.alignment.conftest import NAMES, speech_of
from tests.conftest import wait_until
from tests.prediction.stand_ins import StandInFinder, stand_in_predictor

SPEECH = [speech_of(name).samples for name in NAMES]
SILENCE = np.zeros(SAMPLE_RATE_HZ, np.float32)
TALK = np.concatenate([part for speech in SPEECH for part in (speech, SILENCE)])


def in_bits(samples, seconds=0.1):
    size = round(seconds * SAMPLE_RATE_HZ)
    return (samples[begin : begin + size] for begin in range(0, len(samples), size))


def times_of(moments):
    return [(moment.start, moment.end) for moment in moments]


@pytest.mark.parametrize("seconds", [0.02, 0.7])
def test_what_is_heard_live_is_what_the_timeline_finds(seconds):
    live = list(listen(stand_in_predictor(), in_bits(TALK, seconds)))
    known = timeline(stand_in_predictor(), (TALK, SAMPLE_RATE_HZ))
    assert [moment.to_json() for moment in live] == [moment.to_json() for moment in known]
    assert len(live) == len(SPEECH)
    assert live[0].answer.label == "happy"
    assert live[0].answer.words_from == "recognition"


def test_integers_of_16_bits_are_the_same_sound():
    live = list(listen(stand_in_predictor(), in_bits(pcm16(TALK))))
    assert times_of(live) == find_stretches(TALK)


def test_a_stretch_is_answered_before_the_next_begins():
    begin = len(SPEECH[0]) + len(SILENCE)
    answered = threading.Event()

    def bits():
        yield TALK[:begin]
        assert answered.wait(60)
        yield TALK[begin:]

    moments = listen(stand_in_predictor(), bits())
    first = next(moments)
    answered.set()
    assert times_of([first, *moments]) == find_stretches(TALK)


def test_a_stretch_without_words_says_so():
    finder = StandInFinder()
    speech = SPEECH[0][: round(0.5 * SAMPLE_RATE_HZ)]
    notes = []
    [moment] = listen(stand_in_predictor(finder), [np.concatenate([speech, SILENCE])], progress=notes.append)
    assert isinstance(moment.answer, AlignmentError)
    assert "no words were recognized" in moment.to_json()["error"]
    assert notes == []


def test_silence_has_no_stretch_and_that_is_said():
    notes = []
    assert list(listen(stand_in_predictor(), [SILENCE, SILENCE], progress=notes.append)) == []
    assert [event.line() for event in notes] == ["Nobody was heard to speak in the 2.0 s of sound."]


def test_reading_waits_where_the_sound_can():
    finder, read, notes = StandInFinder(), [], []
    finder.go_on.clear()

    def bits():
        for _ in range(20):
            for bit in in_bits(TALK, 1.0):
                read.append(bit)
                yield bit

    moments = listen(stand_in_predictor(finder), bits(), max_waiting=12.0, progress=notes.append)
    answers = []
    taking = threading.Thread(target=lambda: answers.extend(moments))
    taking.start()
    wait_until(lambda: notes)
    count = -1
    while count != len(read):  # Until nothing more is read.
        count = len(read)
        threading.Event().wait(0.3)
    assert len(read) < 40
    finder.go_on.set()
    taking.join()
    assert len(answers) == 20 * len(SPEECH)
    assert all(isinstance(moment.answer, Prediction) for moment in answers)
    [note] = notes  # Once.
    assert "s of speech are waiting. Beyond 12 s, reading waits." in note.line()


def test_a_microphone_does_not_wait_and_what_is_left_out_is_told_in_its_place():
    finder, notes, all_read = StandInFinder(), [], threading.Event()
    finder.go_on.clear()

    def bits():
        yield from in_bits(np.tile(TALK, 5), 1.0)
        all_read.set()

    moments = listen(stand_in_predictor(finder), bits(), leave_out=True, max_waiting=12.0, progress=notes.append)
    answers = []
    taking = threading.Thread(target=lambda: answers.extend(moments))
    taking.start()
    assert all_read.wait(60)
    finder.go_on.set()
    taking.join()
    left_out = [moment for moment in answers if not isinstance(moment.answer, Prediction)]
    assert len(left_out) == 1  # One line for all that follows.
    assert "left out" in str(left_out[0].answer)
    expected = find_stretches(np.tile(TALK, 5))
    told = [stretch for stretch in expected if stretch in times_of(answers)]
    covered = [each for each in expected if left_out[0].start <= each.start and each.end <= left_out[0].end]
    assert sorted([*told, *covered]) == expected
    assert "speech is left out, and told as such" in notes[0].line()


def test_ctrl_c_answers_what_has_been_heard_first():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        sound = RawSound(file, "a pipe", SAMPLE_RATE_HZ)
        speech = pcm16(SPEECH[0]).tobytes()

        def speak():
            os.write(writing, speech[:60_000])
            os.write(writing, speech[60_000:])
            threading.Event().wait(0.5)
            os.kill(os.getpid(), signal.SIGINT)

        before = signal.getsignal(signal.SIGINT)
        with _until_interrupted(sound):
            threading.Thread(target=speak).start()
            moments = list(listen(stand_in_predictor(), sound.bits()))
        assert signal.getsignal(signal.SIGINT) is before
    os.close(writing)  # It was open all the time.
    [moment] = moments
    assert moment.end == pytest.approx(len(SPEECH[0]) / SAMPLE_RATE_HZ, abs=0.5)


def test_who_takes_no_more_ends_the_reading():
    stopped = threading.Event()

    def bits():
        try:
            while True:
                yield TALK
        finally:
            stopped.set()

    moments = listen(stand_in_predictor(), bits(), max_waiting=12.0)
    next(moments)
    moments.close()
    assert stopped.wait(60)


def test_errors_of_the_sound_and_of_the_machine_end_it():
    with pytest.raises(AudioError, match="are not all finite"):
        list(listen(stand_in_predictor(), [np.array([np.nan])]))
    with pytest.raises(AudioError, match="the sample rate: is 3 Hz"):
        list(listen(stand_in_predictor(), [SILENCE], sample_rate=3))

    class Missing(StandInFinder):
        def find(self, samples, transcript=None):
            raise RecognizerError("no recognizer is at hand")

    with pytest.raises(RecognizerError):
        list(listen(stand_in_predictor(Missing()), [TALK]))
    with pytest.raises(RecognizerError):
        warm_up(stand_in_predictor(Missing()))


def test_all_is_loaded_before_anybody_speaks():
    finder = StandInFinder()
    warm_up(stand_in_predictor(finder))
    assert len(finder.asked) == 1


def test_a_model_trained_by_speaker_says_what_it_makes_of_stretches():
    notes = []
    list(listen(stand_in_predictor(normalize="speaker"), [SILENCE], progress=notes.append))
    assert "Each stretch is standardized by itself" in notes[0].line()
