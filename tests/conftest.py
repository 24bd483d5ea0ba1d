"""What every test may ask for: the cast, a project of theirs, and a sandbox that behaves as AWS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from projects import protecting
from projects.models import Environment, Membership, Project, User
from projects.protection.model import Protection, Requirement
from projects.roles import Role
from strandsweb.sandbox.starter import Sandbox, start

# The same examples every time, so that a red build stays red; `EXAMPLES=5000 pytest tests/engine` looks for new ones.
settings.register_profile("same", max_examples=20, derandomize=True, deadline=None, database=None)
settings.register_profile("search", max_examples=int(os.environ.get("EXAMPLES", "20")), deadline=None, print_blob=True)
settings.load_profile("search" if "EXAMPLES" in os.environ else "same")

SAMPLE = Path(__file__).parent.parent / "samples" / "support-desk"


def person(username: str) -> User:
    """An account of that name, whose password is the name."""
    return User.objects.create_user(username=username, password=username)


@pytest.fixture
def alice(db: None) -> User:
    """Owns the project."""
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """Deploys."""
    return person("bob")


@pytest.fixture
def ada(db: None) -> User:
    """Approves."""
    return person("ada")


@pytest.fixture
def vera(db: None) -> User:
    """Views."""
    return person("vera")


@pytest.fixture
def mallory(db: None) -> User:
    """Is outside."""
    return person("mallory")


@pytest.fixture
def project(alice: User, bob: User, ada: User, vera: User, mallory: User) -> Project:
    """The sample's project with everybody but Mallory in it."""
    project = Project.objects.create(slug="support-desk")
    for user, role in ((alice, Role.OWNER), (bob, Role.DEPLOYER), (ada, Role.APPROVER), (vera, Role.VIEWER)):
        Membership.objects.create(project=project, user=user, role=role)
    return project


_accounts = count(100000000001)


@pytest.fixture
def account() -> str:
    """An AWS account that no other test has touched."""
    return str(next(_accounts))


@pytest.fixture
def dev(project: Project, account: str) -> Environment:
    """An environment anybody may deploy to who may deploy."""
    return Environment.objects.create(project=project, name="dev", account=account, region="us-east-1")


@pytest.fixture
def prod(project: Project, account: str) -> Environment:
    """A protected environment, which asks for one approval by somebody else than who proposed."""
    prod = Environment.objects.create(project=project, name="prod", account=account, region="us-east-1", position=1)
    protect(prod)
    return prod


def protect(environment: Environment, approvals: int = 1, **more: Any) -> None:
    """Puts a protection in force that asks for so many approvals, and for `more`; editors may give them."""
    asked = {"approvals": (Requirement(approvals),) if approvals else (), "editor_may_approve": bool(approvals)} | more
    protecting.put_in_force(environment=environment, protection=Protection(**asked), author=None)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox process for the whole session; tests keep apart by account."""
    with start(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox
