"""A discussion as one person sees it: a page of threads, one thread, or what changed since a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.safestring import SafeString

from deployments.discussing.discussing import may_resolve, people, why_not_edit
from deployments.discussing.forms import CommentForm
from deployments.discussing.markdown import mentioned, render
from deployments.discussing.models import Comment, Discussion, Thread
from deployments.models import Deployment
from projects.access import Access
from projects.roles import Action

THREADS = 50
"""On one page, the newest."""
COMMENTS = 20
"""Of each thread on a page of threads, the newest; the thread's own page shows `ALL_COMMENTS`."""
ALL_COMMENTS = 300


@dataclass(frozen=True, slots=True)
class Tally:
    """How many threads there are."""

    total: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class Tallies:
    """The threads of a deployment, counted: all, and by the resource they are about (empty: the plan)."""

    by_resource: Mapping[str, Tally]

    @property
    def total(self) -> int:
        """All threads."""
        return sum(each.total for each in self.by_resource.values())

    @property
    def open(self) -> int:
        """Those that nobody has resolved."""
        return sum(each.open for each in self.by_resource.values())

    def about(self, logical_id: str) -> Tally:
        """Those about one resource."""
        return self.by_resource.get(logical_id, Tally())


@dataclass(frozen=True, slots=True)
class Said:
    """One comment, rendered."""

    comment: Comment
    html: SafeString
    may_edit: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One thread: its newest comments, how many come before them, and the form for an answer."""

    thread: Thread
    said: tuple[Said, ...]
    earlier: int
    may_resolve: bool
    form: CommentForm


@dataclass(frozen=True, slots=True)
class Window:
    """Which threads an open page shows: about one resource, one thread alone, or from the key `first` on."""

    about: str = ""
    only: int | None = None
    first: int = 0

    def of(self, deployment: Deployment) -> QuerySet[Thread]:
        """Those threads."""
        rows = Thread.objects.filter(deployment=deployment, pk__gte=self.first)
        if self.about:
            rows = rows.filter(logical_id=self.about)
        return rows if self.only is None else rows.filter(pk=self.only)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of threads, oldest first; `more` is the key before which the earlier ones are, None if there are none."""

    number: int
    window: Window
    threads: tuple[Shown, ...]
    more: int | None
    newest: bool


@dataclass(frozen=True, slots=True)
class News:
    """What a page that shows change `after` lacks."""

    after: int
    number: int
    changed: tuple[Shown, ...]
    new: tuple[Shown, ...]

    @property
    def abouts(self) -> tuple[str, ...]:
        """The resources these threads are about, each once."""
        return tuple(dict.fromkeys(each.thread.logical_id for each in (*self.changed, *self.new)))


def tallies(deployment: Deployment) -> Tallies:
    """The threads counted, in one query."""
    rows = Thread.objects.filter(deployment=deployment).order_by().values_list("logical_id")
    counted = rows.annotate(total=Count("pk"), unresolved=Count("pk", filter=Q(resolved_at=None)))
    return Tallies({about: Tally(total, unresolved) for about, total, unresolved in counted})


def page(access: Access, deployment: Deployment, *, about: str = "", before: int | None = None) -> Page:
    """The newest threads, or those before a key."""
    number = _number(deployment)  # first: what comes while the threads are read is then shown again, not lost
    rows = Window(about).of(deployment)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(_with_comments(rows, COMMENTS).order_by("-pk")[: THREADS + 1])
    shown = found[THREADS - 1 :: -1]
    more = shown[0].pk if len(found) > THREADS else None
    return Page(number, Window(about, first=more or 0), _shown(access, shown), more, before is None)


def alone(access: Access, thread: Thread) -> Page:
    """One thread with all that was said in it."""
    number = _number(thread.deployment)
    window = Window(only=thread.pk)
    rows = _with_comments(window.of(thread.deployment), ALL_COMMENTS)
    return Page(number, window, _shown(access, rows), None, True)


def news(access: Access, deployment: Deployment, window: Window, *, after: int) -> News | None:
    """The threads of the window that changed behind that number, whole; None when nothing did."""
    number = _number(deployment)
    if number <= after:
        return None
    comments = COMMENTS if window.only is None else ALL_COMMENTS
    rows = _with_comments(window.of(deployment).filter(changed__gt=after), comments).order_by("pk")[:THREADS]
    shown = _shown(access, rows)
    return News(
        after=after,
        number=number,
        changed=tuple(each for each in shown if each.thread.started <= after),
        new=tuple(each for each in shown if each.thread.started > after),
    )


def _number(deployment: Deployment) -> int:
    return Discussion.objects.filter(deployment=deployment).values_list("number", flat=True).first() or 0


def _with_comments(rows: QuerySet[Thread], at_most: int) -> QuerySet[Thread]:
    newest = Comment.objects.order_by("-pk")[:at_most]
    return rows.annotate(comments_total=Count("comments")).prefetch_related(
        Prefetch("comments", newest, to_attr="newest")
    )


def _shown(access: Access, threads: Iterable[Thread]) -> tuple[Shown, ...]:
    rows = list(threads)
    named = {name for thread in rows for comment in _newest(thread) for name in mentioned(comment.text)}
    known = people(access.project).filter(username__in=named).values_list("username", flat=True)
    members = frozenset(known) if named else frozenset()
    return tuple(_one(access, thread, members) for thread in rows)


def _one(access: Access, thread: Thread, members: frozenset[str]) -> Shown:
    said: list[Said] = []
    answered = False
    discusses = access.can(Action.DISCUSS)
    for comment in _newest(thread):
        html = render(comment.text, members & mentioned(comment.text))
        may_edit = discusses and not why_not_edit(comment, access.user, answered=answered)
        said.append(Said(comment, html, may_edit))
        answered = answered or (comment.author_id != access.user.pk and comment.deleted_at is None)
    total: int = getattr(thread, "comments_total", 0)
    return Shown(
        thread=thread,
        said=tuple(reversed(said)),
        earlier=total - len(said),
        may_resolve=discusses and may_resolve(thread, access.user, proposes=access.can(Action.PROPOSE)),
        form=CommentForm.empty(thread),
    )


def _newest(thread: Thread) -> list[Comment]:
    """Its comments as `_with_comments` fetched them, newest first."""
    newest: list[Comment] = getattr(thread, "newest", [])
    return newest
