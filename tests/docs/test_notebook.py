"""The notebook of the documentation runs, on a small model and corpus, and shows what it says."""

import json
import shutil

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.shown import ROOT

NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def test_it_is_kept_without_outputs():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in cells)
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


@pytest.fixture(scope="module")
def shown(trained, exported, tmp_path_factory):
    """What each cell shows, by its id, and the folder that the notebook writes to."""
    root = tmp_path_factory.mktemp("notebook")
    (root / "docs").mkdir()
    shutil.copytree(exported.folder.parent, root / "saved_models" / "can")
    release = next(each.audio_path for each in trained.utterances.values() if each.id.startswith("Ses")).parents[4]
    (root / "data" / "demo-1400-seed0").mkdir(parents=True)
    (root / "data" / "demo-1400-seed0" / "IEMOCAP_full_release").symlink_to(release)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(root / "docs")}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {cell.id: cell.outputs for cell in cells}, root / "runs" / "notebook"


def result(outputs):
    """Returns the value that a cell shows, by kind."""
    [data] = [output.data for output in outputs if output.output_type == "execute_result"]
    return data


@pytest.mark.long
def test_values_are_short_and_predictions_are_pictures(shown):
    outputs, _ = shown
    assert result(outputs["load"])["text/plain"].startswith("<Predictor of ../saved_models/can/1: labels ang, exc")
    assert result(outputs["labels"])["text/plain"] == "(('ang', 'exc', 'hap', 'sad', 'fru', 'sur', 'neu'), 1)"
    for cell in ("predict", "explain", "timeline"):
        assert len(result(outputs[cell])["text/plain"]) < 300
    picture = result(outputs["predict"])["text/html"]
    assert 1_000 < len(picture) < 20_000
    assert "text attention" in picture
    assert "<script" not in picture
    assert "<table>" in result(outputs["timeline"])["text/html"]


@pytest.mark.long
def test_tables_and_pages_are_written(shown):
    _, folder = shown
    assert (folder / "answers.csv").read_text().startswith("recording,label,most_probable,confidence,probability_ang")
    for name in ("explanation.html", "sentences.html"):
        assert (folder / name).read_text().startswith("<!doctype html>")
    assert " --> " in (folder / "sentences.srt").read_text()


@pytest.mark.long
def test_no_cell_tells_of_what_nobody_asked_about(shown):
    outputs, _ = shown
    cells = ("load", "predict", "samples", "predict-many")
    assert [output.text for cell in cells for output in outputs[cell] if "text" in output] == []
