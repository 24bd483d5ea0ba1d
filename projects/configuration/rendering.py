"""Writes a configuration as canonical YAML: every default spelled out, always in the same order."""

from typing import Any

import yaml

from .building import unbuild
from .grammar import CONFIGURATION
from .model import Configuration
from .reading import resolve


class _Dumper(yaml.SafeDumper):
    """Block style without anchors, with quotes wherever YAML 1.2 would read a text as something else."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)  # type: ignore[no-untyped-call, no-any-return, unused-ignore]


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(resolve(text), str) and text != "<<" else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def plain_effective(configuration: Configuration) -> dict[str, Any]:
    """A configuration as plain data: every default spelled out, always in the same order."""
    plain: dict[str, Any] = unbuild(configuration, CONFIGURATION)
    return plain


def render_effective(configuration: Configuration) -> str:
    """Canonical YAML of a configuration; parsing it gives an equal configuration again."""
    plain = plain_effective(configuration)
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False)
