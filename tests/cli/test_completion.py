"""The shell completes commands, options and values."""

import subprocess
import sys

import pytest

from tests.docs.shown import read

COMPLETE = """
{line}
COMP_WORDS=({typed})
COMP_CWORD={place}
_can_tf_completion can-tf
echo "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def path(tmp_path):
    """A path on which `can-tf` is that of this Python."""
    program = tmp_path / "can-tf"
    program.write_text(f"#!{sys.executable}\nfrom can_tf.__main__ import main\nmain()\n")
    program.chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


@pytest.mark.parametrize(
    "typed, expected",
    [
        ("can-tf tr", ["train"]),
        ("can-tf train --val", ["--validation-only"]),
        ("can-tf train --model tex", ["text"]),
        ("can-tf cross-validate --track m", ["mlflow"]),
    ],
)
def test_bash_completes_after_the_line_that_the_page_shows(path, typed, expected):
    [line] = [line for line in read("docs/commands.md").splitlines() if line.startswith("eval ")]
    script = COMPLETE.format(line=line, typed=typed, place=len(typed.split()) - 1)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={"PATH": path})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == expected
