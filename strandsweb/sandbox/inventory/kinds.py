"""How a kind of resource is looked up in moto's backends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Per type: the backends that hold it, and the physical ids (CloudFormation's Ref, parents first) in one of them.
Kinds = Mapping[str, tuple[Any, Callable[[Any], Iterable[str]]]]
