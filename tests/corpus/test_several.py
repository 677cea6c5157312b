from collections import Counter

import pytest

from can_tf.corpus.options import CorpusOptions
from can_tf.corpus.registry import READERS, Reader, license_of, read_corpus
from can_tf.corpus.source import Source
from can_tf.corpus.utterance import Corpus, Rejection, Utterance
from can_tf.errors import CorpusError


def write(path, *lines):
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def folder(tmp_path):
    """Two corpora that use the same ids and speakers, and call their labels differently."""
    for label, speaker, name in [("happy", "anna", "1"), ("sad", "ben", "2"), ("bored", "anna", "3")]:
        path = tmp_path / "folders" / label / speaker / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"RIFF")
    for name in ("1.wav", "2.wav", "3.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    write(
        tmp_path / "list.csv",
        "id,audio,label,speaker,session,scenario,transcript",
        "happy_anna_1,1.wav,joy,anna,s1,tea,so good",
        "u2,2.wav,sad,cleo,,,oh",
        "u3,3.wav,,cleo,,,oh",
    )
    return tmp_path


def listed(folder, *rows, name="corpora.csv", header="corpus,root,labels,name"):
    return write(folder / name, header, *rows)


BOTH = ("label-folders,folders", "manifest,list.csv")


def test_utterances_of_several_corpora_are_told_apart(folder):
    corpus = read_corpus("several", listed(folder, *BOTH, header="corpus,root"))
    assert corpus.name == "several"
    assert corpus.parts == {"label-folders": "label-folders", "manifest": "manifest"}
    told = [(u.id, u.label, u.speaker, u.session, u.scenario, u.corpus) for u in corpus.utterances]
    assert told == [
        ("label-folders_bored_anna_3", "bored", "label-folders_anna", "", "", "label-folders"),
        ("label-folders_happy_anna_1", "happy", "label-folders_anna", "", "", "label-folders"),
        ("label-folders_sad_ben_2", "sad", "label-folders_ben", "", "", "label-folders"),
        ("manifest_happy_anna_1", "joy", "manifest_anna", "manifest_s1", "manifest_tea", "manifest"),
        ("manifest_u2", "sad", "manifest_cleo", "", "", "manifest"),
    ]
    assert [each.id for each in corpus.rejected] == ["manifest_u3"]
    assert corpus.labels == ("bored", "happy", "sad", "joy")


def test_labels_are_mapped_for_all_or_for_one(folder):
    common = write(folder / "common.json", '{"sad": "low", "happy": "high", "joy": "high", "bored": null}')
    corpus = read_corpus("several", listed(folder, *BOTH), str(common))
    assert corpus.labels == ("low", "high")
    assert Counter(each.label for each in corpus.utterances) == {"high": 2, "low": 2}
    assert corpus.excluded == {"bored": 1}
    assert corpus.notes == ()
    write(folder / "own.json", '{"joy": "happy", "sad": "sad"}')
    own = read_corpus("several", listed(folder, BOTH[0], "manifest,list.csv,own.json"))
    assert own.labels == ("bored", "happy", "sad")
    assert [each.label for each in own.utterances if each.corpus == "manifest"] == ["happy", "sad"]


def test_one_kind_of_corpus_may_occur_twice_under_two_names(folder):
    corpus = read_corpus("several", listed(folder, "manifest,list.csv,,old", "manifest,list.csv,,new"))
    assert corpus.parts == {"old": "manifest", "new": "manifest"}
    assert {each.speaker for each in corpus.utterances} == {"old_anna", "old_cleo", "new_anna", "new_cleo"}


def test_options_reach_the_corpora_that_take_them(folder):
    write(folder / "list.csv", "id,audio,emotion,speaker", "u1,1.wav,joy,anna")
    options = CorpusOptions(columns={"label": "emotion"})
    corpus = read_corpus("several", listed(folder, *BOTH), options=options)
    assert [each.label for each in corpus.utterances if each.corpus == "manifest"] == ["joy"]


def test_only_what_is_synthetic_throughout_is_called_so(folder, monkeypatch):
    def read(root, label_set):
        utterance = Utterance("u1", root, (), "sad", "robot", transcript="oh")
        return Corpus("robots", ("sad",), (utterance,), (Rejection("u0", "broken", ""),), {"odd": 2})

    monkeypatch.setitem(
        READERS, "robots", Reader(read=read, root="a folder", source=Source(license="Free."), synthetic=True)
    )
    mixed = read_corpus("several", listed(folder, "robots,folders", "manifest,list.csv"))
    assert not mixed.synthetic
    assert "robots: synthetic speech, beside that of people" in mixed.notes
    assert [each.id for each in mixed.rejected] == ["manifest_u3", "robots_u0"]
    assert mixed.excluded == {"odd": 2}
    twice = read_corpus("several", listed(folder, "robots,folders,,a", "robots,folders,,b"))
    assert twice.synthetic
    assert license_of("several", twice.parts) == "a: Free. b: Free."


@pytest.mark.parametrize(
    "rows, message",
    [
        ([], "lists 0 corpora; expected two or more, a row each"),
        (BOTH[:1], "lists 1 corpora"),
        ([BOTH[0], BOTH[0]], "corpora.csv:3: is a second label-folders; tell them apart in the column name"),
        ([BOTH[0], "manifest"], "corpora.csv:3: has no root"),
        ([BOTH[0], "manifest,list.csv,,../up"], "corpora.csv:3: has the name '../up'; expected a bare name"),
        ([BOTH[0], 'manifest,"list.csv'], "corpora.csv:3: "),
        ([BOTH[0], "several,corpora.csv"], "lists a list of corpora"),
        ([BOTH[0], "tapes,list.csv"], "there is no reader for a corpus 'tapes'"),
        ([BOTH[0], "manifest,none.csv"], "none.csv"),
        ([BOTH[0], "manifest,list.csv,none.json"], "none.json: there is no such label set"),
    ],
)
def test_lists_that_cannot_be_read(folder, rows, message):
    with pytest.raises(CorpusError, match=message):
        read_corpus("several", listed(folder, *rows))


def test_columns_that_are_not_there(folder):
    with pytest.raises(CorpusError, match="lacks the columns root; expected corpus, root, labels, name"):
        read_corpus("several", listed(folder, "manifest,list.csv", header="corpus,path"))


def test_labels_of_one_corpus_that_are_not_common(folder):
    write(folder / "own.json", '{"joy": "joyful", "sad": "low"}')
    common = write(folder / "common.json", '{"sad": "low", "happy": "high", "bored": null}')
    with pytest.raises(CorpusError, match="manifest has the labels joyful, which are not among low, high"):
        read_corpus("several", listed(folder, BOTH[0], "manifest,list.csv,own.json"), str(common))


def test_ids_that_names_make_equal(folder):
    for name, id_ in [("a", "b_1"), ("a_b", "1")]:
        write(folder / f"{name}.csv", "id,audio,label,speaker", f"{id_},1.wav,joy,anna")
    with pytest.raises(CorpusError, match="two corpora give the id a_b_1; give them other names"):
        read_corpus("several", listed(folder, "manifest,a.csv,,a", "manifest,a_b.csv,,a_b"))
