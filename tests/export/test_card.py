"""The model card says whose speech a model learned from, what their licenses ask, and what cross-validations found."""

import dataclasses
import json
from types import SimpleNamespace

import pytest

from can_tf.corpus.registry import READERS
from can_tf.errors import RunError
from can_tf.export.card import model_card
from can_tf.export.cross_validations import read_cross_validations
from can_tf.export.licenses import notices_of
from can_tf.export.markdown import plain
from can_tf.features.mfcc import Mfcc
from can_tf.features.registry import front_end_to_json
from can_tf.features.whisper.front_end import WhisperBase
from can_tf.training.options import TrainOptions

SCORES = {"wa": 0.5, "ua": 0.25, "macro_f1": 0.75, "ece": 0.125}
METRICS = {**SCORES, "recall": {"calm": 0.5, "loud": None}, "epochs": 7}
THREE = {"crema-d": "crema-d", "jl-corpus": "jl-corpus", "studio": "manifest"}
ODBL = (
    "Contains information from CREMA-D (https://github.com/CheyneyComputerScience/CREMA-D), which is made available "
    "here under the Open Database License (ODbL, https://opendatacommons.org/licenses/odbl/1-0/)."
)


def config(corpus, front_end, **more):
    about = {"utterances": 9, "fingerprint": "f" * 64, "segmentation": "aligned", "fillers": "keep"}
    return {
        "options": dataclasses.asdict(TrainOptions(protocol="speaker", folds=5)),
        "records": {"corpus": corpus, "features": front_end_to_json(front_end), **about, **more},
        "versions": {"can_tf": "1.0"},
    }


CORPORA = {
    "crema-d": {"speakers": 3, "counts": {"calm": 4, "loud": 1}},
    "jl-corpus": {"speakers": 2, "counts": {"calm": 1, "loud": 1}},
    "studio": {"speakers": 1, "counts": {"calm": 0, "loud": 2}},
}
SEVERAL = config({"name": "several", "synthetic": False, "parts": THREE}, WhisperBase(), corpora=CORPORA)
DEMO = config({"name": "demo", "synthetic": True}, Mfcc())


def card_of(found, *summaries):
    return model_card(found, METRICS, SimpleNamespace(labels=("calm", "loud")), None, summaries)


def interval(corpus, value, resampled):
    score = {"value": value, "low": value - 0.125, "high": value + 0.125}
    scores = dict.fromkeys(("wa", "ua", "macro_f1"), score)
    return {"corpus": corpus, "utterances": 9, "speakers": 6, "resampled": resampled, **scores}


SUMMARY = {
    "runs": 5,
    "done": 4,
    "seeds": [0, 1],
    "folds": [0, 1],
    "synthetic": False,
    "test_share": 0.25,
    "options": {"protocol": "speaker", "folds": 5},
    "records": {"fingerprint": "f" * 64, "corpus": "several"},
    "scores": {
        "final": {
            **{name: {"mean": 0.5, "std": None, "values": [0.5]} for name in ("wa", "ua", "macro_f1")},
            "recall": {},
        }
    },
    "pooled": {"final": SCORES, "audio_reference": {name: {"mean": 0.375} for name in ("wa", "ua", "macro_f1")}},
    "intervals": [interval("", 0.5, "speakers"), interval("studio", 0.625, "utterances")],
}


def test_a_label_is_no_html_in_the_model_card():
    assert plain("<script>alert('x')</script> a|b [c](d) `e`") == (
        "&lt;script&gt;alert('x')&lt;/script&gt; a\\|b \\[c\\](d) \\`e\\`"
    )


def test_each_of_several_corpora_is_counted_named_and_licensed():
    card = card_of(SEVERAL)
    assert "trained on crema-d, jl-corpus and studio\n" in card
    assert "| corpus | speakers | utterances | calm | loud |\n" in card
    assert "| crema-d | 3 | 5 | 4 | 1 |\n| jl-corpus | 2 | 2 | 1 | 1 |\n| studio | 1 | 2 | 0 | 2 |\n" in card
    assert "- Trained on acted American English, twelve sentences; acted New Zealand English. Other languages" in card
    [licenses] = card.split("## License of the training data")[1:]
    of_crema_d, of_jl, of_studio, of_encoder = licenses.split("\n- **")[1:]
    for asked in ("(section 4.3)", "(sections 4.2 and 4.4)", "(section 4.6)", "(section 2.4)", "IEEE Transactions on"):
        assert asked in of_crema_d
    assert "does not say whether a trained model is" in of_crema_d
    assert "public domain (CC0 1.0)" in of_jl
    assert "asks for nothing; to name the publication is good manners" in of_jl
    assert "Not known to can_tf: the corpus is the user's own" in of_studio
    assert "whisper-base**, the features: A part of OpenAI's Whisper" in of_encoder
    assert "`NOTICE.txt` beside this card" in of_encoder
    assert "no legal advice" in of_encoder


