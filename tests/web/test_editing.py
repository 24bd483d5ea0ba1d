"""Writing what is wanted: configuration with problems, difference and conflict; sources; members; environments."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from projects import protecting
from projects.models import Configuration, Environment, Membership, Project, User
from projects.roles import Role
from tests.web.conftest import Visit

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def change(configuration: Configuration) -> str:
    """The sample with more memory."""
    return configuration.text.replace("memory: 512", "memory: 1024", 1)


def test_saving_goes_by_way_of_the_difference(
    project: Project, configuration: Configuration, bob: User, visit: Visit
) -> None:
    client = visit(bob)
    url = reverse("configuration-edit", args=[project.slug])
    text = change(configuration).replace("\n", "\r\n")  # as browsers send it
    seen = client.post(url, {"text": text, "base": 1, "message": "More memory", "step": "review"})
    assert seen.status_code == 200
    assert project.configurations.count() == 1
    page = seen.content.decode()
    assert 'class="diff-added"' in page
    assert "memory: 1024" in page
    done = client.post(url, {"text": text, "base": 1, "message": "More memory", "step": "save"})
    assert done["Location"] == reverse("configuration", args=[project.slug])
    latest = project.latest_configuration
    assert latest is not None
    assert (latest.number, latest.message, latest.text) == (2, "More memory", change(configuration))


def test_every_problem_stands_at_its_line_with_a_suggestion(
    project: Project, configuration: Configuration, bob: User, visit: Visit
) -> None:
    wrong = configuration.text.replace("memory: 512", "memry: 512", 1).replace("timeout: 30", "timeout: soon", 1)
    line = next(number for number, text in enumerate(wrong.split("\n"), 1) if "memry" in text)
    url = reverse("configuration-edit", args=[project.slug])
    answer = visit(bob).post(url, {"text": wrong, "base": 1, "step": "save"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'data-line="{line}"' in page
    assert f'data-line="{line + 1}"' in page
    assert "did you mean memory?" in page
    assert "memry: 512" in page  # what was typed is still there
    assert project.configurations.count() == 1


def test_live_validation_is_the_editors_own_fragment(
    project: Project, configuration: Configuration, bob: User, visit: Visit
) -> None:
    url = reverse("configuration-check", args=[project.slug])
    fragment = visit(bob).post(url, {"text": "project: {"}, headers=HTMX).content.decode()
    assert fragment.strip().startswith("<section")
    assert 'id="problems"' in fragment
    assert "<html" not in fragment
    assert "<html" in visit(bob).post(url, {"text": "project: {"}).content.decode()


def test_the_file_must_be_of_this_project(
    project: Project, configuration: Configuration, bob: User, visit: Visit
) -> None:
    text = configuration.text.replace("name: support-desk", "name: other-desk", 1)
    url = reverse("configuration-edit", args=[project.slug])
    answer = visit(bob).post(url, {"text": text, "base": 1, "step": "save"})
    assert answer.status_code == 422
    assert b"project.name has to be support-desk" in answer.content


def test_of_two_who_edit_the_second_sees_both_changes_and_loses_nothing(
    project: Project, configuration: Configuration, bob: User, alice: User, visit: Visit
) -> None:
    url = reverse("configuration-edit", args=[project.slug])
    visit(alice).post(url, {"text": change(configuration), "base": 1, "step": "save"})
    mine = configuration.text.replace("timeout: 30", "timeout: 45", 1)
    answer = visit(bob).post(url, {"text": mine, "base": 1, "message": "Slower", "step": "save"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "alice saved revision 2" in page
    assert "memory: 1024" in page
    assert "timeout: 45" in page
    assert '<input type="hidden" name="base" value="2">' in page
    assert project.configurations.count() == 2


def test_a_hostile_configuration_is_shown_as_text(
    project: Project, configuration: Configuration, alice: User, visit: Visit
) -> None:
    evil = configuration.text + "\n# <script>alert(1)</script> \x1b[31m\n"
    Configuration.objects.create(
        project=project, number=2, text=evil, digest="0" * 64, message="<img src=x onerror=alert(1)>", author_text="<b>"
    )
    page = visit(alice).get(reverse("configuration", args=[project.slug])).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def archive(**files: str) -> SimpleUploadedFile:
    """A zip as somebody uploads it; `__` in a name stands for a slash."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name.replace("__", "/").replace("_py", ".py"), text)
    return SimpleUploadedFile("code.zip", data.getvalue(), "application/zip")


