"""The demo's accounts and passwords; apart from `demo` because `make run` prints them without loading Django."""

from __future__ import annotations

from collections.abc import Mapping

# Each password is the name and the word demo: printed by `make run`, worthless anywhere else.
PASSWORDS: Mapping[str, str] = {
    name: f"{name}-demo" for name in ("owner", "deployer", "approver", "viewer", "outsider")
}
