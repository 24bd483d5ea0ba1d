"""The Resource Groups Tagging API: the services moto leaves out, and pages that a snapshot can hold.

What can be listed and tagged follows "Services that support the Resource Groups Tagging API"; IAM's roles and users
are none of it, its policies are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.resource_tagging import TaggedResource, iter_taggable_backends, make_tag_matcher, match_resource_type
from moto.ecr.models import ecr_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.resourcegroupstaggingapi.exceptions import ResourceGroupsTaggingAPIError
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition
from moto.xray.models import xray_backends

from strandsweb.sandbox.amendments.alarms import dashboard_arn

ARNS_AT_MOST = 20


@dataclass(frozen=True, slots=True)
class Taggable:
    """A resource moto's tagging API does not know, with its live tags and how they are changed."""

    arn: str
    kind: str
    tags: Mapping[str, str]
    put: Callable[[dict[str, str]], Any]
    remove: Callable[[list[str]], Any]


def install() -> None:
    backend = ResourceGroupsTaggingAPIBackend
    tag, untag = backend.tag_resources, backend.untag_resources

    def get_resources(
        self: Any,
        pagination_token: str | None = None,
        resources_per_page: int = 50,
        tags_per_page: int = 100,
        tag_filters: list[dict[str, Any]] | None = None,
        resource_type_filters: list[str] | None = None,
        resource_arn_list: list[str] | None = None,
    ) -> tuple[str | None, list[TaggedResource]]:
        """A page in the order of the ARNs; the token is the last ARN of the page before."""
        matches = make_tag_matcher(tag_filters)
        found = sorted(
            (
                each
                for each in _everything(self.account_id, self.region_name)
                if (each.tags or each.extra.get("include_untagged"))
                and match_resource_type(each.resource_type, resource_type_filters)
                and matches(each.tags)
                and (not resource_arn_list or each.arn in resource_arn_list)
                and each.arn > (pagination_token or "")
            ),
            key=lambda each: each.arn,
        )
        page: list[TaggedResource] = []
        tags = 0
        for each in found:
            tags += len(each.tags)
            if len(page) == resources_per_page or (page and tags > tags_per_page):
                return page[-1].arn, page
            page.append(each)
        return None, page

    def tag_resources(self: Any, resource_arns: list[str], tags: dict[str, str]) -> dict[str, dict[str, Any]]:
        return _each(self, resource_arns, lambda one: one.put(tags), lambda arn: tag(self, [arn], tags))

    def untag_resources(self: Any, resource_arn_list: list[str], tag_keys: list[str]) -> dict[str, dict[str, Any]]:
        return _each(
            self, resource_arn_list, lambda one: one.remove(tag_keys), lambda arn: untag(self, [arn], tag_keys)
        )

    backend.get_resources = get_resources  # type: ignore[method-assign]
    backend.tag_resources = tag_resources  # type: ignore[method-assign]
    backend.untag_resources = untag_resources  # type: ignore[method-assign]


def _each(
    backend: Any,
    arns: list[str],
    change: Callable[[Taggable], Any],
    by_moto: Callable[[str], dict[str, dict[str, Any]]],
) -> dict[str, dict[str, Any]]:
    """Failures by ARN, as the API tells them: the others are changed all the same."""
    if not 1 <= len(arns) <= ARNS_AT_MOST:
        raise ResourceGroupsTaggingAPIError("InvalidParameterException", f"1 to {ARNS_AT_MOST} ARNs can be named.")
    known = {one.arn: one for one in _more(backend.account_id, backend.region_name)}
    failed: dict[str, dict[str, Any]] = {}
    for arn in arns:
        try:
            if arn in known:
                change(known[arn])
            else:
                failed |= by_moto(arn)
        except Exception as refused:  # moto's refusals have no base of their own
            failed[arn] = {
                "StatusCode": 400,
                "ErrorCode": "InvalidParameterException",
                "ErrorMessage": getattr(refused, "message", "") or str(refused),
            }
    return failed


def _everything(account: str, region: str) -> Iterator[TaggedResource]:
    for backend in iter_taggable_backends(account, region):
        yield from backend.iter_tagged_resources()
    for one in _more(account, region):
        if one.kind != "sqs:queue":  # those moto lists, and cannot tag
            yield TaggedResource(one.arn, dict(one.tags), one.kind)


