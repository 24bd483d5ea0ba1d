"""All that the store has of a project, as a signed archive that another installation can take over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, takewhile
from pathlib import Path
from typing import Any

from history import chain, layout, verifier
from history.adoption import trust
from history.canonical import dumps, sha256
from history.models import Annotation
from history.records import Manifest
from history.signing import signer
from history.store import Store
from history.store import store as configured_store
from history.verifier import ARCHIVE, BEGINNING, FORMAT, Head
from history.zipping import Zip

READ_ME = """The project {project}, exported by strandsweb: its records, and what they were made of (`_project/`).

    manage.py history_import ARCHIVE --owner NAME --key {key}

takes it over into another installation. To verify it alone:

    pip install cryptography
    python verify.py --key {key} .

Ask those who run strandsweb for the id of their key by another way than the one this came by, and compare.
"""


def archive(project: str, ends: Mapping[str, Head], files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The records of each environment up to the end named, and `files` beside them, as the bytes of a zip.

    What is recorded while it is read is left out. `archive.json`, which vouches for all, comes last.

    Raises:
        StoreUnavailable: at once or while it is read, the store does not answer, or the key is not at hand.
    """
    store, key = configured_store(), signer()
    chain.introduce(store, key)
    return _written(store, project, ends, _scopes(project, ends), files)


def _scopes(project: str, ends: Mapping[str, Head]) -> dict[str, dict[str, Any]]:
    """From where to where each environment goes, and what was said of its records until one that is not of this."""
    said = Annotation.objects.filter(project_slug=project).order_by("environment_name", "number")
    rows = said.values_list("environment_name", "number", "sequence", "digest")
    about = {name: list(group) for name, group in groupby(rows, key=lambda row: row[0])}
    scopes = {}
    for name, end in ends.items():
        known = takewhile(lambda row, last=end.sequence: row[2] <= last, about.get(name, ()))  # type: ignore[misc]
        annotated = {str(number): digest for _, number, _, digest in known}
        scope = {"before": _plain(BEGINNING), "end": _plain(end)}
        scopes[f"{project}/{name}"] = scope | ({"annotations": annotated} if annotated else {})
    return scopes


def _written(
    store: Store,
    project: str,
    ends: Mapping[str, Head],
    places: Mapping[str, dict[str, Any]],
    files: Iterable[tuple[str, bytes]],
) -> Iterator[bytes]:
    made, key, digests = Zip(), signer(), {}
    yield made.add("README.txt", READ_ME.format(project=project, key=key.id).encode())
    yield made.add("verify.py", Path(verifier.__file__).read_bytes())
    for name, data in files:
        digests[name] = sha256(data)
        yield made.add(name, data)
    for name, data in trust(store, list(places)):
        yield made.add(name, data)
    for environment, end in ends.items():
        for number in places[f"{project}/{environment}"].get("annotations", ()):
            name = layout.annotation(project, environment, int(number))
            yield made.add(name, store.get(name))
        for name in _objects(store, project, environment, end):
            yield made.add(name, store.get(name))
    said = {"format": FORMAT, "key": key.id, "places": dict(places), "files": digests}
    yield made.add(ARCHIVE, dumps(said | {"signature": key.sign("archive", sha256(dumps(said)))}))
    yield made.end()


def _objects(store: Store, project: str, environment: str, end: Head) -> Iterator[str]:
    """The links up to the end, each with the files of its record."""
    for name, data in chain.links(store, project, environment):
        yield name
        manifest = Manifest.from_bytes(data)
        yield from store.keys(manifest.prefix)
        if manifest.sequence >= end.sequence:
            return


def _plain(head: Head) -> dict[str, Any]:
    return {"sequence": head.sequence, "digest": head.digest, "key": head.key}
