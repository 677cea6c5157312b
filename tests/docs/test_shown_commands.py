"""What the pages show works when it is typed: commands, Python, manifests. What cannot be typed is well-formed."""

import configparser
import functools
import importlib
import json
import re
import runpy
import shlex
import subprocess
from collections.abc import Iterator

import click
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from can_tf.cli.main import main
from can_tf.corpus.manifest import read_manifest
from tests.docs.reader import READY, Reader
from tests.docs.shown import PAGES, ROOT, Command, blocks, code_in_prose, commands_of
from tests.docs.tables import APPENDED, FILES, NOT_RUN, ORDER, REPLACED, why_not

LANGUAGES = {
    "sh": "typed",
    "python": "run",
    "csv": "a file of FILES, which commands read",
    "json": "a file of FILES, which commands read",
    "yaml": "read",
    "protobuf": "read",
    "nginx": "a part of tools/serving/nginx.conf",
    "caddyfile": "a part of tools/serving/Caddyfile",
    "text": "what a command printed",
}
EVERY_COMMAND = [command for page in PAGES for command in commands_of(page)]
WITH_CODE = [page for page in PAGES if any(block.language in ("sh", "python") for block in blocks(page))]
IN_ORDER = [*ORDER, *(page for page in WITH_CODE if page not in ORDER)]
OF_OTHERS = {  # Options named in prose that are not can_tf's: whose they are.
    "--tensorflow_intra_op_parallelism": "TensorFlow Serving",
    "--nworkers": "dask worker",
    "--nthreads": "dask worker",
    "--host": "dask scheduler",
    "--check": "sha256sum",
}


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("reader"))
    yield reader
    reader.close()


@pytest.mark.long
@pytest.mark.parametrize("page", IN_ORDER)
def test_what_a_page_shows_works_when_it_is_typed(reader, page):
    reader.read(page)


@pytest.mark.long
def test_the_manifests_shown_are_whole(reader):
    reader.read("docs/own-corpus.md")
    for records in ("mine", "transcribed"):
        assert (reader.folder / "data" / records / "rejected.csv").read_text() == "id,reason,path\n"
    [utterance] = read_manifest(reader.folder / "corpus.jsonl").utterances
    assert (utterance.id, utterance.label, utterance.speaker) == ("u1", "happy", "anna")


@pytest.mark.long
@pytest.mark.parametrize(
    "text, message",
    [
        ("can-tf inspect --bogus", "No such option"),
        ("can-tf inspect nowhere", "holds no finished records"),
        ("curl http://127.0.0.1:9/v1/models/can", "connect"),
    ],
)
def test_a_command_that_does_not_work_is_told(reader, text, message):
    with pytest.raises(AssertionError, match=message):
        reader.type(Command("page.md", 1, text))


def test_no_entry_of_the_tables_is_left_over():
    texts = [command.text for command in EVERY_COMMAND]
    for table in (NOT_RUN, APPENDED, READY):
        left = [pattern for pattern in table if not any(re.search(pattern, text) for text in texts)]
        assert not left, f"no page shows a command that fits {left}; take these entries out"
    left = [pattern for pattern in REPLACED if not any(re.search(pattern, text) for text in texts)]
    assert not left, f"no page shows what {left} would replace; take these entries out"


def test_each_block_has_a_language_that_something_here_tries():
    shown: dict[tuple[str, str], int] = {}
    for page in PAGES:
        for block in blocks(page):
            assert block.language in LANGUAGES, f"{page}:{block.line}: a block of {block.language!r}"
            if block.language in ("csv", "json"):
                shown[page, block.language] = shown.get((page, block.language), 0) + 1
    assert shown == {key: len(names) for key, names in FILES.items()}


def test_yaml_and_the_servers_configuration_can_be_read():
    for page in PAGES:
        for block in blocks(page):
            if block.language == "yaml":
                assert yaml.safe_load(block.text)
            elif block.language == "protobuf":
                text_format.Parse(block.text, model_server_config_pb2.ModelConfig())
            elif block.language == "json":
                assert json.loads(block.text)


@pytest.mark.parametrize("language, name", [("nginx", "nginx.conf"), ("caddyfile", "Caddyfile")])
def test_parts_of_the_proxies_files_are_what_stands_there(language, name):
    def without_indent(text: str) -> str:
        return "\n".join(line.strip() for line in text.strip().splitlines())

    whole = without_indent((ROOT / "tools" / "serving" / name).read_text(encoding="utf-8"))
    shown = [without_indent(block.text) for page in PAGES for block in blocks(page) if block.language == language]
    assert shown
    assert [text for text in shown if text not in whole] == []


