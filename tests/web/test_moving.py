"""A project goes from one installation to another, with all digests it has, or does not go at all."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from moto import mock_aws

import history.store
from deployments import states
from deployments.holding.models import Hold
from deployments.models import Deployment, EnvironmentState, Status
from deployments.moving.opening import ArchiveRefused, open_archive
from deployments.moving.taking_in import take_in
from deployments.moving.writing import archive
from deployments.recording import record_run
from history import annotating
from history.annotation import Says
from history.index import rebuild
from history.models import Annotation, Record
from history.recording import record
from history.signing import signer
from history.store import FileStore, InMemoryStore, S3Store, Store, StoreUnavailable
from history.verification import verify_all
from projects import protecting
from projects.audit.deeds import Deed
from projects.audit.models import AuditEntry
from projects.models import Configuration, Environment, Project, ProtectionRevision, SourceBundle, User
from tests.conftest import person
from tests.history.conftest import make_documents
from tests.history.test_store import made, s3_client
from tests.web.conftest import START, Visit, run_to_record

pytestmark = pytest.mark.django_db
Settle = Callable[[Store], None]


def pem(seed: bytes) -> str:
    key = Ed25519PrivateKey.from_private_bytes(seed * 32)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Settle:
    """This process becomes an installation with that store, and a key of its own."""
    seeds = iter((b"4", b"5", b"6"))

    def settled(store: Store) -> None:
        monkeypatch.setattr("history.store.bucket", lambda *_, **__: store)
        settings.HISTORY_STORE, settings.HISTORY_BUCKET, settings.EMBEDDED = "s3", "history", False
        settings.HISTORY_SIGNING_KEY = pem(next(seeds))

    return settled


def second_run(propose: Callable[..., Deployment], environment: Environment, by: User) -> None:
    """One more deployment with its record."""
    run = propose(environment, Status.FAILED, started_at=START, ended_at=START, run_by=by, run_by_text=by.text)
    record_run(Deployment.objects.get(pk=run.pk))


@pytest.fixture
def moved(
    settle: Settle,
    propose: Callable[..., Deployment],
    dev: Environment,
    prod: Environment,
    source: SourceBundle,
    bob: User,
    tmp_path: Path,
) -> Path:
    """The archive of a project with two records, one of them tagged, and everything else a project has."""
    settle(InMemoryStore())
    run_to_record(propose, dev, bob)
    second_run(propose, dev, bob)
    first = Record.objects.get(sequence=1)
    annotating.say(first, Says.TAG, name="v1", by="bob", now=timezone.now())
    Hold.objects.create(project=dev.project, reason="Until Monday", placed_by_text="bob", placed_at=START)
    quarantined = {"configuration_number": 1, "configuration_digest": "c" * 64, "source_digest": source.digest}
    Hold.objects.create(
        project=dev.project, environment=dev, reason="x", placed_by_text="bob", placed_at=START, **quarantined
    )
    return exported(dev.project, tmp_path / "project.zip")


def exported(project: Project, path: Path) -> Path:
    path.write_bytes(b"".join(archive(project)))
    return path


def told() -> dict[str, Any]:
    """All that must be the same in both installations."""
    records = Record.objects.order_by("deployment_id")
    kept = ("digest", "author_text", "created_at")
    of_hold = ("configuration_number", "configuration_digest", "source_digest", "placed_at", "placed_by_text")
    return {
        "records": list(records.values_list("sequence", "deployment_id", "manifest_digest", "environment__name")),
        "annotations": list(Annotation.objects.order_by("number").values_list("number", "digest")),
        "configurations": list(Configuration.objects.values_list("number", "text", *kept)),
        "sources": list(SourceBundle.objects.values_list("size_bytes", "origin", *kept)),
        "protections": list(ProtectionRevision.objects.values_list("environment__name", "number", "digest")),
        "holds": list(
            Hold.objects.order_by("reason").values_list("environment__name", "reason", "lifted_at", *of_hold)
        ),
        "in force": {each.name: protecting.in_force(each).digest for each in Environment.objects.all()},
        "places": list(Environment.objects.values_list("name", "account", "region", "protected", "position")),
        "states": {each.name: states.load(each).as_dict() for each in Environment.objects.exclude(state=None)},
    }


def wiped() -> None:
    """A database without anything of the project."""
    for row in SourceBundle.objects.all():
        storages["sources"].delete(f"{row.digest}.zip")
    Deployment.objects.all().delete()
    Record.objects.all().delete()
    Annotation.objects.all().delete()
    Project.objects.all().delete()
    AuditEntry.objects.all()._raw_delete(using="default")  # type: ignore[attr-defined]


@pytest.fixture(params=["files", "s3"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store of either kind."""
    if request.param == "files":
        yield FileStore(tmp_path / "history")
    else:
        with mock_aws():
            yield made(S3Store(s3_client(), "history", "here"))


