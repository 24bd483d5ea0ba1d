"""The API about what is wanted: projects, environments, the configuration, sources."""

from __future__ import annotations

from dataclasses import asdict
from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from projects import protecting
from projects.access import Access
from projects.bundles import BundleError, read_zip
from projects.configuration import parse
from projects.editing import Conflict, add_source, save_configuration
from projects.forms import MAX_CONFIGURATION_CHARACTERS
from projects.models import Configuration, Environment, User
from projects.people.bearer import Refusal, as_json, body_of, endpoint, resource
from projects.roles import Action, Scope

CHUNK = 1024 * 1024


@endpoint(Action.VIEW)
def list_projects(request: HttpRequest, user: User) -> HttpResponse:
    """The projects the token reaches: name, description and role."""
    scope = user.scope or Scope(frozenset())
    rows = user.memberships.select_related("project").order_by("project__slug")
    reached = [row for row in rows if scope.covers(row.project.slug)]
    listed = [{"name": r.project.slug, "description": r.project.description, "role": r.role} for r in reached]
    return as_json({"projects": listed})


@endpoint(Action.VIEW)
def get_project(request: HttpRequest, access: Access) -> HttpResponse:
    """One project: its newest revision and source, and the environments the token reaches."""
    latest, source = access.project.latest_configuration, access.project.latest_source
    return as_json(
        {
            "name": access.project.slug,
            "description": access.project.description,
            "role": access.role,
            "revision": latest.number if latest else None,
            "source": source.digest if source else None,
            "environments": [_environment(each) for each in _reached(access)],
        }
    )


@endpoint(Action.VIEW)
def list_environments(request: HttpRequest, access: Access) -> HttpResponse:
    """The environments the token reaches: account, region and whether plans need approval."""
    return as_json({"environments": [_environment(each) for each in _reached(access)]})


@endpoint(Action.VIEW)
def get_protection(request: HttpRequest, access: Access, environment: str) -> HttpResponse:
    """What an environment asks of plans: the protection in force, its revision, and the number of one that waits."""
    now, waits = protecting.in_force(access.place), protecting.waiting(access.place)
    return as_json(
        {
            "revision": now.number,
            "digest": now.digest,
            "protection": now.protection.as_dict(),
            "waiting": waits.number if waits else None,
        }
    )


@endpoint(Action.VIEW)
def get_configuration(request: HttpRequest, access: Access) -> HttpResponse:
    """strands.yaml, the newest revision or `?revision=N`."""
    asked = request.GET.get("revision", "")
    revisions = access.project.configurations.all()
    if asked:
        return as_json(_revision(get_object_or_404(revisions, number=int(asked) if asked.isdecimal() else 0)))
    latest = revisions.first()
    if latest is None:
        raise Refusal(404, "no-configuration", "The project has no configuration yet.", "Send the first one by PUT.")
    return as_json(_revision(latest))


@endpoint(Action.EDIT_CONFIGURATION)
def put_configuration(request: HttpRequest, access: Access) -> HttpResponse:
    """Saves `text` as the next revision if `base` is still the newest (null: there is none); `message` says why."""
    said = body_of(request, text=str, message=str, base=int)
    text = (said["text"] or "").replace("\r\n", "\n")
    if len(text) > MAX_CONFIGURATION_CHARACTERS:
        raise Refusal(413, "too-large", "The text is too long.", f"At most {MAX_CONFIGURATION_CHARACTERS} characters.")
    parsed = parse(text)
    if parsed.configuration is None:
        problems = [asdict(problem) for problem in parsed.problems]
        raise Refusal(422, "invalid", "The configuration has problems.", "Mend each of them.", problems=problems)
    if parsed.configuration.project.name != access.project.slug:
        raise Refusal(422, "invalid", "project.name is of another project.", f"Write name: {access.project.slug}.")
    try:
        saved = save_configuration(
            project=access.project,
            text=text,
            author=access.user,
            message=(said["message"] or "")[:200],
            base_number=said["base"],
        )
    except Conflict as conflict:
        todo = "Read the newest revision, bring the two together, and send it with that as base."
        raise Refusal(409, "conflict", str(conflict), todo, latest=conflict.latest.number) from None
    return as_json(_revision(saved))


@endpoint(Action.UPLOAD_SOURCE)
def post_source(request: HttpRequest, access: Access) -> HttpResponse:
    """Registers the zip that is the body; `?origin=` says where it comes from, a commit say; `?branch=` the branch."""
    with SpooledTemporaryFile(max_size=2 * CHUNK) as file:
        size = 0
        while chunk := request.read(CHUNK):
            size += len(chunk)
            if size > settings.SOURCE_MAX_BYTES:
                limit = settings.SOURCE_MAX_BYTES // 2**20
                raise Refusal(413, "too-large", "The zip is too large.", f"At most {limit} MB are taken.")
            file.write(chunk)
        file.seek(0)
        try:
            bundle = read_zip(file)  # type: ignore[arg-type]  # a file all the same
        except BundleError as refusal:
            todo = "Send the zip of the folder that strands.yaml's agent paths start from."
            raise Refusal(422, "invalid", str(refusal), todo) from None
        origin = request.GET.get("origin", "").replace("\0", "")[:200] or "API"
        branch = request.GET.get("branch", "").replace("\0", "")[:200]
        source = add_source(project=access.project, bundle=bundle, origin=origin, author=access.user, branch=branch)
    told = {"digest": source.digest, "files": len(source.files), "origin": source.origin, "branches": source.branches}
    return as_json(told, status=201)


def _reached(access: Access) -> list[Environment]:
    """The environments the token reaches."""
    scope = access.user.scope or Scope(frozenset())
    return [each for each in access.project.environments.all() if scope.covers(access.project.slug, each.name)]


def _environment(row: Environment) -> dict[str, Any]:
    return {
        "name": row.name,
        "account": row.account,
        "region": row.region,
        "protected": row.protected,
        "href": reverse("environment", args=[row.project.slug, row.name]),
    }


def _revision(row: Configuration) -> dict[str, Any]:
    return {
        "revision": row.number,
        "digest": row.digest,
        "text": row.text,
        "message": row.message,
        "author": row.author_text,
        "createdAt": row.created_at.isoformat(),
    }


projects = resource(GET=list_projects)
project = resource(GET=get_project)
environments = resource(GET=list_environments)
protection = resource(GET=get_protection)
configuration = resource(GET=get_configuration, PUT=put_configuration)
sources = resource(POST=post_source)
