"""What MkDocs does besides: pages from notebooks and from files outside docs/, and a search that works from disk.

Links between pages are those of the repository, `docs/deploy.md` in the README and `../CONTRIBUTING.md` in a page, so
that they work on a Git host too; here they become those of the site.
"""

import json
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments.formatters import HtmlFormatter

from can_tf.pages.files import site_file

ROOT = Path(__file__).parents[2]
PAGES = {  # What is a page of the site and lies elsewhere.
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "can_tf/corpus/data/README.md": "demo-data.md",
    "can_tf/features/whisper/data/README.md": "whisper-weights.md",
}
NOTEBOOKS = {"docs/notebook.ipynb": "notebook.md"}
# What mkdocstrings replaces by a docstring, and the line that stands there on a Git host (reference.py writes it).
DOCSTRING = re.compile(r"^<!-- (::: (\S+)) -->\n(?:- .*\n(?:  .*\n)*)?", re.MULTILINE)
_LINK = re.compile(r"(\]\()([\w./-]+)(?=[#)])")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that lie elsewhere, the design that all pages of can_tf have, and the colors of code."""
    for path, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    for path, page in NOTEBOOKS.items():
        files.append(File.generated(config, page, content=as_page((ROOT / path).read_text(encoding="utf-8"))))
    files.append(File.generated(config, "design.css", content=site_file("design.css")))
    files.append(File.generated(config, "code.css", content=code_colors()))
    return files


def as_page(notebook: str) -> str:
    """Returns a notebook as Markdown: its text, and its code without what it shows, which whoever runs it sees."""
    cells = json.loads(notebook)["cells"]
    texts = [(cell["cell_type"], "".join(cell["source"])) for cell in cells]
    return "\n\n".join(f"```python\n{text}\n```" if kind == "code" else text for kind, text in texts)


def code_colors() -> str:
    """Returns the style sheet of highlighted code, in light and in dark."""
    light, dark = (HtmlFormatter(style=style).get_style_defs(".codehilite") for style in ("default", "github-dark"))
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links those of the site, and puts docstrings where a Git host shows a line."""
    lies = {page_: path for path, page_ in PAGES.items()}
    path = lies.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    markdown = _LINK.sub(lambda link: link[1] + link_on_site(link[2], path), markdown)
    return DOCSTRING.sub(lambda found: f"{found[1]}\n", markdown)


def on_page_content(content: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes what scrolls sideways reachable by keyboard, and cells of a head that are empty no headers."""
    content = re.sub(r"<(pre|table)(?=[ >])", r'<\1 tabindex="0"', content)
    return re.sub(r"<th([^>]*)></th>", r"<td\1></td>", content)


def link_on_site(target: str, page: str) -> str:
    """Returns where a link of a page, both in the repository, leads to on the site."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
    return PAGES.get(path, path.removeprefix("docs/"))


@event_priority(-100)  # After the search plugin, which writes the index.
def on_post_build(config: MkDocsConfig) -> None:
    """Writes the index as a script: pages that are opened from disk may not fetch, but may load scripts."""
    folder = Path(config.site_dir) / "search"
    index = json.loads((folder / "search_index.json").read_text(encoding="utf-8"))
    (folder / "index.js").write_text(f"const pages = {json.dumps(index['docs'])};\n", encoding="utf-8")
    for name in ("search_index.json", "main.js", "worker.js"):
        (folder / name).unlink(missing_ok=True)
