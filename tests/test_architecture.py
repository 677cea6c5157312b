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
    assert modules_with(r"^\s*(import|from) tensorflow_io") == ["audio/reading.py"]


def test_nothing_unpickles():
    assert (
        modules_with(r"\b(c?pickle|cloudpickle|dill|joblib|shelve|marshal)\b|allow_pickle=(?!False)|torch\.load") == []
    )


def test_arrays_are_read_without_pickles():
    assert modules_with(r"\bnp\.load\((?!.*allow_pickle=False)") == []


def test_one_module_loads_keras_models_and_in_safe_mode():
    assert modules_with(r"keras\.\w+\.load_model\(") == ["models/saved.py"]
    assert modules_with(r"keras\.\w+\.load_model\((?!.*safe_mode=True)") == []
    unsafe = r"^\s*from keras\S* import .*load_model|enable_unsafe_deserialization|deserialize_keras_object"
    assert modules_with(unsafe) == []


def test_nothing_depends_on_a_clock_that_can_be_set():
    assert modules_with(r"\btime\.time\(|\bdatetime\b|st_mtime") == []


def test_optional_libraries_are_imported_where_they_are_used():
    assert modules_with(r"^(import|from) (matplotlib|espeakng_loader|pocketsphinx|num2words)") == []
