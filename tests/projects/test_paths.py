"""The path of promotions: its order, who changes it, and that a protection which goes by it holds it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects import paths, protecting
from projects.audit.models import AuditEntry
from projects.models import Environment, Project, User
from projects.paths import Path, PathConflict, PathRefused, path_of, usual_order
from tests.conftest import protect

NAMES = st.lists(st.sampled_from(["dev", "qa", "staging", "canary", "prod"]), unique=True)


@pytest.fixture
def staging(project: Project, account: str) -> Environment:
    """Between the two."""
    return Environment.objects.create(project=project, name="staging", account=account, region="us-east-1", position=2)


def change(project: Project, actor: User, names: str, base: int = 0) -> Path:
    return paths.change(project=project, names=names.split(), base=base, actor=actor)


@given(NAMES, st.sampled_from(["dev", "prod", "qa"]))
def test_before_and_after_are_each_others_reverse(names: list[str], name: str) -> None:
    path = Path(names=tuple(names))
    if name not in names:
        assert (path.before(name), path.after(name)) == (None, "")
    if following := path.after(name):
        assert path.before(following) == name
    if preceding := path.before(name):
        assert path.after(preceding) == name


@given(NAMES, st.permutations(["dev", "prod", "qa", "zoo"]))
def test_environments_follow_the_path_and_then_their_own_order(names: list[str], own: list[str]) -> None:
    environments = [Environment(pk=place, name=name, position=place) for place, name in enumerate(own)]
    ordered = [each.name for each in Path(names=tuple(names)).ordered(environments)]
    on_it = [name for name in names if name in own]
    assert ordered == on_it + [name for name in own if name not in names]


@pytest.mark.parametrize(
    ("names", "usual"),
    [
        (["prod", "dev", "staging"], ("dev", "staging", "prod")),
        (["live", "qa", "sandbox", "uat"], ("sandbox", "qa", "uat", "live")),
        (["prod-eu", "dev1", "eu"], ("dev1", "prod-eu")),
        (["pre-prod-test", "a"], ("pre-prod-test",)),
        (["eu", "us"], ()),
    ],
)
def test_names_say_in_which_order_they_probably_are(names: list[str], usual: tuple[str, ...]) -> None:
    assert usual_order(names) == usual


@pytest.mark.django_db
def test_an_owner_sets_it_and_it_is_written_down(
    project: Project, dev: Environment, prod: Environment, alice: User
) -> None:
    assert path_of(project) == Path()
    change(project, alice, "dev prod")
    now = path_of(project)
    assert (now.number, now.names, now.changed_by, now.words) == (1, ("dev", "prod"), "alice", "dev → prod")
    entry = AuditEntry.objects.get(deed="path.changed")
    assert entry.detail == {"before": [], "after": ["dev", "prod"]}


@pytest.mark.django_db
def test_setting_what_is_set_changes_nothing(project: Project, dev: Environment, alice: User) -> None:
    change(project, alice, "dev")
    assert change(project, alice, "dev", 1).number == 1
    assert AuditEntry.objects.filter(deed="path.changed").count() == 1


@pytest.mark.django_db
def test_of_two_owners_the_second_hears_of_the_first(
    project: Project, dev: Environment, prod: Environment, alice: User, ada: User
) -> None:
    change(project, ada, "dev prod")
    with pytest.raises(PathConflict, match="ada changed the path while you were editing: it is dev → prod now") as told:
        change(project, alice, "prod dev")
    assert path_of(project) == told.value.latest
    assert path_of(project).names == ("dev", "prod")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("names", "why"), [("dev nowhere", "nowhere is no environment"), ("dev dev", "only once"), ("prod prod", "once")]
)
def test_what_cannot_be_a_path_is_refused(
    project: Project, dev: Environment, prod: Environment, alice: User, names: str, why: str
) -> None:
    with pytest.raises(PathRefused, match=why):
        change(project, alice, names)
    assert path_of(project) == Path()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "names", ["staging prod", "dev prod staging", "dev staging", "prod dev staging", "dev prod", ""]
)
def test_one_owner_alone_does_not_change_what_comes_before_what_goes_by_the_path(
    project: Project, dev: Environment, staging: Environment, prod: Environment, alice: User, names: str
) -> None:
    change(project, alice, "dev staging prod")
    protect(prod, upstream_of_path=True)
    if names == "staging prod":
        assert change(project, alice, names, 1).names == ("staging", "prod"), "prod sees no difference"
        return
    with pytest.raises(PathRefused, match="prod only takes what succeeded before it on the path"):
        change(project, alice, names, 1)
    assert path_of(project).number == 1


@pytest.mark.django_db
def test_it_follows_a_protection_that_names_environments_instead(
    project: Project, dev: Environment, prod: Environment, alice: User
) -> None:
    change(project, alice, "dev prod")
    protect(prod, upstream_of_path=True)
    protect(prod, upstream=("dev",))
    assert change(project, alice, "prod dev", 1).number == 2
    assert protecting.in_force(prod).protection.upstream == ("dev",)
