"""Discussions on pages: every address works by plain GET, POST and redirect; htmx gets the piece it shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deployments.discussing import discussing, reading
from deployments.discussing.bell import ring
from deployments.discussing.forms import CommentForm, EditForm, NewThreadForm, ids
from deployments.discussing.models import Comment, Mention, Thread
from deployments.errors import WorkflowError
from deployments.models import Deployment
from deployments.views.deployments import opened
from projects.access import Access
from projects.models import User
from projects.pages import page, wants_fragment
from projects.roles import Action

PEOPLE = 8
TEMPLATE = "deployments/discussion.html"


@require_http_methods(["GET", "HEAD", "POST"])
def discussion(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The threads of a plan, or those about one of its resources; a POST begins one."""
    if request.method != "POST":
        access, found = opened(request, slug, public_id)
        about = _text(request.GET, "about")
        return page(request, TEMPLATE, _threads(request, access, found, about), fragment="discussion")
    access, found = opened(request, slug, public_id, Action.DISCUSS)
    form = NewThreadForm(request.POST, auto_id=ids(None))
    said = None
    if form.is_valid():
        words = form.cleaned_data
        try:
            said = discussing.start(
                deployment=found, about=words["about"], actor=access.user, text=words["text"], key=words["key"]
            )
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
    about = _text(request.POST, "about")
    if said is not None:
        return _done(request, access, found, said, NewThreadForm.starting(about))
    context = _threads(request, access, found, about) | {"new_form": form}
    return _again(request, TEMPLATE, context, form)


