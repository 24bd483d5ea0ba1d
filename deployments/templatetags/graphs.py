"""What stands on a node of a graph: its second line, and its status as icon and word."""

from __future__ import annotations

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from deployments.graphs.model import STACK, Node
from projects.templatetags.look import STATUSES, icon_of, kind_name

register = template.Library()

LONGEST_LINE = 21
"""Characters of the second line that fit into a node."""


@register.filter
def status_word(value: str) -> str:
    """A status in words."""
    return STATUSES[value][1] if value in STATUSES else value


@register.simple_tag
def status_shape(value: str, size: int) -> SafeString:
    """A status's icon inside a picture, so many pixels wide; the word stands elsewhere."""
    return _shape(STATUSES[value][0] if value in STATUSES else "circle", size)


@register.simple_tag
def node_shape(node: Node, size: int) -> SafeString:
    """The icon of a node's kind inside a picture, so many pixels wide."""
    return _shape("stack-2" if node.type == STACK else icon_of(node.type), size)


def _shape(name: str, size: int) -> SafeString:
    address = f"{static('vendor/tabler-icons/sprite.svg')}#{name}"
    return format_html('<use class="icon" href="{}" width="{}" height="{}"/>', address, size, size)


@register.filter
def node_kind(node: Node) -> str:
    """What a node is: its kind, or of a stack how many resources it holds."""
    return f"{node.size} resources" if node.type == STACK else kind_name(node.type)


@register.filter
def node_line(node: Node) -> str:
    """As much of its kind as fits beside its status."""
    word = "" if node.status in ("", "no-change") else status_word(node.status)
    room = LONGEST_LINE - (len(word) + 5 if word else 0)
    kind = node_kind(node)
    return kind if len(kind) <= room else f"{kind[: max(room, 4) - 1].rstrip()}…"
