"""Source bundles: the code of a project's agents, read with suspicion, named by content, packaged reproducibly."""

from .content import Bundle, BundleError, BundleFile, canonical_zip, digest_of
from .packaging import agent_digest, agent_files, check_handler, package_agent
from .reading import read_folder, read_zip

__all__ = [
    "Bundle",
    "BundleError",
    "BundleFile",
    "agent_digest",
    "agent_files",
    "canonical_zip",
    "check_handler",
    "digest_of",
    "package_agent",
    "read_folder",
    "read_zip",
]
