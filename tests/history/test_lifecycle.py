"""The bucket's lifecycle rules as a resource: wanted, live, different, applied; and what is archived and asked for."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.urls import reverse
from moto import mock_aws

from history import lifecycle
from history.models import Record
from history.reading import open_record
from history.recording import record
from history.store import Archived, InMemoryStore, NotThere, S3Store, StoreUnavailable
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from tests.conftest import person

pytestmark = pytest.mark.django_db
Make = Callable[..., Any]
OTHERS: dict[str, Any] = {
    "ID": "backups", "Status": "Enabled", "Filter": {"Prefix": "backups/"}, "Expiration": {"Days": 9},
}  # fmt: skip


@cache
def s3() -> Any:
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture(params=["", "some/where"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[S3Store]:
    """A history in S3, with a rule of somebody else."""
    settings.HISTORY_LIFECYCLE = "STANDARD_IA=30, GLACIER_IR=180"
    with mock_aws():
        store = S3Store(s3(), "history", request.param, tags_documents=True)
        store.ensure_bucket()
        store.set_rules([OTHERS])
        for module in ("management.commands.history_lifecycle", "storage_views"):
            monkeypatch.setattr(f"history.{module}.store", lambda: store)
        yield store


def command(*arguments: str) -> str:
    out = io.StringIO()
    call_command("history_lifecycle", *arguments, stdout=out)
    return out.getvalue()


def looked(store: S3Store) -> lifecycle.Rules:
    rules = lifecycle.look(store)
    assert rules is not None
    return rules


def test_rules_are_looked_at_applied_and_watched(bucket: S3Store, settings: Any) -> None:
    missing = looked(bucket)
    assert [each.split(":")[0] for each in missing.differences] == [
        "strandsweb-documents is missing",
        "strandsweb-leftovers is missing",
    ]
    assert "to STANDARD_IA after 30 days; to GLACIER_IR after 180 days" in missing.differences[0]
    with pytest.raises(CommandError, match="--apply"):
        command()
    assert command("--apply").endswith("applied\n")
    rules = looked(bucket)
    assert (rules.differences, rules.others, rules.slow) == ((), ("backups",), ())
    assert OTHERS in bucket.rules(), "others' rules are as they were"
    assert command() == "the bucket has the rules that the settings ask for\n"
    settings.HISTORY_LIFECYCLE, settings.HISTORY_NONCURRENT_DAYS = "GLACIER=90", 5
    rules = looked(bucket)
    (changed,) = rules.differences
    assert changed.startswith("strandsweb-documents is another one: to STANDARD_IA after 30 days")
    assert rules.slow == ("GLACIER",)
    settings.HISTORY_LIFECYCLE = ""
    assert all("is there and not wanted" in each for each in looked(bucket).differences)
    lifecycle.apply(bucket)
    assert bucket.rules() == [OTHERS]
    bucket.set_rules([])
    assert (bucket.rules(), looked(bucket).differences) == ([], ())
    assert AuditEntry.objects.filter(deed=Deed.STORAGE_RULED).count() == 1


@pytest.mark.parametrize(
    "text", ["NEARLINE=30", "STANDARD_IA", "STANDARD_IA=x", "STANDARD_IA=7", "GLACIER_IR=30,STANDARD_IA=90",
     "GLACIER=90,DEEP_ARCHIVE=100"],
)  # fmt: skip
def test_what_the_bucket_would_refuse_is_refused_before(settings: Any, text: str) -> None:
    settings.HISTORY_LIFECYCLE = text
    with pytest.raises(ImproperlyConfigured, match="HISTORY_LIFECYCLE"):
        lifecycle.wanted()


def tags(store: S3Store, key: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = s3().get_object_tagging(Bucket="history", Key=store.prefix + key)["TagSet"]
    return found


def test_only_documents_get_the_tag(bucket: S3Store, documents: Make) -> None:
    row = record(documents(), bucket)
    tagged = {key for key in bucket.keys("") if tags(bucket, key)}
    assert tagged == {key for key in bucket.keys(row.prefix) if not key.endswith("manifest.json")}
    assert tags(bucket, row.prefix + "plan.json") == [{"Key": "strandsweb", "Value": "document"}]
    for key in tagged:
        s3().delete_object_tagging(Bucket="history", Key=bucket.prefix + key)
    lifecycle.apply(bucket)
    assert f"{len(tagged)} documents are tagged" in command("--tag")
    assert {key for key in bucket.keys("") if tags(bucket, key)} == tagged


def test_where_nothing_is_asked_for_nothing_is_tagged(bucket: S3Store, documents: Make) -> None:
    plain = S3Store(s3(), "history", bucket.prefix)
    row = record(documents(), plain)
    assert tags(bucket, row.prefix + "plan.json") == []


def archive(store: S3Store, key: str) -> None:
    s3().put_object(Bucket="history", Key=store.prefix + key, Body=store.get(key), StorageClass="GLACIER")


def test_what_is_archived_says_what_to_do_and_is_asked_for(bucket: S3Store, documents: Make) -> None:
    row = record(documents(), bucket)
    key = row.prefix + "plan.json"
    archive(bucket, key)
    with pytest.raises(Archived, match="has to be restored before it can be read"):
        bucket.get(key)
    reader = open_record(Record.objects.get(), bucket)
    with pytest.raises(StoreUnavailable):
        reader.raw("plan.json")
    assert lifecycle.restore(bucket, reader.manifest) == 1
    assert bucket.restore(row.prefix + "config.yaml") is False, "it is there"
    assert reader.raw("plan.json")
    with pytest.raises(NotThere):
        bucket.restore("nothing")


def test_a_bucket_whose_rules_nobody_may_read_is_said_so(documents: Make) -> None:
    with mock_aws(), pytest.raises(StoreUnavailable, match="history bucket none"):
        S3Store(s3(), "none").rules()


def test_elsewhere_there_is_nothing_to_manage(documents: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    store = InMemoryStore()
    row = record(documents(), store)
    assert lifecycle.look(store) is None
    assert lifecycle.apply(store) is None
    assert lifecycle.restore(store, open_record(row, store).manifest) == 0
    monkeypatch.setattr("history.management.commands.history_lifecycle.store", lambda: store)
    assert "nothing to manage" in command("--apply")


def test_the_page_shows_the_difference_and_applies_it(bucket: S3Store, client: Any, settings: Any) -> None:
    admin = person("root")
    admin.is_superuser = True
    admin.save()
    client.force_login(admin)
    url = reverse("history-storage")
    page = client.get(url).content.decode()
    assert "is missing" in page and "Of others, and left alone: backups" in page
    said = client.post(reverse("history-storage-apply"), follow=True).content.decode()
    assert "The bucket has the rules that the settings ask for" in said
    assert "is missing" not in said
    settings.HISTORY_LIFECYCLE = "DEEP_ARCHIVE=365"
    assert "cannot be read at once" in client.get(url).content.decode()
    settings.HISTORY_LIFECYCLE = "nonsense"
    assert "nonsense" in client.get(url).content.decode()
    assert "as they were" in client.post(reverse("history-storage-apply"), follow=True).content.decode()
    admin.is_superuser = False
    admin.save()
    assert client.get(url).status_code == 404
