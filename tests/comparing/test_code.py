"""Files of agents: which changed, and what is in them; a bundle is believed only as far as its list goes."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from deployments.comparing import code as code_module
from deployments.comparing.code import Code, File, compare_code
from deployments.comparing.sources import LARGEST_TEXT_BYTES, code_of, file_diff, read_text
from projects.bundles import read_zip
from projects.editing import add_source
from projects.models import Project, User
from tests.comparing.sides import side
from tests.conftest import SAMPLE


def listing(**contents: str) -> list[list[Any]]:
    return [[path, hashlib.sha256(text.encode()).hexdigest(), len(text)] for path, text in sorted(contents.items())]


def told(found: Code) -> dict[tuple[str, ...], list[str]]:
    return {
        folder.agents: [
            f"{file.change} {file.before.inside + ' -> ' if file.change == 'moved' and file.before else ''}{file.path}"
            for file in folder.files
        ]
        for folder in found.folders
    }


def test_files_are_told_by_agent_and_moved_ones_are_recognised() -> None:
    before = listing(**{"a/main.py": "1", "a/lib.py": "lib", "a/old.py": "old", "b/main.py": "b", "README": "x"})
    after = listing(**{"a/main.py": "2", "a/in/lib.py": "lib", "a/new.py": "new", "b/main.py": "b", "README": "y"})
    agents = {"one": "./a", "also-one": "a/", "two": "b"}
    found = compare_code(before, agents, after, agents)
    assert told(found) == {
        ("also-one", "one"): ["moved lib.py -> in/lib.py", "changed main.py", "added new.py", "removed old.py"],
        (): ["changed README"],
    }
    assert [dict(folder.counts) for folder in found.folders] == [
        {"moved": 1, "changed": 1, "added": 1, "removed": 1},
        {"changed": 1},
    ]
    assert found.find("gone:a/old.py") is not None and found.find("file:a/old.py") is None
    assert found.count == 5


def test_an_agent_in_another_folder_has_the_same_files() -> None:
    before, after = listing(**{"a/main.py": "1"}), listing(**{"apps/a/main.py": "1"})
    assert told(compare_code(before, {"one": "a"}, after, {"one": "apps/a"})) == {}
    assert told(compare_code(before, {"one": "a"}, after, {})) == {
        ("one",): ["removed main.py"],
        (): ["added apps/a/main.py"],
    }
    assert told(compare_code(before, {"all": "."}, listing(), {"all": "."})) == {("all",): ["removed a/main.py"]}


def test_empty_and_doubled_files_are_no_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = listing(a="", b="same", c="same"), listing(d="", e="same", f="other")
    assert told(compare_code(before, {}, after, {}))[()] == [
        "removed a", "removed c", "added d", "moved b -> e", "added f",
    ]  # fmt: skip
    monkeypatch.setattr(code_module, "MOST_FILES", 3)
    found = compare_code(before, {}, after, {})
    assert (len(found.folders[0].files), found.left_out, found.count) == (3, 2, 5)


CONFIGURATION = (SAMPLE / "strands.yaml").read_text()
pytestmark = pytest.mark.django_db


def stored(project: Project, author: User, **contents: bytes) -> str:
    """A bundle of the project; its digest."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return add_source(project=project, bundle=read_zip(buffer.getvalue()), origin="test", author=author).digest


def test_the_text_of_a_changed_file_is_shown_side_by_side(project: Project, alice: User) -> None:
    main = "apps/triage/main.py"
    old = stored(project, alice, **{main: b"a = 1\nb = 2\n", "apps/triage/logo.png": b"\x89PNG\0\xff"})
    new = stored(project, alice, **{main: "a = 1\nb = '\u202e'\n".encode(), "apps/triage/logo.png": b"\x89PNG\0\xfe"})
    before = side(source_digest=old, config_text=CONFIGURATION)
    after = side(number=2, source_digest=new, config_text=CONFIGURATION)
    found = code_of(project, before, after)
    assert told(found) == {("triage",): ["changed logo.png", "changed main.py"]}
    change = found.find(f"file:{main}")
    assert change is not None
    texts = file_diff(before, after, change.before, change.after).text
    assert texts is not None
    shown = ["".join(each.text for each in row.right.segments) for row in texts.rows if row.right]
    assert shown == ["a = 1", "b = '⟨U+202E⟩'"]
    picture = found.find("file:apps/triage/logo.png")
    assert picture is not None
    assert file_diff(before, after, picture.before, picture.after).after.why == "It is not text."
    assert code_of(project, before, before).same


def test_a_bundle_that_is_gone_is_named(project: Project, alice: User) -> None:
    there = side(source_digest=stored(project, alice, **{"a.py": b"1"}))
    gone = side(number=2, source_digest="f" * 64)
    assert code_of(project, there, gone).missing == ("dev 2",)
    assert code_of(project, gone, there).missing == ("dev 2",)
    nothing = side(number=3)
    assert told(code_of(project, nothing, there)) == {(): ["added a.py"]}


def test_a_file_is_read_only_as_it_is_listed(project: Project, alice: User) -> None:
    digest = stored(project, alice, **{"a.py": b"1", "z.bin": b"\0"})

    def why(path: str, content: bytes, bundle: str = digest, size: int | None = None) -> str:
        size = len(content) if size is None else size
        return read_text(bundle, File(path, path, hashlib.sha256(content).hexdigest(), size)).why

    assert why("a.py", b"1") == ""
    assert why("a.py", b"2") == "The stored file is not the one that was uploaded."
    assert why("b.py", b"1") == "The source bundle is gone from the store."
    assert why("a.py", b"1", "e" * 64) == "The source bundle is gone from the store."
    assert why("z.bin", b"\0") == "It is not text."
    assert why("a.py", b"1", size=LARGEST_TEXT_BYTES + 1) == "It is larger than 256 KiB."
    storages["sources"].save(f"{'d' * 64}.zip", ContentFile(b"no zip at all"))
    assert why("a.py", b"1", "d" * 64) == "The source bundle cannot be read any more."
