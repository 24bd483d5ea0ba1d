"""Archives of records: who gets them, what is in them, and that they are sent while they are made."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest
from django.http import StreamingHttpResponse
from django.test import AsyncClient
from django.urls import reverse

from deployments.models import Deployment
from history import export_views, store
from history.models import Record
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Environment, User
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db


def names_in(data: bytes) -> set[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return set(archive.namelist())


def test_an_archive_holds_the_record_and_what_verifies_it(recorded: Deployment, vera: User, visit: Visit) -> None:
    page = visit(vera).get(reverse("record", args=["support-desk", recorded.public_id])).content.decode()
    row = Record.objects.get()
    for name, argument in (("record-archive", recorded.public_id), ("environment-archive", row.environment_name)):
        url = reverse(name, args=["support-desk", argument])
        assert url in page
        answer = visit(vera).get(url)
        assert isinstance(answer, StreamingHttpResponse)
        names = names_in(b"".join(answer.streaming_content))  # type: ignore[arg-type]
        assert {"verify.py", "archive.json", "README.txt", "_keys/0000000001.json", f"{row.prefix}plan.json"} <= names
        assert answer["Content-Disposition"].startswith('attachment; filename="support-desk-')
    targets = AuditEntry.objects.filter(deed=Deed.EXPORT_READ).values_list("target", flat=True)
    assert set(targets) == {f"{recorded.public_id}/archive.zip", "history.zip"}


def test_where_nothing_was_recorded_there_is_no_archive(dev: Environment, vera: User, visit: Visit) -> None:
    Record.objects.all().delete()
    assert visit(vera).get(reverse("environment-archive", args=["support-desk", dev.name])).status_code == 404


def test_without_the_store_it_is_said_so(
    recorded: Deployment, vera: User, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> store.Store:
        raise store.StoreUnavailable("the history bucket is away")

    monkeypatch.setattr("history.exporting.configured_store", away)
    answer = visit(vera).get(reverse("record-archive", args=["support-desk", recorded.public_id]))
    assert (answer.status_code, "is away" in answer.content.decode()) == (503, True)


@pytest.mark.django_db(transaction=True)
async def test_parts_are_sent_as_they_are_made() -> None:
    made: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(3):
            made.append(number)
            yield b"%d" % number

    sent = [(part, len(made)) async for part in export_views._aside(parts())]
    assert sent == [(b"0", 1), (b"1", 2), (b"2", 3)]


@pytest.mark.django_db(transaction=True)
async def test_a_server_that_is_asynchronous_streams_it_too(recorded: Deployment, vera: User) -> None:
    client = AsyncClient()
    await client.aforce_login(vera)
    answer = await client.get(reverse("record-archive", args=["support-desk", recorded.public_id]))
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.is_async
    data = b"".join([part async for part in answer.streaming_content])  # type: ignore[union-attr]
    assert "verify.py" in names_in(data)
