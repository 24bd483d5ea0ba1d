from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0003_by_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="RepeatedDenial",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("chain", models.PositiveBigIntegerField()),
                ("actor_id", models.PositiveBigIntegerField(null=True)),
                ("said", models.JSONField(help_text="what the entry says, and under which circumstances")),
                ("since", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("times", models.PositiveIntegerField(default=0, help_text="since then, besides the first")),
            ],
        ),
    ]
