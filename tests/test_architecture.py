"""What the tree promises beyond the direction of imports, which `lint-imports` checks."""

import re
from pathlib import Path

import can_tf

PACKAGE = Path(can_tf.__file__).parent


def modules_with(pattern):
    return [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def test_one_module_imports_tensorflow_io():
    assert modules_with(r"^\s*(import|from) tensorflow_io") == ["features/audio.py"]


def test_nothing_unpickles():
    assert modules_with(r"\bpickle\b|allow_pickle=True|joblib") == []


def test_nothing_depends_on_a_clock_that_can_be_set():
    assert modules_with(r"\btime\.time\(|\bdatetime\b|st_mtime") == []


def test_optional_libraries_are_imported_where_they_are_used():
    assert modules_with(r"^(import|from) (matplotlib|espeakng_loader|pocketsphinx|num2words)") == []
