"""What the pages show: blocks of code, the commands in them, and code within prose."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?(\w+)")


class Block(NamedTuple):
    """A fenced block; `line` is the number of its first line of text."""

    page: str
    line: int
    language: str
    text: str


class Command(NamedTuple):
    """What would be typed: lines joined, without comments; a script, which begins with `#!`, as it stands."""

    page: str
    line: int
    text: str

    @property
    def background(self) -> bool:
        return self.text.endswith("&")

    @property
    def script(self) -> bool:
        return self.text.startswith("#!")

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Returns the fenced blocks of a page."""
    text = read(page) if text is None else text
    return [
        Block(page, text.count("\n", 0, found.start()) + 2, found["language"], textwrap.dedent(found["text"]))
        for found in _FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """Returns the commands of a block of shell."""
    if block.text.startswith("#!"):
        return [Command(block.page, block.line, block.text)]
    return list(_commands(block))


def _commands(block: Block) -> Iterator[Command]:
    lines = iter(enumerate(block.text.splitlines(), block.line))
    for number, line in lines:
        text = without_comment(line)
        while text.endswith("\\"):
            text = f"{text[:-1].rstrip()} {without_comment(next(lines)[1]).strip()}"
        if here := _HERE_DOCUMENT.search(text):
            for _, more in lines:
                text += f"\n{more}"
                if more == here[1]:
                    break
        if text:
            yield Command(block.page, number, text)


def without_comment(line: str) -> str:
    """Returns a line of shell without its comment."""
    quote = ""
    for place, character in enumerate(line):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and (place == 0 or line[place - 1].isspace()):
            return line[:place].rstrip()
    return line.rstrip()


def commands_of(page: str) -> list[Command]:
    return [command for block in blocks(page) if block.language == "sh" for command in commands(block)]


def prose(page: str, text: str | None = None) -> str:
    """Returns a page without its blocks, whose lines stay."""
    text = read(page) if text is None else text
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)


def code_in_prose(page: str) -> list[str]:
    """Returns what stands between backticks outside of blocks, on one line each."""
    return [" ".join(found[1].split()) for found in _CODE.finditer(prose(page))]
