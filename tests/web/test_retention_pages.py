"""How long records stay: the page, what goes and what is said of it everywhere, tags, holds, the task, the command."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from deployments import rollbacks, tasks, wholes
from deployments.errors import WorkflowError
from deployments.holding.models import Hold
from deployments.models import Approval, Deployment, Method, Rendering, RunEvent, Status
from deployments.recording import record_run
from deployments.retaining.expiring import expire_all
from deployments.retaining.needed import needed
from deployments.telling.models import Delivery
from history import store
from history.expiring import policy_of
from history.index import rebuild
from history.models import Annotation, Record, RetentionPolicy
from history.reading import Damaged, Expired, open_record
from history.retention import Policy
from history.store import Archived, InMemoryStore, StoreUnavailable
from history.verification import verify_all, verify_record
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, Project, User
from projects.people.api_tokens import make_token
from projects.roles import Action
from tests.conftest import person
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
Propose = Callable[..., Deployment]
SLUG = "support-desk"


@pytest.fixture
def records(recorded: Deployment, propose: Propose, dev: Environment, bob: User) -> list[Record]:
    """Four records in dev: of 100, 90 (failed), 80 days ago, and of today."""
    Record.objects.update(ended_at=timezone.now())  # rows are what deciding reads
    for status, days in ((Status.FAILED, 90), (Status.SUCCEEDED, 80), (Status.SUCCEEDED, 0)):
        ended = timezone.now() - timedelta(days=days)
        made = propose(dev, status, started_at=ended, ended_at=ended, run_by=bob, run_by_text=bob.text)
        RunEvent.objects.create(
            deployment=made, number=1, time="2026-11-20T10:30:01.000Z", code="run.started", data={"steps": 0}
        )
        record_run(made)
    Record.objects.filter(sequence=1).update(ended_at=timezone.now() - timedelta(days=100))
    return list(Record.objects.order_by("sequence"))


def keep(environment: Environment, last: int, succeeded: int | None, failed: int | None) -> None:
    """Puts a policy in force."""
    value = Policy(last, succeeded, failed)
    RetentionPolicy.objects.update_or_create(
        environment=environment,
        defaults={
            "keep_last": value.keep_last,
            "succeeded_days": value.succeeded_days,
            "failed_days": value.failed_days,
            "changed_by_text": "alice",
            "changed_at": timezone.now(),
        },
    )


def expired() -> list[int]:
    """Numbers of the records that have."""
    return list(Record.objects.filter(expired_at__isnull=False).order_by("sequence").values_list("sequence", flat=True))


def test_everything_is_kept_until_an_owner_says_otherwise(
    records: list[Record], dev: Environment, vera: User, visit: Visit
) -> None:
    page = visit(vera).get(reverse("retention", args=[SLUG, "dev"])).content.decode()
    assert "Everything is kept for ever" in page
    assert "No record has expired" in page
    assert page.count("Stays") == 1
    assert "Review" not in page
    tasks.expire_records()
    assert expired() == []
    assert policy_of(dev) is None


def test_a_policy_is_reviewed_before_it_is_put_in_force(
    records: list[Record], dev: Environment, alice: User, bob: User, visit: Visit
) -> None:
    url = reverse("retention", args=[SLUG, "dev"])
    wanted = {"keep_last": "1", "succeeded_days": "30", "failed_days": "7"}
    browser = visit(alice)
    review = browser.post(url, {**wanted, "do": "review"}).content.decode()
    assert "2 records would go within a day" in review
    assert "It succeeded 100 days ago; what succeeded is kept for 30 days." in review
    assert "It failed 90 days ago; what did not succeed is kept for 7 days." in review
    assert "What succeeded is kept for 30 days (before: what succeeded is kept for ever)." in review
    assert policy_of(dev) is None
    for agreed in ({}, {"agreed": "1"}, {"agreed": "x"}):
        assert "would go within a day" in browser.post(url, {**wanted, "do": "save", **agreed}).content.decode()
        assert policy_of(dev) is None
    assert browser.post(url, {**wanted, "do": "save", "agreed": "2"}).status_code == 302
    assert policy_of(dev) == Policy(1, 30, 7)
    entry = AuditEntry.objects.get(deed=Deed.RETENTION_CHANGED)
    assert entry.detail["before"] == {"keepLast": 20, "succeededDays": None, "failedDays": None}
    page = browser.get(url).content.decode()
    assert "In force: the last is kept, what succeeded for 30 days, what did not for 7 days." in page
    assert "this is the policy that is in force" in browser.post(url, {**wanted, "do": "review"}).content.decode()
    for wrong in ({"keep_last": "0"}, {"succeeded_days": "-1"}, {"failed_days": "x"}, {"keep_last": ""}):
        assert browser.post(url, {**wanted, **wrong}).status_code == 422
    assert visit(bob).post(url, wanted).status_code == 403
    assert (
        browser.post(url, {"keep_last": "9", "succeeded_days": "", "failed_days": "", "do": "save"}).status_code == 302
    )
    assert policy_of(dev) == Policy(9)


def test_what_goes_leaves_a_tombstone_and_nothing_else(
    records: list[Record], dev: Environment, alice: User, bob: User
) -> None:
    seen = Rendering.objects.create(digest="a" * 64, text="what was seen")
    shared = Rendering.objects.create(digest="b" * 64, text="what others saw too")
    found = {each.public_id: each for each in Deployment.objects.all()}
    first, last = found[records[0].deployment_id], found[records[3].deployment_id]
    for deployment, actor, rendering in ((first, bob, seen), (first, alice, shared), (last, bob, shared)):
        Approval.objects.create(
            deployment=deployment, actor=actor, actor_text="x", approved=True, plan_digest="c" * 64, saw=rendering
        )
    keep(dev, 1, 85, 7)
    tasks.expire_records()
    assert expired() == [1, 2]
    kept = store.store()
    for row in records[:2]:
        assert list(kept.keys(row.prefix)) == [f"{row.prefix}manifest.json"]
    assert RunEvent.objects.filter(deployment=first).count() == 0
    first.refresh_from_db()
    assert not hasattr(Deployment.objects.get(pk=first.pk), "plan")
    assert (first.expired_at is not None, first.summary, first.steps.count()) == (True, {}, 0)
    assert list(Rendering.objects.values_list("digest", flat=True)) == [shared.digest]
    assert Approval.objects.filter(deployment=first).count() == 2, "who approved stays"
    assert hasattr(Deployment.objects.get(pk=last.pk), "plan")
    stone = Annotation.objects.get(sequence=1)
    assert stone.policy == {"keepLast": 1, "succeededDays": 85, "failedDays": 7}
    assert "plan.json" in stone.files
    assert [problem for _, problem in verify_all()] == [None]
    assert verify_record(Record.objects.get(sequence=1)) is None
    deeds = AuditEntry.objects.filter(deed=Deed.RECORD_EXPIRED).order_by("pk")
    assert [entry.target for entry in deeds] == [row.deployment_id for row in records[:2]]
    before = list(Record.objects.order_by("sequence").values("sequence", "expired_at", "cleared", "what_changed"))
    rebuild(kept)
    assert (
        list(Record.objects.order_by("sequence").values("sequence", "expired_at", "cleared", "what_changed")) == before
    )
    tasks.expire_records()
    assert expired() == [1, 2]


def test_every_page_says_plainly_that_it_is_gone(
    records: list[Record], dev: Environment, alice: User, mallory: User, visit: Visit
) -> None:
    open_record(records[0]).plan()  # into the cache
    keep(dev, 1, 85, None)
    tasks.expire_records()
    gone, there = records[0].deployment_id, records[3].deployment_id
    browser = visit(alice)
    for url in (
        reverse("record", args=[SLUG, gone]),
        reverse("record-file", args=[SLUG, gone, "plan.json"]),
        reverse("deployment", args=[SLUG, gone]),
        reverse("deployment-log", args=[SLUG, gone]),
        reverse("replay", args=[SLUG, gone]),
    ):
        answer = browser.get(url)
        assert answer.status_code == 410, url
        page = answer.content.decode()
        assert "Its documents expired on" in page
        assert "It succeeded 100 days ago; what succeeded is kept for 85 days." in page
        assert "cannot be read" not in page
    assert "a signed tombstone says" in browser.get(reverse("verification", args=[SLUG, gone])).content.decode()
    assert browser.get(reverse("record-archive", args=[SLUG, gone])).status_code == 200
    listed = browser.get(reverse("timeline", args=[SLUG])).content.decode()
    assert listed.count("expired</span>") == 1
    compared = browser.get(reverse("compare", args=[SLUG]), {"from": gone, "to": there}).content.decode()
    assert f"The documents of {gone} expired on " in compared
    assert "it succeeded 100 days ago" in compared
    assert "have expired" in browser.get(reverse("rollback", args=[SLUG, gone])).content.decode()
    assert f"record {records[0].sequence}</a>" in browser.get(reverse("retention", args=[SLUG, "dev"])).content.decode()
    with pytest.raises(Expired):
        open_record(Record.objects.get(deployment_id=gone))
    with pytest.raises(WorkflowError, match="have expired"):
        rollbacks.propose(
            environment=dev, record=Record.objects.get(deployment_id=gone), actor=alice, method=Method.WEB
        )
    assert visit(mallory).get(reverse("record", args=[SLUG, gone])).status_code == 404


def test_a_reader_that_was_opened_before_says_it_too(records: list[Record], dev: Environment) -> None:
    reader = open_record(records[0])
    keep(dev, 1, 85, None)
    tasks.expire_records()
    with pytest.raises(Expired):
        reader.raw("state-before.json")
    reader = open_record(records[3])
    store.store().delete(f"{records[3].prefix}state-before.json")
    with pytest.raises(Damaged, match="missing"):
        reader.raw("state-before.json")


def test_the_api_says_that_it_is_gone(
    records: list[Record], dev: Environment, project: Project, bob: User, client: Any
) -> None:
    keep(dev, 1, 85, None)
    tasks.expire_records()
    _, key = make_token(user=bob, name="t", actions=[Action.PROPOSE], days=1, made_by=bob)
    for name in ("api-plan", "api-events"):
        url = reverse(name, args=[SLUG, records[0].deployment_id])
        answer = client.get(url, headers={"Authorization": f"Bearer {key}"})
        assert (answer.status_code, answer.json()["error"]) == (410, "expired")


def test_what_is_tagged_or_held_never_goes(
    records: list[Record], dev: Environment, alice: User, bob: User, visit: Visit
) -> None:
    first, second = (row.deployment_id for row in records[:2])
    visit(bob).post(reverse("record-tag", args=[SLUG, first]), {"name": "v1.4"})
    visit(alice).post(reverse("record-hold", args=[SLUG, second]), {"name": "Case 7", "reason": "Counsel asked"})
    keep(dev, 1, 30, 7)
    tasks.expire_records()
    assert expired() == []
    page = visit(alice).get(reverse("record", args=[SLUG, first])).content.decode()
    assert "v1.4" in page
    held = visit(alice).get(reverse("record", args=[SLUG, second])).content.decode()
    assert "legal hold: Case 7" in held
    assert visit(bob).get(reverse("timeline", args=[SLUG])).content.decode().count("legal hold</span>") == 1
    assert "It is held for Case 7." in visit(bob).get(reverse("retention", args=[SLUG, "dev"])).content.decode()
    assert visit(bob).post(reverse("record-hold", args=[SLUG, second]), {}).status_code == 403
    assert visit(bob).post(reverse("record-lift", args=[SLUG, second]), {}).status_code == 403
    lift = reverse("record-lift", args=[SLUG, second])
    assert "say why" in visit(alice).post(lift, {"name": "Case 7"}, follow=True).content.decode()
    visit(alice).post(lift, {"name": "Case 7", "reason": "Settled"})
    visit(bob).post(reverse("record-tag", args=[SLUG, first]), {"name": "v1.4", "do": "remove"})
    tasks.expire_records()
    assert expired() == [1, 2]
    deeds = [entry.deed for entry in AuditEntry.objects.filter(target_type="record").order_by("pk")]
    assert deeds == [
        Deed.RECORD_TAGGED, Deed.LEGAL_HOLD_PLACED, Deed.LEGAL_HOLD_LIFTED, Deed.RECORD_UNTAGGED, Deed.RECORD_EXPIRED,
        Deed.RECORD_EXPIRED,
    ]  # fmt: skip
    refused = visit(bob).post(
        reverse("record-tag", args=[SLUG, records[3].deployment_id]), {"name": "no way"}, follow=True
    )
    assert "letters, digits, dots" in refused.content.decode()


def test_an_environment_is_held_as_a_whole(
    records: list[Record], dev: Environment, alice: User, vera: User, prod: Environment, visit: Visit
) -> None:
    keep(dev, 1, 30, 7)
    hold, lift = reverse("environment-hold", args=[SLUG, "dev"]), reverse("environment-lift", args=[SLUG, "dev"])
    browser = visit(alice)
    assert "needs a name" in browser.post(hold, {"name": ""}, follow=True).content.decode()
    said = browser.post(hold, {"name": "Case 7", "reason": "Counsel asked"}, follow=True).content.decode()
    assert "All records up to number 4 are on hold for Case 7" in said
    tasks.expire_records()
    assert expired() == []
    assert (
        "up to 4: Case 7" in visit(vera).get(reverse("record", args=[SLUG, records[0].deployment_id])).content.decode()
    )
    assert visit(vera).post(hold, {}).status_code == 403
    assert "is lifted" in browser.post(lift, {"name": "Case 7", "reason": "Settled"}, follow=True).content.decode()
    assert "is not held" in browser.post(lift, {"name": "Case 7", "reason": "Settled"}, follow=True).content.decode()
    tasks.expire_records()
    assert expired() == [1, 2]
    nothing = reverse("environment-hold", args=[SLUG, "prod"])
    assert "nothing to hold" in browser.post(nothing, {}, follow=True).content.decode()
    assert browser.post(reverse("environment-lift", args=[SLUG, "prod"]), {}).status_code == 404


def test_a_store_that_is_away_changes_nothing(
    records: list[Record], dev: Environment, alice: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> InMemoryStore:
        raise StoreUnavailable("the history bucket is away")

    keep(dev, 1, 30, 7)
    entries = AuditEntry.objects.count()
    with monkeypatch.context() as patched:
        for module in ("annotating", "expiring"):
            patched.setattr(f"history.{module}.configured_store", away)
        url = reverse("record-hold", args=[SLUG, records[0].deployment_id])
        said = visit(alice).post(url, {"name": "Case 7", "reason": "Counsel asked"}, follow=True).content.decode()
        assert "nothing has changed" in said
        ((_, done),) = expire_all(timezone.now())
        assert done.trouble == ("the history bucket is away",)
        with pytest.raises(CommandError, match="1 of 1"):
            call_command("history_expire", stdout=io.StringIO())
    assert (AuditEntry.objects.count(), expired()) == (entries, [])


def test_an_interrupted_run_is_finished_by_the_next(
    records: list[Record], dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    keep(dev, 1, 85, None)
    whole = store.store()
    deleted: list[str] = []
    assert isinstance(whole, InMemoryStore)
    delete = whole.delete

    def dying(key: str) -> None:
        if len(deleted) == 2:
            raise Killed(key)
        deleted.append(key)
        delete(key)

    with monkeypatch.context() as patched:
        patched.setattr(whole, "delete", dying)
        with pytest.raises(Killed):
            tasks.expire_records()
    assert expired() == [1]
    assert not Record.objects.get(sequence=1).cleared
    assert len(list(whole.keys(records[0].prefix))) > 1
    assert [problem for _, problem in verify_all()] == [None], "half of it gone is no damage"
    rebuild(whole)
    assert not Record.objects.get(sequence=1).cleared
    RetentionPolicy.objects.all().delete()
    ((_, done),) = expire_all(timezone.now())
    assert (done.gone, done.finished) == ((), 1)
    assert list(whole.keys(records[0].prefix)) == [f"{records[0].prefix}manifest.json"]
    assert Record.objects.get(sequence=1).cleared


def test_a_damaged_record_does_not_go_and_is_named(records: list[Record], dev: Environment) -> None:
    keep(dev, 1, 30, 7)
    store.store().delete(f"{records[1].prefix}metadata.json")
    ((_, done),) = expire_all(timezone.now())
    assert done.gone == (records[0].deployment_id,)
    assert "missing" in done.trouble[0]


def test_the_command_says_what_would_go_and_lets_it_go(records: list[Record], dev: Environment) -> None:
    def said(*arguments: str) -> str:
        out = io.StringIO()
        call_command("history_expire", *arguments, stdout=out)
        return out.getvalue()

    keep(dev, 1, 85, 7)
    dry = said("--dry-run")
    assert f"{dev}: 2 records would go" in dry
    assert f"  {records[0].deployment_id}: it succeeded 100 days ago" in dry
    assert expired() == []
    assert said("--project", "other") == ""
    found = json.loads(said("--json"))
    assert [each["id"] for each in found["environments"][0]["records"]] == [row.deployment_id for row in records[:2]]
    assert expired() == [1, 2]
    assert "0 records went" in said("--environment", "dev")


def test_what_may_still_be_gone_back_to_stays(
    records: list[Record], dev: Environment, propose: Propose, alice: User
) -> None:
    ids = [row.deployment_id for row in records]
    first = {ids[3]: "it is what one goes back to", ids[2]: "it is what one goes back to from the newest"}
    assert needed(dev) == first
    under_way = propose(dev, Status.WAITING, rollback_to=ids[1], undoes=ids[0])
    assert needed(dev)[ids[1]] == f"{under_way.public_id}, which is under way, needs it"
    assert ids[0] in needed(dev)
    Deployment.objects.filter(pk=under_way.pk).update(status=Status.DISCARDED)
    Deployment.objects.filter(public_id=ids[3]).update(targets=["customer-support"])
    stays = needed(dev)
    assert set(stays) == {ids[2], ids[3]}
    assert "limited to parts" in stays[ids[2]]
    Deployment.objects.filter(public_id=ids[3]).update(targets=[])
    newest = records[3]
    Hold.objects.create(
        project=dev.project, environment=dev, configuration_number=newest.configuration_number,
        configuration_digest="d" * 64, source_digest=newest.source_digest, reason="bad", placed_by_text="alice",
        placed_at=timezone.now(),
    )  # fmt: skip
    assert needed(dev) == {}, "all of them are of the quarantined release"


def test_parts_stand_on_nothing_that_has_expired(records: list[Record], dev: Environment) -> None:
    Record.objects.filter(sequence=2).update(expired_at=timezone.now())
    assert [row.sequence for row in wholes._before(records[3])] == [3]


def test_the_other_owners_are_told_of_a_hold(
    records: list[Record], dev: Environment, alice: User, bob: User, visit: Visit, settings: Any
) -> None:
    settings.MAIL = True
    olga = person("olga")
    Membership.objects.create(project=dev.project, user=olga, role="owner")
    for each in (olga, alice, bob):
        EmailAddress.objects.create(user=each, email=f"{each.username}@example.com", verified=True, primary=True)
    visit(alice).post(reverse("record-hold", args=[SLUG, records[0].deployment_id]), {"name": "Case 7", "reason": "R"})
    told = Delivery.objects.get(occasion="legal-hold.changed")
    assert told.person == olga
    assert told.title == f"A legal hold on records was placed or lifted: {SLUG}/dev"
    assert told.text == "alice: put on legal hold for Case 7: record 1. R"
    assert AuditEntry.objects.get(deed=Deed.LEGAL_HOLD_PLACED).detail == {
        "name": "Case 7", "reason": "R", "andAllBefore": False,
    }  # fmt: skip


def test_archived_documents_are_asked_for_by_a_button(
    records: list[Record], bob: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.store()
    assert isinstance(whole, InMemoryStore)
    get = whole.get

    def archived(key: str) -> bytes:
        if key.endswith("plan.json"):
            raise Archived(key)
        return get(key)

    with monkeypatch.context() as patched:
        patched.setattr(whole, "get", archived)
        answer = visit(bob).get(reverse("record-file", args=[SLUG, records[0].deployment_id, "plan.json"]))
    assert answer.status_code == 503
    page, ask = answer.content.decode(), reverse("record-restore", args=[SLUG, records[0].deployment_id])
    assert "has to be restored before it can be read" in page
    assert ask in page
    assert "Nothing of it is archived." in visit(bob).post(ask, follow=True).content.decode()
    assert AuditEntry.objects.get(deed=Deed.RECORD_RESTORED).target == records[0].deployment_id
