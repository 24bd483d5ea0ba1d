"""Source bundles: same files, same bundle; hostile archives are refused by name; agents are packaged alone."""

import contextlib
import io
import os
import stat
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.bundles import (
    Bundle,
    BundleError,
    agent_digest,
    agent_files,
    canonical_zip,
    check_handler,
    package_agent,
    read_folder,
    read_zip,
)
from projects.bundles import reading as limits
from projects.bundles.names import Ignored
from projects.configuration import Agent, parse

FILES = {"apps/a/main.py": b"def handler(event, context): ...\n", "apps/a/lib/x.py": b"", "apps/b/main.py": b"b = 1\n"}


def zipped(
    files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED, year: int = 2020, mode: int = 0o644
) -> bytes:
    """A zip of the files in the order given, made on Unix."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, (year, 1, 1, 0, 0, 0))
            entry.compress_type = compression
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def one_entry(name: str = "file", data: bytes = b"x", **attributes: int) -> bytes:
    """A zip of one entry with unusual attributes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("placeholder")
        entry.filename = entry.orig_filename = name
        for key, value in attributes.items():
            setattr(entry, key, value)
        archive.writestr(entry, data)
    return buffer.getvalue()


def in_folder(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def refusal(read: Callable[[], object]) -> BundleError:
    with pytest.raises(BundleError) as caught:
        read()
    return caught.value


def agent(path: str = "./apps/a", handler: str = "main.handler", runtime: str = "python3.11") -> Agent:
    written = f"{{name: a, path: {path}, handler: {handler}, runtime: {runtime}}}"
    text = f"project: {{name: p, region: us-east-1}}\nagents: [{written}]"
    configuration = parse(text).configuration
    assert configuration
    return configuration.agents[0]


def test_the_same_files_are_the_same_bundle_however_they_come(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    archive.write_bytes(zipped(FILES))
    reversed_files = dict(reversed(FILES.items()))
    bundles = [
        read_zip(zipped(FILES)),
        read_zip(zipped(reversed_files, compression=zipfile.ZIP_STORED, year=2024, mode=0o600)),
        read_zip(archive),
        read_zip(str(archive)),
        read_zip(io.BytesIO(zipped(FILES))),
        read_folder(in_folder(tmp_path / "folder", FILES)),
    ]
    assert len({bundle.digest for bundle in bundles}) == 1
    assert len({canonical_zip(bundle) for bundle in bundles}) == 1
    assert all(bundle == bundles[0] for bundle in bundles)
    assert {file.path: bundles[0].read(file.path) for file in bundles[0].files} == FILES
    assert bundles[0].size_bytes == sum(map(len, FILES.values()))
    assert read_zip(canonical_zip(bundles[0])) == bundles[0]


def test_the_digest_is_fixed_for_all_time() -> None:
    bundle = read_zip(zipped({"a": b"1", "b/c": b"2"}))
    assert bundle.digest == "7c8c4138f64cd7919e0ead4c66218190a0ce2ec8123a105c516c91c7f7aae909"


def test_bytes_names_and_permissions_make_a_difference() -> None:
    digest = read_zip(zipped(FILES)).digest
    assert read_zip(zipped(FILES, mode=0o755)).digest != digest
    assert read_zip(zipped(FILES | {"apps/a/lib/x.py": b" "})).digest != digest
    assert read_zip(zipped({key.replace("b", "c"): value for key, value in FILES.items()})).digest != digest


def test_executables_stay_executable() -> None:
    bundle = read_zip(zipped({"run.sh": b"#!/bin/sh\n"}, mode=0o700))
    assert [file.mode for file in bundle.files] == [0o755]
    with zipfile.ZipFile(io.BytesIO(canonical_zip(bundle))) as archive:
        (entry,) = archive.infolist()
    assert entry.external_attr >> 16 == stat.S_IFREG | 0o755
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../evil", "leaves the bundle"),
        ("\0", "control characters"),
        ("a/../../evil", "leaves the bundle"),
        ("/etc/passwd", "absolute"),
        ("C:/windows", "drive letter"),
        ("c:evil", "drive letter"),
        ("a\\b", "backslash"),
        ("a//b", "empty part"),
        ("./a", "empty part"),
        ("a/./b", "empty part"),
        ("a\nb", "control characters"),
        ("a\x1b[31m", "control characters"),
        ("a\u202eb", "control characters"),
        ("nul\0byte", "control characters"),
        ("x" * 256, "longer"),
        ("/".join(["x" * 100] * 6), "longer"),
    ],
)
def test_unsafe_names_are_refused(name: str, message: str) -> None:
    error = refusal(lambda: read_zip(one_entry(name)))
    assert (error.code, error.entry) == ("unsafe_name", name)
    assert message in str(error)
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("archive", "code", "entry"),
    [
        (one_entry("link", external_attr=(stat.S_IFLNK | 0o777) << 16), "symlink", "link"),
        (one_entry("pipe", external_attr=(stat.S_IFIFO | 0o644) << 16), "special", "pipe"),
        (one_entry("disk", external_attr=(stat.S_IFBLK | 0o644) << 16), "special", "disk"),
        (zipped({"x": b"x"}, compression=zipfile.ZIP_LZMA), "compression", "x"),
        (zipped({"Readme": b"", "README": b""}), "duplicate", "README"),
        (zipped({"caf\u00e9": b"", "cafe\u0301": b""}), "duplicate", "cafe\u0301"),
        (zipped({"a": b"", "a/b": b""}), "duplicate", "a/b"),
        (zipped({}), "empty", ""),
        (zipped({".git/config": b"", "a/__pycache__/x.pyc": b""}), "empty", ""),
        (b"", "not_a_zip", ""),
        (b"PK\x03\x04 and then nothing", "not_a_zip", ""),
        (b"just text", "not_a_zip", ""),
        (zipped(FILES)[:-30], "not_a_zip", ""),
    ],
)
def test_archives_that_are_refused(archive: bytes, code: str, entry: str) -> None:
    error = refusal(lambda: read_zip(archive))
    assert (error.code, error.entry) == (code, entry)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_given_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert refusal(lambda: read_zip(buffer.getvalue())).code == "duplicate"


