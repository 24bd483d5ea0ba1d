"""Names inside a source bundle: which are unsafe, which collide, and which are left out."""

import re
import unicodedata
from functools import lru_cache

MAX_PATH_BYTES = 512
MAX_PART_BYTES = 255
DEFAULT_IGNORED = frozenset(
    (
        ".git",
        ".hg",
        ".svn",
        "__pycache__",
        ".venv",
        "node_modules",
        ".DS_Store",
        "__MACOSX",
        ".mypy_cache",
        ".ruff_cache",
    )
)


def check_name(path: str) -> str | None:
    """Why `path` may not stand in a bundle, or None: it must be relative, plain and stay inside."""
    parts = path.split("/")
    if not path:
        return "a name is empty"
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in path):
        return "its name holds control characters"
    if "\\" in path:
        return "its name holds a backslash"
    if path.startswith("/"):
        return "its path is absolute"
    if re.match("[A-Za-z]:", path):
        return "its path starts with a drive letter"
    if ".." in parts:
        return "its path leaves the bundle"
    if "" in parts or "." in parts:
        return "its path has an empty part"
    if len(path.encode()) > MAX_PATH_BYTES or any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        return f"its path is longer than {MAX_PATH_BYTES} bytes, or a part of it than {MAX_PART_BYTES}"
    return None


def check_names(paths: list[str]) -> tuple[str, str] | None:
    """The first complaint about paths that some file system cannot tell apart, with the path, or None."""
    files: dict[str, str] = {}
    for path in paths:
        folded = _fold(path)
        if (first := files.get(folded)) is not None:
            same = "it is in the archive twice" if first == path else f"only case or accents tell it from {first!r}"
            return same, path
        files[folded] = path
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts)):
            if clash := files.get(_fold("/".join(parts[:end]))):
                return f"{clash!r} is a file, so nothing can be inside it", path
    return None


class Ignored:
    """Which paths a bundle leaves out: the usual clutter, and what `.strandsignore` says.

    Of gitignore's syntax it takes comments, `*`, `?`, `[...]`, `**`, a leading or inner `/` (from the top), a trailing
    `/` (folders only) and `!` (take it in after all, the last matching line decides; not below an ignored folder).
    Only the file at the top of the bundle counts.
    """

    def __init__(self, text: str) -> None:
        self._rules = [rule for line in text.splitlines()[:1000] if (rule := _rule(line))]

    def covers(self, path: str) -> bool:
        """Whether the file of that path is left out."""
        parts = path.split("/")
        if not DEFAULT_IGNORED.isdisjoint(parts) or path.endswith((".pyc", ".pyo")):
            return True
        folders = ("/".join(parts[:end]) for end in range(1, len(parts)))
        return any(self.covers_folder(folder) for folder in folders) or self._matches(path, folder=False)

    def covers_folder(self, path: str) -> bool:
        """Whether the folder itself is left out, with all inside it."""
        return self._matches(path, folder=True)

    def _matches(self, path: str, *, folder: bool) -> bool:
        ignored = False
        for pattern, folders_only, ignore in self._rules:
            if (folder or not folders_only) and pattern.fullmatch(path):
                ignored = ignore
        return ignored


@lru_cache(maxsize=65_536)
def _fold(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _rule(line: str) -> tuple[re.Pattern[str], bool, bool] | None:
    """A line as (pattern over the whole path, folders only, ignores), or None for a comment."""
    line = line.rstrip()
    if not line or line.startswith("#") or len(line) > 256:
        return None
    ignores = not line.startswith("!")
    glob = line.removeprefix("!").removeprefix("\\")
    folders_only = glob.endswith("/")
    glob = glob.rstrip("/")
    anchored = "/" in glob
    expression = _expression(glob.lstrip("/"))
    return re.compile(expression if anchored else f"(?:.*/)?{expression}", re.DOTALL), folders_only, ignores


def _expression(glob: str) -> str:
    out = ""
    for piece in re.findall(r"\*\*/|/\*\*$|\*+|\?|\[[^\]/]+\]|.", glob):
        if piece == "**/":
            out += "(?:.*/)?"
        elif piece == "/**":
            out += "/.*"
        elif piece[0] == "*":
            out += "[^/]*"
        elif piece == "?":
            out += "[^/]"
        elif piece[0] == "[" and len(piece) > 1:
            negated = piece[1] in "!^"
            inside = piece[2:-1] if negated else piece[1:-1]
            out += (
                f"[{'^/' if negated else ''}{re.escape(inside).replace(chr(92) + '-', '-')}]"
                if inside
                else re.escape(piece)
            )
        else:
            out += re.escape(piece)
    return out
