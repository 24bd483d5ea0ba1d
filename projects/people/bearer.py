"""The API's door: who calls by which token, what an endpoint asks for, and errors that say what to do next."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from projects.access import Outsider, access_to
from projects.audit.acting import acting, circumstances
from projects.audit.deeds import Via
from projects.audit.middleware import denied
from projects.models import Project
from projects.people.api_tokens import find_token, note_use, spent_token
from projects.people.models import ApiToken
from projects.people.pace import seconds_to_wait
from projects.roles import Action

Answer = Callable[..., HttpResponse]
_UNFIT = re.compile("[\0\ud800-\udfff]")  # no database takes these
WRONG_PER_MINUTE = 30
"""Tokens that do not work, from one address, before it is not listened to for the rest of the minute."""
Place = Callable[[str, Mapping[str, str]], str]


def _named_in_address(slug: str, named: Mapping[str, str]) -> str:
    return named.get("environment", "")


class Refusal(Exception):
    """An answer other than success: `code` for programs, the text and `todo` for people."""

    def __init__(self, status: int, code: str, message: str, todo: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.code, self.todo, self.more = status, code, todo, more


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one address: what it asks for, and what answers it."""

    action: Action
    answer: Answer
    place: Place


def endpoint(action: Action, place: Place = _named_in_address) -> Callable[[Answer], Endpoint]:
    """Declares what an endpoint asks for; its function gets the access, which was checked, and no other way in.

    `place` names the environment that is asked about, from the address: by default the part called `environment`.
    """
    return lambda answer: Endpoint(action, answer, place)


class Resource:
    """A view of endpoints by HTTP method. Only a bearer token opens it: a browser's session is not looked at."""

    def __init__(self, **endpoints: Endpoint) -> None:
        self.endpoints = endpoints
        self.__name__ = "api"

    def __call__(self, request: HttpRequest, **named: Any) -> HttpResponse:
        """The endpoint's answer, or a refusal as JSON."""
        try:
            return self._answer(request, **named)
        except Refusal as refusal:
            return _refused(refusal)

    def _answer(self, request: HttpRequest, **named: Any) -> HttpResponse:
        row = _token(request)
        request.user = row.user
        wanted = self.endpoints.get(request.method or "")
        if wanted is None:
            allowed = ", ".join(sorted(self.endpoints))
            raise Refusal(405, "method-not-allowed", f"{request.method} is not for this address.", f"Use {allowed}.")
        with acting(replace(circumstances(), via=Via.API, token=row.name)):
            note_use(row)
            try:
                if "slug" in named:
                    slug = named.pop("slug")
                    access = access_to(row.user, slug, wanted.action, wanted.place(slug, named))
                    return wanted.answer(request, access, **named)
                return wanted.answer(request, row.user, **named)
            except (Outsider, PermissionDenied) as refusal:
                slug = request.resolver_match.kwargs.get("slug") if request.resolver_match else None
                denied(request, Project.objects.filter(slug=slug).first(), str(refusal))
                if isinstance(refusal, PermissionDenied):
                    todo = "Use a token that is made for it, of an account whose role allows it."
                    raise Refusal(403, "not-allowed", str(refusal), todo) from None
                raise _missing() from None
            except Http404:
                raise _missing() from None
            except RequestDataTooBig:
                raise Refusal(413, "too-large", "The body is too large.", "Send less than 2 MB.") from None


def resource(**endpoints: Endpoint) -> Callable[..., HttpResponse]:
    """The view: without session, cookies or CSRF, as nothing but the token counts."""
    view: Any = never_cache(Resource(**endpoints))
    view.endpoints = endpoints
    return csrf_exempt(login_not_required(view))  # type: ignore[no-any-return]


def body_of(request: HttpRequest, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """The JSON object that was sent: known keys of the right kind, None where one is missing.

    Raises:
        Refusal: with the key at fault.
    """
    try:
        said = json.loads(request.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not-json", f"The body is not JSON: {error}.", "Send one JSON object.") from None
    if not isinstance(said, dict):
        raise Refusal(400, "not-an-object", "The body is not a JSON object.", "Send one JSON object.")
    known = ", ".join(sorted(kinds))
    for key, value in said.items():
        if key not in kinds:
            raise Refusal(400, "unknown-key", f"{key} is not known here.", f"Known are: {known}.")
        if value is not None and (not isinstance(value, kinds[key]) or isinstance(value, bool)):
            raise Refusal(400, "wrong-kind", f"{key} is of the wrong kind.", "See the page about the API.")
        texts = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
        if any(_UNFIT.search(each) for each in texts):
            raise Refusal(400, "wrong-kind", f"{key} has a character of code 0, or half of one.", "Leave it out.")
    return {key: said.get(key) for key in kinds}


def endpoints_of(view: Any) -> dict[str, Endpoint]:
    """The endpoints of a view, for the page about the API and for tests; none if it is no part of the API."""
    found: dict[str, Endpoint] = getattr(view, "endpoints", {})
    return found


def as_json(content: Any, status: int = 200) -> JsonResponse:
    """The answer."""
    return JsonResponse(content, status=status)


@csrf_exempt
@login_not_required
def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Addresses that are none answer as the others do."""
    return _refused(_missing())


def _bearer(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        todo = "Send the header Authorization: Bearer TOKEN; tokens are made under Your account, API tokens."
        raise Refusal(401, "token-missing", "The API needs a token.", todo)
    return secret.strip()


def _token(request: HttpRequest) -> ApiToken:
    """The token that was sent, at a pace that is allowed; a token that works no longer is written down."""
    secret, address = _bearer(request), circumstances().address
    row = find_token(secret)
    if row is None:
        _keep_pace(f"wrong:{address}", WRONG_PER_MINUTE)
        spent = spent_token(secret)
        with acting(replace(circumstances(), via=Via.API, token=spent.name if spent else "")):
            project, owner = (spent.project, spent.user) if spent else (None, None)
            denied(request, project, "This token works no longer, or never did.", owner)
        raise Refusal(401, "token-invalid", "This token is unknown, expired or revoked.", "Make a new one.")
    _keep_pace(f"token:{row.pk}", settings.API_CALLS_PER_MINUTE)
    return row


def _keep_pace(who: str, most: int) -> None:
    wait = seconds_to_wait(who, most)
    if wait:
        todo = f"Wait {wait} seconds before the next call."
        raise Refusal(429, "too-many-calls", f"More than {most} calls in a minute.", todo, waitSeconds=wait)


def _missing() -> Refusal:
    return Refusal(404, "not-found", "There is nothing here, for this token.", "Check the names and the token's scope.")


def _refused(refusal: Refusal) -> HttpResponse:
    content = {"error": refusal.code, "message": str(refusal), "todo": refusal.todo, **refusal.more}
    answer = JsonResponse(content, status=refusal.status)
    if refusal.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    if refusal.status == 429:
        answer["Retry-After"] = str(refusal.more["waitSeconds"])
    return answer
