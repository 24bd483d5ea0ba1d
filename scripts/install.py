"""Install one hash-pinned lock file into the virtual environment this runs in: by uv, else by pip."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
BIN = Path(sys.executable).parent
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]

# What uv calls each of these options of pip, and what it puts between several values (pip: blanks).
UV_NAMES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "no-index": ("UV_NO_INDEX", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "default-timeout": ("UV_HTTP_TIMEOUT", " "),
}


def pip_configuration() -> dict[str, str]:
    """What pip would use on this machine, by option name: its files, and over them its environment variables."""
    listed = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listed.splitlines():
        key, _, quoted = line.partition("=")
        section, _, option = key.partition(".")
        if section in found and option in UV_NAMES:
            found[section][option] = str(ast.literal_eval(quoted))
    return {**found["global"], **found["install"], **found[":env:"]}


def uv_environment() -> dict[str, str]:
    """The process environment with pip's package sources told to uv; what the user set for uv directly stays."""
    environment = dict(os.environ)
    for option, value in pip_configuration().items():
        name, separator = UV_NAMES[option]
        environment.setdefault(name, separator.join(value.split()))
    # pip takes the best file of all indexes, uv the first index that knows the name. The hashes decide what is
    # acceptable in either case, so pip's way is safe here and finds a package wherever it is.
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    return environment


def install(lock: Path) -> int:
    """Make the environment hold `lock`, and nothing else where uv does it; returns the installer's exit code."""
    if not (BIN / "uv").exists():
        subprocess.run([*PIP, "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS / "uv.txt"], check=False)
    if (BIN / "uv").exists():
        command = [BIN / "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", sys.executable, lock]
        return subprocess.run(command, env=uv_environment(), check=False).returncode
    print("uv is not available for this machine; pip does the same, more slowly.", file=sys.stderr)
    return subprocess.run([*PIP, "install", "--require-hashes", "-r", lock], check=False).returncode


if __name__ == "__main__":
    sys.exit(install(REQUIREMENTS / f"{sys.argv[1]}.txt"))
