"""Addresses of what is done: projects at a glance, environments, deployments."""

from __future__ import annotations

from django.urls import include, path

from deployments.certificates import views as certificates
from deployments.discussing.views import read
from deployments.holding import views as holding
from deployments.moments import views as moments
from deployments.moving import views as moving
from deployments.replaying import views as replaying
from deployments.retaining import urls as retaining
from deployments.run_logs import views as run_logs
from deployments.timelines import urls as timelines
from deployments.views import (
    access,
    adopting,
    api,
    calls,
    deployments,
    drift,
    environments,
    exporting,
    importing,
    inbox,
    optimising,
    overview,
    promoting,
    protection,
    protection_editing,
    release_api,
    releases,
    reviews,
    rollback,
    runs,
    secrets,
)

protection_patterns = [
    path("", protection.protection, name="protection"),
    path("edit/", protection_editing.edit, name="protection-edit"),
    path("compare/", protection.compare, name="protection-compare"),
    path("<int:number>/", protection.revision, name="protection-revision"),
    path("<int:number>.json", protection.file, name="protection-file"),
    path("<int:number>/consent/", protection.consent, name="protection-consent"),
    path("<int:number>/decline/", protection.decline, name="protection-decline"),
    path("<int:number>/withdraw/", protection.withdraw, name="protection-withdraw"),
]

environment_patterns = [
    path("", environments.environment, name="environment"),
    path("plan/", environments.plan, name="environment-plan"),
    path("promote/", promoting.promote_current, name="environment-promote"),
    path("destroy/", environments.destroy, name="environment-destroy"),
    path("access/", access.access, name="environment-access"),
    path("secrets/", secrets.secrets, name="environment-secrets"),
    path("adopt/", adopting.adopt, name="environment-adopt"),
    path("drift/", drift.drift, name="environment-drift"),
    path("last-good/", rollback.last_good, name="environment-last-good"),
    path("holds/", holding.holds, name="environment-holds"),
    path("holds/<int:pk>/lift/", holding.lift, name="environment-hold-lift"),
    path("export/", exporting.export, name="environment-export"),
    path("export/<str:file>", exporting.export_file, name="environment-export-file"),
    path("import/", importing.resources, name="environment-import"),
    path("import/state/", importing.state, name="environment-import-state"),
    path("optimise/", optimising.report, name="environment-optimise"),
    path("optimise/<str:key>/", optimising.finding, name="environment-optimise-finding"),
    path("try/", calls.call, name="environment-try"),
    path("at/", moments.at, name="environment-at"),
]

deployment_patterns = [
    path("", deployments.deployment, name="deployment"),
    path("certificate/", certificates.certificate, name="deployment-certificate"),
    path("news/", deployments.news, name="deployment-news"),
    path("log/", run_logs.log, name="deployment-log"),
    path("log.<slug:kind>", run_logs.log_file, name="deployment-log-file"),
    path("resources/", run_logs.resource, name="deployment-resource"),
    path("calls/", run_logs.calls, name="deployment-calls"),
    path("calls.csv", run_logs.calls_file, name="deployment-calls-file"),
    path("graph/", moments.graph, name="deployment-graph"),
    path("approve/", reviews.approve, name="deployment-approve"),
    path("reject/", reviews.reject, name="deployment-reject"),
    path("promote/", promoting.promote, name="deployment-promote"),
    path("override/", reviews.override, name="deployment-override"),
    path("pass/", holding.let_pass, name="deployment-pass-hold"),
    path("emergency/", reviews.emergency, name="deployment-emergency"),
    path("look/", reviews.look_at, name="deployment-look"),
    path("seen/<slug:digest>/", reviews.seen, name="deployment-seen"),
    path("start/", runs.start, name="deployment-start"),
    path("code/", runs.code, name="deployment-code"),
    path("cancel/", runs.cancel, name="deployment-cancel"),
    path("discard/", runs.discard, name="deployment-discard"),
]

api_patterns = [
    path("environments/<slug:environment>/plans", api.plans, name="api-plans"),
    path("environments/<slug:environment>/promotions", api.promotions_to, name="api-promotions"),
    path("environments/<slug:environment>/rollbacks", api.rollbacks_of, name="api-rollbacks"),
    path("environments/<slug:environment>/destructions", api.destructions, name="api-destructions"),
    path("environments/<slug:environment>/holds", api.holds, name="api-holds"),
    path("environments/<slug:environment>/secrets", api.secrets, name="api-secrets"),
    path("environments/<slug:environment>/secrets/<slug:secret>", api.secret, name="api-secret"),
    path("releases", release_api.releases, name="api-releases"),
    path("deployments", api.deployments, name="api-deployments"),
    path("deployments/<slug:deployment>", api.deployment, name="api-deployment"),
    path("deployments/<slug:deployment>/plan", api.plan, name="api-plan"),
    path("deployments/<slug:deployment>/certificate", api.certificate, name="api-certificate"),
    path("deployments/<slug:deployment>/run", api.run, name="api-run"),
    path("deployments/<slug:deployment>/events", api.events, name="api-events"),
]

urlpatterns = [
    path("", include("deployments.telling.urls")),
    path("projects/<slug:slug>/", include("deployments.timelines.urls")),
    path("people/import/", moving.asking, name="project-import"),
    path("people/import/archive/", moving.taking_in, name="project-import-archive"),
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/badge/", inbox.badge, name="inbox-badge"),
    path("inbox/invitations/<int:pk>/", inbox.join, name="inbox-join"),
    path("inbox/mentions/<int:pk>/", read, name="mention-read"),
    path("api/v1/projects/<slug:slug>/", include([*api_patterns, *timelines.api_patterns])),
    path("projects/", overview.projects, name="projects"),
    path("projects/<slug:slug>/", overview.project, name="project"),
    path("projects/<slug:slug>/releases/", releases.releases, name="releases"),
    path("projects/<slug:slug>/", include("deployments.comparing.urls")),
    path("projects/<slug:slug>/deployments/", deployments.deployments, name="deployments"),
    path("projects/<slug:slug>/deployments/<slug:public_id>/", include(deployment_patterns)),
    path("projects/<slug:slug>/deployments/<slug:public_id>/discussion/", include("deployments.discussing.urls")),
    path("projects/<slug:slug>/environments/<slug:name>/", include(environment_patterns)),
    path("projects/<slug:slug>/environments/<slug:name>/protection/", include(protection_patterns)),
    path("projects/<slug:slug>/project.zip", moving.export, name="project-archive"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/", include("deployments.reporting.urls")),
    path("projects/<slug:slug>/environments/<slug:name>/retention/", include(retaining.environment_patterns)),
    path("projects/<slug:slug>/records/<slug:deployment_id>/", include(retaining.record_patterns)),
    path("projects/<slug:slug>/rollback/<slug:deployment_id>/", rollback.rollback, name="rollback"),
    path("projects/<slug:slug>/replay/", replaying.pair, name="replay-pair"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/replay/", replaying.replay, name="replay"),
    path("projects/<slug:slug>/records/<slug:deployment_id>/replay/frames/", replaying.frames_of, name="replay-frames"),
]
