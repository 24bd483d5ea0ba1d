"""EC2: filters that moto lacks, and machine images that nobody here starts."""

from __future__ import annotations

import os
from typing import Any

from moto.ec2.models.vpcs import VPCEndPoint


def install() -> None:
    # moto makes over a thousand of them for every account and region, which takes longer than most deployments' calls.
    os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    value_of = VPCEndPoint.get_filter_value

    def get_filter_value(self: VPCEndPoint, filter_name: str, method_name: str | None = None) -> Any:
        return self.id if filter_name == "vpc-endpoint-id" else value_of(self, filter_name, method_name)

    VPCEndPoint.get_filter_value = get_filter_value  # type: ignore[method-assign]
