from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('projects', '0005_protections_alone'),
    ]

    operations = [
        migrations.AddField(
            model_name='sourcebundle',
            name='branches',
            field=models.JSONField(default=list, help_text='Git branches it was uploaded from, as those said who did it'),
        ),
    ]
