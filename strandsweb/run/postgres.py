"""A private PostgreSQL cluster on loopback, from binaries that are already on the machine."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strandsweb.run.claim import Claim
from strandsweb.run.house import HouseError
from strandsweb.run.program import Program
from strandsweb.run.readiness import accepts_postgres

ROLE = DATABASE = "strandsweb"
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster ready to be started: where it and its binaries are, its address, and whom it runs as (uid, gid)."""

    directory: Path
    binaries: Path
    port: int
    url: str
    user: tuple[int, int] | None


def binaries() -> Path | None:
    """The directory that holds initdb and postgres: the one on PATH, else the newest of the usual places."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    candidates = [path for place in PLACES for path in Path("/").glob(place.lstrip("/")) if (path / "initdb").exists()]
    return max(candidates, key=_version, default=None)


def cluster(claim: Claim) -> Cluster:
    """The cluster of this copy, made when there is none. Raises HouseError when the machine cannot have one."""
    found = binaries()
    if found is None:
        raise HouseError("The production shape needs PostgreSQL: install it so that initdb and postgres are on PATH.")
    user = _unprivileged() if os.geteuid() == 0 else None
    port, password = claim.port("postgres"), claim.secret("postgres")
    directory = _directory(claim.data_dir.resolve(), user)
    made = Cluster(directory, found, port, f"postgresql://{ROLE}:{password}@127.0.0.1:{port}/{DATABASE}", user)
    if not (directory / "made").exists():
        _make(made, password)
    return made


def program(made: Cluster, environment: Mapping[str, str]) -> Program:
    """The server, on loopback only. It has no Unix socket, whose path must be shorter than data directories are."""
    return Program(
        name="postgres",
        command=(
            str(made.binaries / "postgres"), "-D", str(made.directory / "data"), "-p", str(made.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "log_min_messages=fatal",
            "-c", "log_checkpoints=off",
        ),
        environment=environment,
        ready=accepts_postgres(made.port),
        stopping=((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0)),  # "fast": does not wait for clients to leave
        user=made.user,
        directory=made.directory,
    )  # fmt: skip


def _directory(data_dir: Path, user: tuple[int, int] | None) -> Path:
    """Where the cluster lives: in the data directory, or elsewhere when `user` cannot get there."""
    directory = data_dir / "postgres"
    if user is not None and data_dir.stat().st_uid == 0:
        data_dir.chmod(data_dir.stat().st_mode | 0o011)  # may pass through, not look around
    if user is not None and not directory.is_dir() and not _reachable(data_dir, user[0]):
        elsewhere = Path("/var/lib/strandsweb") / hashlib.sha256(bytes(data_dir)).hexdigest()[:16]
        elsewhere.mkdir(parents=True, exist_ok=True)
        for path in (elsewhere, elsewhere.parent):
            path.chmod(0o711)
        directory.unlink(missing_ok=True)  # a link to a place that somebody removed
        directory.symlink_to(elsewhere)
    directory.mkdir(exist_ok=True)
    directory = directory.resolve()
    if user is not None:
        os.chown(directory, *user)
    return directory


def _make(made: Cluster, password: str) -> None:
    """initdb with scram passwords, then the database; a half-made cluster is made again from the start."""
    data = made.directory / "data"
    shutil.rmtree(data, ignore_errors=True)
    password_file = made.directory / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if made.user is not None:
        os.chown(password_file, *made.user)
    try:
        _run(
            made, "initdb", "--pgdata", str(data), "--username", ROLE, "--pwfile", str(password_file),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions",
        )  # fmt: skip
        # Single-user mode needs no server, no client program and no password.
        _run(made, "postgres", "--single", "-D", str(data), "postgres", sql=f"CREATE DATABASE {DATABASE};\n")
    finally:
        password_file.unlink()
    (made.directory / "made").touch()


def _run(made: Cluster, name: str, *arguments: str, sql: str = "") -> None:
    uid, gid = made.user or (None, None)
    done = subprocess.run(
        [made.binaries / name, *arguments], input=sql, capture_output=True, text=True, cwd=made.directory, check=False,
        user=uid, group=gid, extra_groups=None if gid is None else [],
    )  # fmt: skip
    if done.returncode != 0:
        raise HouseError(f"{name} failed:\n{done.stderr or done.stdout}")


def _unprivileged() -> tuple[int, int]:
    """Whom the server runs as when we are root, which it refuses to be. Raises HouseError when there is nobody."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise HouseError("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as.")


def _reachable(directory: Path, uid: int) -> bool:
    """Whether the user may pass through every directory down to this one, as its owner or as anybody."""
    for path in (directory, *directory.parents):
        about = path.stat()
        if not about.st_mode & (0o100 if about.st_uid == uid else 0o001):
            return False
    return True


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in "".join(c if c.isdigit() else " " for c in str(path)).split())