def test_the_notices_are_those_that_licenses_ask_for():
    odbl, encoder, license_, *_ = notices_of(SEVERAL["records"]).split("\n\n")
    assert odbl == ODBL
    assert encoder.endswith("Its license, MIT, asks that its notice goes with every copy.")
    assert license_ == "MIT License"
    assert "Copyright (c) 2022 OpenAI" in notices_of(SEVERAL["records"])
    assert "THE SOFTWARE IS PROVIDED" in notices_of(SEVERAL["records"])
    twice = {"name": "several", "synthetic": False, "parts": {"asked": "crema-d", "heard": "crema-d-heard"}}
    assert notices_of(config(twice, Mfcc())["records"]) == f"{ODBL}\n"


def test_where_nothing_is_asked_for_nothing_is_said():
    assert notices_of(DEMO["records"]) == ""
    card = card_of(DEMO)
    assert "NOTICE.txt" not in card
    assert "no legal advice" not in card
    assert "| corpus |" not in card  # A run older than such counts.
    assert "## Cross-validation" not in card
    assert "eSpeak NG" in card


def test_the_card_says_what_early_stopping_went_by():
    assert "best of 7 epochs by validation loss" in card_of(SEVERAL)
    assert "best of 7 epochs by validation WA" in card_of(DEMO)
    asked = {**DEMO, "options": {**DEMO["options"], "monitor": "loss"}}
    assert "best of 7 epochs by validation loss" in card_of(asked)


@pytest.mark.parametrize("name", [name for name, reader in READERS.items() if reader.source.citation])
def test_published_corpora_are_cited_with_their_years(name):
    source = READERS[name].source
    assert source.citation.count('"') == 2
    assert source.citation[-4:].isdigit()
    assert source.speech
    secure = "http" if name == "savee" else "https"  # SAVEE's site answers http alone.
    assert source.address.startswith(f"{secure}://") or not source.address


def test_cross_validations_stand_beside_the_one_fold():
    by_corpus = {**SUMMARY, "options": {"protocol": "corpus", "folds": 0}, "seeds": [0], "pooled": {}}
    _, section = card_of(SEVERAL, SUMMARY, by_corpus).split("## Cross-validation\n")
    of_speakers, of_corpora = section.split("## Intended use")[0].split("**Protocol `")[1:]
    assert "speakers put together in 5 folds" in of_speakers
    assert "4 of 5 trainings, 2 seeds" in of_speakers
    assert "95 % intervals over resampled speakers; of studio, over utterances:" in of_speakers
    numbers = "0.500 (0.38 to 0.62) | 0.500 (0.38 to 0.62) | 0.500 (0.38 to 0.62)"
    assert f"| all | 9 | 6 | {numbers} |\n| studio | 9 | 6 | 0.625 (0.50 to 0.75) |" in of_speakers
    assert "| reference: mean frame, logistic regression | 0.375 | 0.375 | 0.375 |" in of_speakers
    assert "one corpus tests" in of_corpora
    assert "reference" not in of_corpora


def written(folder, **changes):
    folder.mkdir(exist_ok=True)
    options = dataclasses.asdict(TrainOptions(protocol="corpus"))
    summary = {**SUMMARY, "options": {**options, **changes.pop("options", {})}, "pooled": {}, **changes}
    (folder / "summary.json").write_text(json.dumps(summary))
    return folder


def test_a_cross_validation_of_other_trainings_is_no_part_of_a_card(tmp_path):
    [summary] = read_cross_validations([written(tmp_path / "cv")], tmp_path / "run", SEVERAL)
    assert summary["options"]["protocol"] == "corpus"
    others = written(tmp_path / "others", options={"alpha": 0.5, "units": 4})
    with pytest.raises(RunError, match=r"summary.json: is of trainings with alpha 0.5, units 4, unlike .*run. Give a"):
        read_cross_validations([others], tmp_path / "run", SEVERAL)
    elsewhere = written(tmp_path / "elsewhere", records={**SUMMARY["records"], "fingerprint": "e" * 64})
    with pytest.raises(RunError, match="trainings with other records"):
        read_cross_validations([elsewhere], tmp_path / "run", SEVERAL)


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "summary.json: is not there. Make it with: can-tf cross-validate"),
        ("{", "summary.json: is damaged .* Run the same can-tf cross-validate command again"),
        ('{"runs": 1}', r"summary.json: is damaged, or older \(it lacks done, seeds"),
    ],
)
def test_a_summary_that_cannot_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    with pytest.raises(RunError, match=message):
        read_cross_validations([tmp_path], tmp_path / "run", SEVERAL)
