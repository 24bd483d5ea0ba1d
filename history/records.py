"""What a record is made of: the documents of one deployment become files, and the files a manifest (pure)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from history import layout
from history.canonical import dumps, sha256
from history.loglines import log_lines
from history.metadata import Metadata

FORMAT = "1"


class NotARecord(ValueError):
    """The bytes or documents are not what a record is made of; the message says why."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Everything one deployment leaves behind, redacted already.

    `plan` is the plan's canonical JSON text, byte for byte what was approved; `approvals` are plain dicts; the states
    are state files (deployments.engine.state); `events` are execution events as dicts, numbered from 1 without gaps.
    `certificate` is the canonical JSON text of what a rollback restored, None for anything else.
    """

    metadata: Metadata
    config_yaml: str
    plan: str
    approvals: Sequence[Mapping[str, Any]]
    state_before: Mapping[str, Any]
    state_after: Mapping[str, Any]
    events: Iterable[Mapping[str, Any]]
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """One file's place in a manifest; `resource` is the logical id whose log it is, or None."""

    sha256: str
    size: int
    resource: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        named = {} if self.resource is None else {"resource": self.resource}
        return {"sha256": self.sha256, "size": self.size, **named}


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the project's audit log stood when the record was made: its chain, the last number, and its digest."""

    chain: int
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class End:
    """Where the environment's annotations stood when the record was made: the last number, and its digest."""

    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Who sealed a record: the id of the key, and the Ed25519 signature in base64 (history.verifier says of what)."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The seal of a record: the digest of each of its files, and of the manifest before it in its environment.

    `sequence` counts the environment's records from 1; `previous` is the digest of the manifest with the number before,
    None for the first. `audit` and `signature` are None in records from before there was such a thing, `annotations`
    where there was none yet.
    `signature` is over the digest and not part of it.
    """

    deployment_id: str
    project: str
    environment: str
    sequence: int
    previous: str | None
    created_at: str
    files: Mapping[str, File] = field(default_factory=dict)
    audit: Anchor | None = None
    signature: Signature | None = None
    annotations: End | None = None

    @property
    def prefix(self) -> str:
        """The folder of the record."""
        return layout.record_prefix(self.project, self.environment, self.deployment_id)

    def digest(self) -> str:
        """SHA-256 of the canonical bytes without the signature: what the next manifest names as `previous`."""
        return sha256(dumps(self._unsigned()))

    def to_bytes(self) -> bytes:
        """The content of `manifest.json` and of the link in the chain."""
        signed = {} if self.signature is None else {"signature": asdict(self.signature)}
        return dumps(self._unsigned() | signed)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The inverse of `to_bytes`.

        Raises:
            NotARecord: not a manifest, not of this format, or not written the canonical way.
        """
        try:
            raw = json.loads(data)
            if raw["format"] != FORMAT:
                raise NotARecord(f"manifest format {raw['format']!r} is not known here (expected {FORMAT!r})")
            manifest = cls(
                deployment_id=raw["deploymentId"],
                project=raw["project"],
                environment=raw["environment"],
                sequence=raw["sequence"],
                previous=raw["previous"],
                created_at=raw["createdAt"],
                files={name: File(**entry) for name, entry in raw["files"].items()},
                audit=Anchor(**raw["audit"]) if "audit" in raw else None,
                signature=Signature(**raw["signature"]) if "signature" in raw else None,
                annotations=End(**raw["annotations"]) if "annotations" in raw else None,
            )
            canonical = manifest.to_bytes()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if isinstance(error, NotARecord):
                raise
            raise NotARecord(f"not a manifest: {error}") from error
        if canonical != data:
            raise NotARecord("not a manifest: it was not written the canonical way")
        return manifest

    def _unsigned(self) -> dict[str, Any]:
        anchored = {} if self.audit is None else {"audit": asdict(self.audit)}
        if self.annotations is not None:
            anchored["annotations"] = asdict(self.annotations)
        return {
            "format": FORMAT,
            "deploymentId": self.deployment_id,
            "project": self.project,
            "environment": self.environment,
            "sequence": self.sequence,
            "previous": self.previous,
            "createdAt": self.created_at,
            "files": {name: file.as_dict() for name, file in self.files.items()},
            **anchored,
        }


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one record: their content by name, and how the manifest will describe them."""

    content: Mapping[str, bytes]
    entries: Mapping[str, File]


def files_of(documents: Documents) -> Files:
    """Every file but the manifest. The same documents always give the same bytes.

    Raises:
        NotARecord: a document is not plain JSON, or the events are not numbered 1, 2, 3 ...
    """
    events = list(documents.events)
    if [event.get("number") for event in events] != list(range(1, len(events) + 1)):
        raise NotARecord("the events of a run are numbered from 1 without gaps")
    try:
        json.loads(documents.plan)
        content = {
            layout.CONFIG: documents.config_yaml.encode(),
            layout.PLAN: documents.plan.encode(),
            layout.APPROVALS: dumps(list(documents.approvals)),
            layout.STATE_BEFORE: dumps(documents.state_before),
            layout.STATE_AFTER: dumps(documents.state_after),
            layout.EVENTS: b"".join(dumps(event) + b"\n" for event in events),
            layout.METADATA: dumps(documents.metadata.as_dict()),
        }
    except (ValueError, TypeError) as error:
        raise NotARecord(f"a document of {documents.metadata.deployment_id} is not plain JSON: {error}") from error
    if documents.certificate is not None:
        content[layout.CERTIFICATE] = documents.certificate.encode()
    logs = log_lines(events)
    owners = {name: resource for resource, name in layout.log_names(logs).items()}
    content |= {name: "".join(logs[resource]).encode() for name, resource in owners.items()}
    entries = {name: File(sha256(data), len(data), owners.get(name)) for name, data in content.items()}
    return Files(content, entries)
