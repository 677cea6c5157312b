"""What the tree promises beyond the direction of imports, which `lint-imports` checks."""

import ast
import itertools
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


def strings_of(tree):
    """Returns the string constants of a module, docstrings left out."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [node.value for node in constants if id(node) not in docstrings]


def programs_in(tree):
    """Returns what is written as a string behind `-c` or `-m`, as Python takes a program or a module."""
    rows = [node.elts for node in ast.walk(tree) if isinstance(node, ast.List | ast.Tuple)]
    rows += [node.args for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        ast.unparse(second)
        for row in rows
        for first, second in itertools.pairwise(row)
        if isinstance(first, ast.Constant) and first.value in ("-c", "-m")
        if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(second))
    ]


def test_no_import_hides_in_a_string():
    hidden = re.compile(r"\b(import|from)\s+can_tf\b")
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert [text for text in strings_of(tree) if hidden.search(text)] == [], path
        assert programs_in(tree) == [], path


def test_a_hidden_import_would_be_seen():
    tree = ast.parse(
        '"""from can_tf import a docstring."""\n'
        'run([python, "-c", "from can_tf.cli.main import main; main()"])\n'
        'run(python, "-m", f"can_tf.{name}")\n'
        'run([python, "-m", child.__name__])\n'
    )
    assert "from can_tf.cli.main import main; main()" in strings_of(tree)
    assert "from can_tf import a docstring." not in strings_of(tree)
    assert programs_in(tree) == ["'from can_tf.cli.main import main; main()'", "f'can_tf.{name}'"]
