"""The examples in docstrings give what they show.

Those that name a run, an export, records or a recording are run in a folder that has them.
"""

import doctest
import importlib
import re
import shutil

import pytest

from tests.test_architecture import PACKAGE, modules_with

FILES = r"^\s*>>> .*\"(data/records|data/IEMOCAP_full_release|data/small|runs/can|saved_models/can|talk\.wav)\""


def names_of(paths):
    return [f"{PACKAGE.name}.{path.removesuffix('.py').replace('/', '.')}" for path in paths]


WITH_FILES = names_of(modules_with(FILES))
WITHOUT = [name for name in names_of(modules_with(r"^\s*>>> ")) if name not in WITH_FILES]


def check(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert results.failed == 0


@pytest.mark.parametrize("name", WITHOUT)
def test_examples_give_what_they_show(name):
    check(name)


@pytest.fixture(scope="session")
def folder_with_files(trained, exported, tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    utterance = next(value for name, value in sorted(trained.utterances.items()) if re.match("Ses", name))
    release = utterance.audio_path.parents[4]
    for name, target in {
        "data/records": trained.records.folder,
        "data/IEMOCAP_full_release": release,
        "runs/can": trained.run,
        "saved_models/can": exported.folder.parent,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copytree(target, folder / name)
    shutil.copy(utterance.audio_path, folder / "talk.wav")
    alignment = release.glob(f"Session*/sentences/ForcedAlignment/*/{utterance.id}.wdseg")
    shutil.copy(next(alignment), folder / "talk.wdseg")
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", WITH_FILES)
def test_examples_about_files_give_what_they_show(name, folder_with_files, monkeypatch):
    monkeypatch.chdir(folder_with_files)
    check(name)
