"""Words found in a process of its own: the same words, and what befalls that process."""

import contextlib
import os
import threading
import time

import numpy as np
import pytest

from can_tf.alignment.recognition import RecognizerOptions
from can_tf.alignment.silence import without_silence
from can_tf.alignment.transcript import spoken_words
from can_tf.errors import AlignmentError, MissingExtraError, TimeLimitError, WorkerError
from can_tf.prediction import word_child
from can_tf.prediction.word_process import WordProcess
from can_tf.prediction.words import WordFinder
from tests.alignment.conftest import NAMES, speech_of

SPEECH = speech_of(NAMES[0])
SPHINX = RecognizerOptions(name="sphinx")


@pytest.fixture(scope="module")
def finder():
    with contextlib.closing(WordProcess(SPHINX)) as made:
        yield made


def test_it_finds_what_is_found_here(finder):
    here = WordFinder(SPHINX)
    assert finder.find(SPEECH.samples) == here.find(SPEECH.samples)
    assert finder.find(SPEECH.samples, SPEECH.transcript) == here.find(SPEECH.samples, SPEECH.transcript)
    assert finder.heard == here.heard == {"en": 1}


def test_errors_come_with_all_that_they_say(finder):
    with pytest.raises(AlignmentError, match="is silent"):
        finder.find(np.zeros(16_000, np.float32))
    with pytest.raises(AlignmentError, match="holds no words"):
        finder.find(SPEECH.samples, "...")
    with contextlib.closing(WordProcess(SPHINX, max_words=2)) as strict:
        with pytest.raises(AlignmentError) as raised:
            strict.find(SPEECH.samples, SPEECH.transcript)
        assert "--max-words" in str(raised.value)
        assert "--max-words" not in raised.value.without_option


@pytest.mark.parametrize("error", [MissingExtraError("Counting", "align"), AlignmentError("is bad", where="a.wav")])
def test_an_error_is_the_same_on_the_other_side(error):
    with pytest.raises(type(error), match=str(error).replace("[", r"\[")):
        raise word_child._error_of(word_child._error_to_json(error))


def test_a_failure_of_a_library_is_the_recordings():
    class Broken:
        def find(self, samples, transcript):
            raise RuntimeError("out of luck")

    asked = {"recognizer": {}, "max_words": 1}
    finders = {word_child.json.dumps(asked, sort_keys=True).encode(): Broken()}
    answer = word_child._answer(finders, {**asked, "transcript": None}, SPEECH.samples)
    with pytest.raises(WorkerError, match="its words cannot be found \\(RuntimeError: out of luck\\)"):
        raise word_child._error_of(answer)


def test_a_transcript_of_another_language_is_refused_with_what_to_do():
    with (
        contextlib.closing(WordProcess(RecognizerOptions(name="sphinx", language="de"))) as german,
        pytest.raises(
            AlignmentError, match=r"English \(en\) alone, and the language is 'de'. Leave the transcript out"
        ),
    ):
        german.find(SPEECH.samples, "ja")


def test_a_process_that_dies_costs_its_one_question():
    with contextlib.closing(WordProcess(SPHINX)) as finder:
        asked = threading.Thread(target=_kill_when_started, args=(finder,))
        asked.start()
        with pytest.raises(WorkerError, match=r"died of it \(SIGKILL\)"):
            finder.find(np.tile(SPEECH.samples, 15))
        asked.join()
        assert without_silence(finder.find(SPEECH.samples, SPEECH.transcript))[0].text == "he"


def _kill_when_started(finder):
    while finder._child is None:
        time.sleep(0.01)
    finder._child.process.kill()


def test_what_takes_too_long_is_given_up_and_the_next_gets_a_new_process():
    with contextlib.closing(WordProcess(SPHINX, max_wait=0.01)) as finder:
        with pytest.raises(TimeLimitError, match="were not found within 0.01 s"):
            finder.find(SPEECH.samples)
        assert finder._child is None
        finder._max_wait = None
        words = without_silence(finder.find(SPEECH.samples, SPEECH.transcript))
        assert [word.text for word in words] == list(spoken_words(SPEECH.transcript))


def test_threads_wait_for_each_other(finder):
    answers = {}

    def ask(name):
        speech = speech_of(name)
        answers[name] = finder.find(speech.samples, speech.transcript)

    threads = [threading.Thread(target=ask, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in NAMES:
        said = spoken_words(speech_of(name).transcript)
        assert tuple(word.text for word in without_silence(answers[name])) == said


def test_the_process_ends_when_nobody_asks_any_more():
    finder = WordProcess(SPHINX)
    finder.find(SPEECH.samples, SPEECH.transcript)
    process = finder._child.process
    del finder
    assert process.poll() is not None


def test_this_thread_goes_on_while_words_are_recognized(finder):
    longest, done = 0.0, threading.Event()

    def ask():
        finder.find(np.tile(SPEECH.samples, 5))
        done.set()

    thread = threading.Thread(target=ask)
    thread.start()
    while not done.is_set():
        before = time.monotonic()
        time.sleep(0.001)
        longest = max(longest, time.monotonic() - before)
    thread.join()
    assert longest < 1.0  # In this process, all of the time that it takes.


def test_a_servers_process_lets_others_go_first():
    with contextlib.closing(WordProcess(SPHINX, niceness=3)) as finder:
        finder.find(SPEECH.samples, SPEECH.transcript)
        process = finder._child.process.pid
        assert os.getpriority(os.PRIO_PROCESS, process) == os.getpriority(os.PRIO_PROCESS, 0) + 3
