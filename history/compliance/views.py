"""The compliance report as a page, on paper, and as a table; for whoever sees the project, as its audit log is."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from history.compliance.figures import DEFINITIONS
from history.compliance.paper import printed
from history.compliance.period import Period, asked
from history.compliance.proof import proofs
from history.compliance.report import report_of
from history.compliance.runs import runs
from history.compliance.table import lines
from history.export_views import streamed
from history.store import store
from history.views import explains_unreadable
from projects.access import Access, access_to
from projects.audit.deeds import Deed
from projects.audit.writing import write as audit
from projects.pages import at_site, page
from projects.roles import Action


@require_GET
@explains_unreadable
def compliance(request: HttpRequest, slug: str) -> HttpResponse:
    """Figures, people, exceptions and changes of the rules, of the last thirty days or the days asked for."""
    access = access_to(request.user, slug, Action.VIEW)
    period = _period(request, access)
    report = report_of(access.project, period, store())
    people = dict.fromkeys([*dict(report.deployed_by), *dict(report.approved_by)])
    deployed, approved = dict(report.deployed_by), dict(report.approved_by)
    context = {
        "access": access,
        "tab": "history",
        "report": report,
        "period": period,
        "query": _query(period),
        "environments": access.project.environments.all(),
        "figures": [(name, value, DEFINITIONS[name]) for name, value in report.figures.told.items()],
        "people": [(name, deployed.get(name, 0), approved.get(name, 0)) for name in people],
    }
    return page(request, "compliance/report.html", context, fragment="report")


@require_GET
@explains_unreadable
def verification(request: HttpRequest, slug: str) -> HttpResponse:
    """Reads the records of the period again, and says whether they are what was sealed."""
    access = access_to(request.user, slug, Action.VIEW)
    period = _period(request, access)
    context = {
        "access": access,
        "tab": "history",
        "period": period,
        "query": _query(period),
        "proofs": proofs(access.project, period),
    }
    return page(request, "compliance/verification.html", context, fragment="proof")


@require_GET
@explains_unreadable
def paper(request: HttpRequest, slug: str) -> HttpResponse:
    """The report as PDF, the records of the period verified."""
    access = access_to(request.user, slug, Action.VIEW)
    period = _period(request, access)
    made = printed(
        report_of(access.project, period, store()),
        proofs(access.project, period),
        project=slug,
        address=f"{at_site(reverse('compliance', args=[slug]))}?{_query(period)}",
        made_at=timezone.now(),
    )
    name = _named(access, period, "pdf")
    response = HttpResponse(made, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_GET
@explains_unreadable
def table(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Every run of the period as CSV."""
    access = access_to(request.user, slug, Action.VIEW)
    period = _period(request, access)
    found = (line.encode() for line in lines(runs(access.project, period, store()), period))
    return streamed(request, found, _named(access, period, "csv"), "text/csv; charset=utf-8")


def _period(request: HttpRequest, access: Access) -> Period:
    wanted = set(request.GET.getlist("environment")[:100])
    names = access.project.environments.filter(name__in=wanted).values_list("name", flat=True) if wanted else ()
    return asked(request.GET, tuple(names), timezone.now())


def _query(period: Period) -> str:
    said = [("since", period.since), ("until", period.until), ("zone", period.zone)]
    return urlencode([*said, *(("environment", name) for name in period.environments)])


def _named(access: Access, period: Period, suffix: str) -> str:
    """The file's name; that somebody took it is written down."""
    name = f"{access.project.slug}-{period.since}-{period.until}.{suffix}"
    audit(Deed.EXPORT_READ, actor=access.user, project=access.project, target_type="file", target=name)
    return name
