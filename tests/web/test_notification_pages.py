"""The pages of channels, deliveries and mails: what they show, what they keep to themselves, what they write down."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from deployments.telling import channels
from deployments.telling.models import Channel, Delivery, MailChoice
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Project, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
ADDRESS = "https://hooks.slack.com/services/T000/B000/very-secret"
FORM = {"name": "Deployments <b>", "kind": "slack", "address": ADDRESS, "occasions": ["run.failed", "plan.waiting"]}


def test_an_owner_adds_tests_changes_and_removes_a_channel(
    project: Project,
    alice: User,
    visit: Visit,
    quiet_queue: list[tuple[str, int]],
    django_capture_on_commit_callbacks: object,
) -> None:
    browser, url = visit(alice), reverse("notifications", args=[project.slug])
    assert "No channels yet" in browser.get(url).content.decode()
    page = browser.post(url, FORM, follow=True).content.decode()
    channel = Channel.objects.get()
    assert "Deployments &lt;b&gt;" in page and "hooks.slack.com" in page and "a run fails" in page
    assert channel.address == ADDRESS
    edit = reverse("channel", args=[project.slug, channel.pk])
    assert "very-secret" not in page + browser.get(edit).content.decode() + channel.sealed_address

    browser.post(reverse("channel-test", args=[project.slug, channel.pk]))
    assert "A test of notifications" in browser.get(url).content.decode()
    browser.post(edit, {"name": "Room", "address": "", "occasions": ["run.failed"]})
    channel.refresh_from_db()
    assert (channel.name, channel.address, channel.occasions) == ("Room", ADDRESS, ["run.failed"])
    browser.post(edit, {"name": "Room", "address": "https://example.com/x", "occasions": ["run.failed"]})
    channel.refresh_from_db()
    assert (channel.host, channel.address) == ("example.com", "https://example.com/x")
    browser.post(edit, {"name": "Room", "address": "", "occasions": ["run.failed"]})  # nothing changes
    browser.post(reverse("channel-remove", args=[project.slug, channel.pk]))
    assert not Channel.objects.exists() and Delivery.objects.get().channel is None

    removed, moved, renamed, tested, added = AuditEntry.objects.filter(chain=project.pk)
    assert [each.deed for each in (added, tested, renamed, moved, removed)] == [
        Deed.CHANNEL_ADDED, Deed.CHANNEL_TESTED, Deed.CHANNEL_CHANGED, Deed.CHANNEL_CHANGED, Deed.CHANNEL_REMOVED,
    ]  # fmt: skip
    assert renamed.detail["after"] == {"name": "Room", "occasions": ["run.failed"]}
    assert moved.detail["address"] == "replaced"
    assert all("very-secret" not in str(each.detail) for each in AuditEntry.objects.all())
    assert all(each.get_deed_display() != each.deed for each in AuditEntry.objects.all())


def test_a_webhooks_key_is_shown_once(project: Project, alice: User, visit: Visit) -> None:
    browser, url = visit(alice), reverse("notifications", args=[project.slug])
    answer = browser.post(url, FORM | {"kind": "webhook"})
    key = Channel.objects.get().secret
    assert key.startswith("whsec_") and key in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert key not in browser.get(url).content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"address": "http://example.com/"}, "https://"),
        ({"address": "https://169.254.169.254/latest/"}, "not on the public internet"),
        ({"address": "https://localhost@example.com/"}, "user name"),
        ({"address": ""}, "required"),
        ({"occasions": []}, "Choose at least one."),
        ({"occasions": ["test"]}, "valid choice"),
        ({"kind": "email"}, "valid choice"),
        ({"name": ""}, "required"),
    ],
)
def test_what_a_channel_may_not_be(
    project: Project, alice: User, visit: Visit, changed: dict[str, object], said: str
) -> None:
    answer = visit(alice).post(reverse("notifications", args=[project.slug]), FORM | changed)
    assert answer.status_code == 422
    assert said in answer.content.decode() and not Channel.objects.exists()


def test_names_are_taken_once_in_a_project(project: Project, alice: User, visit: Visit) -> None:
    url = reverse("notifications", args=[project.slug])
    visit(alice).post(url, FORM)
    answer = visit(alice).post(url, FORM)
    assert answer.status_code == 422 and "has a channel of this name" in answer.content.decode()


def test_channels_of_another_project_are_not_there(project: Project, alice: User, visit: Visit) -> None:
    other = Project.objects.create(slug="other")
    theirs, _ = channels.add(
        project=other, actor=alice, name="x", kind="slack", address=ADDRESS, occasions=["run.failed"]
    )
    delivery = channels.test(channel=theirs, actor=alice)[0]
    browser = visit(alice)
    for name, key in (
        ("channel", theirs.pk), ("channel-remove", theirs.pk), ("channel-test", theirs.pk),
        ("delivery-retry", delivery.pk),
    ):  # fmt: skip
        assert browser.post(reverse(name, args=[project.slug, key])).status_code == 404
    assert Channel.objects.count() == 1


def test_the_log_is_paged_asks_again_while_something_is_under_way_and_offers_another_try(
    project: Project, alice: User, vera: User, visit: Visit
) -> None:
    room, _ = channels.add(
        project=project, actor=alice, name="room", kind="slack", address=ADDRESS, occasions=["run.failed"]
    )
    for _ in range(52):
        channels.test(channel=room, actor=alice)
    url = reverse("notifications", args=[project.slug])
    page = visit(alice).get(url).content.decode()
    oldest, newest = Delivery.objects.last(), Delivery.objects.first()
    assert oldest and newest
    assert 'hx-trigger="every 3s"' in page and f'id="delivery-{newest.pk}"' in page
    assert f'id="delivery-{oldest.pk}"' not in page
    more = {"HX-Request": "true", "HX-Target": "more"}
    rest = visit(alice).get(url, {"before": oldest.pk + 2}, headers=more).content.decode()
    assert f'id="delivery-{oldest.pk}"' in rest and "<ul" not in rest
    Delivery.objects.update(status=Delivery.Status.FAILED, outcome="Answered 404.", attempts=1)
    fragment = visit(alice).get(url, headers={"HX-Request": "true", "HX-Target": "deliveries"}).content.decode()
    assert 'id="deliveries"' in fragment and "every 3s" not in fragment and "Answered 404." in fragment
    assert "Try again" in fragment and "<html" not in fragment
    assert "Try again" not in visit(vera).get(url).content.decode()
    retry = reverse("delivery-retry", args=[project.slug, oldest.pk])
    assert "It is tried again." in visit(alice).post(retry, follow=True).content.decode()
    assert "has not failed" in visit(alice).post(retry, follow=True).content.decode()


def test_a_person_chooses_what_is_mailed(alice: User, visit: Visit) -> None:
    url = reverse("mail-choice")
    page = visit(alice).get(url).content.decode()
    assert "no verified address yet" in page and page.count(" checked") == 9
    EmailAddress.objects.create(user=alice, email="alice@example.com", verified=True, primary=True)
    assert "mailed to alice@example.com" in visit(alice).get(url).content.decode()
    assert visit(alice).post(url, {"occasions": ["run.succeeded"]}).status_code == 302
    assert MailChoice.objects.get(user=alice).occasions == ["run.succeeded"]
    visit(alice).post(url, {})
    assert MailChoice.objects.get(user=alice).occasions == []
    assert visit(alice).get(url).content.decode().count(" checked") == 0
    assert visit(alice).post(url, {"occasions": ["everything"]}).status_code == 422


def test_without_a_mail_server_the_page_says_so(alice: User, visit: Visit, settings: object) -> None:
    settings.MAIL = False  # type: ignore[attr-defined]
    assert "has no mail server" in visit(alice).get(reverse("mail-choice")).content.decode()
