"""The agents' code zips: which there are, by digest, and what keeps one from being made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from deployments.blueprint.draft import Draft
from deployments.blueprint.values import Artifact
from projects.bundles import Bundle, BundleError, agent_digest, agent_files, check_handler, package_agent
from projects.configuration.model import Agent

UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024
"""What Lambda takes unpacked; the limit on the zip itself is for uploads past S3, which never happen here."""

NOT_PACKAGED = "0" * 64
"""Stands for the digest of a zip that could not be made; there is always a problem beside it."""

# Digest of an agent's files -> SHA-256 and size of their zip. Only ever what packing again would give: an agent
# with its libraries takes seconds to pack, and every plan asks.
_PACKED: dict[str, tuple[str, int]] = {}
_PACKED_LIMIT = 10_000


def pack_agents(draft: Draft, agents: Sequence[tuple[str, Agent]], bundle: Bundle | None) -> dict[str, Artifact]:
    """The artifacts of `agents` (path in the configuration, agent) by agent name; what hinders becomes a problem."""
    if bundle is None:
        if agents:
            _, first = agents[0]
            draft.problem(first.line, "agents", "there is no source bundle yet", "upload the code of the agents")
        return {}
    artifacts = {}
    for path, agent in agents:
        try:
            artifacts[agent.name] = _artifact(draft, agent, path, bundle)
        except BundleError as error:
            key = "handler" if error.code in ("no_handler", "syntax") else "path"
            draft.problem(agent.line, f"{path}.{key}", str(error), f"correct the {key}, or upload the code that has it")
    return artifacts


def pack_layers(draft: Draft, agents: Sequence[tuple[str, Agent]], bundle: Bundle | None) -> dict[str, Artifact]:
    """The artifacts of the layers that are folders of the bundle, by folder."""
    packed: dict[str, Artifact] = {}
    if bundle is None:
        return packed
    for path, agent in agents:
        for folder in agent.layers:
            if folder not in packed and not folder.startswith("arn:"):
                try:
                    packed[folder] = _zipped(bundle, folder)
                except BundleError as error:
                    draft.problem(
                        agent.line, f"{path}.layers", str(error), "correct the layer, or upload the code that has it"
                    )
    return packed


def _artifact(draft: Draft, agent: Agent, path: str, bundle: Bundle) -> Artifact:
    unzipped_bytes = sum(file.size_bytes for file in agent_files(bundle, agent.path))
    if unzipped_bytes > UNZIPPED_LIMIT_BYTES:
        draft.problem(
            agent.line,
            f"{path}.path",
            f"{agent.path} holds {unzipped_bytes / 1024**2:.0f} MB; Lambda takes {UNZIPPED_LIMIT_BYTES // 1024**2} MB",
            "leave out what the agent does not import",
        )
    check_handler(bundle, agent)
    return _zipped(bundle, agent.path)


def _zipped(bundle: Bundle, folder: str) -> Artifact:
    pack = partial(package_agent, bundle, folder)
    digest = agent_digest(bundle, folder)
    if digest not in _PACKED:
        if len(_PACKED) >= _PACKED_LIMIT:
            _PACKED.clear()
        code = pack()
        _PACKED[digest] = hashlib.sha256(code).hexdigest(), len(code)
    sha256, size_bytes = _PACKED[digest]
    return Artifact(sha256, size_bytes, pack)
