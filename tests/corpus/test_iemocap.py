"""A small tree in IEMOCAP's layout, with its traps."""

import pytest

from can_tf.corpus.iemocap import read_demo, read_iemocap
from can_tf.corpus.labels import LABEL_SETS
from can_tf.errors import CorpusError
from tests.conftest import write_tone

PAPER7 = LABEL_SETS["paper7"]
WDSEG = "\t SFrm  EFrm   SegAScr Word\n\t 0 9 -9 <s>\n\t 10 49 -99 YES\n\t 50 59 -9 </s>\n Total score: -117\n"


def block(id_, code):
    return (
        f"[6.2901 - 8.2357]\t{id_}\t{code}\t[2.5000, 2.5000, 2.5000]\nC-E2:\tNeutral state;\t()\n"
        f"C-F1:\tNeutral; Anger;\t([1.0 - 2.0] loud)\nA-E3:\tval 3; act 2; dom  2;\t()\n\n"
    )


def add(root, session, blocks, *, aligned=None, recorded=None, dialog=None):
    """Adds a dialog of `{id: code}`; all are aligned and recorded unless said otherwise."""
    dialog = dialog or next(iter(blocks)).rsplit("_", 1)[0]
    folder = root / f"Session{session}"
    evaluation = folder / "dialog" / "EmoEvaluation" / f"{dialog}.txt"
    evaluation.parent.mkdir(parents=True, exist_ok=True)
    header = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
    evaluation.write_text(header + "".join(block(id_, code) for id_, code in blocks.items()))
    for id_ in blocks if recorded is None else recorded:
        write_tone(folder / "sentences" / "wav" / dialog / f"{id_}.wav", 0.1)
    for id_ in blocks if aligned is None else aligned:
        path = folder / "sentences" / "ForcedAlignment" / dialog / f"{id_}.wdseg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(WDSEG)
    return folder


@pytest.fixture
def root(tmp_path):
    return tmp_path / "IEMOCAP_full_release"


def test_the_speaker_is_the_ids_last_letter_also_in_dialogs_with_a_suffix(root):
    add(root, 3, {"Ses03M_impro05a_F012": "ang", "Ses03M_impro05a_M003": "sad"})
    add(root, 5, {"Ses05M_script01_1b_F001": "neu"})
    corpus = read_iemocap(root, PAPER7)
    assert [
        (utterance.id, utterance.speaker, utterance.session, utterance.scenario, utterance.label)
        for utterance in corpus.utterances
    ] == [
        ("Ses03M_impro05a_F012", "Ses03F", "Ses03", "impro05", "ang"),
        ("Ses03M_impro05a_M003", "Ses03M", "Ses03", "impro05", "sad"),
        ("Ses05M_script01_1b_F001", "Ses05F", "Ses05", "script01", "neu"),
    ]
    assert corpus.labels == PAPER7.labels
    assert (corpus.name, corpus.synthetic) == ("iemocap", False)


def test_a_release_that_is_not_synthetic_is_not_read_as_the_demo_corpus(root):
    add(root, 1, {"Ses01F_impro01_F000": "hap"})
    with pytest.raises(CorpusError, match=r"is not a demo corpus: it has no SYNTHETIC\.txt.* --corpus iemocap"):
        read_demo(root)
    (root / "SYNTHETIC.txt").write_text("made by hand")
    assert read_demo(root.parent).name == "demo"


def test_the_papers_seven_labels_are_the_default(root):
    add(root, 1, {"Ses01F_impro01_F000": "hap", "Ses01F_impro01_F001": "xxx"})
    assert read_iemocap(root) == read_iemocap(root, PAPER7)


def test_words_are_read_from_the_alignment_and_audio_is_named(root):
    folder = add(root, 1, {"Ses01F_impro01_F000": "hap"})
    [utterance] = read_iemocap(root, PAPER7).utterances
    assert [(word.text, word.start, word.end) for word in utterance.words] == [
        ("<s>", 0.0, 0.1),
        ("YES", 0.1, 0.5),
        ("</s>", 0.5, 0.6),
    ]
    assert utterance.audio_path == folder / "sentences" / "wav" / "Ses01F_impro01" / "Ses01F_impro01_F000.wav"


def test_the_folder_above_the_release_will_do(root):
    add(root, 1, {"Ses01F_impro01_F000": "hap"})
    assert len(read_iemocap(root.parent, PAPER7).utterances) == 1


