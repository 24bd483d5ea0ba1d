"""From an environment to its cloud: credentials are minted here, for one purpose, as late as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from deployments.aws.calls import Aws
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.aws.registry import provisioners
from deployments.engine.ports import Call, Listener, Provisioners
from deployments.errors import WorkflowError
from projects.models import Environment


class Silence:
    """A listener for work whose calls nobody follows."""

    def call_ended(self, call: Call) -> None:
        """Not told."""

    def log(self, level: str, message: str) -> None:
        """Not told."""


def no_packages(sha256: str) -> bytes:
    """For those who only read: a code package is never asked for."""
    raise LookupError(f"no code package {sha256} here")


@contextmanager
def reach(
    environment: Environment,
    *,
    purpose: str,
    listener: Listener | None = None,
    packages: Callable[[str], bytes] = no_packages,
    parallelism: int | None = None,
) -> Iterator[Provisioners]:
    """The provisioners of an environment, for as long as the block lasts.

    The identity behind the credentials is checked to be of the environment's account. `purpose` names the
    session in the account's own audit trail; `packages` gives a code zip by its SHA-256.

    Raises:
        CloudError: no credentials, the role cannot be assumed, or it belongs to another account.
        WorkflowError: nobody said where AWS is.
    """
    workers = parallelism or settings.RUN_PARALLELISM
    session = session_for(_access(environment, purpose))
    with closing(
        Aws(
            session,
            account=environment.account,
            region=environment.region,
            listener=listener or Silence(),
            endpoint_url=settings.AWS_ENDPOINT_URL or None,
            parallelism=workers,
        )
    ) as aws:
        yield provisioners(aws, packages)


def check(environment: Environment, *, purpose: str) -> None:
    """Raises what `reach` would, without keeping anything."""
    session_for(_access(environment, purpose))


def _access(environment: Environment, purpose: str) -> Access:
    if settings.EMBEDDED and not settings.AWS_ENDPOINT_URL:
        raise WorkflowError("The AWS sandbox is not running. Start it with `make run`.")
    return Access(
        account=environment.account,
        region=environment.region,
        session_name=f"strandsweb-{purpose}",
        role_arn=environment.role_arn or None,
        external_id=environment.external_id,
        endpoint_url=settings.AWS_ENDPOINT_URL or None,
        keys=SANDBOX_KEYS if settings.EMBEDDED else None,
    )