def test_an_encrypted_entry_is_refused() -> None:
    data = bytearray(one_entry("secret"))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", data, data.index(signature) + offset, 1)
    assert refusal(lambda: read_zip(bytes(data))).code == "encrypted"


def test_damaged_bytes_are_refused_by_name() -> None:
    data = bytearray(zipped({"good": b"1", "bad": b"some text"}, compression=zipfile.ZIP_STORED))
    data[data.index(b"some text")] ^= 1
    error = refusal(lambda: read_zip(bytes(data)))
    assert (error.code, error.entry) == ("corrupt", "bad")


@pytest.mark.parametrize("name", ["", "/"])
def test_an_entry_without_a_name_is_refused(name: str) -> None:
    assert "a name is empty" in str(refusal(lambda: read_zip(one_entry(name))))


def test_a_damaged_ignore_file_is_not_passed_over() -> None:
    data = bytearray(zipped({".strandsignore": b"some text", "a": b""}, compression=zipfile.ZIP_STORED))
    data[data.index(b"some text")] ^= 1
    assert refusal(lambda: read_zip(bytes(data))).entry == ".strandsignore"


def test_a_bomb_is_stopped_while_it_unpacks() -> None:
    bomb = zipped({"zeros": b"\0" * 30_000_000})
    assert len(bomb) < 40_000
    error = refusal(lambda: read_zip(bomb))
    assert (error.code, error.entry) == ("bomb", "zeros")


