"""How an environment is reached is said, not guessed from an empty role; failed runs may be undone by themselves."""

from __future__ import annotations

import django.core.validators
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

ROLE = django.core.validators.RegexValidator(
    r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$",
    "A role ARN looks like arn:aws:iam::123456789012:role/name.",
)


def roles_stay_roles(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Until now a role was assumed wherever one was named."""
    apps.get_model("projects", "Environment").objects.exclude(role_arn="").update(credentials="role")


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("projects", "0001_initial")]

    operations = [
        migrations.AddField(
            "environment",
            "credentials",
            models.CharField(
                choices=[
                    ("role", "a role that is assumed"),
                    ("profile", "a named profile of the server"),
                    ("ambient", "what the server finds by itself"),
                ],
                default="ambient",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "environment",
            "read_role_arn",
            models.CharField("role to read", blank=True, default="", max_length=600, validators=[ROLE]),
            preserve_default=False,
        ),
        migrations.AddField(
            "environment",
            "profile",
            models.CharField(
                blank=True,
                default="",
                max_length=64,
                validators=[
                    django.core.validators.RegexValidator(
                        r"^[\w.@-]+$", "A profile's name has letters, digits and . _ @ -"
                    )
                ],
            ),
            preserve_default=False,
        ),
        migrations.AddField("environment", "automatic_rollback", models.BooleanField(default=False)),
        migrations.RunPython(roles_stay_roles, migrations.RunPython.noop),
    ]
