"""From an environment to its cloud: credentials are minted here, for one purpose, as late as possible."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from deployments import limit_board
from deployments.aws.calls import Aws
from deployments.aws.credentials import SANDBOX_KEYS, Access, Keys, session_for
from deployments.aws.registry import provisioners
from deployments.engine.ports import Call, Listener, Provisioners
from deployments.errors import WorkflowError
from projects.models import Credentials, Environment


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
    reading: bool = False,
    keys: Keys | None = None,
) -> Iterator[Provisioners]:
    """The provisioners of an environment over a connection as `connect` makes it, for as long as the block lasts.

    `packages` gives a code zip by its SHA-256.
    """
    with connect(
        environment, purpose=purpose, listener=listener, parallelism=parallelism, reading=reading, keys=keys
    ) as aws:
        yield provisioners(aws, packages)


@contextmanager
def connect(
    environment: Environment,
    *,
    purpose: str,
    listener: Listener | None = None,
    parallelism: int | None = None,
    reading: bool = False,
    keys: Keys | None = None,
) -> Iterator[Aws]:
    """AWS as an environment sees it, for as long as the block lasts.

    The identity behind the credentials is checked to be of the environment's account. `purpose` names the session in
    the account's own audit trail: the deployment's id, or a word. `reading`: with the role that only reads, where the
    environment has one. `keys`: see `access_of`.

    Raises:
        CloudError: no credentials, the role cannot be assumed, or it belongs to another account.
        WorkflowError: nobody said where AWS is, or the environment names no role.
    """
    workers = parallelism or settings.RUN_PARALLELISM
    session = session_for(access_of(environment, purpose, reading=reading, keys=keys))
    with closing(
        Aws(
            session,
            account=environment.account,
            region=environment.region,
            listener=listener or CallCounter(),
            endpoint_url=settings.AWS_ENDPOINT_URL or None,
            parallelism=workers,
            limiters=limit_board.limiters(settings.BROKER_URL),
        )
    ) as aws:
        yield aws


def access_of(environment: Environment, purpose: str, *, reading: bool = False, keys: Keys | None = None) -> Access:
    """How the environment's account is reached, for one purpose; no call is made.

    `keys` are those of somebody who showed a code (see `second_factor`), for environments that ask for one.

    Raises:
        WorkflowError: nobody said where AWS is, the environment names no role, or it asks for a code.
    """
    if settings.EMBEDDED and not settings.AWS_ENDPOINT_URL:
        raise WorkflowError("The AWS sandbox is not running. Start it with `make run`.")
    role_arn = ""
    match Credentials(environment.credentials):
        case Credentials.ROLE:
            role_arn = (environment.read_role_arn if reading else "") or environment.role_arn
            if not role_arn:
                raise WorkflowError(f"{environment.name} names no role to assume. An owner can set it in its settings.")
            if environment.asks_for_code and not reading and keys is None:
                raise WorkflowError(f"{environment.name} asks for a code of its MFA device.")
        case Credentials.PROFILE | Credentials.AMBIENT:
            if not settings.SERVER_CREDENTIALS:
                raise WorkflowError(
                    f"{environment.name} is to be reached with the server's own credentials, which "
                    "this installation does not allow. An owner can name a role in its settings."
                )
            # The sandbox holds every account there is, and lets this role of it be assumed.
            role_arn = f"arn:aws:iam::{environment.account}:role/strandsweb-deploy" if settings.EMBEDDED else ""
    return Access(
        account=environment.account,
        region=environment.region,
        session_name=purpose,
        role_arn=role_arn or None,
        external_id=environment.external_id,
        endpoint_url=settings.AWS_ENDPOINT_URL or None,
        keys=keys or (SANDBOX_KEYS if settings.EMBEDDED else None),
        profile=environment.profile or None if environment.credentials == Credentials.PROFILE else None,
        tags={
            "strands:project": environment.project.slug,
            "strands:environment": environment.name,
            "strands:deployment": purpose,
        },
    )