def test_single_evaluators_and_macos_files_are_not_read(root):
    folder = add(root, 1, {"Ses01F_impro01_F000": "hap"}) / "dialog" / "EmoEvaluation"
    for name in ("Attribute", "Categorical", "Self-evaluation"):
        (folder / name).mkdir()
        (folder / name / "Ses01F_impro01_e1.txt").write_text(block("Ses01F_impro01_F999", "ang"))
    (folder / "._Ses01F_impro01.txt").write_bytes(b"\x00\x05\x16\x07" + block("Ses01F_impro01_F998", "ang").encode())
    corpus = read_iemocap(root, PAPER7)
    assert [utterance.id for utterance in corpus.utterances] == ["Ses01F_impro01_F000"]
    assert corpus.rejected == ()


def test_what_cannot_be_used_is_rejected_and_other_labels_are_counted(root):
    blocks = {
        "Ses03M_impro03_M000": "exc",
        "Ses03M_impro03_M001": "exc",
        "Ses03M_impro03_M002": "xxx",
        "Ses03M_impro03_M003": "fea",
        "Ses03M_impro03_M004": "zzz",
        "Ses03M_impro03_M005": "neu",
        "Ses03M_impro03_M006": "neu",
        "strange": "neu",
    }
    aligned = [id_ for id_ in blocks if not id_.endswith("M001")]
    recorded = [id_ for id_ in blocks if not id_.endswith("M005")]
    folder = add(root, 3, blocks, aligned=aligned, recorded=recorded)
    broken = folder / "sentences" / "ForcedAlignment" / "Ses03M_impro03" / "Ses03M_impro03_M006.wdseg"
    broken.write_text("5 2 -1 NO\n")
    corpus = read_iemocap(root, PAPER7)
    assert [utterance.id for utterance in corpus.utterances] == ["Ses03M_impro03_M000"]
    assert corpus.excluded == {"fea": 1, "xxx": 1}
    reasons = {rejection.id[-4:]: rejection.reason for rejection in corpus.rejected}
    assert reasons["M001"] == "has no alignment file"
    assert "its label 'zzz' is unknown; the label set paper7 has ang, exc" in reasons["M004"]
    assert reasons["M005"] == "has no audio file"
    assert "expected an end after the start" in reasons["M006"]
    assert "its id is not like" in reasons["ange"]


def test_an_id_too_long_for_a_file_is_rejected(root):
    add(root, 1, {"Ses01F_impro01_F000": "neu"})
    add(root, 1, {f"Ses01F_impro01_F{'0' * 300}": "neu"}, dialog="Ses01F_impro02", recorded=[], aligned=[])
    corpus = read_iemocap(root, PAPER7)
    assert [utterance.id for utterance in corpus.utterances] == ["Ses01F_impro01_F000"]
    assert "its id is not like" in corpus.rejected[0].reason


def test_an_id_that_occurs_twice_is_used_once(root):
    add(root, 1, {"Ses01F_impro01_F000": "hap"})
    add(root, 1, {"Ses01F_impro01_F000": "sad"}, dialog="Ses01F_impro02", recorded=[], aligned=[])
    corpus = read_iemocap(root, PAPER7)
    assert [utterance.label for utterance in corpus.utterances] == ["hap"]
    assert corpus.rejected[0].reason == "its id occurs twice; the first is used"


def test_an_evaluation_in_latin_1_is_read(root):
    folder = add(root, 1, {"Ses01F_impro01_F000": "hap"})
    path = folder / "dialog" / "EmoEvaluation" / "Ses01F_impro01.txt"
    path.write_bytes(path.read_bytes() + "C-F1:\tNeutral;\t(caf\u00e9)\n".encode("latin-1"))
    assert len(read_iemocap(root, PAPER7).utterances) == 1


def test_no_folder_and_no_release_are_errors_that_say_what_was_expected(tmp_path):
    with pytest.raises(
        CorpusError, match="nowhere: there is no such folder. Give --root the folder IEMOCAP_full_release"
    ):
        read_iemocap(tmp_path / "nowhere", PAPER7)
    with pytest.raises(CorpusError, match="is not an IEMOCAP release: expected Session1/dialog/EmoEvaluation"):
        read_iemocap(tmp_path, PAPER7)


@pytest.mark.parametrize(
    "id_", ["Ses01F_../../../../x_F000", "/etc/passwd", "Ses01F_impro01_F000/../../x", "..", "Ses01F_impro01_F0\0"]
)
def test_an_id_that_would_lead_out_of_the_release_is_rejected(root, id_):
    add(root, 1, {id_: "ang"}, aligned=(), recorded=(), dialog="Ses01F_impro01")
    [rejection] = read_iemocap(root, PAPER7).rejected
    assert (rejection.id, rejection.reason) == (id_, "its id is not like Ses01F_impro01_F000 or Ses01F_script01_1_F000")
