from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0002_deeds"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["chain", "time"], name="audit_by_time"),
        ),
    ]
