"""What the tree promises beyond the direction of imports, which `lint-imports` checks."""

import ast
import itertools
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import can_tf

PACKAGE = Path(can_tf.__file__).parent
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_BODY = 300, 40
PAGE_FILES = [f"{folder}/*.{kind}" for folder in ("can_tf", "tools") for kind in ("js", "css", "html")]


def modules_with(pattern):
    return [
        str(path.relative_to(PACKAGE))
        for path in sorted(PACKAGE.rglob("*.py"))
        if re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def tracked(*patterns: str) -> list[Path]:
    """Returns the files of those patterns that git knows, in the whole repository."""
    command = ["git", "-C", str(PACKAGE.parent), "ls-files", "-z", "--", *patterns]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    paths = [PACKAGE.parent / name for name in listed.split("\0") if name]
    assert paths, f"git knows no {' and no '.join(patterns)}"
    return [path for path in paths if path.is_file()]


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE.parent))


def bodies(source: str) -> Iterator[tuple[str, int]]:
    """Gives the name of each function and the number of lines of its body, without the docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node.name, statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0


def test_one_module_imports_tensorflow_io():
    assert modules_with(r"^\s*(import|from) tensorflow_io") == ["audio/resampling.py"]


def test_nothing_unpickles():
    assert (
        modules_with(r"\b(c?pickle|cloudpickle|dill|joblib|shelve|marshal)\b|allow_pickle=(?!False)|torch\.load") == []
    )


def test_arrays_are_read_without_pickles():
    assert modules_with(r"\bnp\.load\((?!.*allow_pickle=False)") == []


def test_one_module_loads_keras_models_and_in_safe_mode():
    for loads in (r"keras\.\w+\.load_model\(", r"keras\.\w+\.deserialize_keras_object\("):
        assert modules_with(loads) == ["models/saved.py"]
        assert modules_with(rf"{loads}(?!.*safe_mode=True)") == []
    unsafe = r"^\s*from keras\S* import .*(load_model|deserialize)|enable_unsafe_deserialization"
    assert modules_with(unsafe) == []


def test_children_start_in_one_way_and_import_nothing_from_the_current_folder():
    assert modules_with(r"sys\.executable") == ["export/write.py", "processes.py"]
    assert modules_with(r"sys\.executable(?!, \"-[Ic]\")") == []


def test_nothing_depends_on_a_clock_that_can_be_set():
    assert modules_with(r"\btime\.time\(|\bdatetime\b|st_mtime") == []


def test_optional_libraries_are_imported_where_they_are_used():
    libraries = "matplotlib|espeakng_loader|pocketsphinx|num2words|faster_whisper|sounddevice|yaml|pyarrow"
    assert modules_with(rf"^(import|from) ({libraries})") == []


def test_no_file_is_over_300_lines():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in tracked("*.py", *PAGE_FILES)}
    too_long = [f"{named(path)}: {count}" for path, count in lines.items() if count > MOST_LINES_OF_A_FILE]
    assert not too_long, "\n".join(too_long)


def test_no_function_body_is_over_40_lines():
    too_long = [
        f"{named(path)}: {name}: {count}"
        for path in tracked("*.py")
        for name, count in bodies(path.read_text(encoding="utf-8"))
        if count > MOST_LINES_OF_A_BODY
    ]
    assert not too_long, "\n".join(too_long)


def test_a_body_counts_its_blank_lines_and_inner_functions_but_no_docstring():
    source = '''
def outer(
    argument,
):
    """One line.

    And more.
    """
    def inner():
        """Says nothing."""

    return inner
'''
    assert dict(bodies(source)) == {"outer": 4, "inner": 0}


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


def test_no_two_files_of_tests_have_one_name():
    counts = Counter(path.name for path in tracked("tests/**/test_*.py"))
    assert [name for name, count in counts.items() if count > 1] == []
