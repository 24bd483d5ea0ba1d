"""What a token may: never more than its owner, only what it was made for, and never to approve."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404

from projects.access import access_to
from projects.models import Project, User
from projects.roles import FOR_TOKENS, TABLE, Action, Role, Scope, can

EVERYTHING = Scope(frozenset(Action))


def test_a_scope_narrows_and_never_adds() -> None:
    scopes = [Scope(frozenset(each)) for each in chain.from_iterable(combinations(FOR_TOKENS, n) for n in range(6))]
    for scope in [*scopes, EVERYTHING]:
        for role in Role:
            allowed = {action for action in Action if can(role, action, scope)}
            assert allowed <= TABLE[role] & FOR_TOKENS
            assert allowed <= scope.actions | {Action.VIEW}


def test_no_token_can_do_what_is_for_people() -> None:
    for action in set(Action) - FOR_TOKENS:
        assert not any(can(role, action, EVERYTHING) for role in Role)
    assert Action.APPROVE not in FOR_TOKENS and Action.MANAGE_MEMBERS not in FOR_TOKENS


def test_a_scope_covers_what_it_names() -> None:
    assert Scope(frozenset()).covers("a", "dev")
    narrow = Scope(frozenset(), "a", "dev")
    assert narrow.covers("a") and narrow.covers("a", "dev")
    assert not narrow.covers("b") and not narrow.covers("b", "dev") and not narrow.covers("a", "prod")


@pytest.mark.django_db
def test_access_goes_through_the_scope(project: Project, alice: User) -> None:
    alice.scope = EVERYTHING
    with pytest.raises(PermissionDenied, match="token can never"):
        access_to(alice, project.slug, Action.APPROVE)
    alice.scope = Scope(frozenset({Action.PROPOSE}))
    assert access_to(alice, project.slug, Action.PROPOSE).role is Role.OWNER
    with pytest.raises(PermissionDenied, match="not made for that"):
        access_to(alice, project.slug, Action.RUN)
    alice.scope = Scope(frozenset(), project="another")
    with pytest.raises(Http404):
        access_to(alice, project.slug)
    assert User.objects.get(pk=alice.pk).scope is None, "a scope belongs to one request"
