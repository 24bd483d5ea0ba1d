"""Addresses of what is wanted: projects, configuration, sources, members, environments."""

from __future__ import annotations

from django.urls import include, path

from projects.views import (
    api,
    configuration,
    environments,
    groups,
    invitations,
    members,
    paths,
    projects,
    rights,
    service_accounts,
    sources,
    view_as,
)

api_patterns = [
    path("projects", api.projects, name="api-projects"),
    path("projects/<slug:slug>", api.project, name="api-project"),
    path("projects/<slug:slug>/environments", api.environments, name="api-environments"),
    path("projects/<slug:slug>/environments/<slug:environment>/protection", api.protection, name="api-protection"),
    path("projects/<slug:slug>/configuration", api.configuration, name="api-configuration"),
    path("projects/<slug:slug>/sources", api.sources, name="api-sources"),
]

urlpatterns = [
    path("api/v1/", include(api_patterns)),
    path("new-project/", projects.new, name="project-new"),
    path("projects/<slug:slug>/configuration/", configuration.show, name="configuration"),
    path("projects/<slug:slug>/configuration/edit/", configuration.edit, name="configuration-edit"),
    path("projects/<slug:slug>/configuration/check/", configuration.check, name="configuration-check"),
    path("projects/<slug:slug>/configuration/<int:number>/", configuration.show, name="configuration-revision"),
    path("projects/<slug:slug>/sources/", sources.sources, name="sources"),
    path("projects/<slug:slug>/sources/<int:pk>/", sources.source, name="source"),
    path("projects/<slug:slug>/members/", members.members, name="members"),
    path("projects/<slug:slug>/members/rights/", rights.rights, name="rights"),
    path("projects/<slug:slug>/members/rights/<path:username>/", rights.person, name="rights-of"),
    path("projects/<slug:slug>/members/view-as/", view_as.begin, name="view-as"),
    path("view-as/end/", view_as.end, name="view-as-end"),
    path("projects/<slug:slug>/members/<int:pk>/role/", members.change_role, name="member-role"),
    path("projects/<slug:slug>/members/<int:pk>/remove/", members.remove, name="member-remove"),
    path("projects/<slug:slug>/members/<int:pk>/environments/", members.change_place, name="member-place"),
    path("projects/<slug:slug>/members/groups/", groups.groups, name="groups"),
    path("projects/<slug:slug>/members/groups/<int:pk>/", groups.group, name="group"),
    path("projects/<slug:slug>/members/groups/<int:pk>/add/", groups.add, name="group-add"),
    path("projects/<slug:slug>/members/groups/<int:pk>/members/<int:member>/remove/", groups.drop, name="group-drop"),
    path("projects/<slug:slug>/members/groups/<int:pk>/role/", groups.role, name="group-role"),
    path("projects/<slug:slug>/members/groups/<int:pk>/remove/", groups.remove, name="group-remove"),
    path("projects/<slug:slug>/members/invitations/", invitations.invite, name="invite"),
    path("projects/<slug:slug>/members/invitations/<int:pk>/resend/", invitations.resend, name="invitation-resend"),
    path("projects/<slug:slug>/members/invitations/<int:pk>/revoke/", invitations.revoke, name="invitation-revoke"),
    path("projects/<slug:slug>/service-accounts/", service_accounts.accounts, name="service-accounts"),
    path("projects/<slug:slug>/service-accounts/<int:pk>/", service_accounts.account, name="service-account"),
    path("projects/<slug:slug>/service-accounts/<int:pk>/close/", service_accounts.close, name="service-account-close"),
    path(
        "projects/<slug:slug>/service-accounts/<int:pk>/tokens/<int:token>/revoke/",
        service_accounts.revoke,
        name="service-token-revoke",
    ),
    path("invitation/", invitations.invitation, name="invitation"),
    path("invitation/<str:token>/", invitations.follow, name="invitation-follow"),
    path("projects/<slug:slug>/path/", paths.path, name="path"),
    path("projects/<slug:slug>/new-environment/", environments.new, name="environment-new"),
    path("projects/<slug:slug>/environments/<slug:environment>/edit/", environments.edit, name="environment-edit"),
]