def check_can_tf(words: list[str]) -> None:
    """Fails unless a `can-tf` command and each of its options exist."""
    name, *rest = words
    assert name in main.commands, f"there is no can-tf {name}"
    check_options(main.commands[name], rest)


def check_options(command: click.Command, words: list[str]) -> None:
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    unknown = {word.partition("=")[0] for word in words if re.match(r"--\w", word)} - known
    assert not unknown, f"{command.name} has no {sorted(unknown)}"


def check_tool(words: list[str]) -> None:
    """Fails unless a program in tools/, its command and each of its options exist."""
    path, *rest = words
    program = runpy.run_path(str(ROOT / path))["main"]
    if isinstance(program, click.Group) and rest:
        name, *rest = rest
        assert name in program.commands, f"{path} has no {name}"
        program = program.commands[name]
    check_options(program, rest)


@functools.cache
def extras() -> set[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return set(setup["options.extras_require"])


def check(text: str) -> None:
    """Fails where a command names what does not exist: a command, option, target, extra or file of this repository."""
    try:
        program, *words = shlex.split(text, comments=True)
    except ValueError:
        program, *words = text.split()
    if program == "can-tf":
        check_can_tf(words)
    elif program == "make":
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert set(words) <= targets | {word for word in words if "=" in word or "/" in word}, f"make has no {words}"
    elif program == "pip":
        for names in re.findall(r"\[([\w,]+)\]", text):
            assert set(names.split(",")) <= extras(), f"setup.cfg has not every extra of {names}"
    elif program == "python" and words[0].startswith("tools/"):
        check_tool(words)
    for word in words:
        if re.fullmatch(r"(tools|tests|docs|can_tf|\.ci)/[\w./-]+", word):
            assert (ROOT / word).exists(), f"there is no {word}"


@pytest.mark.parametrize(
    "command",
    [command for command in EVERY_COMMAND if why_not(command)],
    ids=lambda command: f"{command.page}:{command.line}",
)
def test_what_is_not_run_is_well_formed(command):
    if not command.script:
        check(command.text)
        return
    subprocess.run(["bash", "-n", "-c", command.text], check=True)
    joined = command.text.replace("\\\n", " ").replace('"', "")
    shown = re.findall(r"can-tf [^&;\n]*", joined) + [
        f"can-tf tune {rest}" for rest in re.findall(r"\$search ([^&\n]*)", joined)
    ]
    assert shown
    for text in shown:
        check(text)


def test_what_make_demo_types_is_well_formed():
    recipe = (ROOT / "Makefile").read_text().split("\ndemo:")[1].split("\n\n")[0]
    typed = re.findall(r"^\t\$\(BIN\)/(can-tf .*)$", recipe, re.MULTILINE)
    assert typed
    for text in typed:
        check(text)


@pytest.mark.parametrize("page", PAGES)
def test_code_in_prose_names_what_exists(page):
    of_commands = {name for each in main.commands.values() for parameter in each.params for name in parameter.opts}
    for code in code_in_prose(page):
        try:
            if re.match(r"(can-tf [a-z]|make |pip install |python )", code):
                check(code)
            elif re.match(r"--\w", code):
                name = re.split(r"[ =]", code)[0]
                assert name in {"--help", *of_commands, *OF_OTHERS}, f"there is no option {name}"
            elif re.fullmatch(r"can_tf(\.\w+)+(?<!\.json)", code):
                found = importlib.import_module("can_tf")
                check_name(found, code)
            elif re.fullmatch(r"(tools|tests|docs|can_tf|\.ci)/[\w./-]+", code):
                assert (ROOT / code).exists(), f"there is no {code}"
        except AssertionError as error:
            raise AssertionError(f"{page}: `{code}`: {error}") from error


def check_name(package: object, name: str) -> None:
    """Fails unless a dotted name is a module or something in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            assert hasattr(found, part), f"there is no {name}"
            found = getattr(found, part)
        return


def test_options_of_others_are_still_named():
    named = {word for page in PAGES for code in code_in_prose(page) for word in code.split()}
    assert set(OF_OTHERS) <= named
