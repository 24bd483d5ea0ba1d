"""What is live now of everything recorded: read concurrently, many at once where AWS can, complete or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from itertools import chain, groupby
from typing import Any, TypeVar

from deployments.aws import tag_index
from deployments.aws.calls import Aws
from deployments.aws.provisioner import AwsProvisioner
from deployments.aws.tagged_apart import TaggedApart
from deployments.engine.errors import CloudError, NotPlannable
from deployments.engine.ports import Live, Provisioner, Provisioners
from deployments.engine.state import StateResource

PARALLELISM = 32
T = TypeVar("T")


def read_all(
    resources: Iterable[StateResource],
    provisioners: Provisioners,
    parallelism: int = PARALLELISM,
    *,
    tags_at_source: bool = False,
) -> dict[str, Live | None]:
    """Logical id -> the live resource, None where it does not exist; each as its provisioner's `read` gives it.

    What a call for many does not show is asked for by itself before it counts as gone. Tags come from AWS's index
    where that confirms the recorded ones, else from the service itself; `tags_at_source`: always from there, for those
    who are about to write.

    Raises:
        NotPlannable: a resource could not be read (the message names it), or its type has no provisioner. A plan
            over a guess would be worse than none.
    """
    wanted = list(resources)
    by_type = {entry.type: _provisioner(entry, provisioners) for entry in wanted}
    with ThreadPoolExecutor(max_workers=parallelism, thread_name_prefix="refresh") as pool:

        def begin(work: Callable[..., T], *args: Any) -> Future[T]:
            return pool.submit(copy_context().run, work, *args)

        try:
            batches = list(_batches(wanted, by_type))
            described = [begin(_described, by_type[batch[0].type], batch) for batch in batches]
            told_apart = [] if tags_at_source else list(_told_apart(wanted, by_type))
            indexed = [begin(tag_index.indexed_tags, aws, arns) for aws, arns in told_apart]
            found = dict(chain.from_iterable(future.result().items() for future in described))
            known = dict(chain.from_iterable(future.result().items() for future in indexed))
            alone = {batch[0].logical_id for batch in batches if len(batch) == 1}
            settled: dict[str, Future[Live | None]] = {}
            for entry in wanted:
                live, provisioner = found.get(entry.logical_id), by_type[entry.type]
                if live is None and entry.logical_id not in alone:
                    settled[entry.logical_id] = begin(_read, provisioner, entry)
                elif live is not None and isinstance(provisioner, TaggedApart):
                    tags = known.get(provisioner.arn_of(live.physical_id))
                    if tag_index.confirms(tags, entry.tags):
                        found[entry.logical_id] = replace(live, tags=tags or {})
                    else:
                        settled[entry.logical_id] = begin(_with_tags, provisioner, entry, live)
            seen = {**found, **{name: future.result() for name, future in settled.items()}}
            return {entry.logical_id: seen.get(entry.logical_id) for entry in wanted}
        finally:
            # After the first error the answer is known: what has not begun need not.
            pool.shutdown(wait=True, cancel_futures=True)


def _provisioner(entry: StateResource, provisioners: Provisioners) -> Provisioner:
    provisioner = provisioners.get(entry.type)
    if provisioner is None:
        raise NotPlannable(f"{entry.logical_id} is of type {entry.type}, which cannot be deployed here.")
    return provisioner


def _batches(
    wanted: Sequence[StateResource], by_type: Mapping[str, Provisioner]
) -> Iterator[tuple[StateResource, ...]]:
    """What is asked for together: of one type, in one place where they are listed by place."""

    def place(entry: StateResource) -> tuple[str, str]:
        provisioner = by_type[entry.type]
        if isinstance(provisioner, AwsProvisioner) and provisioner.at_once > 1:
            return entry.type, provisioner.listed_in(entry)
        return entry.type, entry.logical_id

    for (type_name, _), group in groupby(sorted(wanted, key=place), key=place):
        entries, provisioner = tuple(group), by_type[type_name]
        size = provisioner.at_once if isinstance(provisioner, AwsProvisioner) else 1
        for start in range(0, len(entries), size):
            yield entries[start : start + size]


def _told_apart(wanted: Sequence[StateResource], by_type: Mapping[str, Provisioner]) -> Iterator[tuple[Aws, list[str]]]:
    """Who is asked for the tags of which ARNs, so many at once."""
    found = [(provisioner, entry) for entry in wanted if isinstance(provisioner := by_type[entry.type], TaggedApart)]
    for start in range(0, len(found), tag_index.AT_ONCE):
        some = found[start : start + tag_index.AT_ONCE]
        yield some[0][0].aws, [provisioner.arn_of(entry.physical_id) for provisioner, entry in some]


def _described(provisioner: Provisioner, batch: tuple[StateResource, ...]) -> Mapping[str, Live]:
    """Those of the batch that AWS shows; tags may be missing where a kind has them apart."""
    if not isinstance(provisioner, AwsProvisioner):
        live = _read(provisioner, batch[0])
        return {} if live is None else {batch[0].logical_id: live}
    try:
        return provisioner.described(batch)
    except CloudError as error:
        if len(batch) > 1:  # each is asked for by itself then, and the one that cannot be read is named
            return {}
        raise _unreadable(batch[0], error) from error


def _read(provisioner: Provisioner, entry: StateResource) -> Live | None:
    try:
        return provisioner.read(entry.physical_id, entry.properties)
    except CloudError as error:
        raise _unreadable(entry, error) from error


def _with_tags(provisioner: TaggedApart, entry: StateResource, live: Live) -> Live:
    try:
        return replace(live, tags=provisioner.tags_of(live.physical_id))
    except CloudError as error:
        raise _unreadable(entry, error) from error


def _unreadable(entry: StateResource, error: CloudError) -> NotPlannable:
    return NotPlannable(f"{entry.logical_id} ({entry.type}) could not be read. {error}")
