"""Each group of a provider that had a role becomes a group of its project, with those in it whom it brought."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db import migrations


def make_groups(apps: Any, schema_editor: Any) -> None:
    Group, GroupMember = apps.get_model("people", "Group"), apps.get_model("people", "GroupMember")

    def group_of(project_id: int, provider: str, claim: str) -> Any:
        found = Group.objects.filter(project_id=project_id, provider=provider, claim=claim).first()
        if found is not None:
            return found
        plain = "".join(each for each in claim if each.isprintable()).strip()[:80] or "group"
        name, others = plain, Group.objects.filter(project_id=project_id)
        for number in count(2):
            if not others.filter(name=name).exists():
                break
            name = f"{plain} ({number})"
        return Group.objects.create(project_id=project_id, provider=provider, claim=claim, name=name)

    for mapped in apps.get_model("people", "GroupRole").objects.order_by("pk"):
        mapped.group = group_of(mapped.project_id, mapped.provider, mapped.claim)
        mapped.save(update_fields=["group"])
    for given in apps.get_model("people", "GivenRole").objects.select_related("membership"):
        given.group = group_of(given.membership.project_id, given.provider, given.claim)
        given.save(update_fields=["group"])
        GroupMember.objects.create(group=given.group, membership=given.membership)


class Migration(migrations.Migration):
    dependencies = [("people", "0004_groups_and_places")]
    operations = [migrations.RunPython(make_groups)]
