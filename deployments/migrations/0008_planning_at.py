from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0007_standing'),
    ]

    operations = [
        migrations.AddField(
            model_name='deployment',
            name='planning_at',
            field=models.DateTimeField(help_text='when a worker last began to plan it', null=True),
        ),
    ]
