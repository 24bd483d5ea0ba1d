"""Deliveries are written with what they tell of, sent once it is true, tried again, and logged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from deployments import sweeping
from deployments.telling import channels, delivering, webhook
from deployments.telling.models import Channel, Delivery, MailChoice
from deployments.telling.occasions import Occasion
from deployments.telling.telling import tell
from projects.models import Environment, Membership, Project, User
from tests.telling.conftest import Receiver

pytestmark = pytest.mark.django_db
Add = Callable[[str], Channel]
Status = Delivery.Status


def told(dev: Environment, **more: str) -> list[Delivery]:
    return tell(Occasion.DRIFT_FOUND, environment=dev, **more)


def due_again(delivery: Delivery) -> Delivery | None:
    """The next try, as if its pause were over."""
    Delivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now())
    return delivering.deliver(delivery_id=delivery.pk)


def test_a_webhook_is_signed_as_the_standard_says(dev: Environment, add: Add, receiver: Receiver) -> None:
    channel = add("webhook")
    (row,) = told(dev, why="Changed outside: Jobs.")
    sent = delivering.deliver(delivery_id=row.pk)
    assert sent and (sent.status, sent.outcome, sent.attempts) == (Status.SENT, "Answered 200.", 1)
    ((_, headers, body),) = receiver.came
    content = json.loads(body)
    assert (content["type"], content["data"]["environment"]) == ("drift.found", "dev")
    assert content["data"]["url"] == "http://127.0.0.1:8000/projects/support-desk/environments/dev/"
    key = base64.b64decode(channel.secret.removeprefix("whsec_"))
    signed = f"{row.public_id}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == str(row.public_id)
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60


def test_the_signature_is_the_one_of_the_standards_own_example() -> None:
    """From the specification's reference libraries."""
    now = timezone.datetime.fromtimestamp(1614265330, tz=timezone.get_default_timezone())
    headers = webhook.headers_of(
        "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", now
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_chats_get_plain_text_that_cannot_format_or_mention(dev: Environment, add: Add, receiver: Receiver) -> None:
    for kind in ("slack", "teams"):
        add(kind)
    hostile = "<!channel> *b* [x](https://evil.example) <https://evil.example|here> @all\u202e\r\nBcc: x"
    for row in told(dev, actor_text="Eve", why=hostile):
        delivering.deliver(delivery_id=row.pk)
    slack, teams = (json.loads(body) for _, _, body in receiver.came)
    said = "Eve: <!channel> *b* [x](https://evil.example) <https://evil.example|here> @all Bcc: x"
    assert slack["blocks"][1]["text"] == {"type": "plain_text", "text": said, "emoji": False}
    assert "<" not in slack["text"]
    own = [each["text"] for each in slack["blocks"] if each["text"]["type"] == "mrkdwn"]
    assert [each["text"] for each in own] == [
        "<http://127.0.0.1:8000/projects/support-desk/environments/dev/|Open in strandsweb>"
    ]
    card = teams["attachments"][0]["content"]
    assert {each["type"] for each in card["body"]} == {"RichTextBlock"}
    assert card["body"][1]["inlines"] == [{"type": "TextRun", "text": said}]
    assert card["actions"][0]["url"].startswith("http://127.0.0.1:8000/projects/")


def test_it_is_tried_later_and_later_and_then_given_up(dev: Environment, add: Add, receiver: Receiver) -> None:
    add("webhook")
    receiver.status = 503
    (row,) = told(dev)
    pauses = []
    for _ in range(delivering.ATTEMPTS - 1):
        tried = due_again(row)
        assert tried and tried.status == Status.WAITING and tried.outcome == "Answered 503."
        pauses.append((tried.next_at - timezone.now()).total_seconds())
        assert delivering.deliver(delivery_id=row.pk) is None  # not due
    assert pauses == sorted(pauses) and pauses[0] > 10
    last = due_again(row)
    assert last and last.status == Status.FAILED and last.outcome.endswith("Given up after 6 tries.")
    assert due_again(row) is None
    assert len({headers["webhook-id"] for _, headers, _ in receiver.came}) == 1
    assert len(receiver.came) == delivering.ATTEMPTS


def test_a_failed_one_gets_another_round_under_the_same_id(
    dev: Environment, add: Add, receiver: Receiver, alice: User
) -> None:
    add("webhook")
    receiver.status = 404
    (row,) = told(dev)
    assert not delivering.again(row, actor=alice)
    delivering.deliver(delivery_id=row.pk)
    receiver.status = 200
    assert delivering.again(row, actor=alice)
    sent = delivering.deliver(delivery_id=row.pk)
    assert sent and (sent.status, sent.attempts) == (Status.SENT, 1)
    first, second = receiver.came
    assert (first[1]["webhook-id"], first[2]) == (second[1]["webhook-id"], second[2])


def test_what_a_dead_worker_had_is_found_by_the_sweep_and_sent(
    dev: Environment, add: Add, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    add("webhook")
    (row,) = told(dev)

    def dies(delivery: Delivery) -> str:
        raise KeyboardInterrupt

    monkeypatch.setitem(delivering.SENDERS, "webhook", dies)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        delivering.deliver(delivery_id=row.pk)
    assert delivering.late(sweeping.PATIENCE) == []
    monkeypatch.undo()
    Delivery.objects.update(next_at=timezone.now() - timedelta(minutes=1))
    assert delivering.late(sweeping.PATIENCE) == [row.pk]
    assert sweeping.sweep() == 1
    sent = delivering.deliver(delivery_id=row.pk)
    assert sent and (sent.status, sent.attempts) == (Status.SENT, 2)


def test_workers_that_die_again_and_again_end_it(dev: Environment, add: Add, receiver: Receiver) -> None:
    add("webhook")
    (row,) = told(dev)
    Delivery.objects.update(attempts=delivering.ATTEMPTS)
    ended = delivering.deliver(delivery_id=row.pk)
    assert ended and ended.status == Status.FAILED and "workers died" in ended.outcome and not receiver.came


def test_nothing_is_told_of_what_did_not_happen(dev: Environment, add: Add) -> None:
    add("webhook")
    with transaction.atomic():
        assert told(dev)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_it_is_sent_once_its_transaction_commits(
    dev: Environment, add: Add, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr("deployments.dispatch._send", lambda task, key: sent.append((task, key)))
    add("webhook")
    with django_capture_on_commit_callbacks(execute=True):
        (row,) = told(dev)
        assert sent == []
    assert sent == [("deliver", row.pk)]


def test_a_channel_hears_what_it_asked_for(
    project: Project, dev: Environment, alice: User, add: Add, receiver: Receiver
) -> None:
    quiet = add("slack")
    channels.change(channel=quiet, actor=alice, name="quiet", address="", occasions=["run.failed"])
    assert told(dev) == []
    assert [row.to_text for row in tell(Occasion.RUN_FAILED, environment=dev)] == ["quiet"]


def test_a_removed_channel_and_another_secret_key_are_said(
    dev: Environment, alice: User, add: Add, settings: Any
) -> None:
    channel = add("webhook")
    (first,), (second,) = told(dev), told(dev)
    settings.SECRET_KEY = "another" * 10
    ended = delivering.deliver(delivery_id=first.pk)
    assert ended and "another secret key" in ended.outcome
    channels.remove(channel=channel, actor=alice)
    ended = delivering.deliver(delivery_id=second.pk)
    assert ended and (ended.status, ended.outcome) == (Status.FAILED, "The channel was removed.")


def test_an_error_of_ours_ends_it_and_is_logged(
    dev: Environment, add: Add, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add("slack")
    (row,) = told(dev)
    monkeypatch.setitem(delivering.SENDERS, "slack", lambda delivery: str(1 / 0))  # type: ignore[arg-type]
    ended = delivering.deliver(delivery_id=row.pk)
    assert ended and ended.status == Status.FAILED and "error in strandsweb" in ended.outcome
    assert "ZeroDivisionError" in caplog.text


def test_mails_go_to_verified_addresses_of_members_it_concerns(
    project: Project,
    dev: Environment,
    alice: User,
    ada: User,
    vera: User,
    reachable: Any,
    mailoutbox: list[EmailMessage],
) -> None:
    for person in (alice, vera):
        reachable(person)
    EmailAddress.objects.create(user=ada, email="ada@example.com", verified=False, primary=True)
    assert told(dev) == []  # not among what is mailed by default
    for person in (alice, ada, vera):
        MailChoice.objects.create(user=person, occasions=["drift.found"])
    (row,) = told(dev, why="Changed\r\nBcc: victim@example.com")
    assert row.to_text == "alice"
    delivering.deliver(delivery_id=row.pk)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == (["alice@example.com"], "Drift was found: support-desk/dev")
    assert "Changed Bcc: victim@example.com\n" in mail.body
    assert "http://127.0.0.1:8000/projects/support-desk/environments/dev/" in mail.body
    raw = mail.message()
    assert "Bcc" not in raw and raw["Message-ID"] == f"<{row.public_id}@127.0.0.1>"


def test_a_title_cannot_add_headers(
    dev: Environment, alice: User, reachable: Any, mailoutbox: list[EmailMessage]
) -> None:
    reachable(alice)
    MailChoice.objects.create(user=alice, occasions=["drift.found"])
    dev.name = "dev\r\nBcc: x@y\u2028z"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("deployments.telling.notices.reverse", lambda *_, **__: "/x/")
        (row,) = told(dev)
    delivering.deliver(delivery_id=row.pk)
    assert mailoutbox[0].subject == "Drift was found: support-desk/dev Bcc: x@y z"
    assert mailoutbox[0].recipients() == ["alice@example.com"]


def test_who_left_or_lost_the_address_gets_no_mail(
    project: Project, dev: Environment, alice: User, ada: User, reachable: Any, mailoutbox: list[EmailMessage]
) -> None:
    for person in (alice, ada):
        reachable(person)
        MailChoice.objects.create(user=person, occasions=["drift.found"])
    rows = {row.to_text: row for row in told(dev)}
    Membership.objects.filter(user=ada).delete()
    EmailAddress.objects.filter(user=alice).delete()
    outcomes = {name: delivering.deliver(delivery_id=row.pk) for name, row in rows.items()}
    assert {name: each and each.outcome for name, each in outcomes.items()} == {
        "ada": "The person is no longer a member.",
        "alice": "The person has no verified address any more.",
    }
    assert mailoutbox == []


def test_a_mail_server_that_is_down_is_asked_again(
    dev: Environment, alice: User, reachable: Any, settings: Any
) -> None:
    reachable(alice)
    MailChoice.objects.create(user=alice, occasions=["drift.found"])
    (row,) = told(dev)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    tried = delivering.deliver(delivery_id=row.pk)
    assert tried and tried.status == Status.WAITING and "The mail server did not take it" in tried.outcome


def test_without_a_mail_server_no_mail_is_written(dev: Environment, alice: User, reachable: Any, settings: Any) -> None:
    settings.MAIL = False
    reachable(alice)
    MailChoice.objects.create(user=alice, occasions=["drift.found"])
    assert told(dev) == []


def test_old_deliveries_are_forgotten(dev: Environment, add: Add) -> None:
    add("webhook")
    old, young = told(dev)[0], told(dev)[0]
    Delivery.objects.filter(pk=old.pk).update(ended_at=timezone.now() - delivering.KEPT)
    assert delivering.forget() == 1
    assert list(Delivery.objects.all()) == [young]
