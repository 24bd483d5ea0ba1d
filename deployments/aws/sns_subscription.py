"""AWS::SNS::Subscription: who gets a topic's messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from deployments.aws.calls import Answer
from deployments.aws.provisioner import AwsProvisioner, picked
from deployments.engine.canonical import dumps
from deployments.engine.kinds import Kind
from deployments.engine.ports import Live, Made, Target
from deployments.engine.state import StateResource

_ABSENT = ("NotFound", "NotFoundException", "ResourceNotFoundException")
_KEY = ("Endpoint", "Protocol", "TopicArn")
# What taking a property back means.
_MUTABLE: Mapping[str, Any] = {
    "FilterPolicy": {},
    "FilterPolicyScope": "MessageAttributes",
    "RawMessageDelivery": False,
    "RedrivePolicy": {},
}


class SnsSubscription(AwsProvisioner):
    """Physical id: the subscription's ARN; a topic has one for each protocol and endpoint."""

    service = "sns"
    taggable = False
    # Subscribe answers with what is there, whatever its attributes are.
    looks_first = True
    supported = frozenset({*_KEY, *_MUTABLE})
    kind = Kind(
        type="AWS::SNS::Subscription",
        label="SNS subscription",
        immutable=frozenset(_KEY),
        defaults=_MUTABLE,
        permissions=(
            "sns:GetSubscriptionAttributes",
            "sns:ListSubscriptionsByTopic",
            "sns:SetSubscriptionAttributes",
            "sns:Subscribe",
            "sns:Unsubscribe",
        ),
    )

    def locate(self, target: Target) -> str | None:
        wanted = picked(target.properties, *_KEY)
        entries = self.aws.pages(
            "sns", "list_subscriptions_by_topic", "Subscriptions", absent=_ABSENT, TopicArn=wanted["TopicArn"]
        )
        found = [entry["SubscriptionArn"] for entry in entries or () if picked(entry, *_KEY) == wanted]
        return next((arn for arn in found if arn.startswith("arn:")), None)

    def read(self, physical_id: str, properties: Mapping[str, Any]) -> Live | None:
        answer = self.aws.look("sns", "get_subscription_attributes", _ABSENT, SubscriptionArn=physical_id)
        if answer is None:
            return None
        reported = answer["Attributes"]
        live: dict[str, Any] = {**_MUTABLE, **picked(reported, *_KEY)}
        for name in ("FilterPolicy", "RedrivePolicy"):
            live[name] = json.loads(reported.get(name) or "{}")
        live["RawMessageDelivery"] = reported.get("RawMessageDelivery") == "true"
        live["FilterPolicyScope"] = reported.get("FilterPolicyScope") or "MessageAttributes"
        return Live(physical_id, live, {"Arn": physical_id})

    def make(self, target: Target) -> Made:
        wanted = target.properties
        answer = self.aws.call(
            "sns",
            "subscribe",
            ReturnSubscriptionArn=True,
            Attributes={name: _text(wanted[name]) for name in _MUTABLE if name in wanted},
            **picked(wanted, *_KEY),
        )
        return Made(answer["SubscriptionArn"], {"Arn": answer["SubscriptionArn"]})

    def update(self, target: Target, live: Live) -> Made:
        # One after the other: SNS takes a scope only with a policy that fits it.
        for name in sorted(self.changed(target, live)):
            self._set(live.physical_id, name, target.properties.get(name, _MUTABLE[name]))
        return Made(live.physical_id, live.attributes)

    def delete(self, recorded: StateResource) -> None:
        self.aws.look("sns", "unsubscribe", _ABSENT, SubscriptionArn=recorded.physical_id)

    def _set(self, arn: str, name: str, value: Any) -> Answer:
        write = partial(self.aws.call, "sns", "set_subscription_attributes", SubscriptionArn=arn, AttributeName=name)
        return write(AttributeValue=_text(value))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)
