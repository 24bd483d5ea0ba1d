"""A project in which every text that anybody, or AWS, may write is hostile; run beside a copy that serves it.

`python -m tests.hardening.planting` with the copy's DATA_DIR; prints JSON: the addresses of all pages, a session of
somebody who may see them, and one of somebody who may not.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import replace
from functools import partial
from typing import Any

MARK = "data-planted"
"""An attribute that no page of ours has: found in a page's tree, a text became markup."""
PLANTED = (
    f"<b {MARK}>x</b><script>window.__pwned=1</script><img {MARK} src=x onerror=window.__pwned=1>"
    "\"'><svg onload=window.__pwned=1>\u202e\x1b[31mred\x1b]0;t\x07[a](javascript:window.__pwned=1)![b](x)`c`"
    " {{7*7}} {% debug %} ${7*7}"
)
MARKDOWN = (
    f"{PLANTED}\n\n<div {MARK}>\n\n[a](javascript:window.__pwned=1) [b](data:text/html,x) <javascript:window.__pwned=1>"
    f'\n\n![c](https://evil.example/x.png)\n\n```html"><script>window.__pwned=1</script>\n</code></pre><b {MARK}>\n```'
    "\n\n@owner\n"
)

# What addresses, lookups or other programs are made of; everything else that is text is planted.
KEPT = re.compile(
    r"slug|account|region|arn|serial|profile|external_id|digest|hash|prefix|key|session|password|public_id|_id$|sealed"
    r"|environment_name|environment|kind|status|method|version|lineage|holder|code|time|path|provider|secret|operation"
    r"|^step$|^uid$|deployment|rollback_to|undoes|promoted_from|fingerprint|host|email"
)
APART = {
    "auth_permission",
    "auth_group",
    "django_content_type",
    "django_session",
    "projects_project",
    "deployments_rendering",
}
DOCUMENTS = {
    ("projects_configuration", "text"),
    ("projects_protectionrevision", "text"),
    ("deployments_plandocument", "text"),
}
NESTED = {
    ("deployments_step", "error"), ("deployments_deployment", "problems"), ("history_record", "tags"),
    ("audit_auditentry", "detail"),
}  # fmt: skip


def plant_rows() -> None:
    """Puts the text into every column that may hold one, of every row."""
    from django.apps import apps
    from django.db import models

    for model in apps.get_models():
        table = model._meta.db_table
        for field in model._meta.concrete_fields:
            kept = table in APART or KEPT.search(field.name) or (table, field.name) in DOCUMENTS or field.choices
            named = table == "projects_environment" and field.name == "name"
            if isinstance(field, models.CharField | models.TextField) and not kept and not named:
                for row in model._default_manager.all():
                    text = MARKDOWN if isinstance(field, models.TextField) else PLANTED
                    text = f"{row.pk}{text}" if field.unique or field.name in {"username", "name"} else text
                    model._default_manager.filter(pk=row.pk).update(**{field.name: text[: field.max_length]})
            if (table, field.name) in NESTED:
                for row in model._default_manager.all():
                    found = _nested(getattr(row, field.name))
                    model._default_manager.filter(pk=row.pk).update(**{field.name: found})


def _nested(value: Any) -> Any:
    match value:
        case dict():
            return {key: _nested(each) for key, each in value.items()}
        case list():
            return [_nested(each) for each in value]
        case str():
            return PLANTED
    return value


def plant_plan(deployment: Any) -> None:
    """The stored plan with hostile names, values and notes."""
    from deployments.engine.plan import PropertyChange
    from deployments.models import PlanDocument

    document = PlanDocument.objects.get(deployment=deployment)
    plan = document.value()
    hostile = PropertyChange(path=PLANTED, before=PLANTED, after={PLANTED: [PLANTED]})
    changes = tuple(
        replace(
            change,
            logical_id=f"{number}{PLANTED}",
            stack=PLANTED,
            notes=(PLANTED,),
            properties=(hostile,),
            physical_id=change.physical_id and PLANTED,
            target=change.target and replace(change.target, logical_id=f"{number}{PLANTED}", stack=PLANTED),
        )
        for number, change in enumerate(plan.changes)
    )
    plan = replace(plan, changes=changes)
    PlanDocument.objects.filter(pk=document.pk).update(text=plan.to_json(), digest=plan.digest())