@require_GET
def news(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """What a page that shows change number `after` lacks, as pieces for their places; nothing when it lacks nothing."""
    access, found = opened(request, slug, public_id)
    window = reading.Window(
        about=_text(request.GET, "about"),
        only=_key(request, "only"),
        first=_key(request, "first") or 0,
    )
    told = reading.news(access, found, window, after=_key(request, "after") or 0)
    if told is None:
        return HttpResponse(status=204)
    context = _context(access, found) | {
        "news": told,
        "window": window,
        "rows": "rows" in request.GET,
        "beside": "beside" in request.GET,
    }
    return render(request, f"{TEMPLATE}#news", context)


@require_GET
def people(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Members whose name begins so, for the list under a comment that is being written."""
    access, _ = opened(request, slug, public_id, Action.DISCUSS)
    typed = _text(request.GET, "q")
    begins = Q(username__istartswith=typed) | Q(first_name__istartswith=typed) | Q(last_name__istartswith=typed)
    found = discussing.people(access.project).filter(begins).order_by("username")[:PEOPLE]
    return render(request, f"{TEMPLATE}#people", {"people": found})


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, slug: str, public_id: str, thread: int) -> HttpResponse:
    """One thread, to which links in mails lead; a POST answers in it."""
    if request.method != "POST":
        access, found = opened(request, slug, public_id)
        return page(request, "deployments/discussion_thread.html", _alone(access, found, _thread(found, thread)))
    access, found = opened(request, slug, public_id, Action.DISCUSS)
    row = _thread(found, thread)
    form = CommentForm(request.POST, auto_id=ids(row))
    if form.is_valid():
        try:
            said = discussing.reply(thread=row, actor=access.user, **form.cleaned_data)
        except WorkflowError as refusal:
            form.add_error(None, str(refusal))
        else:
            return _done(request, access, found, said, CommentForm.empty(row))
    context = _alone(access, found, row) | {"thread": row, "answer_form": form}
    return _again(request, "deployments/discussion_thread.html", context, form)


@require_POST
def resolve(request: HttpRequest, slug: str, public_id: str, thread: int) -> HttpResponse:
    """Says that a thread is settled."""
    return _settle(request, slug, public_id, thread, discussing.resolve)


@require_POST
def reopen(request: HttpRequest, slug: str, public_id: str, thread: int) -> HttpResponse:
    """Says that it is not."""
    return _settle(request, slug, public_id, thread, discussing.reopen)


@require_http_methods(["GET", "HEAD", "POST"])
def comment(request: HttpRequest, slug: str, public_id: str, thread: int, comment: int) -> HttpResponse:
    """A page of its own to change one's comment, so that news never take from somebody what they are typing."""
    access, found = opened(request, slug, public_id, Action.DISCUSS)
    row = _comment(found, thread, comment)
    refusal = discussing.why_not_edit(row, access.user, answered=discussing.answers_to(row))
    form = EditForm(request.POST if request.method == "POST" else None, initial={"text": row.text})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                discussing.edit(comment=row, actor=access.user, text=form.cleaned_data["text"])
            except WorkflowError as refused:
                form.add_error(None, str(refused))
                status = 409
            else:
                ring(found)
                return redirect(discussing.address(row))
    elif refusal:
        messages.error(request, refusal)
        return redirect(discussing.address(row))
    context = _context(access, found) | {"comment": row, "form": form}
    return page(request, "deployments/discussion_comment.html", context, status=status)


@require_POST
def delete(request: HttpRequest, slug: str, public_id: str, thread: int, comment: int) -> HttpResponse:
    """Takes one's comment back."""
    access, found = opened(request, slug, public_id, Action.DISCUSS)
    row = _comment(found, thread, comment)
    try:
        discussing.delete(comment=row, actor=access.user)
    except WorkflowError as refusal:
        messages.error(request, str(refusal))
    else:
        ring(found)
    return redirect(discussing.address(row))


@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a mention out of one's inbox."""
    assert isinstance(request.user, User)
    discussing.read(get_object_or_404(Mention, pk=pk, person=request.user))
    return redirect("inbox")


def _settle(request: HttpRequest, slug: str, public_id: str, thread: int, act: Any) -> HttpResponse:
    access, found = opened(request, slug, public_id, Action.DISCUSS)
    row = _thread(found, thread)
    refusal = ""
    try:
        act(thread=row, actor=access.user)
    except WorkflowError as refused:
        refusal = str(refused)
    else:
        ring(found)
    if wants_fragment(request):
        context = _context(access, found) | {"refusal": refusal, "rings": True}
        return render(request, f"{TEMPLATE}#settled", context, status=409 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    return redirect("thread", slug, public_id, row.pk)


def _done(request: HttpRequest, access: Access, found: Deployment, said: Comment, form: CommentForm) -> HttpResponse:
    """What was said is kept: to its page, or an empty form and a bell, by which the page asks for the rest."""
    ring(found)
    if not wants_fragment(request):
        return redirect(discussing.address(said))
    context = _context(access, found) | {"form": form, "rings": True}
    if not isinstance(form, NewThreadForm):
        context["thread"] = said.thread
    return render(request, f"{TEMPLATE}#sent", context)


def _again(request: HttpRequest, template: str, context: dict[str, Any], form: CommentForm) -> HttpResponse:
    """The form with what was typed, and why it was not kept."""
    status = 409 if form.non_field_errors() else 422
    if wants_fragment(request):
        return render(request, f"{TEMPLATE}#form", context | {"form": form}, status=status)
    return render(request, template, context, status=status)


def _context(access: Access, found: Deployment) -> dict[str, Any]:
    return {
        "access": access,
        "project": access.project,
        "tab": "deployments",
        "deployment": found,
        "tallies": reading.tallies(found),
    }


def _threads(request: HttpRequest, access: Access, found: Deployment, about: str) -> dict[str, Any]:
    shown = reading.page(access, found, about=about, before=_key(request, "before"))
    return _context(access, found) | {"discussion": shown, "new_form": NewThreadForm.starting(about)}


def _alone(access: Access, found: Deployment, row: Thread) -> dict[str, Any]:
    return _context(access, found) | {"discussion": reading.alone(access, row)}


def _thread(found: Deployment, pk: int) -> Thread:
    return get_object_or_404(Thread.objects.select_related("deployment__environment__project"), deployment=found, pk=pk)


def _comment(found: Deployment, thread: int, pk: int) -> Comment:
    rows = Comment.objects.select_related("thread__deployment__environment__project")
    return get_object_or_404(rows, thread=thread, thread__deployment=found, pk=pk)


def _text(sent: QueryDict, name: str) -> str:
    """What was sent, as far as a name can be so long; no database takes a NUL in a text."""
    return sent.get(name, "")[:255].replace("\0", "")


def _key(request: HttpRequest, name: str) -> int | None:
    typed = request.GET.get(name, "")
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else None
