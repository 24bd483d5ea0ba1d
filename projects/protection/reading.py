"""JSON -> protection, or every mistake in it with its place; what order says nothing of is sorted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from projects.configuration.problems import shown
from projects.protection.fields import MOST, Fields, Mistake
from projects.protection.freeze_reading import MOST_MINUTES, read_freezes
from projects.protection.model import FORMAT, Budget, Protection, Requirement
from projects.roles import TABLE, Action, Role

MOST_APPROVALS = 20
MOST_HOURS = 24 * 366

APPROVERS = tuple(role for role in Role if Action.APPROVE in TABLE[role])
"""The roles that can be asked for."""


class Unreadable(ValueError):
    """It is no protection; `mistakes` has at least one."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))


def read(data: Any) -> Protection:
    """The protection that parsed JSON describes; what is left out is as in `Protection()`.

    Raises:
        Unreadable: naming every mistake and its place.
    """
    reader = _Reader()
    protection = reader.protection(data)
    if reader.mistakes:
        raise Unreadable(reader.mistakes)
    return protection


def read_json(text: str) -> Protection:
    """The same of JSON text.

    Raises:
        Unreadable: also where it is no JSON.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable([Mistake("", f"this is no JSON: {error}")]) from None
    return read(data)


class _Reader(Fields):
    def protection(self, data: Any) -> Protection:
        known = Protection().as_dict()
        given = self.mapping(data, "", known)
        if given.get("format", FORMAT) != FORMAT:
            self.wrong("format", f"only {shown(FORMAT)} is known here")
        approvals = self.entries(given, "approvals", "", self._requirement)
        if sum(requirement.count for requirement in approvals) > MOST_APPROVALS:
            self.wrong("approvals", f"at most {MOST_APPROVALS} people can be asked for, all requirements together")
        return Protection(
            approvals=tuple(sorted(approvals, key=_canonical)),
            proposer_may_approve=self.flag(given, "proposerMayApprove"),
            editor_may_approve=self.flag(given, "editorMayApprove"),
            comment_required=self.flag(given, "commentRequired"),
            fresh_factor=self.flag(given, "freshFactor"),
            approvals_expire_hours=self.number(given, "approvalsExpireHours", "", 1, MOST_HOURS),
            minimum_wait_minutes=self.number(given, "minimumWaitMinutes", "", 0, MOST_MINUTES) or 0,
            budget=self._budget(given.get("budget")),
            freezes=read_freezes(self, given),
            promoted_from=self.names(given, "promotedFrom", ""),
            branches=self.names(given, "branches", ""),
            preflight=self.flag(given, "preflight"),
            lint=self.flag(given, "lint"),
            upstream=self.names(given, "upstream", ""),
            upstream_of_path=self.flag(given, "upstreamOfPath"),
        )

    def _requirement(self, data: Any, place: str) -> Requirement:
        given = self.mapping(data, place, Requirement().as_dict())
        return Requirement(
            count=self.number(given, "count", place, 1, MOST_APPROVALS) or 1,
            people=self.names(given, "people", place),
            groups=self.names(given, "groups", place),
            roles=self.choices(given, "roles", place, APPROVERS),
        )

    def _budget(self, data: Any) -> Budget:
        given = self.mapping({} if data is None else data, "budget", Budget().as_dict())
        more = self.number(given, "moreApprovals", "budget", 1, MOST_APPROVALS)
        return Budget(
            deletes=self.number(given, "deletes", "budget", 0, MOST),
            replaced_stateful=self.number(given, "replacedStateful", "budget", 0, MOST),
            monthly_increase_usd=self.amount(given, "monthlyIncreaseUsd", "budget"),
            new_permissions=self.number(given, "newPermissions", "budget", 0, MOST),
            resources=self.number(given, "resources", "budget", 0, MOST),
            more_approvals=1 if more is None else more,
            refuses=self.flag(given, "refuses", "budget"),
        )


def _canonical(requirement: Requirement) -> str:
    return json.dumps(requirement.as_dict(), sort_keys=True)
