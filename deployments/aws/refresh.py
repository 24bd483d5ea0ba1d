"""What is live now of everything recorded: read concurrently, complete or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from deployments.engine.errors import CloudError, NotPlannable
from deployments.engine.ports import Live, Provisioners
from deployments.engine.state import StateResource

PARALLELISM = 32


def read_all(
    resources: Iterable[StateResource], provisioners: Provisioners, parallelism: int = PARALLELISM
) -> dict[str, Live | None]:
    """Logical id -> the live resource, None where it does not exist.

    Raises:
        NotPlannable: a resource could not be read (the message names it), or its type has no provisioner. A plan
            over a guess would be worse than none.
    """

    def read(resource: StateResource) -> Live | None:
        provisioner = provisioners.get(resource.type)
        if provisioner is None:
            raise NotPlannable(f"{resource.logical_id} is of type {resource.type}, which cannot be deployed here.")
        try:
            return provisioner.read(resource.physical_id, resource.properties)
        except CloudError as error:
            raise NotPlannable(f"{resource.logical_id} ({resource.type}) could not be read. {error}") from error

    wanted = list(resources)
    with ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="refresh") as pool:
        futures = [pool.submit(copy_context().run, read, resource) for resource in wanted]
        try:
            return {resource.logical_id: future.result() for resource, future in zip(wanted, futures, strict=True)}
        finally:
            # After the first error the answer is known: what has not begun need not.
            pool.shutdown(wait=True, cancel_futures=True)
