"""Roles by group name a group of the project, no longer a provider's."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0005_a_group_per_mapping")]

    operations = [
        migrations.RemoveConstraint("grouprole", "one_role_per_group"),
        migrations.AlterModelOptions("grouprole", {"ordering": ["environment__position", "pk"]}),
        migrations.RemoveField("grouprole", "project"),
        migrations.RemoveField("grouprole", "provider"),
        migrations.RemoveField("grouprole", "claim"),
        migrations.RemoveField("givenrole", "provider"),
        migrations.RemoveField("givenrole", "claim"),
        migrations.AlterField(
            "grouprole",
            "group",
            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="roles", to="people.group"),
        ),
        migrations.AlterField(
            "givenrole",
            "group",
            models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name="given", to="people.group"),
        ),
        migrations.AddConstraint(
            "grouprole",
            models.UniqueConstraint(fields=["environment", "group"], name="one_role_per_group_and_environment"),
        ),
        migrations.AddConstraint(
            "grouprole",
            models.UniqueConstraint(
                fields=["group"], condition=models.Q(("environment", None)), name="one_role_per_group_in_project"
            ),
        ),
    ]