def test_a_declared_size_is_not_believed() -> None:
    """The directory says 10 bytes; what comes out would be 30 million."""
    data = bytearray(zipped({"zeros": b"\0" * 30_000_000}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, 10)
    started = time.monotonic()
    assert refusal(lambda: read_zip(bytes(data))).code in ("bomb", "corrupt")
    assert time.monotonic() - started < 1


def test_many_small_repetitive_files_are_no_bomb() -> None:
    assert len(read_zip(zipped({f"f{n}": b"\0" * 1000 for n in range(500)})).files) == 500


@pytest.mark.parametrize(
    ("limit", "value", "code"),
    [("MAX_FILES", 2, "too_many"), ("MAX_FILE_BYTES", 20, "too_large"), ("MAX_TOTAL_BYTES", 35, "too_large")],
)
def test_limits_hold_for_archives_and_folders(
    limit: str, value: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder(tmp_path, FILES)
    monkeypatch.setattr(limits, limit, value)
    assert refusal(lambda: read_zip(zipped(FILES))).code == code
    assert refusal(lambda: read_folder(tmp_path)).code == code


def test_an_archive_is_limited_before_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(FILES)
    (tmp_path / "x.zip").write_bytes(data)
    monkeypatch.setattr(limits, "MAX_ARCHIVE_BYTES", len(data) - 1)
    for source in (data, io.BytesIO(data), tmp_path / "x.zip"):
        assert refusal(lambda source=source: read_zip(source)).code == "too_large"  # type: ignore[misc]


@given(st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_bytes_make_reading_fail_otherwise(junk: bytes) -> None:
    good = zipped({"a": b"hello", "b": b"\0" * 100})
    for data in (junk, good[: len(junk)] + junk + good[len(junk) :], junk + good, good[: -len(junk) or None] + junk):
        with contextlib.suppress(BundleError):
            assert read_zip(data).files


def test_a_missing_file_or_folder_is_said(tmp_path: Path) -> None:
    assert refusal(lambda: read_zip(tmp_path / "none.zip")).code == "missing"
    assert refusal(lambda: read_folder(tmp_path / "none")).code == "missing"


def test_a_folder_leaves_out_clutter_and_what_it_ignores(tmp_path: Path) -> None:
    ignored = ["*.log", "!keep.log", "/build/", "docs/**/draft-?.md", "# a comment", "", "secret[0-9].txt", "tests"]
    files = dict.fromkeys(
        [
            ".git/HEAD", "a/__pycache__/m.pyc", "m.pyc", ".venv/x", "a/node_modules/y", ".DS_Store", "x.log", "a/y.log",
            "build/out", "docs/draft-1.md", "docs/a/b/draft-2.md", "secret1.txt", "a/tests/t.py",
            "keep.log", "a/build/kept", "docs/draft-10.md", "secretx.txt", "main.py",
        ],
        b"x",
    ) | {".strandsignore": "\n".join(ignored).encode()}  # fmt: skip
    bundle = read_folder(in_folder(tmp_path, files))
    kept = {".strandsignore", "keep.log", "a/build/kept", "docs/draft-10.md", "secretx.txt", "main.py"}
    assert {file.path for file in bundle.files} == kept
    assert read_zip(zipped(files)) == bundle


@pytest.mark.parametrize(
    ("line", "path", "covered"),
    [
        ("a/*", "a/b", True), ("a/*", "a/b/c", True), ("a/*", "x/a/b", False), ("/a", "x/a", False), ("!", "x", False),
        ("a", "x/a/b", True),        ("**/a", "x/y/a", True), ("a/**", "a/b/c", True), ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a?c", "a/c", False), ("[!a]b", "xb", True), ("[!a]b", "ab", False), ("[a-c]", "b", True),
        ("a.c", "abc", False),
        ("d/", "d", False), ("d/", "d/x", True), ("\\#x", "#x", True), ("[", "[", True),
        ("*", "x/y", True),
    ],
)  # fmt: skip
def test_ignore_patterns(line: str, path: str, covered: bool) -> None:
    assert Ignored(line).covers(path) is covered


def test_links_may_not_leave_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    root = in_folder(tmp_path / "root", {"a/real.py": b"x"})
    (root / "inside.py").symlink_to("a/real.py")
    assert read_folder(root).read("inside.py") == b"x"
    (root / "leak").symlink_to("../outside")
    error = refusal(lambda: read_folder(root))
    assert (error.code, error.entry) == ("symlink", "leak")
    (root / "leak").unlink()
    (root / "loop").symlink_to(".")
    assert refusal(lambda: read_folder(root)).entry == "loop"
    (root / "loop").unlink()
    (root / "gone").symlink_to("nowhere")
    assert refusal(lambda: read_folder(root)).code == "unreadable"


def test_special_files_in_a_folder_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(lambda: read_folder(tmp_path)).code == "special"


def test_a_folder_that_is_too_deep_is_refused(tmp_path: Path) -> None:
    in_folder(tmp_path, {"/".join(["dd"] * 200) + "/file": b"x"})
    assert refusal(lambda: read_folder(tmp_path)).code == "unsafe_name"


def test_a_file_that_changed_since_is_not_packaged(tmp_path: Path) -> None:
    bundle = read_folder(in_folder(tmp_path, FILES))
    (tmp_path / "apps/b/main.py").write_bytes(b"b = 2\n")
    assert refusal(lambda: canonical_zip(bundle)).code == "changed"
    (tmp_path / "apps/b/main.py").unlink()
    assert refusal(lambda: bundle.read("apps/b/main.py")).code == "changed"
    with pytest.raises(KeyError):
        bundle.read("apps/b/none.py")


def names_in(package: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return archive.namelist()


@pytest.mark.parametrize("path", ["./apps/a", "apps/a", "apps/a/", "apps//./a"])
def test_an_agent_is_packaged_alone(path: str) -> None:
    before = read_zip(zipped(FILES))
    after = read_zip(zipped(FILES | {"apps/b/main.py": b"b = 2  # changed\n", "apps/ab/main.py": b""}))
    assert names_in(package_agent(before, path)) == ["lib/x.py", "main.py"]
    assert package_agent(before, path) == package_agent(after, path)
    assert agent_digest(before, path) == agent_digest(after, path)
    assert package_agent(before, "apps/b") != package_agent(after, "apps/b")
    assert agent_digest(before, "apps/b") != agent_digest(after, "apps/b")
    assert [file.path for file in agent_files(before, path)] == ["lib/x.py", "main.py"]


def test_the_whole_bundle_can_be_one_agent() -> None:
    bundle = read_zip(zipped(FILES))
    assert package_agent(bundle, ".") == canonical_zip(bundle)


def test_a_missing_agent_folder_is_named_with_its_neighbour() -> None:
    error = refusal(lambda: package_agent(read_zip(zipped({"apps/customer/main.py": b""})), "./apps/custmer"))
    assert str(error) == ("'./apps/custmer': there is no such folder in the source bundle; did you mean apps/customer?")


def bundle_with(source: str, path: str = "apps/a/main.py") -> Bundle:
    return read_zip(zipped({path: source.encode()}))


@pytest.mark.parametrize(
    "source",
    [
        "def handler(e, c): ...",
        "async def handler(e, c): ...",
        "handler = make()",
        "handler: object = make()",
        "a, handler = make()",
        "from x import handler",
        "from x import y as handler",
        "from x import *",
        "try:\n    from x import handler\nexcept ImportError:\n    pass",
        "if True:\n    def handler(e, c): ...",
        "class handler: ...",
    ],
)
def test_a_handler_that_is_there_is_found(source: str) -> None:
    check_handler(bundle_with(source), agent())


def test_a_handler_may_live_in_a_package() -> None:
    check_handler(bundle_with("def run(e, c): ...", "apps/a/desk/api.py"), agent(handler="desk.api.run"))
    check_handler(bundle_with("def run(e, c): ...", "apps/a/desk/__init__.py"), agent(handler="desk.run"))


@pytest.mark.parametrize(
    ("source", "handler", "code", "message"),
    [
        ("def handlr(e, c): ...", "main.handler", "no_handler", "did you mean main.handlr?"),
        ("def outer():\n    def handler(e, c): ...", "main.handler", "no_handler", "it defines no handler"),
        ("def handler(): ...", "mian.handler", "no_handler", "needs mian.py in ./apps/a; did you mean main.handler?"),
        ("def handler(:", "main.handler", "syntax", "line 1"),
        ("a = '\0'", "main.handler", "syntax", "not valid Python"),
        ("a = " + "-" * 100_000 + "1", "main.handler", "syntax", "nested too deeply"),
    ],
)
def test_a_handler_that_is_not_there_is_explained(source: str, handler: str, code: str, message: str) -> None:
    error = refusal(lambda: check_handler(bundle_with(source), agent(handler=handler)))
    assert error.code == code
    assert message in str(error)


def test_syntax_of_a_newer_python_is_left_to_it() -> None:
    check_handler(bundle_with("def handler(:"), agent(runtime="python3.14"))
