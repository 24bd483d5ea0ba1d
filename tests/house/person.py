"""Somebody with a browser that knows no JavaScript: pages by GET, forms by POST, redirects followed."""

from __future__ import annotations

import html
import re
import time
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from urllib3.filepost import encode_multipart_formdata

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_INPUT = re.compile(r"<input\b([^>]*)>")
_TEXTAREA = re.compile(r"<textarea\b([^>]*)>\n?(.*?)</textarea>", re.DOTALL)
_SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
_CHOSEN = re.compile(r'<option\b[^>]*value="([^"]*)"[^>]*selected')


class Person:
    """Signs in and acts through forms as the pages offer them; what a form holds already is sent along."""

    def __init__(self, address: str, username: str, password: str) -> None:
        self.address = address
        self.url = ""
        self.page = ""  # as a person reads it
        self._source = ""
        self._opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))
        self.open("/sign-in/")
        self.send("sign-in", username=username, password=password)
        assert "/projects/" in self.url, f"{username} could not sign in: {self.page}"

    def open(self, path: str) -> str:
        """Goes to a page."""
        return self._load(Request(urljoin(self.address, path)))

    def send(self, action: str, files: dict[str, tuple[str, bytes]] | None = None, **values: str) -> str:
        """Sends the page's form whose address ends in that word (a form without one posts to the page itself)."""
        where, fields = self._form(action)
        fields |= values
        headers = {"Referer": self.url}
        if files:
            body, headers["Content-Type"] = encode_multipart_formdata({**fields, **files})
        else:
            body = urlencode(fields).encode()
        return self._load(Request(urljoin(self.url, where), data=body, headers=headers, method="POST"))

    def wait_for(self, text: str, seconds: float = 60.0) -> str:
        """Reloads the page until it says so."""
        deadline = time.monotonic() + seconds
        while text not in self.page:
            assert time.monotonic() < deadline, f"{self.url} never said {text!r}:\n{self.page}"
            time.sleep(0.3)
            self.open(self.url)
        return self.page

    def _load(self, request: Request) -> str:
        with self._opener.open(request, timeout=60) as answer:
            self.url = answer.url
            self._source = answer.read().decode()
        self.page = html.unescape(self._source)
        return self.page

    def _form(self, action: str) -> tuple[str, dict[str, Any]]:
        for opening, content in _FORM.findall(self._source):
            attributes = dict(_ATTRIBUTE.findall(opening))
            where = attributes.get("action", "") or self.url
            if attributes.get("method", "get").lower() == "post" and urlsplit(where).path.endswith(f"/{action}/"):
                return where, _fields(content)
        raise AssertionError(f"{self.url} has no form for {action!r}")


def _fields(content: str) -> dict[str, Any]:
    """What the form would send untouched."""
    fields: dict[str, Any] = {}
    for opening in _INPUT.findall(content):
        attributes = dict(_ATTRIBUTE.findall(opening))
        ticked = "checked" in opening.split() or attributes.get("type") not in ("checkbox", "radio")
        if "name" in attributes and ticked and attributes.get("type") not in ("file", "submit"):
            fields[attributes["name"]] = html.unescape(attributes.get("value", ""))
    for opening, text in _TEXTAREA.findall(content):
        fields[dict(_ATTRIBUTE.findall(opening))["name"]] = html.unescape(text)
    for opening, options in _SELECT.findall(content):
        fields[dict(_ATTRIBUTE.findall(opening))["name"]] = next(iter(_CHOSEN.findall(options)), "")
    return fields