def _more(account: str, region: str) -> Iterator[Taggable]:
    for service in (_apis, _rest_apis, _repositories, _user_pools, _rules, _dashboards, _trace_groups, _queues, _iam):
        yield from service(account, region)


def _apis(account: str, region: str) -> Iterator[Taggable]:
    backend: Any = apigatewayv2_backends[account][region]
    for api in backend.apis.values():
        arn = f"arn:{get_partition(region)}:apigateway:{region}::/apis/{api.api_id}"
        yield _by_tagger(backend.tagger, arn, "apigateway:apis")
        for name in api.stages:
            yield _by_tagger(backend.tagger, f"{arn}/stages/{name}", "apigateway:apis/stages")


def _rest_apis(account: str, region: str) -> Iterator[Taggable]:
    for api in apigateway_backends[account][region].apis.values():
        arn = f"arn:{get_partition(region)}:apigateway:{region}::/restapis/{api.id}"
        yield _by_dictionary(vars(api), "tags", arn, "apigateway:restapis")
        for stage in api.stages.values():
            yield _by_dictionary(vars(stage), "tags", f"{arn}/stages/{stage.name}", "apigateway:restapis/stages")


def _repositories(account: str, region: str) -> Iterator[Taggable]:
    backend: Any = ecr_backends[account][region]
    for repository in backend.repositories.values():
        yield _by_tagger(backend.tagger, repository.arn, "ecr:repository")


def _user_pools(account: str, region: str) -> Iterator[Taggable]:
    for pool in cognitoidp_backends[account][region].user_pools.values():
        yield _by_dictionary(pool.extended_config, "UserPoolTags", pool.arn, "cognito-idp:userpool")


def _rules(account: str, region: str) -> Iterator[Taggable]:
    backend: Any = events_backends[account][region]
    for bus in backend.event_buses.values():
        for rule in bus.rules.values():
            yield _by_tagger(backend.tagger, rule.arn, "events:rule")


def _dashboards(account: str, region: str) -> Iterator[Taggable]:
    backend: Any = cloudwatch_backends[account][region]
    for name in backend.dashboards:
        yield _by_tagger(backend.tagger, dashboard_arn(backend, name), "cloudwatch:dashboard")


def _trace_groups(account: str, region: str) -> Iterator[Taggable]:
    for arn, group in vars(xray_backends[account][region]).get("groups", {}).items():
        yield _by_dictionary(group, "Tags", arn, "xray:group")


def _queues(account: str, region: str) -> Iterator[Taggable]:
    for queue in sqs_backends[account][region].queues.values():
        yield _by_dictionary(vars(queue), "tags", queue.queue_arn, "sqs:queue")


def _iam(account: str, region: str) -> Iterator[Taggable]:
    """What belongs to no region is told in us-east-1 alone."""
    if region != "us-east-1":
        return
    backend: Any = iam_backends[account][get_partition(region)]
    for policy in backend.managed_policies.values():
        if f"::{account}:" in policy.arn:
            yield _policy(backend, policy)


def _by_tagger(tagger: Any, arn: str, kind: str) -> Taggable:
    return Taggable(
        arn,
        kind,
        tagger.get_tag_dict_for_resource(arn),
        lambda tags: tagger.tag_resource(arn, [{"Key": key, "Value": value} for key, value in tags.items()]),
        lambda keys: tagger.untag_resource_using_names(arn, keys),
    )


def _by_dictionary(owner: dict[str, Any], name: str, arn: str, kind: str) -> Taggable:
    """Tags that are an entry of their owner, which may be None."""
    live: dict[str, str] = dict(owner.get(name) or {})
    return Taggable(
        arn,
        kind,
        live,
        lambda tags: owner.update({name: {**live, **tags}}),
        lambda keys: owner.update({name: {key: value for key, value in live.items() if key not in keys}}),
    )


def _policy(iam: Any, policy: Any) -> Taggable:
    return Taggable(
        policy.arn,
        "iam:policy",
        {tag["Key"]: tag["Value"] for tag in policy.tags.values()},
        lambda tags: iam.tag_policy(policy.arn, [{"Key": key, "Value": value} for key, value in tags.items()]),
        lambda keys: iam.untag_policy(policy.arn, keys),
    )
