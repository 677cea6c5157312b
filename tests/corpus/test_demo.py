import hashlib
import re

import numpy as np
import pytest
import soundfile

from can_tf.alignment.silence import is_silence
from can_tf.alignment.spans import share_silence
from can_tf.corpus.demo import make_demo_corpus
from can_tf.corpus.demo.planning import apportion
from can_tf.corpus.demo.sentences import read_sentences
from can_tf.corpus.demo.voices import EMOTION_VOICES
from can_tf.corpus.iemocap import PAPER_COUNTS, read_demo, read_iemocap
from can_tf.corpus.labels import IEMOCAP_CODES
from can_tf.errors import CorpusError


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return make_demo_corpus(tmp_path_factory.mktemp("demo"), utterances=120, seed=5)


@pytest.fixture(scope="module")
def corpus(demo):
    return read_demo(demo.root)


def tree_hash(root):
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        digest.update(str(path.relative_to(root)).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def test_the_full_size_has_the_papers_counts():
    assert apportion(7486) == dict(PAPER_COUNTS["paper7"])


@pytest.mark.parametrize("utterances", [1, 7, 35, 1400, 7487])
def test_any_size_is_apportioned_in_full_and_within_one_of_proportion(utterances):
    counts = apportion(utterances)
    assert sum(counts.values()) == utterances
    for label, count in PAPER_COUNTS["paper7"].items():
        assert abs(counts[label] - utterances * count / 7486) < 1


def test_the_reader_finds_the_utterances_asked_for(demo, corpus):
    assert demo.usable == len(corpus.utterances) == 120
    found = {label: sum(utterance.label == label for utterance in corpus.utterances) for label in corpus.labels}
    assert found == apportion(120) == demo.counts
    assert (corpus.name, corpus.synthetic) == ("demo", True)


def test_the_demo_corpus_is_itself_whichever_reader_reads_it(demo, corpus):
    assert read_iemocap(demo.root) == read_iemocap(demo.root.parent) == read_demo(demo.root.parent) == corpus


def test_the_two_utterances_without_an_alignment_are_there(demo, corpus):
    assert [rejection.id for rejection in corpus.rejected] == ["Ses03M_impro03_M001"]
    folder = demo.root / "Session3" / "sentences"
    for dialog, id_ in (("Ses03M_impro03", "Ses03M_impro03_M001"), ("Ses03F_impro07", "Ses03F_impro07_M030")):
        assert (folder / "wav" / dialog / f"{id_}.wav").exists()
        assert not (folder / "ForcedAlignment" / dialog / f"{id_}.wdseg").exists()


def test_there_are_ten_speakers_improvised_and_scripted_dialogs_and_other_labels(corpus):
    assert len({utterance.speaker for utterance in corpus.utterances}) == 10
    assert {utterance.scenario[:-2] for utterance in corpus.utterances} == {"impro", "script"}
    assert sum(corpus.excluded.values()) == 5  # 3 % of 120, and Ses03F_impro07_M030.
    assert set(corpus.excluded) <= {"xxx", "fea", "oth", "dis"}


def test_what_would_confuse_a_careless_reader_is_there(demo):
    evaluation = demo.root / "Session1" / "dialog" / "EmoEvaluation"
    assert {path.name for path in evaluation.iterdir() if path.is_dir()} == {
        "Attribute",
        "Categorical",
        "Self-evaluation",
    }
    assert list(demo.root.rglob("._*.txt"))
    content = next(path for path in sorted(evaluation.glob("Ses01*.txt"))).read_text()
    assert content.startswith("% [START_TIME - END_TIME]")
    assert re.search(r"^C-E2:\t.*;.*\(not sure\)$", content, re.MULTILINE)
    assert re.search(r"^A-E1:\tval \d; act \d; dom  \d;\t\(\)$", content, re.MULTILINE)
    transcription = next(path for path in sorted(demo.root.rglob("transcriptions/*.txt"))).read_text()
    assert re.search(r"^Ses\S+ \[\d{3}\.\d{4}-\d{3}\.\d{4}\]: [A-Z]", transcription)
    assert "M: sorry" in transcription


def test_alignments_are_as_sphinx_writes_them(demo):
    files = sorted(demo.root.rglob("*.wdseg"))
    text = "".join(path.read_text() for path in files)
    for token in ("<s>", "<sil>", "</s>", "(2)\n", " Total score: "):
        assert token in text
    for path in files:
        header, *rows, total = path.read_text().splitlines()
        assert header.split() == ["SFrm", "EFrm", "SegAScr", "Word"]
        parsed = [row.split() for row in rows]
        assert [int(row[0]) for row in parsed] == [0, *(int(row[1]) + 1 for row in parsed[:-1])]
        assert all(int(row[2]) < 0 for row in parsed)
        assert int(total.split()[-1]) == sum(int(row[2]) for row in parsed)


def test_audio_is_16_khz_mono_16_bit_and_as_long_as_its_alignment(corpus):
    for utterance in corpus.utterances:
        info = soundfile.info(utterance.audio_path)
        assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")
        assert utterance.words[-1].end == pytest.approx(info.duration, abs=0.02)


def test_speech_stands_where_the_alignment_says(corpus):
    # Power between the words' times is that of background noise, and far less than within them.
    ratios = []
    for utterance in corpus.utterances:
        samples, _ = soundfile.read(utterance.audio_path)
        parts = {True: [], False: []}
        for word in utterance.words:
            if not word.text.startswith("++"):
                parts[is_silence(word.text)].append(samples[round(word.start * 16e3) : round(word.end * 16e3)])
        speech, silence = (np.mean(np.square(np.concatenate(parts[kind]))) for kind in (False, True))
        ratios.append(speech / silence)
    assert np.median(ratios) > 100  # 20 dB


def test_the_words_are_the_sentences(corpus):
    sentences = {sentence for _, sentence in read_sentences()}
    for utterance in corpus.utterances:
        words = [word.text for word in share_silence(utterance.words, fillers="drop")]
        assert " ".join(words) in sentences


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(demo, tmp_path):
    again = make_demo_corpus(tmp_path / "again", utterances=120, seed=5)
    other = make_demo_corpus(tmp_path / "other", utterances=120, seed=6)
    assert tree_hash(again.root) == tree_hash(demo.root)
    assert tree_hash(other.root) != tree_hash(demo.root)


def test_scripted_sentences_recur_across_sessions_and_improvised_ones_within_none(tmp_path):
    corpus = read_iemocap(make_demo_corpus(tmp_path, utterances=600).root)
    sessions: dict[tuple[str, str], list[str]] = {}
    for utterance in corpus.utterances:
        sentence = " ".join(word.text for word in share_silence(utterance.words, fillers="drop"))
        sessions.setdefault((utterance.scenario[:-2], sentence), []).append(utterance.session)
    scripted = [found for (kind, _), found in sessions.items() if kind == "script"]
    improvised = [found for (kind, _), found in sessions.items() if kind == "impro"]
    assert sum(len(set(found)) > 1 for found in scripted) > 0.3 * len(scripted)
    assert all(len(found) == len(set(found)) for found in improvised)


def test_a_folder_that_holds_something_is_not_touched(tmp_path):
    (tmp_path / "IEMOCAP_full_release").mkdir()
    (tmp_path / "IEMOCAP_full_release" / "mine.txt").write_text("precious")
    with pytest.raises(CorpusError, match="IEMOCAP_full_release: is there already and not empty"):
        make_demo_corpus(tmp_path, utterances=5)
    assert (tmp_path / "IEMOCAP_full_release" / "mine.txt").read_text() == "precious"


def test_a_corpus_that_could_not_be_finished_leaves_nothing(tmp_path):
    def stop(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo_corpus(tmp_path, utterances=5, progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == [".IEMOCAP_full_release.lock"]


def test_the_sentences_are_clean_short_and_enough():
    sentences = read_sentences()
    assert len(sentences) >= 1400
    assert len({sentence for _, sentence in sentences}) == len(sentences)
    assert {label for label, _ in sentences} == set(EMOTION_VOICES) <= set(IEMOCAP_CODES)
    for _, sentence in sentences:
        assert re.fullmatch(r"[a-z']+( [a-z']+){2,14}", sentence), sentence
