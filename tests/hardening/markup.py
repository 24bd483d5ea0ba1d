"""What no page may contain: scripts, styles and handlers written into it, or anything fetched from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

LEADS = {"href", "src", "action", "formaction", "xlink:href", "poster", "data", "hx-get", "hx-post", "ws-connect"}
FORBIDDEN_TAGS = {"style", "iframe", "object", "embed", "base", "applet", "frame"}
FETCHING = {"script", "link", "img", "source", "video", "audio", "use"}
CODE = re.compile(r"[\s\x00-\x1f]*(javascript|vbscript|data):", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self._form: tuple[str, bool] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        said = self.get_starttag_text() or tag
        if tag in FORBIDDEN_TAGS:
            self._complain("a tag that has no place here", said)
        if tag == "script" and not named.get("src") and named.get("type") != "application/json":
            self._complain("an inline script", said)
        for name, value in named.items():
            if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                self._complain(f"the attribute {name}", said)
            if name in {"hx-vars", "hx-vals"} and re.match(r"\s*(js|javascript):", value):
                self._complain(f"code in {name}", said)
            if name in LEADS and CODE.match(value) and not (tag == "img" and value.startswith("data:image/")):
                self._complain(f"code in {name}", said)
            if tag in FETCHING and name in LEADS and urlsplit(value).netloc:
                self._complain("fetched from elsewhere", said)
        if named.get("target") == "_blank" and "noopener" not in named.get("rel", ""):
            self._complain("a new window that can reach this one", said)
        if tag == "form":
            self._form = (said, named.get("method", "get").lower() != "post")
        if tag == "input" and named.get("name") == "csrfmiddlewaretoken" and self._form:
            self._form = (self._form[0], True)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._form:
            if not self._form[1]:
                self._complain("a form that posts without a CSRF token", self._form[0])
            self._form = None

    def _complain(self, what: str, said: str) -> None:
        self.wrong.append(f"{what}: {said[:160]}")


def wrong_with(html: str) -> list[str]:
    """What is not allowed in this page, in words; empty for a page that is as it should be."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.wrong
