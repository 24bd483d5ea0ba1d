"""Every address of the application."""

from __future__ import annotations

from allauth.account.views import LogoutView
from django.urls import include, path

from projects.people import administering
from projects.people.bearer import nowhere
from projects.people.pages import ours
from strandsweb import health, views

# Weighing a password takes long, and changes nothing: it is no place to hold a transaction.
sign_in = ours(views.SignIn, "account/sign_in.html", whole=False)
sign_out = ours(LogoutView, "account/sign_out.html")

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/", sign_in, name="account_login"),  # as django-allauth calls the two
    path("sign-out/", sign_out, name="sign-out"),
    path("sign-out/", sign_out, name="account_logout"),
    path("account/", include("projects.people.urls")),
    path("people/", administering.people, name="people"),
    path("people/<int:pk>/", administering.person, name="person"),
    path("people/<int:pk>/<slug:deed>/", administering.act, name="person-act"),
    path("", include("projects.urls")),
    path("", include("projects.audit.urls")),
    path("", include("deployments.urls")),
    path("", include("history.urls")),
    path("api/v1/<path:rest>", nowhere, name="api-nowhere"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = views.bad_request
