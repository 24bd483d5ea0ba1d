"""No template writes scripts, styles or handlers into a page, and the reader that says so finds each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hardening.markup import wrong_with

ROOT = Path(__file__).parent.parent.parent
SOURCES = [path for folder in (ROOT / "templates", ROOT / "static" / "js") for path in folder.rglob("*.*")]
TEMPLATES = [path for path in SOURCES if path.suffix == ".html"]


@pytest.mark.parametrize(
    "planted",
    [
        "<script>alert(1)</script>",
        '<script src="https://cdn.example.com/x.js"></script>',
        "<style>p {}</style>",
        '<p style="color: red">',
        '<img src="/x.png" onerror="alert(1)">',
        '<a href=" javascript:alert(1)">',
        '<a href="data:text/html,x">',
        '<div hx-on:click="alert(1)">',
        "<div hx-vals='js:{a: 1}'>",
        '<iframe src="/"></iframe>',
        '<base href="/x">',
        '<form method="post"></form>',
        '<a href="/x" target="_blank">',
        '<link rel="stylesheet" href="//cdn.example.com/x.css">',
    ],
)
def test_the_reader_finds_what_is_planted(planted: str) -> None:
    assert wrong_with(f"<main>{planted}</main>")


def test_the_reader_lets_pass_what_is_harmless() -> None:
    assert wrong_with('<script src="/static/x.js"></script><a href="https://example.com" rel="noopener">x</a>') == []
    assert wrong_with('<form method="post"><input name="csrfmiddlewaretoken" value="x"></form>') == []
    assert wrong_with("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>") == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_no_template_brings_any(path: Path) -> None:
    text = path.read_text().replace("{% csrf_token %}", '<input name="csrfmiddlewaretoken">')
    found = wrong_with(re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "x", text, flags=re.DOTALL))
    assert found == []
    assert not re.search(r"\|\s*safe\b|autoescape off|safeseq", text), "what is shown is escaped, always"


@pytest.mark.parametrize("path", [path for path in SOURCES if path.suffix == ".js"], ids=lambda path: path.name)
def test_no_script_makes_code_or_markup_of_text(path: Path) -> None:
    made = r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|setTimeout\(\s*[\"'`]"
    assert not re.search(made, path.read_text())


def test_markup_is_declared_safe_where_it_is_made_alone() -> None:
    folders = ("projects", "deployments", "history", "strandsweb")
    code = {path: path.read_text() for folder in folders for path in (ROOT / folder).rglob("*.py")}
    assert {path.name for path, text in code.items() if "mark_safe(" in text} == {"highlighting.py", "markdown.py"}
    made = re.compile(r"SafeString\((?![\"'])\w")  # of anything but a text in the code itself
    assert [path.name for path, text in code.items() if made.search(text)] == ["renderings.py"]  # kept pages of ours