def test_an_uploaded_zip_is_registered_once(project: Project, bob: User, visit: Visit) -> None:
    url = reverse("sources", args=[project.slug])
    for _ in range(2):
        answer = visit(bob).post(url, {"bundle": archive(apps__hello__main_py="handler = print"), "origin": ""})
        assert answer.status_code == 302
    [source] = project.sources.all()
    assert source.origin == "code.zip"
    listing = visit(bob).get(reverse("source", args=[project.slug, source.pk])).content.decode()
    assert "apps/hello/main.py" in listing


def test_a_refused_zip_says_why(project: Project, bob: User, visit: Visit) -> None:
    url = reverse("sources", args=[project.slug])
    climbing = archive(**{"..__..__etc__passwd": "x"})
    answer = visit(bob).post(url, {"bundle": climbing})
    assert answer.status_code == 422
    assert b"invalid-feedback" in answer.content
    assert b"passwd" in answer.content
    assert not project.sources.exists()
    assert visit(bob).post(url, {"bundle": SimpleUploadedFile("a.zip", b"not a zip")}).status_code == 422


def test_a_new_project_belongs_to_who_made_it(mallory: User, visit: Visit) -> None:
    answer = visit(mallory).post(reverse("project-new"), {"slug": "night-desk", "description": ""})
    assert answer["Location"] == reverse("configuration-edit", args=["night-desk"])
    membership = Membership.objects.get(project__slug="night-desk")
    assert (membership.user, membership.role) == (mallory, Role.OWNER)
    again = visit(mallory).post(reverse("project-new"), {"slug": "night-desk"})
    assert again.status_code == 422
    assert b"This name is taken." in again.content


def test_a_project_keeps_an_owner(project: Project, alice: User, mallory: User, visit: Visit) -> None:
    own = Membership.objects.get(project=project, user=alice)
    client = visit(alice)
    client.post(reverse("member-remove", args=[project.slug, own.pk]))
    client.post(reverse("member-role", args=[project.slug, own.pk]), {"role": "viewer"})
    own.refresh_from_db()
    assert own.role == Role.OWNER
    client.post(reverse("members", args=[project.slug]), {"username": "mallory", "role": "owner"})
    client.post(reverse("member-role", args=[project.slug, own.pk]), {"role": "viewer"})
    own.refresh_from_db()
    assert own.role == Role.VIEWER


def test_a_member_is_not_added_twice(project: Project, alice: User, vera: User, visit: Visit) -> None:
    answer = visit(alice).post(reverse("members", args=[project.slug]), {"username": "vera", "role": "owner"})
    assert answer.status_code == 422
    assert Membership.objects.get(project=project, user=vera).role == Role.VIEWER


def test_an_environment_is_made_and_protected(project: Project, dev: Environment, alice: User, visit: Visit) -> None:
    fields = {"name": "live", "account": "123456789012", "region": "us-east-1"}
    fields |= {"credentials": "ambient"}
    url = reverse("environment-new", args=[project.slug])
    answer = visit(alice).post(url, fields | {"protected": "on"})
    assert answer["Location"] == reverse("environment", args=[project.slug, "live"])
    made = Environment.objects.get(project=project, name="live")
    assert (made.protected, protecting.in_force(made).number, made.position) == (True, 1, 1)
    edit = reverse("environment-edit", args=[project.slug, "live"])
    visit(alice).post(edit, fields | {"name": "other", "region": "eu-west-1"})
    made.refresh_from_db()
    assert (made.name, made.region, made.protected) == ("live", "eu-west-1", True)
    taken = visit(alice).post(url, fields | {"name": "dev"})
    assert b"has an environment of this name" in taken.content


def test_how_an_environment_is_reached_is_complete(
    project: Project, dev: Environment, alice: User, visit: Visit, settings: Any
) -> None:
    url = reverse("environment-edit", args=[project.slug, "dev"])
    fields = {"name": "dev", "account": dev.account, "region": dev.region}
    assert b"Name the role to assume." in visit(alice).post(url, fields | {"credentials": "role"}).content
    assert b"Name the profile." in visit(alice).post(url, fields | {"credentials": "profile"}).content
    settings.SERVER_CREDENTIALS = False
    assert visit(alice).post(url, fields | {"credentials": "ambient"}).status_code == 422
    role = {"credentials": "role", "role_arn": f"arn:aws:iam::{dev.account}:role/deploy", "automatic_rollback": "on"}
    assert visit(alice).post(url, fields | role).status_code == 302
    dev.refresh_from_db()
    assert (dev.credentials, dev.automatic_rollback) == ("role", True)
