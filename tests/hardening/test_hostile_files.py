"""What people upload or type: archives, YAML and JSON that were made to harm end in a sentence, and soon."""

from __future__ import annotations

import io
import json
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from projects.bundles.reading import MAX_FILES
from projects.configuration import parse
from projects.protection.reading import Unreadable, read_json
from tests.hardening.test_matrix import NOTES
from tests.hardening.world import World

pytestmark = pytest.mark.django_db

SECONDS = 5  # of work, not of waiting: a hundred times what the worst of these takes


@contextmanager
def soon() -> Iterator[None]:
    """What is inside takes less work than `SECONDS`."""
    before = time.process_time()
    yield
    assert time.process_time() - before < SECONDS


def archive(*entries: tuple[str, bytes, int]) -> bytes:
    """A zip of (name, content, mode)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, mode in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, content)
    return buffer.getvalue()


def nested(depth: int) -> bytes:
    """A zip in a zip in a zip."""
    inner = b"0" * 1000
    for _ in range(depth):
        inner = archive(("inner.zip", inner, 0o644))
    return inner


ARCHIVES: dict[str, tuple[Callable[[], bytes], str]] = {
    "leaves the folder": (lambda: archive(("../../evil.py", b"", 0o644)), "leaves the bundle"),
    "absolute": (lambda: archive(("/etc/cron.d/evil", b"", 0o644)), "absolute"),
    "drive letter": (lambda: archive(("C:/evil", b"", 0o644)), "drive letter"),
    "link": (lambda: archive(("link", b"/etc/passwd", stat.S_IFLNK | 0o777)), "link"),
    "bomb": (lambda: archive(("zeros", b"\0" * 30_000_000, 0o644)), "zeros"),
    "case collision": (lambda: archive(("Readme", b"", 0o644), ("README", b"", 0o644)), "README"),
    "too many": (lambda: archive(*((f"f{number}", b"", 0o644) for number in range(MAX_FILES + 1))), "at most"),
    "no zip": (lambda: b"<?php system($_GET['c']); ?>", "zip"),
    "markup in a name": (lambda: archive(("<script>alert(1)</script>\n", b"", 0o644)), "control characters"),
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_harmful_archive_is_refused_with_a_sentence(kind: str, world: World) -> None:
    make, said = ARCHIVES[kind]
    data = make()
    sent = {"bundle": SimpleUploadedFile("code.zip", data), "origin": "x"}
    with soon():
        answer = world.ask("owner", "POST", reverse("sources", args=[world.ours.slug]), sent)
    assert answer.status == 422
    assert said in answer.content.decode()
    assert answer.written <= NOTES
    url = reverse("api-sources", args=[world.ours.slug])
    with soon():
        told = world.send(world.client("personal token"), "POST", url, data, content_type="application/zip")
    assert 400 <= told.status < 500
    assert said in json.loads(told.content)["message"]


def test_an_archive_in_an_archive_stays_one_file(world: World) -> None:
    sent = {"bundle": SimpleUploadedFile("../../../etc/x\r\nSet-Cookie: a=b.zip", nested(20)), "origin": ""}
    with soon():
        answer = world.ask("owner", "POST", reverse("sources", args=[world.ours.slug]), sent)
    assert answer.status == 302 and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("configuration-check", {"text": "x" * 3_000_000}),
        ("members", {"username": "x" * 3_000_000, "role": "viewer"}),
        ("members", {f"field{number}": "x" for number in range(1100)}),
    ],
    ids=["text", "field", "fields"],
)
def test_more_than_is_taken_is_refused_with_a_sentence(name: str, data: dict[str, str], world: World) -> None:
    answer = world.ask("owner", "POST", reverse(name, args=[world.ours.slug]), data)
    assert answer.status == 413
    assert "That is too much at once" in answer.content.decode()
    assert answer.written <= NOTES


def test_a_program_that_sends_too_much_is_told_so(world: World) -> None:
    url = reverse("api-plans", args=[world.ours.slug, "dev"])
    said = json.dumps({"message": "x" * 3_000_000})
    answer = world.send(world.client("personal token"), "POST", url, said, content_type="application/json")
    assert answer.status == 413 and json.loads(answer.content)["error"] == "too-large"


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefghi", "bcdefghij", strict=True)
)
TEXTS = {
    "billion laughs": LAUGHS,
    "merged laughs": LAUGHS.replace("[*", "{<<: *").replace("]", "}"),
    "python object": "a: !!python/object/apply:os.system ['touch /tmp/pwned']\n",
    "python name": "a: !!python/name:os.system\n",
    "own tag": "a: !ruby/object:Gem::Requirement {}\n",
    "deep lists": "a: " + "[" * 100_000 + "]" * 100_000,
    "deep mappings": "".join(" " * depth + "a:\n" for depth in range(400)),
    "duplicate keys": "project: {name: support-desk}\nproject: {name: night-shift}\n",
    "endless number": "a: " + "9" * 200_000,
    "endless text": "a: '" + "x" * 1_000_000 + "'",
    "many keys": "".join(f"k{number}: 1\n" for number in range(60_000)),
    "code 0": "a: 'x\0y'\n",
    "other directions": "a: 'admin\u202e\u2066 user'\n",
    "endless anchor": f"a: &{'x' * 200_000} 1\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "no UTF-8": "a: \ud800\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_harmful_configuration_is_refused_with_a_line(kind: str, world: World) -> None:
    with soon():
        parsed = parse(TEXTS[kind])
    assert parsed.configuration is None
    assert parsed.problems and all(problem.line >= 1 and str(problem).isprintable() for problem in parsed.problems)
    if len(TEXTS[kind]) < 200_000 and kind != "no UTF-8":
        url = reverse("configuration-check", args=[world.ours.slug])
        with soon():
            answer = world.ask("owner", "POST", url, {"text": TEXTS[kind]})
        assert answer.status in {200, 400}


API = """
project: {{name: support-desk}}
resources:
  api:
    type: api_gateway
    openapi: {part}
