"""How things look everywhere: icons, statuses (colour, icon and word together) and moments."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

# status -> (icon, word); the colour is the style sheet's, by data-status.
STATUSES: dict[str, tuple[str, str]] = {
    "planning": ("loader-2", "planning"),
    "invalid": ("circle-x", "could not be planned"),
    "unchanged": ("checks", "nothing to do"),
    "waiting": ("hourglass", "waiting for approval"),
    "ready": ("player-play", "ready to deploy"),
    "rejected": ("ban", "rejected"),
    "discarded": ("archive", "discarded"),
    "stale": ("refresh", "needs a new plan"),
    "queued": ("clock", "queued"),
    "running": ("loader-2", "deploying"),
    "succeeded": ("circle-check", "succeeded"),
    "failed": ("alert-triangle", "failed"),
    "cancelled": ("player-stop", "cancelled"),
    "pending": ("circle-dashed", "pending"),
    "skipped": ("circle-minus", "skipped"),
    "create": ("plus", "create"),
    "import": ("download", "import"),
    "update": ("edit", "update"),
    "replace": ("replace", "replace"),
    "delete": ("trash", "delete"),
    "no-change": ("circle-minus", "no change"),
    "checking": ("loader-2", "checking for drift"),
    "clean": ("circle-check", "no drift"),
    "drifted": ("arrows-diff", "drifted"),
    "never": ("circle-dashed", "never deployed"),
    "unknown": ("circle-dashed", "not checked yet"),
    "verified": ("shield-check", "verified"),
    "broken": ("alert-triangle", "does not verify"),
    "sent": ("circle-check", "delivered"),
}

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
KIND_ICONS: dict[str, str] = {
    "AWS::Lambda": "lambda",
    "AWS::IAM": "key",
    "AWS::Logs": "logs",
    "AWS::CloudWatch": "activity",
    "AWS::XRay": "activity",
    "AWS::ApiGateway": "api",
    "AWS::ApiGatewayV2": "api",
    "AWS::EC2": "stack-2",
    "AWS::EC2::Route": "route",
    "AWS::EC2::RouteTable": "route",
    "AWS::EC2::SecurityGroup": "shield-lock",
    "AWS::EC2::VPCEndpoint": "plug",
    "AWS::EC2::FlowLog": "logs",
    "AWS::S3": "bucket",
    "AWS::DynamoDB": "database",
    "AWS::SQS": "list-check",
    "AWS::SNS": "speakerphone",
    "AWS::Events": "calendar-event",
    "AWS::SecretsManager": "lock",
    "AWS::Lambda::EventSourceMapping": "plug",
    "AWS::Lambda::Permission": "shield-lock",
    "AWS::ApiGateway::Authorizer": "shield-lock",
    "AWS::ApiGateway::Method": "route",
    "AWS::ApiGatewayV2::Authorizer": "shield-lock",
    "AWS::S3::BucketPolicy": "shield-lock",
    "AWS::SQS::QueuePolicy": "shield-lock",
    "AWS::SNS::TopicPolicy": "shield-lock",
    "AWS::SNS::Subscription": "plug",
    "AWS::SecretsManager::RotationSchedule": "refresh",
    "AWS::ApiGatewayV2::Route": "route",
    "AWS::ApiGatewayV2::Integration": "link",
}


@register.simple_tag
@cache
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; with a label it speaks for itself, without one it is decoration."""
    address = f"{static('vendor/tabler-icons/sprite.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, address)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', address)


@register.simple_tag
def kind_icon(type_name: str) -> SafeString:
    """The icon of a CloudFormation type."""
    return icon(icon_of(type_name))


def icon_of(type_name: str) -> str:
    """The name of a CloudFormation type's icon: its own, or its service's."""
    return KIND_ICONS.get(type_name) or KIND_ICONS.get(type_name.rpartition("::")[0], "box")


@register.filter
def kind_name(type_name: str) -> str:
    """`AWS::Lambda::EventSourceMapping` as people read it in a row: `Lambda Event Source Mapping`."""
    service, _, noun = type_name.removeprefix("AWS::").partition("::")
    return f"{service} {_WORDS.sub(' ', noun)}".strip()


@register.simple_tag
def status(value: str, word: str = "", *, quiet: bool = False) -> SafeString:
    """A status as colour, icon and word; `quiet` keeps the word for screen readers only."""
    image, known = STATUSES.get(value, ("circle", value))
    return format_html(
        '<span class="state{}" data-status="{}">{}<span{}>{}</span></span>',
        " state-quiet" if quiet else "",
        value,
        icon(image),
        SafeString(' class="visually-hidden"') if quiet else "",
        word or known,
    )


@register.simple_tag
def when(value: Any) -> SafeString:
    """A moment (datetime or ISO text) in relative words; the absolute time on hover and for machines."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) and value else value
    if not isinstance(moment, datetime):
        return SafeString("")
    moment = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        moment.strftime("%Y-%m-%d %H:%M:%S"),
        ago((timezone.now() - moment).total_seconds()),
    )


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """A moment, past or to come, as the reader's own clock shows it; in UTC where there is no JavaScript."""
    value = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-moment>{} UTC</time>',
        value.isoformat(timespec="seconds").replace("+00:00", "Z"),
        value.strftime("%Y-%m-%d %H:%M"),
    )


def ago(seconds: float) -> str:
    """`3 minutes ago`, from seconds; what lies ahead by clock skew is `just now`. times.js says it the same way."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@register.filter
def duration(seconds: float | None) -> str:
    """`850 ms`, `12.3 s`, `4 min 05 s`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@register.filter
def element_id(value: str) -> str:
    """Any text as part of an element's id: other characters than letters, digits and hyphens become their number."""
    return re.sub(r"[^A-Za-z0-9-]", lambda match: f"_{ord(match.group()):x}_", value)


@register.filter
def initials(name: str) -> str:
    """Up to two letters for a person's disc."""
    words = name.split() or [name]
    return "".join(word[:1] for word in words[:2]).upper()
