"""Two recorded runs in a copy that runs, for a browser to play: `python -m tests.replaying.staged` says where."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Makes a project with a run that failed and one that was taken up again and cancelled."""
    import django

    django.setup()
    from django.conf import settings

    from projects.models import Environment, Membership, Project
    from projects.roles import Role
    from tests.conftest import person
    from tests.hardening.world import session_of
    from tests.replaying.conftest import began, kept

    owner = person("owner")
    project = Project.objects.create(slug="support-desk")
    Membership.objects.create(project=project, user=owner, role=Role.OWNER)
    ids = {}
    for name, place in (("failed", "dev"), ("taken-up-and-cancelled", "prod")):
        environment = Environment.objects.create(
            project=project, name=place, account="123456789012", region="us-east-1"
        )
        found = kept(name)
        run = began(environment, owner, found.plan, "2025-11-19T10:30:00.000Z", f"2025-11-19T10-30-00Z-{place:a<6}")
        run.tell(found.events)
        ids[name] = run.end().deployment_id
    owner.refresh_from_db()
    sys.stdout.write(json.dumps({"cookie": settings.SESSION_COOKIE_NAME, "owner": session_of(owner), "runs": ids}))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "strandsweb.settings.embedded"
    main()
