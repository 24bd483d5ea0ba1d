import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0004_shown_codes'),
        ('projects', '0006_branches'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Emergency',
            fields=[
                ('deployment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='emergency', serialize=False, to='deployments.deployment')),
                ('actor_text', models.CharField(max_length=150)),
                ('plan_digest', models.CharField(max_length=64)),
                ('reason', models.TextField(max_length=2000)),
                ('factor_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('reviewed_by_text', models.CharField(blank=True, max_length=150)),
                ('reviewed_at', models.DateTimeField(null=True)),
                ('findings', models.TextField(blank=True, help_text='what the second person says of it', max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name='FreezeOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('actor_text', models.CharField(max_length=150)),
                ('plan_digest', models.CharField(max_length=64)),
                ('freeze', models.CharField(max_length=120)),
                ('reason', models.TextField(max_length=2000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Rendering',
            fields=[
                ('digest', models.CharField(help_text='SHA-256 of the text', max_length=64, primary_key=True, serialize=False)),
                ('text', models.TextField(help_text="the plan's part of the page, as it was sent")),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.RemoveIndex(
            model_name='deployment',
            name='deployment_by_status',
        ),
        migrations.AddField(
            model_name='approval',
            name='base_digest',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='approval',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='approval',
            name='factor_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='approval',
            name='live_fingerprint',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='approval',
            name='protection',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='deployment',
            name='predecessor',
            field=models.OneToOneField(help_text='the plan in whose place it was made, as the world had moved', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='successor', to='deployments.deployment'),
        ),
        migrations.AddField(
            model_name='deployment',
            name='promoted_from',
            field=models.CharField(blank=True, help_text='environment whose deployment it brings here', max_length=20),
        ),
        migrations.AddField(
            model_name='deployment',
            name='weighed_at',
            field=models.DateTimeField(help_text='when it was last asked whether it may run, while it waits', null=True),
        ),
        migrations.AddField(
            model_name='plandocument',
            name='impact',
            field=models.JSONField(default=dict, help_text='projects.protection.facts.Impact as a dict'),
        ),
        migrations.AddIndex(
            model_name='deployment',
            index=models.Index(fields=['status', 'weighed_at'], name='deployment_by_status'),
        ),
        migrations.AddField(
            model_name='emergency',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='emergency',
            name='reviewed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='freezeoverride',
            name='actor',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='freezeoverride',
            name='deployment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='deployments.deployment'),
        ),
        migrations.AddField(
            model_name='approval',
            name='saw',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='deployments.rendering'),
        ),
    ]
