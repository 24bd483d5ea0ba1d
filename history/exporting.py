"""Records as an archive that can be verified without us: a zip, made while it is sent.

It holds the objects as they are in the store, the public keys, the verifier, and `archive.json`, signed, which says
from where to where the chain goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from history import annotation_index, chain, layout, verifier
from history.adoption import trust
from history.canonical import dumps, sha256
from history.records import Manifest, NotARecord
from history.signing import signer
from history.store import NotThere, Store
from history.store import store as configured_store
from history.verifier import ARCHIVE, FORMAT, Head
from history.zipping import Zip

READ_ME = """Records of {place}, exported by strandsweb.

    pip install cryptography
    python verify.py --key {key} .

says of this folder (or, instead of `.`, of the zip it came in) that nothing is wrong, or names the first bad entry.
Ask those who run strandsweb for the id of their key by another way than the one this came by, and compare. Whoever
distrusts this copy of verify.py takes that of the release, history/verifier.py; it is the same file.
"""


def archive(project: str, environment: str, before: Head, end: Head) -> Iterator[bytes]:
    """The records behind `before` up to `end`, as the bytes of a zip, with the annotations about them.

    Raises:
        StoreUnavailable: at once or while it is read, the store does not answer, or the key is not at hand.
    """
    store, place = configured_store(), f"{project}/{environment}"
    key = signer()
    chain.introduce(store, key)
    annotated = annotation_index.about(project, environment, before.sequence, end.sequence)
    scope = {"before": _plain(before), "end": _plain(end)}
    if annotated:
        scope["annotations"] = {str(number): digest for number, digest in annotated.items()}
    said = {"format": FORMAT, "key": key.id, "places": {place: scope}}
    statement = dumps(said | {"signature": key.sign("archive", sha256(dumps(said)))})
    beside = {
        ARCHIVE: statement,
        "README.txt": READ_ME.format(place=place, key=key.id).encode(),
        "verify.py": Path(verifier.__file__).read_bytes(),
    }
    later = [layout.annotation(project, environment, number) for number in annotated]
    return _zipped(store, beside, later, project, environment, before, end)


def _zipped(
    store: Store,
    beside: dict[str, bytes],
    later: list[str],
    project: str,
    environment: str,
    before: Head,
    end: Head,
) -> Iterator[bytes]:
    made = Zip()
    for name, data in beside.items():
        yield made.add(name, data)
    for name, data in trust(store, [f"{project}/{environment}"]):
        yield made.add(name, data)
    for name in later:
        with suppress(NotThere):
            yield made.add(name, store.get(name))
    for sequence in range(before.sequence + 1, end.sequence + 1):
        link = layout.link(project, environment, sequence)
        # What is damaged is exported as it is: the verifier names it.
        with suppress(NotThere, NotARecord):
            data = store.get(link)
            yield made.add(link, data)
            manifest = Manifest.from_bytes(data)
            ours = (manifest.project, manifest.environment) == (project, environment)
            if ours and "/" not in manifest.deployment_id:
                for name in store.keys(manifest.prefix):
                    yield made.add(name, store.get(name))
    yield made.end()


def _plain(head: Head) -> dict[str, Any]:
    return {"sequence": head.sequence, "digest": head.digest, "key": head.key}
