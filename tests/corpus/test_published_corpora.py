"""On made-up folders in each corpus's layout: the recordings themselves are not ours to pass on.

Layouts are as their authors document them; what is odd in them is in the downloads too.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from can_tf.corpus.labels import LABEL_SETS, load_label_set
from can_tf.corpus.registry import READERS, read_corpus
from can_tf.errors import CorpusError


def write(root, *names, content=b"RIFF"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def rows(corpus):
    return [(u.id, u.label, u.speaker, u.scenario, u.transcript) for u in corpus.utterances]


VOTES = (
    '"","A","D","F","H","N","S","fileName","numResponses","agreement","emoVote"\n'
    '"100001",8,1,0,0,1,0,"1001_DFA_ANG_XX",10,0.8,"A"\n'
    '"100002",4,4,0,0,2,0,"1001_IEO_DIS_HI",10,0.4,"A:D"\n'
    '"100003",0,0,0,1,9,0,"1002_TAI_HAP_XX",10,0.9,"N"\n'
    '"200003",0,0,0,10,0,0,"1002_TAI_HAP_XX",10,1,"H"\n'
)


@pytest.fixture
def crema_d(tmp_path):
    names = ("1001_DFA_ANG_XX", "1001_IEO_DIS_HI", "1002_TAI_HAP_XX", "1040_ITH_SAD_X", "1001_DFA_XXX_XX", "notes")
    write(tmp_path, *(f"AudioWAV/{name}.wav" for name in names), "AudioWAV/._1001_DFA_ANG_XX.wav")
    return tmp_path


def with_votes(root):
    write(root, "processedResults/tabulatedVotes.csv", content=VOTES.encode())
    return root


def test_crema_d_has_the_emotion_that_the_actor_was_asked_for(crema_d):
    corpus = read_corpus("crema-d", crema_d)
    assert rows(corpus) == [
        ("1001_DFA_ANG_XX", "anger", "1001", "DFA", "don't forget a jacket"),
        ("1001_IEO_DIS_HI", "disgust", "1001", "IEO", "it's eleven o'clock"),
        ("1002_TAI_HAP_XX", "happiness", "1002", "TAI", "the airplane is almost full"),
        ("1040_ITH_SAD_X", "sadness", "1040", "ITH", "i think i have a doctor's appointment"),
    ]
    assert [rejection.id for rejection in corpus.rejected] == ["1001_DFA_XXX_XX", "notes"]
    assert corpus.listeners == {}


def test_crema_d_tells_how_many_listeners_of_the_voice_heard_it(crema_d):
    heard = read_corpus("crema-d", with_votes(crema_d)).listeners
    assert heard == pytest.approx({"anger": 0.8, "disgust": 0.4, "happiness": 0.1})


def test_crema_d_has_what_most_listeners_of_the_voice_heard_on_request(crema_d):
    corpus = read_corpus("crema-d-heard", with_votes(crema_d))
    assert [(u.id, u.label) for u in corpus.utterances] == [
        ("1001_DFA_ANG_XX", "anger"),
        ("1002_TAI_HAP_XX", "neutral"),
    ]
    reasons = {rejection.id: rejection.reason for rejection in corpus.rejected}
    assert reasons["1001_IEO_DIS_HI"] == "its listeners were divided between anger and disgust"
    assert reasons["1040_ITH_SAD_X"].endswith("tabulatedVotes.csv has no votes on it")


def test_crema_ds_votes_are_needed_where_they_are_labels_and_refused_where_they_are_none(crema_d):
    with pytest.raises(CorpusError, match=r"tabulatedVotes.csv: is not there; expected the votes"):
        read_corpus("crema-d-heard", crema_d)
    write(crema_d, "processedResults/tabulatedVotes.csv", content=b"a,b\n1,2\n")
    with pytest.raises(CorpusError, match=r"tabulatedVotes.csv: expected the columns A, D, F, H, N, S and fileName"):
        read_corpus("crema-d", crema_d)


@pytest.fixture
def ravdess(tmp_path):
    one, other = "Actor_01/03-01-06-01-02-01-01.wav", "Actor_02/03-01-02-01-01-02-02.wav"
    write(tmp_path, one, other, "Actor_01/03-02-05-01-01-01-01.wav", "Actor_01/03-01-09-01-01-01-01.wav")
    write(tmp_path, f"audio_speech_actors_01-24/{one}")  # As one of the places passes it on.
    return tmp_path


def test_ravdess_is_read_without_songs_and_copies(ravdess):
    corpus = read_corpus("ravdess", ravdess)
    assert rows(corpus) == [
        ("03-01-02-01-01-02-02", "calm", "02", "01", "kids are talking by the door"),
        ("03-01-06-01-02-01-01", "fear", "01", "02", "dogs are sitting by the door"),
    ]
    assert [rejection.id for rejection in corpus.rejected] == ["03-01-09-01-01-01-01"]
    assert corpus.notes == ("1 there twice, of which one counts: 03-01-06-01-02-01-01.",)


def test_ravdess_counts_calm_as_neutral_on_request(ravdess):
    assert Counter(u.label for u in read_corpus("ravdess", ravdess, "ravdess7").utterances) == {"neutral": 1, "fear": 1}
    assert read_corpus("ravdess", ravdess, "four").excluded == {"calm": 1, "fear": 1}


def test_two_recordings_of_a_name_are_refused(ravdess):
    write(ravdess, "more/Actor_02/03-01-02-01-01-02-02.wav", content=b"another")
    with pytest.raises(CorpusError, match="is another recording than .* of the same name"):
        read_corpus("ravdess", ravdess)


def test_tess_is_two_women_and_a_slip_of_the_pen(tmp_path):
    names = ("OAF_neutral/OA_bite_neutral", "OAF_angry/OAF_back_angry", "YAF_pleasant_surprised/YAF_bar_ps")
    write(tmp_path, *(f"TESS data/{name}.wav" for name in (*names, "YAF_sad/YAF_sad")))
    corpus = read_corpus("tess", tmp_path)
    assert rows(corpus) == [
        ("OAF_back_angry", "anger", "OAF", "back", "say the word back"),
        ("OA_bite_neutral", "neutral", "OAF", "bite", "say the word bite"),
        ("YAF_bar_ps", "surprise", "YAF", "bar", "say the word bar"),
    ]
    assert [rejection.id for rejection in corpus.rejected] == ["YAF_sad"]


@pytest.mark.parametrize("names", [("AudioData/DC/sa01", "AudioData/KL/n30"), ("ALL/DC_sa01", "ALL/KL_n30")])
def test_savee_is_read_in_both_layouts_and_has_no_words(tmp_path, names):
    write(tmp_path, *(f"{name}.wav" for name in names), "AudioData/XX/a01.wav")
    corpus = read_corpus("savee", tmp_path)
    assert rows(corpus) == [("DC_sa01", "sadness", "DC", "", ""), ("KL_n30", "neutral", "KL", "", "")]
    assert [rejection.id for rejection in corpus.rejected] == ["XX_a01"]


def test_the_jl_corpus_has_its_sentences_beside_the_recordings(tmp_path):
    folder = tmp_path / "Raw JL corpus (unchecked and unannotated)" / "JL(wav+txt)"
    names = ("female1_angry_10a_1", "male2_excited_3b_2", "female2_anxious_1a_1", "male1_bored_1a_1")
    write(folder, *(f"{name}.wav" for name in names))
    write(folder, "female1_angry_10a_1.txt", content=b"Tom beats\r\nthat farmer. ")
    corpus = read_corpus("jl-corpus", tmp_path)
    assert rows(corpus) == [
        ("female1_angry_10a_1", "anger", "female1", "10a", "Tom beats that farmer."),
        ("male2_excited_3b_2", "excitement", "male2", "3b", ""),
    ]
    assert corpus.excluded == {"anxious": 1}
    assert [rejection.id for rejection in corpus.rejected] == ["male1_bored_1a_1"]


@pytest.mark.parametrize("between", ["", "train/"])
def test_esd_has_english_sentences_and_leaves_mandarin_to_be_recognized(tmp_path, between):
    write(tmp_path, f"0001/Happy/{between}0001_000701.wav", f"0011/Angry/{between}0011_000351.wav", "0012_000001.wav")
    write(tmp_path, "0001/0001.txt", content="0001_000701\t打远一看\t快乐\n".encode("gb18030"))
    write(tmp_path, "0011/0011.txt", content="\ufeff0011_000351\tThe nine, the eggs.\tAngry\r\n".encode())
    corpus = read_corpus("esd", tmp_path)
    assert rows(corpus) == [
        ("0001_000701", "happiness", "0001", "000", ""),
        ("0011_000351", "anger", "0011", "000", "The nine, the eggs."),
    ]
    assert [rejection.id for rejection in corpus.rejected] == ["0012_000001"]


TURNS = """Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime
1,also I was the point person,Chandler,neutral,neutral,0,0,8,21,"00:16:16,059","00:16:21,731"
2,You mustve had  your hands full.,The Interviewer,joy,positive,0,1,8,21,"00:16:21,940","00:16:23,442"
3,That I did.,Chandler,pride,neutral,0,2,8,21,"00:16:23,442","00:16:26,389"
4,Oh,Ross,anger,negative,1,0,8,21,"00:16:23,442","00:16:26,389"
5,Oh,Ross,anger,negative,one,0,8,21,"00:16:23,442","00:16:26,389"
"""


def test_meld_has_a_row_and_a_recording_for_each_turn(tmp_path):
    for split in ("train", "test"):
        write(tmp_path, f"{split}_sent_emo.csv", content=TURNS.encode("latin-1"))
    write(tmp_path, *(f"train_splits/dia0_utt{turn}.{kind}" for turn in (0, 1, 2) for kind in ("mp4", "wav")))
    write(tmp_path, "output_repeated_splits_test/dia0_utt0.mp4", "output_repeated_splits_test/._dia1_utt0.mp4")
    corpus = read_corpus("meld", tmp_path)
    assert [(u.session, *row) for u, row in zip(corpus.utterances, rows(corpus), strict=True)] == [
        ("test", "test_dia0_utt0", "neutral", "Chandler", "test dia0", "also I was the point person"),
        ("train", "train_dia0_utt0", "neutral", "Chandler", "train dia0", "also I was the point person"),
        (
            "train",
            "train_dia0_utt1",
            "happiness",
            "The Interviewer",
            "train dia0",
            "You must\u2019ve had your hands full.",
        ),
    ]
    assert {u.audio_path.suffix for u in corpus.utterances if u.session == "train"} == {".wav"}
    reasons = {rejection.id: rejection.reason for rejection in corpus.rejected}
    assert reasons["train_dia0_utt2"].endswith("found 'pride'")
    assert (
        reasons["test_dia0_utt1"]
        == reasons["train_dia1_utt0"]
        == "there is no recording of it in a folder of its split"
    )
    assert len(reasons) == 7


def test_a_list_of_meld_without_a_column_is_refused(tmp_path):
    write(tmp_path, "dev_sent_emo.csv", content=TURNS.replace("Speaker", "Who").encode("latin-1"))
    with pytest.raises(CorpusError, match=r"dev_sent_emo.csv: expected the columns .*; it lacks Speaker."):
        read_corpus("meld", tmp_path)


def test_folders_of_labels_and_speakers_say_all(tmp_path):
    write(tmp_path, "sad/anna/a.wav", "sad/ben/a.FLAC", "glad/anna/b.mp3", "glad/anna/notes.pdf", "glad/list.csv")
    write(tmp_path, "sad/anna/a.txt", content=b"Oh no.\n")
    corpus = read_corpus("label-folders", tmp_path)
    assert corpus.labels == ("glad", "sad")
    assert rows(corpus) == [
        ("glad_anna_b", "glad", "anna", "", ""),
        ("sad_anna_a", "sad", "anna", "", "Oh no."),
        ("sad_ben_a", "sad", "ben", "", ""),
    ]


NAMES = sorted(READERS.keys() - {"iemocap", "demo", "manifest", "several", "emodb"})


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_without_recordings_is_refused(tmp_path, name):
    with pytest.raises(CorpusError, match=r"has no recording .*; expected"):
        read_corpus(name, tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_published_counts_are_of_the_label_sets_that_count_them(name):
    for label_set, counts in READERS[name].published_counts.items():
        assert tuple(counts) == load_label_set(label_set).labels


def test_the_published_counts_add_up():
    totals = {
        name: sum(READERS[name].published_counts[of].values())
        for name, of in [
            ("crema-d", "crema-d"),
            ("ravdess", "ravdess"),
            ("ravdess", "ravdess7"),
            ("tess", "seven"),
            ("savee", "seven"),
            ("esd", "esd"),
            ("meld", "seven"),
        ]
    }
    assert totals == {"crema-d": 7_442, "ravdess": 1_440, "tess": 2_800, "savee": 480, "esd": 35_000, "meld": 13_708}
    assert set(LABEL_SETS["four"].mapping.values()) == {"ang", "hap", "sad", "neu"}


def test_the_docs_name_every_reader_and_its_own_labels():
    page = (Path(__file__).parents[2] / "docs" / "own-corpus.md").read_text()
    rows = re.findall(r"^\| \[?`([\w-]+)`[^|]*\|[^|]*\|([^|]*)\|[^|]*\|$", page, re.MULTILINE)
    listed = {name: labels for name, labels in rows if name in READERS}
    assert set(listed) == set(READERS) - {"iemocap", "demo", "manifest"}
    for name, labels in listed.items():
        assert READERS[name].label_set is None or f"`{READERS[name].label_set}`" in labels, name
