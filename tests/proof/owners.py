"""What owners do in a race about a protection; each waits for the common moment before it does it.

They are told of which project and which revision: on a busy machine, one that looks late would find what another did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from projects import paths, protecting
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, User
from projects.protection.model import Protection, Requirement
from projects.roles import Role


def gather(slug: str) -> None:
    """Otto and Oona own the project beside Bob, and the environment is protected."""
    environment = _environment(slug)
    protecting.put_in_force(environment=environment, protection=Protection(approvals=(Requirement(),)), author=None)
    for name in ("otto", "oona"):
        user = User.objects.create_user(username=name, password=name)
        Membership.objects.create(project=environment.project, user=user, role=Role.OWNER)


def bob_proposes(of: tuple[str, int], moment: float) -> str:
    """One change."""
    return _propose(of, "bob", moment)


def otto_proposes(of: tuple[str, int], moment: float) -> str:
    """Another change, from the same revision on."""
    return _propose(of, "otto", moment)


def author_withdraws(of: tuple[str, int], moment: float) -> str:
    """Whoever of the two proposed what waits takes it back."""
    return _settle(of, lambda author: author, protecting.withdraw, moment)


def other_consents(of: tuple[str, int], moment: float) -> str:
    """The other one of the two."""
    return _settle(of, lambda author: "otto" if author == "bob" else "bob", protecting.consent, moment)


def third_declines(of: tuple[str, int], moment: float) -> str:
    """Oona, who proposed nothing."""
    return _settle(of, lambda author: "oona", protecting.decline, moment)


def told_of(slug: str) -> dict[str, Any]:
    """Where the newest revision stands, what is in force, and what the audit log has of them."""
    environment = _environment(slug)
    newest = environment.protections.first()
    assert newest is not None
    entries = AuditEntry.objects.filter(target_type="protection", environment=environment.name, target=newest.number)
    return {
        "newest": newest.number,
        "state": str(newest.state),
        "in force": protecting.in_force(environment).number,
        "waits": environment.protections.filter(in_force_at=None, closed_at=None).count(),
        "deeds": sorted(entries.filter(chain=environment.project_id).values_list("deed", flat=True)),
    }


ORDERS = {"bob": ("a", "b", "c"), "otto": ("b", "c", "a"), "oona": ("c", "a", "b")}


def lay_out(slug: str) -> None:
    """The owners, who are there already, have a project with three environments more."""
    project = _environment(slug).project
    for name in ("otto", "oona"):
        Membership.objects.create(project=project, user=User.objects.get(username=name), role=Role.OWNER)
    for name in ORDERS["bob"]:
        Environment.objects.create(project=project, name=name, account="7" * 12, region="us-east-1")


def bob_orders(of: tuple[str, int], moment: float) -> str:
    """One path."""
    return _order(of, "bob", moment)


def otto_orders(of: tuple[str, int], moment: float) -> str:
    """Another path, from the same one on."""
    return _order(of, "otto", moment)


def oona_orders(of: tuple[str, int], moment: float) -> str:
    """A third."""
    return _order(of, "oona", moment)


def path_of(slug: str) -> dict[str, Any]:
    """The path, and how often the audit log has it changed."""
    project = Project.objects.get(slug=slug)
    now = paths.path_of(project)
    changes = AuditEntry.objects.filter(deed="path.changed", chain=project.pk).count()
    return {"number": now.number, "names": list(now.names), "by": now.changed_by, "changes": changes}


def _order(of: tuple[str, int], name: str, moment: float) -> str:
    slug, base = of
    project, actor = Project.objects.get(slug=slug), User.objects.get(username=name)
    names = ORDERS[name][: 3 - base % 2]  # never the path that there is
    _wait(moment)
    return _heard(lambda: paths.change(project=project, names=names, base=base, actor=actor))


def _propose(of: tuple[str, int], name: str, moment: float) -> str:
    slug, base = of
    environment, author = _environment(slug), User.objects.get(username=name)
    protection = Protection(minimum_wait_minutes=1 + base + (1000 if name == "bob" else 0))
    _wait(moment)
    return _heard(
        lambda: protecting.propose_change(
            environment=environment, protection=protection, author=author, message="", base_number=base
        )
    )


def _settle(of: tuple[str, int], who: Callable[[str], str], act: Callable[..., Any], moment: float) -> str:
    slug, number = of
    revision = _environment(slug).protections.get(number=number)
    actor = User.objects.get(username=who(revision.author_text))
    _wait(moment)
    return _heard(lambda: act(revision=revision, actor=actor))


def _heard(act: Callable[[], Any]) -> str:
    """What somebody is told: done, or why not."""
    try:
        act()
    except (protecting.Refused, protecting.Conflict, paths.PathConflict) as refusal:
        return type(refusal).__name__
    return "done"


def _environment(slug: str) -> Environment:
    return Environment.objects.select_related("project").get(project__slug=slug)


def _wait(moment: float) -> None:
    connection.ensure_connection()
    time.sleep(max(0.0, moment - time.monotonic()))
