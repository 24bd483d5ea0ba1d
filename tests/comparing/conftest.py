"""The workflow's fixtures, for comparisons with what is live."""

from tests.deployments.conftest import cloud, sample

__all__ = ["cloud", "sample"]
