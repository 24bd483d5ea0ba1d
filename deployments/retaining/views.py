"""Pages about how long records stay: an environment's policy and what it does, tags, and legal holds."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from deployments.retaining.forms import HoldForm, LiftForm, PolicyForm
from deployments.retaining.needed import needed
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from history import index
from history.annotating import CannotSay, environment_holds, say
from history.annotation import Says
from history.chain import ChainBroken
from history.expiring import policy_of, verdicts
from history.models import Annotation, Record, RetentionPolicy
from history.retention import Policy, differences
from history.store import StoreError
from history.views import opened
from projects import protecting
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import changed
from projects.audit.writing import write as audit
from projects.models import Environment, User
from projects.pages import page
from projects.roles import Action

SHOWN = 100
"""Records and tombstones of one list; a policy concerns more than anybody reads."""
DEEDS = {
    Says.TAG: Deed.RECORD_TAGGED,
    Says.UNTAG: Deed.RECORD_UNTAGGED,
    Says.HOLD: Deed.LEGAL_HOLD_PLACED,
    Says.UNHOLD: Deed.LEGAL_HOLD_LIFTED,
    Says.HOLD_ALL: Deed.LEGAL_HOLD_PLACED,
    Says.UNHOLD_ALL: Deed.LEGAL_HOLD_LIFTED,
}


@require_http_methods(["GET", "POST"])
def retention(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The policy, what it does, and what it did; an owner reviews another one, and then puts it in force."""
    access = access_to(request.user, slug, Action.VIEW, name)
    policy = policy_of(access.place) or Policy()
    if request.method == "GET":
        return _page(request, access, policy, PolicyForm.starting(policy))
    access.require(Action.MANAGE_ENVIRONMENTS)
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return _page(request, access, policy, form, status=422)
    wanted = form.policy()
    going = _going(access.place, wanted)
    agreed = request.POST.get("agreed", "")
    enough = agreed.isdecimal() and len(agreed) < 10 and len(going) <= int(agreed)
    if request.POST.get("do") != "save" or not (enough or not going):
        return _page(request, access, wanted, form, reviewed=differences(policy, wanted))
    with transaction.atomic():
        row = RetentionPolicy.objects.select_for_update().filter(environment=access.place).first()
        before = row.value() if row else Policy()
        RetentionPolicy.objects.update_or_create(
            environment=access.place,
            defaults={
                "keep_last": wanted.keep_last,
                "succeeded_days": wanted.succeeded_days,
                "failed_days": wanted.failed_days,
                "changed_by_text": access.user.text,
                "changed_at": timezone.now(),
            },
        )
        if detail := changed(before.as_dict(), wanted.as_dict()):
            audit(Deed.RETENTION_CHANGED, actor=access.user, environment=access.place, detail=detail)
    messages.success(request, "The policy is in force. What is to go goes once a day.")
    return redirect("retention", slug, name)