def nothing_is_wrong() -> bool:
    found = dict(verify_all())
    return bool(found) and not any(found.values())


def test_an_empty_installation_has_the_same_digests(
    moved: Path, settle: Settle, elsewhere: Store, visit: Visit, tmp_path: Path
) -> None:
    before, theirs = told(), signer().id
    wiped()
    settle(elsewhere)
    carol = person("carol")
    done = take_in(moved, owner=carol, actor=None, believed=theirs, who="somebody")
    assert (done.records, done.new_records, done.signed_by) == (2, 2, theirs)
    assert told() == before
    assert nothing_is_wrong()
    rebuild(elsewhere)
    assert told() == before
    entry = AuditEntry.objects.get(deed=Deed.PROJECT_IMPORTED)
    assert (entry.detail["records"], entry.detail["key"], entry.detail["owner"]) == (2, theirs, "carol")

    browser, first = visit(carol), Record.objects.get(sequence=1)
    for name in ("timeline", "project", "configuration", "sources"):
        assert browser.get(reverse(name, args=["support-desk"])).status_code == 200, name
    for name in ("record", "verification", "record-report", "record-document"):
        assert browser.get(reverse(name, args=["support-desk", first.deployment_id])).status_code == 200, name
    moved_page = browser.get(reverse("deployment", args=["support-desk", first.deployment_id]))
    assert moved_page["Location"] == reverse("record", args=["support-desk", first.deployment_id])
    assert browser.get(reverse("deployment", args=["support-desk", "absent"])).status_code == 404
    assert browser.get(reverse("environment", args=["support-desk", "dev"])).status_code == 200

    # It lives on: what is recorded here follows in the same chain, signed by our own key, and can move on again.
    record(make_documents(3))
    third = Record.objects.get(sequence=3)
    assert third.previous_digest in {digest for sequence, _, digest, _ in before["records"] if sequence == 2}
    assert third.signed_by == signer().id != theirs
    assert nothing_is_wrong()
    again, ours = exported(done.project, tmp_path / "again.zip"), signer().id
    wiped()
    settle(InMemoryStore())
    assert take_in(again, owner=carol, actor=None, believed=ours).records == 3
    assert nothing_is_wrong()


def test_what_is_here_goes_on_where_the_archive_goes_on(
    moved: Path, settle: Settle, propose: Callable[..., Deployment], dev: Environment, bob: User, tmp_path: Path
) -> None:
    second_run(propose, dev, bob)
    Configuration.objects.create(
        project=dev.project, number=2, text="a: 1", digest=Configuration.digest_of("a: 1"), author_text="bob"
    )
    EnvironmentState.objects.filter(environment=dev).update(serial=7)
    Hold.objects.filter(reason="x").update(lifted_at=START, lifted_by_text="alice", lift_reason="Mended")
    later, expected = exported(dev.project, tmp_path / "later.zip"), told()
    wiped()
    settle(InMemoryStore())
    assert take_in(moved, owner=bob, actor=None).new_records == 2
    assert take_in(later, owner=None, actor=None).new_records == 1
    assert told() == expected
    for path in (later, moved):  # again, and an older one: nothing to do
        assert take_in(path, owner=None, actor=None).new_records == 0
        assert told() == expected
    assert nothing_is_wrong()


