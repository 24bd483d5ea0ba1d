"""From an environment to its cloud: credentials are minted here, for one purpose, as late as possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from deployments.aws.calls import Aws
from deployments.aws.credentials import SANDBOX_KEYS, Access, session_for
from deployments.aws.registry import provisioners
from deployments.engine.ports import Call, Listener, Provisioners
from deployments.errors import WorkflowError
from projects.models import Environment


class CallCounter:
    """A listener for work whose calls nobody follows one by one: it counts them. Any thread may tell it."""

    def __init__(self) -> None:
        self._calls: deque[bool] = deque()  # appending is atomic, adding to a number is not

    def call_ended(self, call: Call) -> None:
        """Counts a call."""
        self._calls.append(call.write)

    def log(self, level: str, message: str) -> None:
        """Not kept."""

    @property
    def writes(self) -> int:
        """How many calls changed something."""
        return sum(self._calls)

    @property
    def reads(self) -> int:
        """How many calls only looked."""
        return len(self._calls) - self.writes


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
            listener=listener or CallCounter(),
            endpoint_url=settings.AWS_ENDPOINT_URL or None,
            parallelism=workers,
        )
    ) as aws:
        yield provisioners(aws, packages)


def _access(environment: Environment, purpose: str) -> Access:
    if settings.EMBEDDED and not settings.AWS_ENDPOINT_URL:
        raise WorkflowError("The AWS sandbox is not running. Start it with `make run`.")
    role_arn = environment.role_arn
    if settings.EMBEDDED and not role_arn:
        # The sandbox holds every account there is, and lets any role of it be assumed.
        role_arn = f"arn:aws:iam::{environment.account}:role/strandsweb-deploy"
    return Access(
        account=environment.account,
        region=environment.region,
        session_name=f"strandsweb-{purpose}",
        role_arn=role_arn or None,
        external_id=environment.external_id,
        endpoint_url=settings.AWS_ENDPOINT_URL or None,
        keys=SANDBOX_KEYS if settings.EMBEDDED else None,
    )
