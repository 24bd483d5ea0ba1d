import hashlib
import json

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


def protected_environments_keep_their_rule(apps, schema_editor):
    """What was two columns is revision 1; written out here, as a migration outlives the code it was made with."""
    revisions = apps.get_model("projects", "ProtectionRevision")
    for environment in apps.get_model("projects", "Environment").objects.filter(protected=True):
        requirement = {"count": environment.required_approvals, "people": [], "groups": [], "roles": []}
        asked = {
            "format": "1",
            "approvals": [requirement],
            "proposerMayApprove": False,
            "editorMayApprove": True,
            "commentRequired": False,
            "freshFactor": False,
            "approvalsExpireHours": None,
            "minimumWaitMinutes": 0,
            "budget": {
                "deletes": None,
                "replacedStateful": None,
                "monthlyIncreaseUsd": None,
                "newPermissions": None,
                "resources": None,
                "moreApprovals": 1,
                "refuses": False,
            },
            "freezes": [],
            "promotedFrom": [],
            "branches": [],
            "preflight": False,
            "lint": False,
            "upstream": [],
        }
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        revisions.objects.create(
            environment=environment,
            number=1,
            text=text,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            message="As it was before protections had revisions.",
            author_text="strandsweb",
            in_force_at=timezone.now(),
        )


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_mfa")]

    operations = [
        migrations.AlterField(
            "environment",
            "protected",
            models.BooleanField(
                default=False,
                editable=False,
                help_text="whether the protection in force asks for anything; see `protecting`",
            ),
        ),
        migrations.CreateModel(
            name="ProtectionRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField(help_text="projects.protection.model.Protection as canonical JSON")),
                ("digest", models.CharField(max_length=64)),
                ("message", models.CharField(blank=True, max_length=200)),
                ("author_text", models.CharField(max_length=150)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("in_force_at", models.DateTimeField(null=True)),
                (
                    "closed_at",
                    models.DateTimeField(null=True, help_text="when it was declined, withdrawn or overtaken"),
                ),
                (
                    "settled_by_text",
                    models.CharField(blank=True, help_text="who consented, declined or withdrew", max_length=150),
                ),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="protections",
                        to="projects.environment",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-number"]},
        ),
        migrations.AddConstraint(
            "protectionrevision",
            models.UniqueConstraint(fields=("environment", "number"), name="protection_number_in_environment"),
        ),
        migrations.AddConstraint(
            "protectionrevision",
            models.UniqueConstraint(
                condition=models.Q(("closed_at", None), ("in_force_at", None)),
                fields=("environment",),
                name="one_protection_waits",
            ),
        ),
        migrations.RunPython(protected_environments_keep_their_rule, migrations.RunPython.noop),
    ]
