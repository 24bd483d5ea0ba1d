"""A plan in words."""

from __future__ import annotations

from dataclasses import replace

from deployments.engine.plan import Action, Change, Reason
from deployments.plan_reading import row


def test_a_replacement_says_which_of_the_two_comes_first() -> None:
    change = Change("shared", "Vpc", "AWS::EC2::VPC", Action.REPLACE, Reason.IMMUTABLE, replaced_as="Vpc.replaced")
    why = "a property changes that cannot be changed in place; "
    assert row(change).reason == (
        why + "the new one is created first, and the old one deleted when nothing uses it any more"
    )
    assert row(replace(change, replaced_as=None)).reason == (
        why + "the old one is deleted first, as both cannot exist at once"
    )
