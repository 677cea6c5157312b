import pytest

from can_tf.corpus.iemocap import PAPER_COUNTS
from can_tf.corpus.labels import EMODB_LABELS, IEMOCAP_CODES, LABEL_SETS, OTHER_LABELS, label_set_of, load_label_set
from can_tf.errors import CorpusError


def test_the_papers_seven_are_7486_in_the_papers_order():
    label_set = load_label_set("paper7")
    assert label_set.labels == ("ang", "exc", "hap", "sad", "fru", "sur", "neu")
    assert label_set.excluded == ("dis", "fea", "oth", "xxx")
    assert sum(PAPER_COUNTS["paper7"].values()) == 7486


def test_the_four_classes_merge_excited_into_happy():
    label_set = load_label_set("four")
    assert label_set.labels == ("ang", "hap", "sad", "neu")
    assert label_set.mapping["exc"] == "hap"
    paper = PAPER_COUNTS["paper7"]
    assert PAPER_COUNTS["four"]["hap"] == paper["hap"] + paper["exc"]


@pytest.mark.parametrize("name", list(PAPER_COUNTS))
def test_published_counts_are_of_the_label_sets_names_in_their_order(name):
    assert tuple(PAPER_COUNTS[name]) == LABEL_SETS[name].labels


@pytest.mark.parametrize(
    "name, labels",
    [("paper7", IEMOCAP_CODES), ("four", (*IEMOCAP_CODES, *EMODB_LABELS, *OTHER_LABELS)), ("emodb", EMODB_LABELS)],
)
def test_each_label_of_a_corpus_is_used_or_left_out_on_purpose(name, labels):
    label_set = LABEL_SETS[name]
    assert sorted([*label_set.mapping, *label_set.excluded]) == sorted(labels)


@pytest.mark.parametrize(
    "name, content",
    [
        ("map.json", '{"sad": "low", "ang": "high", "exc": "high", "xxx": null}'),
        ("map.csv", "sad,low\nang,high\n\nexc,high\nxxx,\n"),
    ],
)
def test_a_mapping_file_gives_names_in_order_of_appearance(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    label_set = load_label_set(str(path))
    assert label_set.labels == ("low", "high")
    assert label_set.mapping == {"sad": "low", "ang": "high", "exc": "high"}
    assert label_set.excluded == ("xxx",)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("map.json", "[1]", "expected an object of labels and names"),
        ("map.json", '{"ang": 3}', "expected an object of labels and names"),
        ("map.json", "{", "cannot be read as a mapping"),
        ("map.json", "[" * 100_000, "cannot be read as a mapping"),
        ("map.json", '{"ang": null}', "names no class"),
        ("map.json", '{"ang": "\\ud800"}', "expected labels and names of printable characters"),
        ("map.csv", "ang,a,b\n", "map.csv:1: expected a label and a name, found 'ang,a,b'"),
        ("map.csv", "ang,a\nang,\n", "expected each label once; ang occurs again"),
        ("map.csv", ",a\n", "map.csv:1: expected a label and a name"),
    ],
)
def test_a_bad_mapping_file_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(CorpusError, match=message):
        load_label_set(str(path))


def test_an_unknown_label_set_is_refused_with_those_there_are():
    with pytest.raises(
        CorpusError, match="five: there is no such label set or mapping file; expected paper7, four, emodb, "
    ):
        load_label_set("five")


def test_a_corpus_without_a_set_has_its_own_labels_in_alphabetical_order():
    assert label_set_of(["sad", "calm", "sad"]).labels == ("calm", "sad")
