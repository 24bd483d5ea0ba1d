"""The Celery application: transport for work whose truth is in the database."""

from __future__ import annotations

import os

from celery import Celery

from strandsweb.heartbeat import Heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "strandsweb.settings.embedded")

app = Celery("strandsweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["deployments", "history", "projects.audit"])
app.steps["worker"].add(Heartbeat)
