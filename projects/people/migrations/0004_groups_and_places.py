"""Groups of a project, and roles in its environments."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

ROLES = [("viewer", "viewer"), ("deployer", "deployer"), ("approver", "approver"), ("owner", "owner")]


def key() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("people", "0003_tokens"), ("projects", "0003_mfa")]

    operations = [
        migrations.CreateModel(
            name="Group",
            fields=[
                ("id", key()),
                ("name", models.CharField(max_length=100)),
                ("provider", models.CharField(blank=True, max_length=30)),
                ("claim", models.CharField(blank=True, max_length=200)),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="groups", to="projects.project"
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [
                    models.UniqueConstraint(fields=("project", "name"), name="group_name_in_project"),
                    models.UniqueConstraint(
                        fields=("project", "provider", "claim"),
                        condition=models.Q(("provider", ""), _negated=True),
                        name="claim_once_in_project",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                ("id", key()),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="members", to="people.group"
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="in_groups", to="projects.membership"
                    ),
                ),
            ],
            options={
                "ordering": ["membership__user__username"],
                "constraints": [models.UniqueConstraint(fields=("membership", "group"), name="once_in_group")],
            },
        ),
        migrations.CreateModel(
            name="EnvironmentRole",
            fields=[
                ("id", key()),
                ("role", models.CharField(choices=ROLES, max_length=10)),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="projects.environment"
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="environment_roles",
                        to="projects.membership",
                    ),
                ),
            ],
            options={
                "ordering": ["environment__position", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("membership", "environment"), name="one_role_per_environment")
                ],
            },
        ),
        migrations.RenameField("grouprole", "group", "claim"),
        migrations.RenameField("givenrole", "group", "claim"),
        migrations.AddField(
            "grouprole",
            "group",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="people.group"
            ),
        ),
        migrations.AddField(
            "grouprole",
            "environment",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="group_roles",
                to="projects.environment",
            ),
        ),
        migrations.AddField(
            "givenrole",
            "group",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.RESTRICT, related_name="given", to="people.group"
            ),
        ),
    ]
