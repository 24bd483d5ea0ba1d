"""Environments may ask for a code of an MFA device before they are written."""

from __future__ import annotations

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    dependencies = [("projects", "0002_credentials")]

    operations = [
        migrations.AddField(
            "environment",
            "mfa_serial",
            models.CharField(
                "MFA device",
                blank=True,
                default="",
                max_length=256,
                validators=[
                    django.core.validators.RegexValidator(
                        r"^[\w+=/:,.@-]{9,256}$", "A device's serial looks like arn:aws:iam::123456789012:mfa/name."
                    )
                ],
            ),
            preserve_default=False,
        ),
    ]
