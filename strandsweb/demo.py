"""The demo's five accounts; made by `manage.py seed_demo`, which production settings refuse."""

from __future__ import annotations

from collections.abc import Mapping

from projects.roles import Role

# Each password is the name and the word demo: printed by `make run`, worthless anywhere else.
PASSWORDS: Mapping[str, str] = {
    name: f"{name}-demo" for name in ("owner", "deployer", "approver", "viewer", "outsider")
}
ROLES: Mapping[str, Role] = {
    "owner": Role.OWNER,
    "deployer": Role.DEPLOYER,
    "approver": Role.APPROVER,
    "viewer": Role.VIEWER,
}
