"""What people do in a discussion: start a thread, answer, correct, take back, resolve; each is in the audit log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from deployments.auditing import audit
from deployments.discussing.markdown import mentioned
from deployments.discussing.models import Comment, Discussion, Mention, Thread
from deployments.errors import NotAllowed, OutOfDate, WorkflowError
from deployments.models import Deployment
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.access import role_in
from projects.audit.deeds import Deed
from projects.audit.writing import changed
from projects.models import Project, User
from projects.roles import Action, can

EDITABLE = timedelta(minutes=15)
A_MINUTE = timedelta(minutes=1)
COMMENTS_A_MINUTE = 30
MENTIONS = 20
"""People asked in one comment, at most."""


class TooMuch(WorkflowError):
    """More than one person says in a minute, or more people than one comment asks."""


def start(*, deployment: Deployment, about: str, actor: User, text: str, key: UUID) -> Comment:
    """A new thread about the plan or the resource of that logical id; `key` is the form's.

    Raises:
        OutOfDate: the plan has no such resource.
        TooMuch: with the sentence why; nothing was written.
    """
    if about and about not in _resources(deployment):
        raise OutOfDate(f"This plan has no resource {about}. Reload the page and choose one that it has.")
    with transaction.atomic():
        said = _said_before(actor, key)
        if said is not None:
            return said
        number = _next(deployment)
        thread = Thread.objects.create(
            deployment=deployment, logical_id=about, started=number, changed=number, started_by=actor
        )
        return _say(thread, actor, text, key)


def reply(*, thread: Thread, actor: User, text: str, key: UUID) -> Comment:
    """An answer; what the thread asked this person no longer waits for them.

    Raises:
        TooMuch: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        said = _said_before(actor, key)
        if said is not None:
            return said
        _touch(thread)
        _settle(thread, actor)
        return _say(thread, actor, text, key)


def edit(*, comment: Comment, actor: User, text: str) -> Comment:
    """Other words; the audit log keeps the former ones. Who was asked before is not told again.

    Raises:
        NotAllowed, OutOfDate, TooMuch: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        _touch(comment.thread)
        comment = _editable(comment, actor)
        before, comment.text = comment.text, text
        if before == text:
            return comment
        comment.edited_at = timezone.now()
        comment.save(update_fields=["text", "edited_at"])
        _write_down(Deed.COMMENT_EDITED, comment.thread, actor, **changed({"text": before}, {"text": text}))
        asked, were_asked = mentioned(text), mentioned(before)
        _waiting(comment).exclude(person__username__in=asked).update(settled_at=timezone.now())
        _ask(comment, actor, asked - were_asked)
        return comment


def delete(*, comment: Comment, actor: User) -> None:
    """Takes the words back; a mark stays, and the audit log keeps them.

    Raises:
        NotAllowed, OutOfDate: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        _touch(comment.thread)
        comment = _editable(comment, actor)
        _write_down(Deed.COMMENT_DELETED, comment.thread, actor, before={"text": comment.text})
        comment.text, comment.deleted_at = "", timezone.now()
        comment.save(update_fields=["text", "deleted_at"])
        _waiting(comment).update(settled_at=timezone.now())


def resolve(*, thread: Thread, actor: User) -> None:
    """There is nothing more to say; who proposes plans may say so, and who began the thread.

    Raises:
        NotAllowed: with the sentence why; nothing was written.
    """
    with transaction.atomic():
        thread = _touch(thread)
        _require_to_resolve(thread, actor)
        if thread.is_open:
            thread.resolved_at, thread.resolved_by_text = timezone.now(), actor.text
            thread.save(update_fields=["resolved_at", "resolved_by_text"])
            _settle(thread, actor)
            _write_down(Deed.THREAD_RESOLVED, thread, actor)


def reopen(*, thread: Thread, actor: User) -> None:
    """There is more to say after all; raises as `resolve`."""
    with transaction.atomic():
        thread = _touch(thread)
        _require_to_resolve(thread, actor)
        if not thread.is_open:
            thread.resolved_at, thread.resolved_by_text = None, ""
            thread.save(update_fields=["resolved_at", "resolved_by_text"])
            _write_down(Deed.THREAD_REOPENED, thread, actor)


def read(mention: Mention) -> None:
    """It no longer waits for whom it names."""
    Mention.objects.filter(pk=mention.pk, settled_at=None).update(settled_at=timezone.now())


def may_resolve(thread: Thread, actor: User, *, proposes: bool) -> bool:
    """Whether this person may resolve or reopen it; `proposes`: they may propose plans there."""
    return proposes or thread.started_by_id == actor.pk


def why_not_edit(comment: Comment, actor: User, *, answered: bool) -> str:
    """Why this person may not change or delete it, as a sentence; empty when they may."""
    if comment.author_id != actor.pk:
        return "Only who wrote a comment may change or delete it."
    if comment.deleted_at is not None:
        return "This comment was deleted."
    if answered:
        return "Somebody has answered this comment, so it stays as it is. Write another one."
    if timezone.now() - comment.created_at > EDITABLE:
        return "A comment can be changed or deleted for 15 minutes. Write another one."
    return ""


