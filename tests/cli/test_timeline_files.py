"""Files of timelines, whatever labels and recordings are named."""

from pathlib import Path, PurePath
from types import SimpleNamespace

from can_tf.cli.shared.timeline import show_timelines
from can_tf.prediction.timeline import Moment


def test_names_and_labels_are_single_fields_of_rttm(tmp_path):
    said = {"label": "very  sad", "words": []}
    answer = SimpleNamespace(label="very  sad", confidence=0.5, words_from="alignment", to_json=lambda: said)
    moments = [Moment(0.5, 1.5, answer)]
    path = Path("my caf\udce9.wav")
    show_timelines({path: PurePath(path.stem)}, [moments], as_json=True, rttm=tmp_path / "a.rttm", plot=None)
    line = (tmp_path / "a.rttm").read_text(encoding="utf-8")
    assert line == "SPEAKER my_caf\\udce9 1 0.500 1.000 <NA> <NA> very_sad 0.500 <NA>\n"
