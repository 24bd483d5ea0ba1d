"""Exported files as text and bytes; the same content gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import yaml

_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can hold


def as_json(value: Any) -> str:
    """Indented, in the order it is in, with a line end."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def as_yaml(value: Any) -> str:
    """Block style in the order it is in, without anchors."""
    return yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


def zipped(files: Mapping[str, str]) -> bytes:
    """A zip of text files by path, sorted."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


class _Plain(yaml.SafeDumper):
    """Repeats what occurs twice, as templates have no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True
