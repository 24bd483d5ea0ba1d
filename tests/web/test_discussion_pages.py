"""The pages of discussions: with and without JavaScript, live, found from everywhere, and without losing a word."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from deployments.discussing import bell, discussing, reading
from deployments.discussing.models import Comment, Mention, Thread
from deployments.models import Deployment, Status
from projects.models import Environment, Membership, User
from tests.web.conftest import Visit
from tests.web.test_live import knock

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"


@pytest.fixture
def plan(prod: Environment, propose: Callable[..., Deployment]) -> Deployment:
    """A plan that waits for approval."""
    return propose(prod, Status.WAITING)


def url(name: str, plan: Deployment, *more: object) -> str:
    return reverse(name, args=["support-desk", plan.public_id, *more])


def ask(plan: Deployment, actor: User, text: str = "Why?", about: str = "") -> Comment:
    return discussing.start(deployment=plan, about=about, actor=actor, text=text, key=uuid4())


def answer(comment: Comment, actor: User, text: str = "Because.") -> Comment:
    return discussing.reply(thread=comment.thread, actor=actor, text=text, key=uuid4())


def words(text: str, **more: str) -> dict[str, str]:
    return {"text": text, "key": str(uuid4()), **more}


def news(client: Client, plan: Deployment, **state: object) -> str:
    answer = client.get(url("discussion-news", plan), state, headers=HTMX)
    return answer.content.decode() if answer.status_code == 200 else ""


def test_without_javascript_it_is_written_answered_and_settled_by_forms(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    sent = visit(vera).post(url("discussion", plan), words("Why **this**?", about="TicketsTable"))
    comment = Comment.objects.get()
    assert sent["Location"] == f"{url('thread', plan, comment.thread_id)}#comment-{comment.pk}"
    page = visit(bob).get(url("deployment", plan)).content.decode()
    assert "<p>Why <strong>this</strong>?</p>" in page and f'id="thread-{comment.thread_id}"' in page
    sent = visit(bob).post(url("thread", plan, comment.thread_id), words("Because."))
    assert sent.status_code == 302
    alone = visit(vera).get(sent["Location"]).content.decode()
    assert "Because." in alone and "About TicketsTable" in alone
    visit(bob).post(url("thread-resolve", plan, comment.thread_id))
    page = visit(bob).get(url("deployment", plan)).content.decode()
    assert f'id="thread-{comment.thread_id}">' in page and "resolved" in page, "it is folded"
    assert "Reopen" in page and "threads are open" not in page
    visit(bob).post(url("thread-reopen", plan, comment.thread_id))
    assert Thread.objects.get().is_open


def test_hostile_words_are_inert_on_every_page(
    plan: Deployment, visit: Visit, vera: User, bob: User, ada: User
) -> None:
    comment = ask(plan, vera, f"@ada {HOSTILE}", about="TicketsTable")
    pages = [
        visit(bob).get(url("deployment", plan)),
        visit(bob).get(url("discussion", plan), {"about": HOSTILE}),
        visit(bob).get(url("thread", plan, comment.thread_id)),
        visit(vera).get(url("comment", plan, comment.thread_id, comment.pk)),
        visit(bob).get(url("discussion-people", plan), {"q": HOSTILE}),
        visit(bob).post(url("discussion", plan), words("", about=HOSTILE)),
        visit(bob).get(reverse("audit", args=["support-desk"])),
        visit(ada).get(reverse("inbox")),
    ]
    for each in pages:
        page = each.content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page and 'href="javascript' not in page
    assert "&lt;script&gt;alert(1)" in pages[0].content.decode()


def test_htmx_gets_an_empty_form_and_a_bell_and_asks_for_the_rest(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    comment = ask(plan, vera)
    sent = visit(bob).post(url("thread", plan, comment.thread_id), words("Because."), headers=HTMX).content.decode()
    assert "<html" not in sent and "Because." not in sent
    assert 'hx-trigger="load, every 30s"' in sent and f'action="{url("thread", plan, comment.thread_id)}"' in sent
    keys = set(re.findall(r'name="key" value="([^"]+)"', sent))
    assert len(keys) == 1 and not Comment.objects.filter(key__in=keys).exists()
    told = news(visit(vera), plan, after=1)
    assert "Because." in told and f'id="thread-{comment.thread_id}-said" hx-swap-oob="true"' in told
    assert 'hx-swap-oob="outerHTML:#discussion-after-1"' in told and 'id="discussion-after-2"' in told
    begun = visit(bob).post(url("discussion", plan), words("And this?", about="TicketsTable"), headers=HTMX)
    assert "Start a thread about TicketsTable" in begun.content.decode()
    told = news(visit(vera), plan, after=2, rows="1", beside="1")
    assert '<div hx-swap-oob="beforebegin:#discussion-after-2">' in told and "And this?" in told
    assert '<span id="discussed-TicketsTable" class="discussed" hx-swap-oob="true">' in told
    assert "2 threads are open" in told
    assert visit(vera).get(url("discussion-news", plan), {"after": 3}).status_code == 204


def test_news_are_of_the_threads_that_the_page_shows(plan: Deployment, visit: Visit, vera: User, bob: User) -> None:
    about, other = ask(plan, vera, "One?", about="TicketsTable"), ask(plan, vera, "Two?")
    for comment in (about, other):
        answer(comment, bob)
    told = news(visit(vera), plan, after=2, about="TicketsTable")
    assert f"thread-{about.thread_id}-said" in told and f"thread-{other.thread_id}-said" not in told
    told = news(visit(vera), plan, after=2, only=other.thread_id)
    assert f"thread-{about.thread_id}-said" not in told and f"thread-{other.thread_id}-said" in told
    told = news(visit(vera), plan, after=2, first=other.thread_id)
    assert f"thread-{about.thread_id}-said" not in told and f"thread-{other.thread_id}-said" in told
    assert "discussed-" not in told and "discussion-open" not in told, "nothing for places the page has not"
    assert news(visit(vera), plan, after="x", about="TicketsTable").count("<details") == 1


def test_a_page_brought_up_to_date_shows_what_a_fresh_one_shows(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    comment = ask(plan, vera)
    answer(comment, bob)
    told = news(visit(bob), plan, after=1)
    fresh = visit(bob).get(url("deployment", plan)).content.decode()

    def piece(text: str) -> str:
        found = text[text.index(f'<div class="thread-said" id="thread-{comment.thread_id}-said"') :]
        found = found[: found.index('<form class="thread-settle"')]
        return " ".join(found.replace(' hx-swap-oob="true"', "").split())

    assert piece(told) == piece(fresh)


def test_nothing_typed_is_lost(plan: Deployment, visit: Visit, vera: User) -> None:
    comment = ask(plan, vera)
    now = timezone.now()
    Comment.objects.bulk_create(
        Comment(thread=comment.thread, author=vera, author_text="vera", text="x", key=uuid4(), created_at=now)
        for _ in range(29)
    )
    for address in (url("thread", plan, comment.thread_id), url("discussion", plan)):
        for headers in ({}, HTMX):
            refused = visit(vera).post(address, words("My long thoughts"), headers=headers)
            page = refused.content.decode()
            assert refused.status_code == 409 and "Wait a minute" in page
            assert re.search(r"<textarea[^>]*>\s*My long thoughts</textarea>", page)
            assert ("<html" in page) is (not headers)
    refused = visit(vera).post(url("discussion", plan), words("y" * 4001))
    assert refused.status_code == 422 and "y" * 4001 in refused.content.decode()
    refused = visit(vera).post(url("discussion", plan), {"text": "kept", "key": "no key"})
    assert refused.status_code == 422 and "could not be read" in refused.content.decode()
    refused = visit(vera).post(url("discussion", plan), words("kept", about="Gone"))
    assert refused.status_code == 409 and "no resource Gone" in refused.content.decode()
    assert Comment.objects.count() == 30


def test_lines_end_as_browsers_count_them(plan: Deployment, visit: Visit, vera: User) -> None:
    visit(vera).post(url("discussion", plan), words("a\r\n" * 1999 + "bc"))
    assert Comment.objects.get().text == "a\n" * 1999 + "bc"


def test_a_comment_is_changed_and_deleted_on_a_page_of_its_own(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    comment = ask(plan, vera, "Wy?")
    address = url("comment", plan, comment.thread_id, comment.pk)
    assert "Edit or delete" in visit(vera).get(url("deployment", plan)).content.decode()
    assert "Edit or delete" not in visit(bob).get(url("deployment", plan)).content.decode()
    assert "Wy?</textarea>" in visit(vera).get(address).content.decode()
    assert "Only who wrote" in visit(bob).get(address, follow=True).content.decode()
    refused = visit(bob).post(address, {"text": "mine now"})
    assert refused.status_code == 409 and "Only who wrote" in refused.content.decode()
    assert visit(vera).post(address, {"text": ""}).status_code == 422
    assert visit(vera).post(address, {"text": "Why?"})["Location"] == discussing.address(comment)
    page = visit(bob).get(url("thread", plan, comment.thread_id)).content.decode()
    assert "<p>Why?</p>" in page and "edited" in page
    refused = visit(bob).post(url("comment-delete", plan, comment.thread_id, comment.pk), follow=True)
    assert "Only who wrote" in refused.content.decode()
    visit(vera).post(url("comment-delete", plan, comment.thread_id, comment.pk))
    page = visit(bob).get(url("thread", plan, comment.thread_id)).content.decode()
    assert "Why?" not in page and "Deleted" in page


def test_who_may_not_settle_is_told_so_and_sees_no_button(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    thread = ask(plan, bob).thread
    assert "Resolve</button>" not in visit(vera).get(url("thread", plan, thread.pk)).content.decode()
    assert "Resolve</button>" in visit(bob).get(url("thread", plan, thread.pk)).content.decode()
    refused = visit(vera).post(url("thread-resolve", plan, thread.pk), headers=HTMX)
    assert refused.status_code == 409 and "may resolve" in refused.content.decode()
    assert "may resolve" in visit(vera).post(url("thread-resolve", plan, thread.pk), follow=True).content.decode()
    done = visit(bob).post(url("thread-resolve", plan, thread.pk), headers=HTMX)
    assert done.status_code == 200 and "discussion-bell" in done.content.decode()


def test_threads_and_comments_of_other_plans_are_not_there(
    plan: Deployment, prod: Environment, propose: Callable[..., Deployment], visit: Visit, vera: User, mallory: User
) -> None:
    comment, other = ask(plan, vera), propose(prod, Status.WAITING)
    second = ask(plan, vera)
    assert visit(vera).get(url("thread", other, comment.thread_id)).status_code == 404
    assert visit(vera).post(url("thread", other, comment.thread_id), words("x")).status_code == 404
    assert visit(vera).post(url("thread-resolve", other, comment.thread_id)).status_code == 404
    assert visit(vera).get(url("comment", plan, second.thread_id, comment.pk)).status_code == 404
    assert visit(vera).post(url("comment-delete", other, comment.thread_id, comment.pk)).status_code == 404
    assert visit(mallory).get(url("thread", plan, comment.thread_id)).status_code == 404
    assert news(visit(vera), other, after=0) == ""


def test_open_threads_are_counted_beside_the_approval_and_stop_nobody(
    plan: Deployment, visit: Visit, vera: User, ada: User
) -> None:
    ask(plan, vera)
    assert "1 thread is open" in visit(ada).get(url("deployment", plan)).content.decode()
    ask(plan, vera, about="TicketsTable")
    page = visit(ada).get(url("deployment", plan)).content.decode()
    assert page.index('id="approval"') < page.index("2 threads are open") < page.index("Approve this plan")
    row = page[page.index('id="change-TicketsTable"') :]
    assert "1 thread, 1 open" in row[: row.index("</summary>")]
    assert f"{url('discussion', plan)}?about=TicketsTable" in row


def test_a_plan_in_place_of_another_leads_to_what_was_said_about_that(
    plan: Deployment, prod: Environment, propose: Callable[..., Deployment], visit: Visit, vera: User
) -> None:
    ask(plan, vera)
    successor = propose(prod, Status.WAITING, predecessor=plan)
    page = visit(vera).get(url("deployment", successor)).content.decode()
    assert f'<a href="{url("discussion", plan)}">What was said about that one</a>' in page
    assert "What was said" not in visit(vera).get(url("deployment", plan)).content.decode()


def test_the_discussion_of_one_row(plan: Deployment, visit: Visit, vera: User) -> None:
    ask(plan, vera, "About it", about="TicketsTable")
    ask(plan, vera, "About all")
    address = url("discussion", plan)
    page = visit(vera).get(address, {"about": "TicketsTable"}, headers=HTMX).content.decode()
    assert page.strip().startswith("<section") and "About it" in page and "About all" not in page
    assert 'name="about" value="TicketsTable"' in page and "All threads" in page
    assert "About all" in visit(vera).get(address).content.decode()
    nothing = visit(vera).get(address, {"about": "UploadsBucket"}).content.decode()
    assert "Nobody has said anything about it yet." in nothing


def test_more_threads_are_on_further_pages(plan: Deployment, visit: Visit, vera: User) -> None:
    threads = Thread.objects.bulk_create(
        Thread(deployment=plan, started=1, changed=1, started_by=vera) for _ in range(reading.THREADS + 2)
    )
    first = visit(vera).get(url("discussion", plan)).content.decode()
    assert first.count('<details class="thread"') == reading.THREADS
    assert f'id="thread-{threads[-1].pk}"' in first and f'id="thread-{threads[1].pk}"' not in first
    further = re.search(r'href="([^"]+\?before=\d+)">Earlier threads', first)
    assert further
    second = visit(vera).get(further[1]).content.decode()
    assert second.count('<details class="thread"') == 2 and "Earlier threads" not in second
    assert "discussion-bell" not in second, "what is old does not change by itself"


def test_long_threads_show_their_end_and_the_rest_on_their_own_page(plan: Deployment, visit: Visit, vera: User) -> None:
    comment = ask(plan, vera, "number 0.")
    now = timezone.now()
    Comment.objects.bulk_create(
        Comment(
            thread=comment.thread,
            author=vera,
            author_text="vera",
            text=f"number {number}.",
            key=uuid4(),
            created_at=now,
        )
        for number in range(1, reading.ALL_COMMENTS + 5)
    )
    page = visit(vera).get(url("deployment", plan)).content.decode()
    assert page.count("<article") == reading.COMMENTS and f"number {reading.ALL_COMMENTS + 4}." in page
    assert f"{reading.ALL_COMMENTS + 5 - reading.COMMENTS} earlier comments</a>" in page
    alone = visit(vera).get(url("thread", plan, comment.thread_id)).content.decode()
    assert alone.count("<article") == reading.ALL_COMMENTS and "5 earlier comments are in the audit log" in alone


def test_the_number_of_queries_does_not_grow_with_what_was_said(
    plan: Deployment, visit: Visit, vera: User, bob: User
) -> None:
    client = visit(vera)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            client.get(url("discussion", plan))
        return len(caught)

    comment = ask(plan, bob, "@ada?")
    few = queries()
    for number in range(10):
        answer(comment, vera, f"@bob {number}")
        ask(plan, bob, f"@vera {number}", about="TicketsTable")
    assert queries() == few


def test_people_are_found_by_how_their_names_begin(plan: Deployment, visit: Visit, vera: User, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(first_name="Ada", last_name="Lovelace")

    def found(typed: str) -> list[str]:
        page = visit(vera).get(url("discussion-people", plan), {"q": typed}).content.decode()
        return re.findall(r'data-name="([^"]+)"', page)

    assert found("") == ["ada", "alice", "bob", "vera"]
    assert found("LOVE") == found("ad") == ["ada"]
    assert found("mallory") == []


def test_a_question_is_in_the_inbox_until_it_was_read(
    plan: Deployment, visit: Visit, bob: User, ada: User, vera: User
) -> None:
    comment = ask(plan, bob, "@ada \u202ewhat do you say?")
    page = visit(ada).get(reverse("inbox")).content.decode()
    assert "asks you about support-desk → prod" in page and "@ada ⟨U+202E⟩what do you say?" in page
    assert f"{url('thread', plan, comment.thread_id)}#comment-{comment.pk}" in page
    mention = Mention.objects.get()
    assert visit(vera).post(reverse("mention-read", args=[mention.pk])).status_code == 404
    assert visit(ada).get(reverse("mention-read", args=[mention.pk])).status_code == 405
    assert visit(ada).post(reverse("mention-read", args=[mention.pk]))["Location"] == reverse("inbox")
    assert "asks you" not in visit(ada).get(reverse("inbox")).content.decode()


def test_mentions_are_chosen_for_mail_and_not_for_channels(visit: Visit, project: Any, alice: User) -> None:
    assert "Somebody asks you in a discussion" in visit(alice).get(reverse("mail-choice")).content.decode()
    assert "asks you" not in visit(alice).get(reverse("notifications", args=["support-desk"])).content.decode()


def test_a_comment_without_its_token_is_refused(plan: Deployment, vera: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(vera)
    for headers in ({}, HTMX):
        assert client.post(url("discussion", plan), words("x"), headers=headers).status_code == 403
    assert not Comment.objects.exists()


def test_a_broker_that_is_away_costs_nobody_their_comment(
    plan: Deployment, visit: Visit, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def group_send(self, *args: object) -> None:
            raise RedisError("away")

    monkeypatch.setattr(bell, "get_channel_layer", Away)
    assert visit(vera).post(url("discussion", plan), words("Why?")).status_code == 302
    monkeypatch.setattr(bell, "get_channel_layer", lambda: None)
    assert visit(vera).post(url("discussion", plan), words("And why?")).status_code == 302
    assert Comment.objects.count() == 2


@pytest.mark.django_db(transaction=True)
async def test_open_pages_hear_a_bell_without_a_word_of_it(running: Deployment, vera: User, bob: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(ask)(running, bob, "confidential")
    await sync_to_async(bell.ring)(running)
    rung = await socket.receive_from()
    assert 'id="discussion-bell" hidden hx-swap-oob="true"' in rung and 'hx-trigger="load, every 30s"' in rung
    assert "confidential" not in rung and "csrf" not in rung
    await socket.disconnect()


@pytest.mark.django_db(transaction=True)
async def test_who_was_removed_hears_no_bell(running: Deployment, vera: User) -> None:
    socket = await knock(running, vera)
    await socket.connect()
    await socket.receive_from()
    await database_sync_to_async(Membership.objects.filter(user=vera).delete)()
    await sync_to_async(bell.ring)(running)
    assert (await socket.receive_output())["type"] == "websocket.close"
