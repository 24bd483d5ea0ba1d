"""Parts of a plan: what was chosen and what it needs, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.engine.errors import NotPlannable
from deployments.engine.plan import Action, Change, Plan, PlanKind, PropertyChange, Reason, Subject
from deployments.engine.resources import Resource
from deployments.engine.state import State, StateResource
from deployments.engine.steps import steps_of
from deployments.engine.targeting import narrowed
from deployments.engine.undoing import created_by, to_undo

C, U, R, D, N, T = (
    Action.CREATE,
    Action.UPDATE,
    Action.REPLACE,
    Action.DELETE,
    Action.NO_CHANGE,
    Action.IMPORT,
)
SUBJECT = Subject(PlanKind.DEPLOY, "p", "dev", "1" * 12, "us-east-1", 0, "", "", 1, "", "")


def change(name: str, action: Action, needs: str = "", used: str = "", stack: str = "s") -> Change:
    """A change of the resource `name`, which needs others and used others so far (letters)."""
    return Change(
        stack=stack,
        logical_id=name,
        type="T",
        action=action,
        reason=Reason.RETAINED if action is N else Reason.CONFIGURATION,
        properties=(PropertyChange("P", 1, 2),),
        data_loss=action is D,
        notes=("note",),
        cost_before=1.0,
        cost_after=2.0,
        target=None if action is D else Resource(stack, name, "T", {}),
        dependencies=tuple(needs),
        used=tuple(used),
    )


def test_what_is_chosen_brings_the_policy_that_guards_it() -> None:
    queue, topic = replace(change("q", C), type="Queue"), change("t", C)
    policy = replace(change("p", C, "qt"), type="QueuePolicy")
    other = replace(change("o", C, "q"), type="TopicPolicy")
    assert {each.logical_id for each in narrowed([queue, topic, policy, other], ["q"])} == {"q", "p", "t"}


@pytest.mark.parametrize(
    ("changes", "targets", "touched", "in_plan"),
    [
        ([change("a", C), change("b", C)], ["b"], "b", "b"),
        ([change("a", C), change("b", C, "a"), change("c", C, "b")], ["b"], "ab", "ab"),
        ([change("a", U), change("b", U, "a"), change("c", U)], ["b"], "ab", "abc"),
        ([change("a", N), change("b", C, "a"), change("c", N)], ["b"], "b", "abc"),
        ([change("a", R), change("b", U, "a", "a"), change("c", U)], ["a"], "ab", "abc"),
        ([change("b", U, "", "a"), change("c", U), change("a", D)], ["a"], "ab", "bca"),
        ([change("b", D, "a"), change("a", D)], ["a"], "ab", "ba"),
        ([change("b", D, "a"), change("a", D)], ["b"], "b", "ba"),
        ([change("a", T), change("b", D)], ["b"], "b", "b"),
        ([change("a", C, stack="x"), change("b", C, stack="x"), change("c", C)], ["x"], "ab", "ab"),
        ([change("a", U), change("b", U), change("c", U)], ["a", "c"], "ac", "abc"),
    ],
)
def test_a_choice_brings_what_it_needs_and_leaves_the_rest(
    changes: list[Change], targets: list[str], touched: str, in_plan: str
) -> None:
    found = narrowed(changes, targets)
    assert "".join(each.logical_id for each in found) == in_plan
    assert {each.logical_id for each in found if each.action is not N} == set(touched)
    steps_of(Plan(SUBJECT, found))  # can be put in order


def test_what_is_left_out_says_so_and_is_not_written_into_the_state() -> None:
    chosen, left, kept = narrowed([change("a", U), change("b", D), change("c", N)], ["a"])
    assert chosen == change("a", U)
    assert (left.action, left.reason, left.target, left.properties, left.notes) == (N, Reason.NOT_CHOSEN, None, (), ())
    assert (left.data_loss, left.cost_after) == (False, 1.0)
    assert (kept.reason, kept.target) == (Reason.RETAINED, None)


def test_an_unknown_target_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotPlannable, match=r"no resource Tabel here. Did you mean Table\?"):
        narrowed([change("Table", C)], ["Tabel"])
    with pytest.raises(NotPlannable, match=r"no resource zzz here\.$"):
        narrowed([change("Table", C)], ["zzz"])


def recorded(name: str, needs: str = "", retain: bool = False) -> StateResource:
    return StateResource("s", name, "T", name, {}, dependencies=tuple(needs), retain=retain)


def test_created_is_what_was_not_there_before() -> None:
    plan = Plan(SUBJECT, (change("a", C), change("b", R), change("c", C), change("d", T), change("e", U)))
    assert created_by(plan, {"create:a", "create:b", "delete:b", "import:d", "update:e"}) == {"a"}


@pytest.mark.parametrize(
    ("resources", "created", "going"),
    [
        ([recorded("a"), recorded("b", "a")], "ab", "ab"),
        ([recorded("a"), recorded("b", "a")], "a", ""),
        ([recorded("a"), recorded("b", "a"), recorded("c", "b")], "ab", ""),
        ([recorded("a"), recorded("b", "a", retain=True)], "ab", ""),
        ([recorded("a"), recorded("b")], "bx", "b"),
    ],
)
def test_what_stays_keeps_what_it_needs(resources: list[StateResource], created: str, going: str) -> None:
    state = State(1, "l", "dev", "us-east-1", "1" * 12).with_resources(resources)
    assert to_undo(state, set(created)) == set(going)
