"""What people do in discussions: who may, what the audit log keeps, who is asked and told, and how much."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from deployments import inbox
from deployments.discussing import discussing
from deployments.discussing.models import Comment, Discussion, Mention, Thread
from deployments.errors import NotAllowed, OutOfDate
from deployments.models import Deployment, Status
from deployments.telling.models import Delivery, MailChoice
from projects.audit.models import AuditEntry
from projects.models import Environment, Membership, User
from projects.people.api_tokens import make_service_account
from projects.roles import FOR_TOKENS, TABLE, Action, Role, Scope, can

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(prod: Environment, propose: Callable[..., Deployment]) -> Deployment:
    """A plan that waits for approval."""
    return propose(prod, Status.WAITING)


@pytest.fixture
def mails(settings: Any, alice: User, bob: User, ada: User, vera: User, mallory: User) -> None:
    """Everybody has an address, and there is a mail server."""
    settings.MAIL = True
    for user in (alice, bob, ada, vera, mallory):
        EmailAddress.objects.create(user=user, email=f"{user.username}@example.com", verified=True, primary=True)


def ask(plan: Deployment, actor: User, text: str, about: str = "") -> Comment:
    return discussing.start(deployment=plan, about=about, actor=actor, text=text, key=uuid4())


def answer(comment: Comment, actor: User, text: str = "Because.") -> Comment:
    return discussing.reply(thread=comment.thread, actor=actor, text=text, key=uuid4())


def deeds() -> list[tuple[str, str, dict[str, Any]]]:
    rows = AuditEntry.objects.filter(deed__regex="^(comment|thread)").order_by("pk")
    return [(row.deed, row.actor_text, row.detail) for row in rows]


def told() -> list[str]:
    return list(Delivery.objects.filter(occasion="mentioned").order_by("pk").values_list("to_text", flat=True))


def age(comment: Comment, minutes: int) -> None:
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - timedelta(minutes=minutes))


def test_every_person_may_discuss_and_no_token() -> None:
    assert all(Action.DISCUSS in actions for actions in TABLE.values())
    assert Action.DISCUSS not in FOR_TOKENS
    assert not can(Role.OWNER, Action.DISCUSS, Scope(frozenset(Action)))


def test_a_thread_has_its_numbers_and_its_place_in_the_log(plan: Deployment, vera: User, bob: User) -> None:
    first = ask(plan, vera, "Why **now**?", about="TicketsTable")
    answer(first, bob)
    second = ask(plan, bob, "And this?")
    assert list(Thread.objects.order_by("pk").values_list("logical_id", "started", "changed")) == [
        ("TicketsTable", 1, 2), ("", 3, 3),
    ]  # fmt: skip
    assert Discussion.objects.get().number == 3
    assert [(deed, who, detail["about"], detail["text"]) for deed, who, detail in deeds()] == [
        ("comment.written", "vera", "TicketsTable", "Why **now**?"),
        ("comment.written", "bob", "TicketsTable", "Because."),
        ("comment.written", "bob", "the plan", "And this?"),
    ]
    assert AuditEntry.objects.filter(environment="prod", target=plan.public_id, deed="comment.written").count() == 3
    assert second.thread.pk > first.thread.pk


def test_a_resource_that_the_plan_lacks_is_not_discussed(plan: Deployment, vera: User) -> None:
    with pytest.raises(OutOfDate, match="no resource Nonsense"):
        ask(plan, vera, "What?", about="Nonsense")
    assert ask(plan, vera, "This stays?", about="UploadsBucket").thread.logical_id == "UploadsBucket"


def test_a_plan_that_is_still_made_can_be_discussed_as_a_whole(
    prod: Environment, propose: Callable[..., Deployment], vera: User
) -> None:
    planning = propose(prod, Status.PLANNING, planned_at=None)
    assert ask(planning, vera, "Already?").pk
    with pytest.raises(OutOfDate):
        ask(planning, vera, "Already?", about="TicketsTable")


def test_sending_a_form_twice_is_sending_it_once(plan: Deployment, vera: User, bob: User) -> None:
    key = uuid4()
    twice = [discussing.start(deployment=plan, about="", actor=vera, text="x", key=key) for _ in range(2)]
    assert twice[0] == twice[1]
    key = uuid4()
    again = [discussing.reply(thread=twice[0].thread, actor=bob, text="y", key=key) for _ in range(2)]
    assert again[0] == again[1]
    discussing.reply(thread=twice[0].thread, actor=vera, text="y", key=key)  # a key belongs to its person
    assert (Thread.objects.count(), Comment.objects.count()) == (1, 3)


def test_who_wrote_it_may_change_it_for_a_while_and_the_log_keeps_both(plan: Deployment, vera: User) -> None:
    comment = ask(plan, vera, "Wy?")
    discussing.edit(comment=comment, actor=vera, text="Why?")
    discussing.edit(comment=comment, actor=vera, text="Why?")  # which changes nothing
    comment.refresh_from_db()
    assert comment.text == "Why?" and comment.edited_at is not None
    deed, who, detail = deeds()[-1]
    assert (deed, who, detail["before"], detail["after"]) == (
        "comment.edited",
        "vera",
        {"text": "Wy?"},
        {"text": "Why?"},
    )
    assert len(deeds()) == 2
    age(comment, 14)
    discussing.edit(comment=comment, actor=vera, text="Why, then?")
    age(comment, 16)
    with pytest.raises(NotAllowed, match="15 minutes"):
        discussing.edit(comment=comment, actor=vera, text="Why, why?")
    with pytest.raises(NotAllowed, match="15 minutes"):
        discussing.delete(comment=comment, actor=vera)


def test_nobody_else_may_change_it_not_even_an_owner(plan: Deployment, vera: User, alice: User) -> None:
    comment = ask(plan, vera, "Why?")
    with pytest.raises(NotAllowed, match="Only who wrote"):
        discussing.edit(comment=comment, actor=alice, text="Never mind.")
    with pytest.raises(NotAllowed, match="Only who wrote"):
        discussing.delete(comment=comment, actor=alice)


def test_what_somebody_answered_stays_as_it_is(plan: Deployment, vera: User, bob: User) -> None:
    comment = ask(plan, vera, "Why?")
    mine = answer(comment, vera, "I mean: why now?")
    discussing.edit(comment=comment, actor=vera, text="Why, I ask?")  # one's own words are no answer
    reply = answer(comment, bob)
    for each in (comment, mine):
        with pytest.raises(NotAllowed, match="has answered"):
            discussing.edit(comment=each, actor=vera, text="x")
        with pytest.raises(NotAllowed, match="has answered"):
            discussing.delete(comment=each, actor=vera)
    discussing.delete(comment=reply, actor=bob)
    discussing.edit(comment=mine, actor=vera, text="x")  # nobody has, any more


def test_what_is_deleted_leaves_a_mark_and_its_words_in_the_log(plan: Deployment, vera: User) -> None:
    comment = ask(plan, vera, "A secret: 1234")
    discussing.delete(comment=comment, actor=vera)
    comment.refresh_from_db()
    assert comment.text == "" and comment.deleted_at is not None
    assert deeds()[-1][0] == "comment.deleted" and deeds()[-1][2]["before"] == {"text": "A secret: 1234"}
    with pytest.raises(NotAllowed, match="was deleted"):
        discussing.edit(comment=comment, actor=vera, text="x")
    assert Thread.objects.get().comments.count() == 1


def test_who_proposes_resolves_and_who_began_the_thread(
    plan: Deployment, vera: User, bob: User, ada: User, mallory: User
) -> None:
    theirs, hers = ask(plan, ada, "Why?").thread, ask(plan, vera, "Why?").thread
    for stranger in (vera, mallory):
        with pytest.raises(NotAllowed, match="may resolve"):
            discussing.resolve(thread=theirs, actor=stranger)
    discussing.resolve(thread=hers, actor=vera)
    discussing.resolve(thread=theirs, actor=bob)
    discussing.resolve(thread=theirs, actor=ada)  # a second click, or a race: the first one counts
    theirs.refresh_from_db()
    assert not theirs.is_open and theirs.resolved_by_text == "bob"
    with pytest.raises(NotAllowed, match="may resolve"):
        discussing.reopen(thread=theirs, actor=vera)
    discussing.reopen(thread=theirs, actor=ada)
    discussing.reopen(thread=theirs, actor=ada)
    theirs.refresh_from_db()
    assert theirs.is_open and theirs.resolved_by_text == ""
    assert [deed for deed, *_ in deeds()][2:] == ["thread.resolved", "thread.resolved", "thread.reopened"]


def test_who_is_mentioned_is_told_once_with_a_link_to_the_thread(
    plan: Deployment, mails: None, bob: User, ada: User, alice: User
) -> None:
    comment = ask(plan, bob, "@ada. what do you say? @bob @mallory @nobody `@alice`")
    assert told() == ["ada"]
    delivery = Delivery.objects.get(occasion="mentioned")
    assert delivery.path == discussing.address(comment)
    assert delivery.path.endswith(f"/discussion/{comment.thread_id}/#comment-{comment.pk}")
    assert "bob: @ada. what do you say?" in delivery.text and delivery.kind == "email"
    discussing.edit(comment=comment, actor=bob, text="@ada what do you say? And @alice?")
    assert told() == ["ada", "alice"]
    discussing.edit(comment=comment, actor=bob, text="And @alice?")
    discussing.edit(comment=comment, actor=bob, text="@ada and @alice?")
    assert told() == ["ada", "alice"]


def test_who_wants_no_mail_or_has_no_address_finds_it_in_the_inbox(
    plan: Deployment, mails: None, bob: User, ada: User, alice: User
) -> None:
    MailChoice.objects.create(user=ada, occasions=[])
    EmailAddress.objects.filter(user=alice).update(verified=False)
    ask(plan, bob, "@ada @alice")
    assert told() == []
    assert [inbox.mentions(person).count() for person in (ada, alice, bob)] == [1, 1, 0]


def test_programs_and_who_was_switched_off_are_not_asked(plan: Deployment, mails: None, bob: User, ada: User) -> None:
    account = make_service_account(project=plan.environment.project, name="ci", role=Role.DEPLOYER, by=bob)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    ask(plan, bob, f"@ada @{account.user.username}")
    assert not Mention.objects.exists() and told() == []


def test_a_question_waits_until_it_is_answered_in_its_thread(plan: Deployment, bob: User, ada: User) -> None:
    first, other = ask(plan, bob, "@ada?"), ask(plan, bob, "@ada, this too?")
    waiting = inbox.count(ada)
    assert inbox.mentions(ada).count() == 2
    answer(first, bob, "Anybody?")
    assert inbox.mentions(ada).count() == 2
    answer(first, ada)
    assert [each.comment for each in inbox.mentions(ada)] == [other]
    assert inbox.count(ada) == waiting - 1


def test_a_question_is_gone_when_it_was_read_taken_back_or_settled(plan: Deployment, bob: User, ada: User) -> None:
    comment = ask(plan, bob, "@ada?")
    discussing.read(inbox.mentions(ada).get())
    assert not inbox.mentions(ada).exists()
    discussing.edit(comment=comment, actor=bob, text="@ada, well?")  # asked before, and read
    assert not inbox.mentions(ada).exists()
    discussing.edit(comment=comment, actor=bob, text="Well?")
    discussing.edit(comment=comment, actor=bob, text="Well, @ada?")  # asked anew
    assert inbox.mentions(ada).exists()
    discussing.delete(comment=comment, actor=bob)
    assert not inbox.mentions(ada).exists()
    thread = ask(plan, bob, "@ada?").thread
    discussing.resolve(thread=thread, actor=bob)
    assert inbox.mentions(ada).exists()
    discussing.resolve(thread=thread, actor=ada)  # it was already
    assert inbox.mentions(ada).exists()
    discussing.reopen(thread=thread, actor=bob)
    discussing.resolve(thread=thread, actor=ada)
    assert not inbox.mentions(ada).exists()


def test_who_leaves_the_project_is_asked_nothing_there(plan: Deployment, bob: User, ada: User) -> None:
    ask(plan, bob, "@ada?")
    Membership.objects.filter(user=ada).delete()
    assert not inbox.mentions(ada).exists() and inbox.count(ada) == 0


def test_one_comment_asks_twenty_people_and_no_more(plan: Deployment, bob: User) -> None:
    many = User.objects.bulk_create(User(username=f"p{number}") for number in range(21))
    Membership.objects.bulk_create(
        Membership(project=plan.environment.project, user=user, role=Role.VIEWER) for user in many
    )
    ask(plan, bob, " ".join(f"@p{number}" for number in range(20)))
    assert Mention.objects.count() == 20
    with pytest.raises(discussing.TooMuch, match="20 people"):
        ask(plan, bob, " ".join(f"@p{number}" for number in range(21)))
    assert (Mention.objects.count(), Comment.objects.count(), Thread.objects.count()) == (20, 1, 1)


def test_one_person_says_thirty_things_a_minute_and_no_more(plan: Deployment, bob: User, ada: User) -> None:
    comment = ask(plan, bob, "0")
    now = timezone.now()
    Comment.objects.bulk_create(
        Comment(thread=comment.thread, author=bob, author_text="bob", text="x", key=uuid4(), created_at=now)
        for _ in range(28)
    )
    answer(comment, bob)
    with pytest.raises(discussing.TooMuch, match="30 comments within a minute"):
        answer(comment, bob)
    with pytest.raises(discussing.TooMuch):
        ask(plan, bob, "elsewhere")
    answer(comment, ada)
    Comment.objects.filter(author=bob).update(created_at=now - timedelta(seconds=61))
    answer(comment, bob)
