from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("people", "0006_roles_by_group"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="addresses",
            field=models.JSONField(default=list, help_text="where it was used from, the newest first"),
        ),
    ]