"""


@pytest.mark.parametrize(
    "part", ["{paths: {/: *a}}", '{"$ref": "file:///etc/passwd"}', '{"$ref": "http://169.254.169.254/"}']
)
def test_an_api_refers_to_nothing_outside(part: str) -> None:
    with soon():
        parsed = parse(API.format(part=part))
    assert parsed.configuration is None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"requirements": [' + '{"count": 1},' * 50_000 + "{}]}",
        '{"requirements": [{"count": ' + "9" * 4000 + "}]}",
        '{"format": NaN}',
        '{"__class__": "os.system"}',
        "\0",
        "null",
        '"\\ud800"',
    ],
    ids=range(9),
)
def test_a_harmful_protection_is_refused(text: str) -> None:
    with soon(), pytest.raises(Unreadable) as refusal:
        read_json(text)
    assert refusal.value.mistakes


STATES = {
    "deep": b"[" * 100_000,
    "deep mappings": b'{"a":' * 100_000,
    "no JSON": b"<xml/>",
    "number": b'{"serial": ' + b"9" * 5000 + b"}",
    "wrong kinds": b'{"version": [], "serial": {}, "stacks": 5}',
    "no UTF-8": b"\xff\xfe\x00",
    "list": b"[]",
}


@pytest.mark.parametrize("kind", STATES)
def test_a_harmful_state_file_is_refused(kind: str, world: World) -> None:
    sent = {"file": SimpleUploadedFile("state.json", STATES[kind])}
    url = reverse("environment-import-state", args=[world.ours.slug, "dev"])
    with soon():
        answer = world.ask("owner", "POST", url, sent)
    assert answer.status == 422, answer.fault
    assert answer.written <= NOTES


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b"NaN", b'{"message": "\\ud800"}', b"9" * 5000]
)
def test_a_harmful_body_is_refused_by_the_api(body: bytes, world: World) -> None:
    url = reverse("api-plans", args=[world.ours.slug, "dev"])
    with soon():
        answer = world.send(
            world.client("personal token"), "POST", url, body.decode("latin-1"), content_type="application/json"
        )
    assert 400 <= answer.status < 500, answer.fault
