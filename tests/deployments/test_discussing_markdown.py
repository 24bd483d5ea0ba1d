"""Comments render inert: whatever is written, only known tags come out, and nothing is hidden."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.discussing.markdown import mentioned, render, visible

ADA = frozenset({"ada"})
TAGS = {"p", "blockquote", "ul", "ol", "li", "em", "strong", "br", "hr", "pre", "code", "a", "span", "b"}
ATTRIBUTES = {("a", "href"), ("a", "rel"), ("span", "class"), ("b", "class"), ("p", "class"), ("ol", "start")}
CLASSES = {"link-target", "mention", "as-typed"}

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)><a xlink:href=javascript:alert(1)>",
    "<style>*{display:none}</style><p style='position:fixed'>",
    "<iframe srcdoc='<script>'></iframe><base href=//evil.example>",
    "<!-- --><![CDATA[<script>]]><?php ?>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "[x](file:///etc/passwd)",
    "[x](//evil.example)",
    "[x](/projects/)",
    "[x](https://good.example@evil.example/)",
    "[x](https://good.example\\@evil.example/)",
    "[x](https://evil.example/\"onmouseover=alert(1)//)",
    "[x](https://evil.example 'onmouseover=alert(1)')",
    "[x](<https://evil.example/ onclick=alert(1)>)",
    "<javascript:alert(1)> <data:text/html,x>",
    "![x](https://evil.example/pixel.png) ![x](data:image/svg+xml,<svg>)",
    "[a]: javascript:alert(1)\n\n[a] [x][a]",
    "```\"><script>alert(1)</script>\n</code></pre><script>\n```",
    "`</code><script>alert(1)</script>`",
    "    </pre><script>alert(1)</script>",
    "# <b>x\n\nx<script>\n===\n",
    "&lt;script&gt; &#60;script&#62; &#x202e;txt.exe",
    "\u202egnp.exe \u2066x\u2069 \u200fy",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x00 \x9b31m",
    "ad\u200bmin \ufeff \u2060 \u00ad \U000e0041",
    "@ada<script> @<b>ada</b> @ada\u202e",
    '@ada"onclick="x',
    "\ud83d",
]  # fmt: skip


class Seen(HTMLParser):
    """Every tag and attribute of a piece of HTML, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.other: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.other.append(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def seen(text: str) -> Seen:
    found = Seen()
    found.feed(render(text, ADA))
    found.close()
    return found


def assert_inert(text: str) -> None:
    found = seen(text)
    assert found.other == []
    for tag, attributes in found.tags:
        assert tag in TAGS, (text, tag)
        for name, value in attributes.items():
            assert (tag, name) in ATTRIBUTES, (text, tag, name)
            if name == "href":
                assert value and re.match(r"https?://[^@\\]+$", value, re.IGNORECASE), (text, value)
            if name == "class":
                assert value in CLASSES, (text, value)
        if tag == "a":
            assert attributes["rel"] == "nofollow noopener noreferrer"
    unseen = [each for each in found.text if not each.isprintable() and each not in "\n\t\xa0"]
    assert not [each for each in unseen if visible(each) != each], (text, unseen)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_inert(text: str) -> None:
    assert_inert(text)
    assert_inert(f"> - {text}\n\n*{text}*")


@given(
    st.lists(st.sampled_from([*HOSTILE, "*", "_", "`", "[", "]", "(", ")", "<", ">", "\n", "- ", "> ", "@ada", "1. "]))
)
def test_hostile_text_is_inert_in_any_order(pieces: list[str]) -> None:
    assert_inert("".join(pieces)[:4000])


@given(st.text(max_size=300))
def test_any_text_is_inert(text: str) -> None:
    assert_inert(text)


@pytest.mark.parametrize(
    "text",
    ["> " * 2000, "- " * 2000, "[" * 4000, "![" * 2000, "[](" * 1333, "*_" * 2000, "*a " * 1333, "`a``b" * 800,
     "[a](<" * 800, "@a." * 1333, "<a " * 1333, "\n".join(" " * depth + "- x" for depth in range(80))],
)  # fmt: skip
def test_what_is_nested_without_end_takes_no_time_and_loses_nothing(text: str) -> None:
    started = perf_counter()
    shown = seen(text)
    assert perf_counter() - started < 10  # it takes 0.2 s; what grows with the square would take minutes
    assert len(shown.tags) < 2500
    assert shown.text.count("x") == text.count("x") and shown.text.count("a") == text.count("a")


def test_too_deep_is_shown_as_typed() -> None:
    deep = "> " * 30 + "the **end**"
    assert render(deep, ADA) == f'<p class="as-typed">{"&gt; " * 30}the **end**</p>'
    assert render("> > > the **end**", ADA).count("<blockquote>") == 3


def test_what_nobody_sees_is_shown() -> None:
    assert visible("a\u202eb\x1b[0m\u200b\nc\td") == "a⟨U+202E⟩b⟨U+001B⟩[0m⟨U+200B⟩\nc\td"
    assert visible("\U0001f469\u200d\U0001f4bb") == "\U0001f469\U0001f4bb"
    assert visible("Zoë, naïve, 漢字, ❤️") == "Zoë, naïve, 漢字, ❤️"


def test_markdown_that_people_use_looks_as_they_expect() -> None:
    assert render("Why *not* **now**?", ADA) == "<p>Why <em>not</em> <strong>now</strong>?</p>"
    assert render("3. three\n4. four", ADA) == '<ol start="3"><li>three</li><li>four</li></ol>'
    assert render("a\nb  \nc\n\n---", ADA) == "<p>a\nb<br>\nc</p><hr>\n"
    assert render("```yaml\nmemory: <512>\n```", ADA) == "<pre><code>memory: &lt;512&gt;\n</code></pre>\n"
    assert render("# no heading", ADA) == "<p># no heading</p>"


def test_links_show_where_they_lead() -> None:
    rel = 'rel="nofollow noopener noreferrer"'
    assert render("[https://good.example](https://evil.example/x?a=1&b=2)", ADA) == (
        f'<p><a href="https://evil.example/x?a=1&amp;b=2" {rel}>https://good.example</a>'
        ' <span class="link-target">(https://evil.example/x?a=1&amp;b=2)</span></p>'
    )
    assert (
        render("<https://good.example>", ADA) == f'<p><a href="https://good.example" {rel}>https://good.example</a></p>'
    )
    assert "xn--exmple-4nf.com" in render("[x](https://ex\u0430mple.com)", ADA)
    assert render(f"[x](https://good.example/{'a' * 300})", ADA).count("a" * 200) == 1


def test_only_members_are_mentioned_and_only_in_loose_text() -> None:
    mention = '<b class="mention">@ada</b>'
    assert render("@ada, (@ada) and @ada.", ADA) == f"<p>{mention}, ({mention}) and {mention}.</p>"
    for text in ("@bob", "ada@ada", "x/@ada", "@adam", "`@ada`", "    @ada", "<https://x.example/@ada>"):
        assert mention not in render(text, ADA)
        assert "ada" not in mentioned(text)
    assert mentioned("@ada. `@bob` [@eve](https://x.example) **@joe**, @x@y.z-") == {
        "ada.", "ada", "joe", "x@y.z-", "x@y.z",
    }  # fmt: skip