def test_its_own_export_changes_nothing(moved: Path, bob: User) -> None:
    store, before = history.store.store(), told()
    assert isinstance(store, InMemoryStore)
    objects = dict(store.objects)
    assert take_in(moved, owner=None, actor=bob).new_records == 0
    assert told() == before
    assert store.objects == {**objects, **{name: store.get(name) for name in store.keys("support-desk/dev/current/")}}


def test_histories_that_parted_are_not_mixed(
    moved: Path, settle: Settle, propose: Callable[..., Deployment], dev: Environment, bob: User, tmp_path: Path
) -> None:
    second_run(propose, dev, bob)
    theirs = exported(dev.project, tmp_path / "theirs.zip")
    wiped()
    settle(InMemoryStore())
    take_in(moved, owner=bob, actor=None)
    record(make_documents(3))
    before = told()
    with pytest.raises(ArchiveRefused, match="has gone its own way here: its record 3"):
        take_in(theirs, owner=None, actor=None)
    Configuration.objects.update(digest="0" * 64)
    with pytest.raises(ArchiveRefused, match="Revision 1 of the configuration is another one here"):
        take_in(moved, owner=None, actor=None)
    Configuration.objects.update(digest=before["configurations"][0][2])
    assert told() == before


def test_an_interrupted_import_is_repeated(moved: Path, settle: Settle, bob: User) -> None:
    before = told()
    wiped()
    left = 0

    def fail(key: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StoreUnavailable("the bucket is away")

    store = InMemoryStore(fail)
    settle(store)
    for stop in range(0, 24, 3):
        left = stop
        with pytest.raises(StoreUnavailable):
            take_in(moved, owner=bob, actor=None)
        assert not Project.objects.exists() and not Record.objects.exists()
    left = 1000
    take_in(moved, owner=bob, actor=None)
    assert told() == before
    assert nothing_is_wrong()


Change = Callable[[dict[str, bytes]], None]


def edit(name: str, data: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        found = next(each for each in files if each.endswith(name))
        files[found] = data or files[found] + b" "

    return change


def remove(name: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        del files[next(each for each in files if each.endswith(name))]

    return change


def add(name: str) -> Change:
    return lambda files: files.update({name: b"x"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edit("plan.json", b""), "edited: support-desk/dev/deployments/.*plan.json"),
        (edit("_project/project.json", b"{}"), "edited: _project/project.json"),
        (edit("_project/configurations.jsonl", b""), "edited"),
        (remove("_project/sources.jsonl"), "deleted: _project/sources.jsonl"),
        (remove("chain/0000000002.json"), "truncated|deleted"),
        (remove("archive.json"), "archive.json"),
        (add("_project/more.json"), "inserted"),
        (add("other/dev/chain/0000000001.json"), "inserted"),
        (add("../up"), "leaves"),
        (add("/etc/passwd"), "absolute"),
        (add("a\\b"), "backslash"),
    ],
)
def test_what_does_not_verify_is_refused_and_nothing_is_written(
    moved: Path, settle: Settle, bob: User, change: Change, words: str
) -> None:
    wiped()
    store = InMemoryStore()
    settle(store)
    with zipfile.ZipFile(moved) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(moved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(ArchiveRefused, match=words):
        take_in(moved, owner=bob, actor=None)
    assert not store.objects and not Project.objects.exists()


def test_archives_that_mean_harm_are_refused(moved: Path, tmp_path: Path, settle: Settle) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    dense = zipfile.ZipInfo("dense")
    dense.compress_type = zipfile.ZIP_DEFLATED
    for entry, data, words in ((link, b"/etc", "not a plain file"), (dense, bytes(100_000_000), "unpacks to far more")):
        path = tmp_path / "harm.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(entry, data)
        with pytest.raises(ArchiveRefused, match=words):
            open_archive(path)
    for data in (b"", b"PK\x05\x06", b"no zip"):
        path.write_bytes(data)
        with pytest.raises(ArchiveRefused, match="not an archive of a project"):
            open_archive(path)
    with pytest.raises(ArchiveRefused, match="is not among the keys"):
        open_archive(moved, "0" * 64)


def test_an_id_of_another_project_is_not_taken(moved: Path, settle: Settle, bob: User) -> None:
    Record.objects.filter(sequence=1).update(project_slug="other")
    kept = Record.objects.get(project_slug="other")
    Deployment.objects.all().delete()
    Project.objects.all().delete()
    settle(InMemoryStore())
    with pytest.raises(ArchiveRefused, match="is that of another record here"):
        take_in(moved, owner=bob, actor=None)
    assert Record.objects.get(pk=kept.pk).project_slug == "other"


def test_somebody_has_to_own_it(moved: Path, settle: Settle) -> None:
    wiped()
    settle(InMemoryStore())
    with pytest.raises(ArchiveRefused, match="say who shall own it"):
        take_in(moved, owner=None, actor=None)


def test_nothing_that_lets_anybody_in_is_in_it(moved: Path, dev: Environment) -> None:
    with zipfile.ZipFile(moved) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
        members = json.loads(archive.read("_project/project.json"))["members"]
    assert dev.external_id.encode() not in text
    assert b"md5$" not in text and b"password" not in text.replace(b"password: ", b"")
    assert {"inEnvironments": {}, "name": "alice", "role": "owner"} in members


def test_the_command_says_what_it_did(moved: Path, settle: Settle, capsys: pytest.CaptureFixture[str]) -> None:
    wiped()
    settle(InMemoryStore())
    with pytest.raises(CommandError, match="say who shall own it"):
        call_command("history_import", str(moved))
    with pytest.raises(CommandError, match="No such file"):
        call_command("history_import", str(moved.with_name("absent")))
    call_command("history_import", str(moved), owner="bob")
    said = capsys.readouterr().out
    assert "support-desk: 2 records, 2 of them new here" in said
    assert "--key makes sure" in said


def test_owners_export_and_administrators_import(
    moved: Path, settle: Settle, alice: User, bob: User, visit: Visit
) -> None:
    export = visit(alice).get(reverse("project-archive", args=["support-desk"]))
    data = b"".join(export.streaming_content)  # type: ignore[attr-defined]
    assert export["Content-Disposition"] == 'attachment; filename="support-desk-project.zip"'
    assert data == moved.read_bytes(), "equal projects give equal archives"
    assert AuditEntry.objects.filter(deed=Deed.PROJECT_EXPORTED, actor_id=alice.pk).exists()
    wiped()
    settle(InMemoryStore())
    url = reverse("project-import")
    assert visit(alice).get(url).status_code == 404
    alice.is_superuser = True
    alice.save()
    browser = visit(alice)
    assert "What happens" in browser.get(url).content.decode()

    def sent(content: bytes, **more: str) -> Any:
        return browser.post(
            reverse("project-import-archive"), {"archive": SimpleUploadedFile("x.zip", content), **more}
        )

    for content, more, words in (
        (b"", {}, "The submitted file is empty."),
        (b"x", {"owner": "bob"}, "not an archive of a project"),
        (data, {"owner": "nobody"}, "There is no such account."),
        (data, {"key": "x"}, "64 digits"),
        (data, {}, "say who shall own it"),
    ):
        answer = sent(content, **more)
        assert answer.status_code == 422 and words in answer.content.decode(), words
    answer = sent(data, owner="bob")
    assert answer.status_code == 200 and "support-desk is here" in answer.content.decode()
    assert visit(bob).get(reverse("timeline", args=["support-desk"])).status_code == 200
    assert io.BytesIO(data).getvalue()[:2] == b"PK"
    assert isinstance(history.store.store(), InMemoryStore)
