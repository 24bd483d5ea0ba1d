"""CloudWatch: an alarm begins without knowing anything, dashboards carry tags, and old data is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.utilities.utils import get_partition

INSUFFICIENT = "INSUFFICIENT_DATA"
DATA_AT_MOST = 20_000  # of one account and region


def dashboard_arn(backend: CloudWatchBackend, name: str) -> str:
    """Dashboards belong to an account and to no region."""
    return f"arn:{get_partition(backend.region_name)}:cloudwatch::{backend.account_id}:dashboard/{name}"


def install() -> None:
    _begin_without_data()
    _tag_dashboards()
    _forget_old_data()


def _begin_without_data() -> None:
    make, put = Alarm.__init__, CloudWatchBackend.put_metric_alarm

    def init(self: Alarm, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        self.state_value = INSUFFICIENT

    def put_metric_alarm(self: CloudWatchBackend, name: str, *args: Any, **kwargs: Any) -> Alarm:
        before = self.alarms.get(name)
        alarm = put(self, name, *args, **kwargs)
        if before is not None:  # an update leaves the state as it is
            for kept in ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history"):
                setattr(alarm, kept, getattr(before, kept))
        return alarm

    Alarm.__init__ = init  # type: ignore[method-assign]
    CloudWatchBackend.put_metric_alarm = put_metric_alarm  # type: ignore[method-assign]


def _forget_old_data() -> None:
    """moto keeps every datum there ever was."""
    put = CloudWatchBackend.put_metric_data

    def put_metric_data(self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        put(self, namespace, metric_data)
        del self.metric_data[:-DATA_AT_MOST]

    CloudWatchBackend.put_metric_data = put_metric_data  # type: ignore[method-assign]


def _tag_dashboards() -> None:
    put, tag, delete = (
        CloudWatchResponse.put_dashboard,
        CloudWatchBackend.tag_resource,
        CloudWatchBackend.delete_dashboards,
    )

    def put_dashboard(self: CloudWatchResponse) -> Any:
        backend, name = self.cloudwatch_backend, self._get_param("DashboardName")
        is_new = backend.get_dashboard(name) is None
        answer = put(self)
        if is_new and (tags := self._get_param("Tags", [])):
            backend.tagger.tag_resource(dashboard_arn(backend, name), tags)
        return answer

    def tag_resource(self: CloudWatchBackend, arn: str, tags: dict[str, str]) -> None:
        if arn in {dashboard_arn(self, name) for name in self.dashboards}:
            self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        else:
            tag(self, arn, tags)

    def delete_dashboards(self: CloudWatchBackend, dashboards: Iterable[str]) -> Any:
        names = list(dashboards)
        failure = delete(self, names)
        for name in names if failure is None else ():
            self.tagger.delete_all_tags_for_resource(dashboard_arn(self, name))
        return failure

    CloudWatchResponse.put_dashboard = put_dashboard  # type: ignore[method-assign]
    CloudWatchBackend.tag_resource = tag_resource  # type: ignore[method-assign]
    CloudWatchBackend.delete_dashboards = delete_dashboards  # type: ignore[method-assign]
