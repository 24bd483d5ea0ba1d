"""Comments as Markdown, rendered inert: only the tags of one small table are ever written, and all text is escaped."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_DEEPEST = 12
"""Levels of quotes and lists (each item is one more) that are shown as such; what goes deeper is shown as typed."""
_PARSED = 40  # the parser drops what is nested deeper without a word, so it has to reach deeper than what is shown

_TAGS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "ordered_list": "ol",
    "list_item": "li",
    "em": "em",
    "strong": "strong",
}
"""Kind of token -> tag."""
_EMPTY = {"softbreak": "\n", "hardbreak": "<br>\n", "hr": "<hr>\n"}
_JOINERS = "\u200c\u200d"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w.@+/-])@([\w.@+-]{1,150})")
_AFTER_A_NAME = ".@+-"
_TARGET_CHARACTERS = 120


def _leads_to_the_web(url: str) -> bool:
    """Whether it is a link: http or https, to a host that can be read off it, without a name before an @."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.netloc))


# Headings would break the page's outline, and what is defined in one place and used in another can be hidden there.
_parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _PARSED}).disable(
    ["html_block", "html_inline", "image", "heading", "lheading", "reference"]
)
_parser.validateLink = _leads_to_the_web  # type: ignore[method-assign]


@lru_cache(maxsize=2048)
def render(text: str, people: frozenset[str]) -> SafeString:
    """The text as HTML; `people` are the usernames that may be mentioned in it."""
    tokens = _parser.parse(text)
    if any(token.level > _DEEPEST for token in tokens):
        shown = f'<p class="as-typed">{escape(visible(text))}</p>'
    else:
        shown = "".join(_blocks(tokens, people))
    return mark_safe(shown)  # noqa: S308 - every piece of it is a constant or was escaped


@lru_cache(maxsize=2048)
def mentioned(text: str) -> frozenset[str]:
    """What could be usernames after an @, outside of code and links: with and without what may only end a sentence."""
    found: set[str] = set()
    for token in _parser.parse(text):
        for words in _loose_text(token.children or ()):
            for match in _NAME.finditer(words):
                found.update(_readings(match[1]))
    return frozenset(found)


def visible(text: str) -> str:
    """The text with what nobody sees (control characters, marks that turn the writing round) as `⟨U+202E⟩`.

    The joiners inside some emoji and scripts are left out instead.
    """
    if text.isprintable():
        return text
    return "".join(_seen(each) for each in text)


def _seen(character: str) -> str:
    if character in "\n\t":
        return character
    if character in _JOINERS:
        return ""
    return f"⟨U+{ord(character):04X}⟩" if unicodedata.category(character) in _UNSEEN else character


def _blocks(tokens: Sequence[Token], people: frozenset[str]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _inline(token.children or (), people)
        elif token.type in ("fence", "code_block"):
            yield f"<pre><code>{escape(visible(token.content))}</code></pre>\n"
        elif not token.hidden:  # of a paragraph that is a whole list item
            yield _tag(token)


def _inline(tokens: Sequence[Token], people: frozenset[str]) -> Iterator[str]:
    target, words = "", ""
    for token in tokens:
        if token.type == "link_open":
            target, words = str(token.attrs["href"]), ""
            yield f'<a href="{escape(target)}" rel="nofollow noopener noreferrer">'
        elif token.type == "link_close":
            said = "" if words == target else f' <span class="link-target">({escape(_short(target))})</span>'
            target = ""
            yield f"</a>{said}"
        elif token.type == "text":
            words += token.content
            yield escape(visible(token.content)) if target else _with_names(token.content, people)
        elif token.type == "code_inline":
            yield f"<code>{escape(visible(token.content))}</code>"
        else:
            yield _tag(token)


def _tag(token: Token) -> str:
    """An opening or closing tag of the table; anything the table does not know is shown as typed."""
    if token.type in _EMPTY:
        return _EMPTY[token.type]
    kind, _, side = token.type.rpartition("_")
    if kind not in _TAGS:
        return escape(visible(token.content))
    if side == "close":
        return f"</{_TAGS[kind]}>"
    first = token.attrs.get("start")
    return f'<ol start="{int(first)}">' if first is not None else f"<{_TAGS[kind]}>"


def _short(url: str) -> str:
    return url if len(url) <= _TARGET_CHARACTERS else f"{url[:_TARGET_CHARACTERS]}…"


def _with_names(words: str, people: frozenset[str]) -> str:
    pieces, end = [], 0
    for match in _NAME.finditer(words):
        known = next((reading for reading in _readings(match[1]) if reading in people), "")
        if known:
            pieces += [escape(visible(words[end : match.start()])), f'<b class="mention">@{escape(known)}</b>']
            end = match.start(1) + len(known)
    return "".join([*pieces, escape(visible(words[end:]))])


def _readings(name: str) -> Iterator[str]:
    """`ada.` is Ada at the end of a sentence, unless somebody is really called so."""
    yield name
    while name and name[-1] in _AFTER_A_NAME:
        name = name[:-1]
        yield name


def _loose_text(tokens: Sequence[Token]) -> Iterator[str]:
    linked = False
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            linked = token.type == "link_open"
        elif token.type == "text" and not linked:
            yield token.content