@require_POST
def environment_hold(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Holds every record there is of an environment."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    newest = index.last(slug, name)
    if newest is None:
        messages.error(request, "Nothing was recorded here yet; there is nothing to hold.")
    else:
        _hold(request, access, newest, Says.HOLD_ALL)
    return redirect("retention", slug, name)


@require_POST
def environment_lift(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Lifts a hold on every record."""
    access = access_to(request.user, slug, Action.MANAGE_ENVIRONMENTS, name)
    held = environment_holds(slug, name)
    wanted = request.POST.get("name", "")
    said_of = next((each.deployment_id for each in held if each.value == wanted), None)
    record = Record.objects.filter(deployment_id=said_of).first() or index.last(slug, name)
    if record is None:
        raise Http404("Nothing was recorded here yet.")
    _lift(request, access, record, Says.UNHOLD_ALL)
    return redirect("retention", slug, name)


@require_POST
def record_tag(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Tags a record, or removes a tag."""
    access, record = opened(request, slug, deployment_id)
    access.require(Action.PROPOSE)
    says = Says.UNTAG if request.POST.get("do") == "remove" else Says.TAG
    name = request.POST.get("name", "").strip()[:100]
    if _said(request, access, record, says, name):
        messages.success(request, f"The record is {'no longer ' if says is Says.UNTAG else ''}tagged {name}.")
    return redirect("record", slug, deployment_id)


@require_POST
def record_hold(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Holds a record."""
    access, record = opened(request, slug, deployment_id)
    access.require(Action.MANAGE_ENVIRONMENTS)
    _hold(request, access, record, Says.HOLD)
    return redirect("record", slug, deployment_id)


@require_POST
def record_lift(request: HttpRequest, slug: str, deployment_id: str) -> HttpResponse:
    """Lifts a hold on a record."""
    access, record = opened(request, slug, deployment_id)
    access.require(Action.MANAGE_ENVIRONMENTS)
    _lift(request, access, record, Says.UNHOLD)
    return redirect("record", slug, deployment_id)


def _page(
    request: HttpRequest,
    access: Access,
    policy: Policy,
    form: PolicyForm,
    *,
    reviewed: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with what `policy` would do now; `reviewed` are the differences to what is in force."""
    place = access.place
    names = place.project.slug, place.name
    found = verdicts(place, policy, needed(place), timezone.now())
    going = [each for each in found if each.goes]
    staying = [each for each in found if not each.goes]
    tombstones = Annotation.objects.of_environment(*names).filter(says=Says.EXPIRED).order_by("-number")
    context: dict[str, Any] = {
        "access": access,
        "tab": "history",
        "environment": place,
        "in_force": RetentionPolicy.objects.filter(environment=place).first(),
        "policy": policy,
        "form": form,
        "reviewed": reviewed,
        "going": going[:SHOWN],
        "going_count": len(going),
        "staying": staying[:SHOWN],
        "staying_count": len(staying),
        "tombstones": tombstones[:SHOWN],
        "tombstone_count": tombstones.count(),
        "holds": environment_holds(*names),
        "held_records": Record.objects.of_environment(place).exclude(holds=[]),
        "hold_form": HoldForm(auto_id="hold_%s"),
    }
    return page(request, "history/retention.html", context, status=status)


def _going(place: Environment, policy: Policy) -> list[str]:
    found = verdicts(place, policy, needed(place), timezone.now())
    return [each.record.deployment_id for each in found if each.goes]


def _hold(request: HttpRequest, access: Access, record: Record, says: Says) -> None:
    form = HoldForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A hold needs a name and a reason: " + _first(form))
        return
    said = form.cleaned_data
    if _said(request, access, record, says, said["name"], said["reason"]):
        what = "The record is" if says is Says.HOLD else f"All records up to number {record.sequence} are"
        messages.success(request, f"{what} on hold for {said['name']}. Nothing held expires.")


def _lift(request: HttpRequest, access: Access, record: Record, says: Says) -> None:
    form = LiftForm(request.POST)
    if not form.is_valid():
        messages.error(request, "To lift a hold, say why: " + _first(form))
        return
    said = form.cleaned_data
    if _said(request, access, record, says, said["name"], said["reason"]):
        messages.success(request, f"The hold for {said['name']} is lifted.")


def _said(request: HttpRequest, access: Access, record: Record, says: Says, name: str, reason: str = "") -> bool:
    """Says it of the record, for the audit log and the owners too; what cannot be said is told to the person."""
    try:
        with transaction.atomic():
            audit(
                DEEDS[says],
                actor=access.user,
                project=access.project,
                environment=access.environment,
                target_type="record",
                target=record.deployment_id,
                detail={"name": name, "reason": reason, "andAllBefore": says in (Says.HOLD_ALL, Says.UNHOLD_ALL)},
            )
            say(record, says, name=name, reason=reason, by=access.user.text, now=timezone.now())
            if access.environment and says not in (Says.TAG, Says.UNTAG):
                _tell(access, access.environment, record, says, name, reason)
    except CannotSay as refusal:
        messages.error(request, str(refusal))
    except (StoreError, ChainBroken) as error:
        messages.error(request, f"It could not be written down, so nothing has changed: {error}.")
    else:
        return True
    return False


def _tell(access: Access, place: Environment, record: Record, says: Says, name: str, reason: str) -> None:
    """Tells the other owners of a hold."""
    owners = [owner.id for owner in protecting.owners_of(place) if owner.id != access.user.pk]
    done = "put on legal hold" if says in (Says.HOLD, Says.HOLD_ALL) else "let go of the legal hold"
    what = f"record {record.sequence}" if says in (Says.HOLD, Says.UNHOLD) else f"all records up to {record.sequence}"
    tell(
        Occasion.LEGAL_HOLD,
        environment=place,
        actor_text=access.user.text,
        why=f"{done} for {name}: {what}. {reason}",
        named=User.objects.filter(pk__in=owners),
    )


def _first(form: HoldForm | LiftForm) -> str:
    name, errors = next(iter(form.errors.items()))
    return f"{name}: {errors[0]}"
