"""Writes each command's help and a line for each Python name into their pages, so that a Git host shows them too.

    python tools/site/reference.py

The site replaces the lines of Python names by their docstrings.
"""

import html
import inspect
import pkgutil
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import click
from hooks import DOCSTRING

from can_tf.cli.main import main

DOCS = Path(__file__).parents[2] / "docs"
WHERE_COMMANDS_GO = "<!-- The rest is written by `python tools/site/reference.py`, from the commands themselves. -->\n"
_WIDTH = 120


def with_commands(page: str) -> str:
    """Returns the page of commands with the help of each."""
    return f"{page.partition(WHERE_COMMANDS_GO)[0]}{WHERE_COMMANDS_GO}\n{commands_help()}\n"


def commands_help() -> str:
    """Returns the help of each command as Markdown, from the commands themselves."""
    return "\n\n".join(command_help(command) for command in main.commands.values())


def command_help(command: click.Command) -> str:
    """Returns one command's help: usage, text, and what each option means, with its default."""
    ctx = click.Context(command, info_name=f"can-tf {command.name}", **main.context_settings)
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    options = [
        wrapped(f"- `{names}`: {as_text(' '.join(meaning.split()))}")
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx))
        for names, meaning in [record]
    ]
    text = as_text(inspect.cleandoc(command.help or ""))
    return "\n\n".join([f"## can-tf {command.name}", f"```text\n{usage}\n```", text, "\n".join(options)])


def as_text(help_text: str) -> str:
    """Returns help as Markdown that shows it as it is; what it has in backticks is code."""
    parts = re.split(r"(`[^`]+`)", help_text)
    return "".join(part if part.startswith("`") else _escaped(part) for part in parts)


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_#\[\]|])", r"\\\1", html.escape(text, quote=False))


def with_names(page: str) -> str:
    """Returns the page of Python names with a line for each."""
    return DOCSTRING.sub(lambda found: f"<!-- {found[1]} -->\n{name_line(found[2])}\n", page)


def name_line(path: str) -> str:
    """Returns how a name is used, and the first sentence of its docstring."""
    value = pkgutil.resolve_name(path)
    doc = inspect.cleandoc(value.__doc__ or "")
    sentence = " ".join(doc.split("\n\n")[0].split())
    return wrapped(f"- `{short_name(path, value)}{parameters(value)}`: {sentence}")


def short_name(path: str, value: Any) -> str:
    """Returns the name that `import can_tf` gives, if there is one."""
    import can_tf

    name = path.rpartition(".")[2]
    return f"can_tf.{name}" if getattr(can_tf, name, None) is value else path


def parameters(value: Any) -> str:
    """Returns the parameters in brackets, without types and defaults; nothing for a module."""
    if isinstance(value, ModuleType) or not callable(value):
        return ""
    shown, named = [], False
    for each in inspect.signature(value).parameters.values():
        if each.kind is each.KEYWORD_ONLY and not named:
            shown.append("*")
        named |= each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        stars = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        shown.append(f"{stars}{each.name}" if each.default is each.empty else f"{each.name}=")
    return f"({', '.join(shown)})"


def wrapped(line: str) -> str:
    """Returns an item of a list in lines of the pages' width; options keep their hyphens."""
    return "\n".join(
        textwrap.wrap(line, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    )


if __name__ == "__main__":
    for name, write in (("commands.md", with_commands), ("api.md", with_names)):
        path = DOCS / name
        path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
