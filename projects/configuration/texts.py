"""Texts that several keys of the grammar share: names, regions, accounts, tags, variables, routes."""

from . import formats
from .model import Route
from .problems import nearest
from .shapes import MapOf, Text

MAX_TAGS = 44  # AWS allows 50 on a resource; strandsweb adds six of its own

NAME = Text(
    noun="a name",
    pattern=r"[a-z][a-z0-9]*(-[a-z0-9]+)*",
    rule="lower-case letters, digits and single hyphens, starting with a letter",
    maximum=40,
    suggest=lambda text: "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in text.lower()).split()),
)
REGION = Text(
    noun="a region",
    pattern=r"[a-z]{2}(-[a-z]+)+-[0-9]",
    rule="like us-east-1",
    maximum=25,
    suggest=lambda text: nearest(text, formats.REGIONS),
)
ACCOUNT = Text(noun="an account", pattern=r"[0-9]{12}", rule="12 digits, in quotes", maximum=12)
TAGS = MapOf(
    Text(
        noun="a tag key",
        pattern=r"[\w .:/=+@-]+",
        rule="letters, digits, spaces and _ . : / = + - @",
        complaint=formats.tag_key,
        maximum=128,
    ),
    Text(
        noun="a tag value",
        pattern=r"[\w .:/=+@-]*",
        rule="letters, digits, spaces and _ . : / = + - @",
        minimum=0,
        maximum=256,
    ),
    MAX_TAGS,
)
VARIABLE = Text(
    noun="an environment variable",
    pattern=r"[A-Za-z][A-Za-z0-9_]+",
    rule="letters, digits and underscores, at least two, starting with a letter",
    complaint=formats.environment_variable,
    maximum=128,
)
ROUTE = Text(
    noun="a route",
    pattern=r"(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) /.*",
    rule='"METHOD /path"',
    complaint=formats.route,
    example="POST /support",
    builds=Route.parse,
)
