"""How many SQL statements every page takes: not more than `query_counts.toml` says, and not more with more rows.

After a change that needs another number: `QUERY_COUNTS=renew .venv/bin/pytest tests/web/test_query_counts.py -n0`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deployments.models import Deployment
from projects.models import Environment, SourceBundle, User
from projects.people.api_tokens import make_token
from projects.roles import Action
from tests.people import addresses
from tests.web.conftest import Visit
from tests.web.ladder import ADMINISTRATIVE, PERSONAL, RUNGS, address_of, one_of_everything
from tests.web.many import more_of_everything

BASELINE = Path(__file__).parent / "query_counts.toml"
RENEW = "QUERY_COUNTS=renew .venv/bin/pytest tests/web/test_query_counts.py -n0"
FEW, MANY = 2, 30  # rows differ in at most two ways

Pages = Mapping[str, tuple[Client, str]]


@pytest.fixture
def pages(
    prod: Environment,
    source: SourceBundle,
    recorded: Deployment,
    running: Deployment,
    propose: Callable[..., Deployment],
    vera: User,
    alice: User,
    visit: Visit,
) -> Pages:
    """Every address that is read, and who reads it: the owner in a browser, who also administers, or their token."""
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    names = one_of_everything(owner=alice, member=vera, prod=prod, source=source, record=recorded, propose=propose)
    slug, browser = prod.project.slug, visit(alice)
    read = [rung for rung in RUNGS if rung.method == "GET"]
    found = {rung.name: (browser, address_of(rung, slug, names)) for rung in read}
    for name, run in (("running", running), ("that has run", recorded)):
        found[f"deployment {name}"] = (browser, reverse("deployment", args=[slug, run.public_id]))
    for name, arguments in (PERSONAL | addresses.PERSONAL).items():
        found[name] = (browser, reverse(name, args=arguments))
    for name, (method, arguments) in ADMINISTRATIVE.items():
        if method == "GET":
            about = [vera.pk if each == "1" else each for each in arguments]  # whoever is first has any number
            found[name] = (browser, reverse(name, args=about))
    _, secret = make_token(user=alice, name="all", actions=list(Action), days=1, made_by=alice)
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    for name, arguments in addresses.API.items():
        known = names | {"slug": slug, "environment": "dev", "deployment": recorded.public_id}
        filled = [each.format(**known) for each in arguments]
        found[name] = (program, reverse(name, args=filled))
    return found


def counts(pages: Pages) -> dict[str, int]:
    """How many statements each takes that there is; what answers to other methods alone is left out."""
    found = {}
    for name, (client, url) in sorted(pages.items()):
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(url)
            if answer.streaming:
                b"".join(answer.streaming_content)  # type: ignore[arg-type]
        if answer.status_code not in (404, 405):
            found[name] = len(captured)
    return found


@pytest.mark.django_db
def test_no_page_takes_more_statements_than_it_did_or_than_it_does_with_fewer_rows(
    pages: Pages, prod: Environment, alice: User
) -> None:
    counts(pages)  # what is written or remembered at a first visit
    more_of_everything(range(FEW), prod.project, alice)
    few = counts(pages)
    more_of_everything(range(FEW, MANY), prod.project, alice)
    many = counts(pages)
    growing = {name: f"{few[name]} with {FEW} rows, {many[name]} with {MANY}" for name in few if many[name] > few[name]}
    assert not growing, "These ask again for every row; find it with select_related or prefetch_related."
    if os.environ.get("QUERY_COUNTS") == "renew":
        BASELINE.write_text("".join(f'"{name}" = {number}\n' for name, number in few.items()))
    known = tomllib.loads(BASELINE.read_text())
    more = {name: f"{known[name]} so far, {few[name]} now" for name in few if few[name] > known.get(name, 10**6)}
    assert not more, f"If that is meant: {RENEW}"
    assert known.keys() == few.keys(), f"Pages have come or gone: {RENEW}"
