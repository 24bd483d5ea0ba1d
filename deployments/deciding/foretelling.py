"""What an environment will ask of a plan that nobody has made yet, as far as it is known without one."""

from __future__ import annotations

from datetime import datetime

from deployments.deciding.facts import asks_upstream, before_on_path, debts_in
from deployments.holding.concerning import opens_to_deployers, said, standing_before
from deployments.models import Deployment
from deployments.releases import deployed_in
from projects import protecting
from projects.assigned import people_of
from projects.models import User
from projects.protection.deciding import Decision, decide
from projects.protection.facts import Facts, Held
from projects.roles import Action


def foretell(planned: Deployment, actor: User, now: datetime) -> Decision:
    """What the protection in force will say of an unsaved deployment that `actor` proposes `now`.

    How much its plan does, and what the checks before deploying find, is taken to be nothing to complain of.
    """
    environment = planned.environment
    asked = protecting.in_force(environment).protection
    known = Facts(
        plan_digest="",
        proposed_at=now,
        people=tuple(people_of(environment, Action.APPROVE)),
        proposers=frozenset([actor.pk]),
        editors=frozenset(filter(None, [planned.configuration.author_id])),
        promoted_from=planned.promoted_from,
        branches=frozenset(planned.source.branches) if planned.source and asked.branches else frozenset(),
        preflight=True,
        lint=True,
        deployed_in=deployed_in(environment.project_id, planned.configuration, planned.source)
        if asks_upstream(asked)
        else frozenset(),
        before_on_path=before_on_path(environment) if asked.upstream_of_path else None,
        debts=tuple(debts_in(environment)),
        holds=tuple(Held(said(hold), by_deployers=opens_to_deployers(hold)) for hold in standing_before(planned)),
    )
    return decide(asked, known, (), now)