def main() -> None:
    """Plants everything, and prints what to visit."""
    import django

    django.setup()
    from django.conf import settings
    from django.urls import reverse

    from deployments.models import Deployment, DriftCheck, Status, Step
    from deployments.recording import record_run
    from projects.models import Membership, Project
    from projects.roles import Role
    from tests.conftest import person
    from tests.hardening.world import filled, session_of
    from tests.people import addresses
    from tests.web import ladder
    from tests.web.conftest import START, proposed, tell

    owner, outsider = person("owner"), person("outsider")
    project = Project.objects.create(slug="support-desk", description=PLANTED)
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    names = filled(project, owner, owner, ("dev", "prod"), 1)
    waiting = Deployment.objects.get(public_id=names["deployment"])
    plant_plan(waiting)
    dev = project.environments.get(name="dev")
    make = partial(proposed, configuration=project.configurations.get(), source=project.sources.get(), by=owner)
    failed = make(dev, Status.FAILED, started_at=START, ended_at=START, run_by=owner, message=PLANTED)
    told = {
        "message": PLANTED,
        "service": "s3",
        "operation": "Put",
        "code": "x",
        "requestId": "x",
        "advice": PLANTED,
        "category": "fault",
    }
    Step.objects.create(
        deployment=failed, position=0, step_id="create:A", logical_id="A", stack="s", type="AWS::SNS::Topic",
        operation="create", status="failed", error=told,
    )  # fmt: skip
    tell(failed, "run.started", steps=1, worker=PLANTED)
    tell(failed, "step.failed", "create:A", PLANTED, error=told, seconds=1.0)
    for level in ("info", "warning", "error", "debug"):
        tell(failed, "log", "create:A", PLANTED, level=level, message=PLANTED)
    tell(failed, "run.ended", status="failed", seconds=5.0, counts={})
    Deployment.objects.filter(pk=failed.pk).update(error=PLANTED)
    record_run(Deployment.objects.get(pk=failed.pk))
    changes = [change.as_dict() for change in waiting.plan.value().changes]
    DriftCheck.objects.update_or_create(environment=dev, defaults={"rows": changes, "checked_at": START})
    plant_rows()
    text = project.configurations.get().text
    project.configurations.update(
        text=f"{text}\n# {PLANTED}".replace("\x1b", "").replace("\x07", "").replace("\u202e", "")
    )

    pages = {str(rung): ladder.address_of(rung, project.slug, names) for rung in ladder.RUNGS if rung.method == "GET"}
    pages |= {
        name: reverse(name, args=args) for name, args in (ladder.PERSONAL | addresses.PERSONAL | addresses.OPEN).items()
    }
    for name in ("deployment", "deployment-log", "deployment-news", "deployment-resource", "deployment-calls"):
        pages[f"failed {name}"] = reverse(name, args=[project.slug, failed.public_id])
    pages["failed record"] = reverse("record", args=[project.slug, failed.public_id])
    pages["failed replay"] = f"{reverse('replay', args=[project.slug, failed.public_id])}?go=end"
    pages["compared"] = f"{reverse('compare', args=[project.slug])}?from={names['record']}&to={failed.public_id}"
    owner.refresh_from_db()
    outsider.refresh_from_db()
    found = {
        "pages": {name: url for name, url in pages.items() if not name.startswith(("sign-out", "account_logout"))},
        "cookie": settings.SESSION_COOKIE_NAME,
        "owner": session_of(owner),
        "outsider": session_of(outsider),
        "socket": f"/ws/projects/{project.slug}/deployments/{failed.public_id}/",
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "strandsweb.settings.embedded"
    main()
