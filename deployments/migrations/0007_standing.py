from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0006_awaited'),
    ]

    operations = [
        migrations.AddField(
            model_name='deployment',
            name='standing',
            field=models.JSONField(default=dict, help_text='when it was last weighed: {required, given: numbers of approvals, missing: [sentence]}'),
        ),
    ]