def answers_to(comment: Comment) -> bool:
    """Whether somebody else has said something in the thread since."""
    others = Comment.objects.filter(thread=comment.thread_id, pk__gt=comment.pk, deleted_at=None)
    return others.exclude(author=comment.author_id).exists()


def _resources(deployment: Deployment) -> Collection[str]:
    return {change.logical_id for change in deployment.plan.value().changes} if deployment.planned_at else ()


def _next(deployment: Deployment) -> int:
    """The number of the change that is being made; others wait until it is committed."""
    Discussion.objects.get_or_create(deployment=deployment)
    Discussion.objects.filter(deployment=deployment).update(number=F("number") + 1)
    return Discussion.objects.values_list("number", flat=True).get(deployment=deployment)


def _touch(thread: Thread) -> Thread:
    """The thread as it is now, with a change of its own; others wait until it is committed."""
    number = _next(thread.deployment)
    Thread.objects.filter(pk=thread.pk).update(changed=number)
    return Thread.objects.select_related("deployment__environment__project").get(pk=thread.pk)


def _said_before(actor: User, key: UUID) -> Comment | None:
    """What came with the same form before. A person's comments come one after another, so that they can be counted."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    said = Comment.objects.filter(author=actor, key=key).select_related("thread").first()
    if said is None:
        lately = Comment.objects.filter(author=actor, created_at__gt=timezone.now() - A_MINUTE).count()
        if lately >= COMMENTS_A_MINUTE:
            raise TooMuch(
                f"You have written {COMMENTS_A_MINUTE} comments within a minute. Wait a minute, then send this one."
            )
    return said


def _say(thread: Thread, actor: User, text: str, key: UUID) -> Comment:
    comment = Comment.objects.create(
        thread=thread, author=actor, author_text=actor.text, text=text, key=key, created_at=timezone.now()
    )
    _write_down(Deed.COMMENT_WRITTEN, thread, actor, text=text)
    _ask(comment, actor, mentioned(text))
    return comment


def _editable(comment: Comment, actor: User) -> Comment:
    """The comment as it is now, if this person may change it."""
    comment = Comment.objects.select_related("thread__deployment__environment__project").get(pk=comment.pk)
    refusal = why_not_edit(comment, actor, answered=answers_to(comment))
    if refusal:
        raise NotAllowed(refusal)
    return comment


def _require_to_resolve(thread: Thread, actor: User) -> None:
    environment = thread.deployment.environment
    role = role_in(environment.project_id, actor, environment)
    if not may_resolve(thread, actor, proposes=can(role, Action.PROPOSE)):
        raise NotAllowed("Who may propose plans here may resolve and reopen threads, and who started this one.")


def people(project: Project) -> QuerySet[User]:
    """Members who can be asked: people, not programs."""
    return User.objects.filter(memberships__project=project, is_active=True, service__isnull=True)


def _ask(comment: Comment, actor: User, names: Collection[str]) -> None:
    """Puts it into the inboxes of those named, and tells those who hear of it for the first time."""
    deployment = comment.thread.deployment
    environment = deployment.environment
    asked = list(people(environment.project).filter(username__in=names).exclude(pk=actor.pk)[: MENTIONS + 1])
    if len(asked) > MENTIONS:
        raise TooMuch(f"One comment can mention {MENTIONS} people. Take some of them out.")
    again = set(comment.mentions.values_list("person", flat=True))
    comment.mentions.filter(person__in=asked).update(settled_at=None)
    new = [person for person in asked if person.pk not in again]
    Mention.objects.bulk_create(Mention(comment=comment, person=person) for person in new)
    if new:
        tell(
            Occasion.MENTIONED,
            environment=environment,
            deployment=deployment,
            actor_text=actor.text,
            why=comment.text,
            named=new,
            path=address(comment),
        )


def address(comment: Comment) -> str:
    """The page of its thread, at this comment."""
    deployment = comment.thread.deployment
    place = [deployment.environment.project.slug, deployment.public_id, comment.thread_id]
    return f"{reverse('thread', args=place)}#comment-{comment.pk}"


def _settle(thread: Thread, person: User) -> None:
    """What the thread asked them is answered."""
    waiting = Mention.objects.filter(comment__thread=thread, person=person, settled_at=None)
    waiting.update(settled_at=timezone.now())


def _waiting(comment: Comment) -> QuerySet[Mention]:
    return comment.mentions.filter(settled_at=None)


def _write_down(deed: Deed, thread: Thread, actor: User, **detail: Any) -> None:
    audit(deed, thread.deployment, actor, thread=thread.pk, about=thread.logical_id or "the plan", **detail)
