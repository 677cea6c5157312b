"""Where output goes that nobody reads, or that the terminal cannot hold."""

import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from can_tf.__main__ import main
from can_tf.cli.main import CanGroup
from can_tf.cli.shared.streams import show_control_characters
from can_tf.files import replacing, write_csv, write_json

CAN_TF = [sys.executable, "-m", "can_tf"]
HELPED = "inspect nowhere"


def shell(command, **settings):
    line = command.replace("can-tf", " ".join(CAN_TF))
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=100, **settings)


@pytest.mark.parametrize(
    "closed, said_on",
    [("2>&-", "stdout"), ("<&-", "stderr"), (">&-", "stderr"), ("<&- >&- 2>&-", None), ("2>&- >&-", None)],
)
def test_closed_streams_are_no_fault(tmp_path, closed, said_on):
    done = shell(f"can-tf {HELPED} {closed}", cwd=tmp_path)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert ("nowhere" in done.stderr) == (said_on == "stderr")


def test_a_closed_standard_error_does_not_become_the_next_file(tmp_path):
    code = "import os; from can_tf.cli.shared.streams import open_closed_streams as o; o(); print(os.open('x', 65))"
    done = shell(f'{sys.executable} -c "{code}" 2>&- <&-', cwd=tmp_path)
    assert int(done.stdout) > 2


@pytest.mark.parametrize("asked", ["--help", "--version", "inspect --help"])
def test_python_m_can_tf_is_can_tf(asked):
    done = shell(f"can-tf {asked}")
    assert done.returncode == 0
    assert "can-tf" in done.stdout


def test_a_reader_who_has_read_enough_is_told_nothing():
    done = shell("can-tf --help | head -1; exit ${PIPESTATUS[0]}")
    assert "Broken" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def group():
    @click.group(cls=CanGroup)
    def group():
        pass

    @group.command()
    @click.option("--out")
    @click.argument("error", type=int)
    def write(out, error):
        raise OSError(error, os.strerror(error), "/runs/a/report.html")

    @group.command()
    def pipe():
        raise BrokenPipeError(32, "Broken pipe")

    return group


@pytest.mark.parametrize(
    "error, hint", [(13, ". Give another place with --out."), (30, ". Give another place with --out."), (28, "")]
)
def test_a_folder_that_may_not_be_written_gets_a_hint(group, error, hint):
    done = CliRunner().invoke(group, ["write", str(error)])
    assert done.stderr == f"Error: /runs/a/report.html: {os.strerror(error)}{hint}\n"


def test_a_broken_pipe_is_not_an_error_to_be_told(group):
    done = CliRunner().invoke(group, ["pipe"])
    assert (done.exit_code, done.stderr) == (1, "")


@pytest.mark.parametrize("length", [1, 200, 250, 255])
@pytest.mark.parametrize("suffix", [".html", "", ".png"])
def test_a_file_of_any_name_that_the_disk_takes_is_written(tmp_path, length, suffix):
    name = "n" * max(length - len(suffix), 1) + suffix
    with replacing(tmp_path / name) as temporary:
        assert temporary.suffix == suffix
        temporary.write_text("whole")
    assert (tmp_path / name).read_text() == "whole"


def test_a_name_that_no_disk_takes_is_told_as_it_is(tmp_path):
    with pytest.raises(OSError, match="File name too long") as caught, replacing(tmp_path / ("n" * 300)) as temporary:
        temporary.touch()
    assert caught.value.filename == str(tmp_path / ("n" * 300))


def test_names_that_are_not_utf_8_are_written_so_that_json_reads_them_again(tmp_path):
    import json

    write_json(tmp_path / "a.json", {"path": "caf\udce9.wav"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"path": "caf\udce9.wav"}
    write_csv(tmp_path / "a.csv", ["path"], [{"path": "caf\udce9.wav"}])
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "path\ncaf\\udce9.wav\n"


def test_no_word_name_or_label_commands_a_terminal(tmp_path):
    evil = "a\033[31m\033]0;owned\007\x9bm"
    (tmp_path / f"{evil}.wav").write_bytes(b"no sound")
    done = shell(f"can-tf align --transcript 'good day' --json $'{tmp_path}/a\\033[31m'*.wav")
    assert done.returncode == 1
    assert "cannot be read as audio" in done.stderr
    assert "a\\x1b]0;owned\\x07\\x9bm.wav" in done.stderr
    assert not any(character in done.stdout + done.stderr for character in "\033\007\x9b")


def test_what_moves_a_bar_is_let_through(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr", sys.stderr)
    monkeypatch.setattr("sys.stdout", sys.stdout)
    show_control_characters()
    print("\r\033[K\033[?25l\033[?25h\033[2K\tend", file=sys.stderr)
    assert capsys.readouterr().err == "\r\033[K\033[?25l\033[?25h\\x1b[2K\tend\n"


def test_ctrl_c_before_a_command_begins_is_a_line(monkeypatch):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("can_tf.cli.main.main", interrupted)
    with pytest.raises(SystemExit, match="Aborted!"):
        main()


def test_too_little_memory_for_tensorflow_is_a_line():
    program = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (9 * 10**8, 9 * 10**8))
import can_tf.cli.main
can_tf.cli.main.main = lambda prog_name: __import__("tensorflow")
from can_tf.__main__ import main
main()
"""
    # NumPy's threads take memory by the number of cores.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("Error: memory ran out (")
