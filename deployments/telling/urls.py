"""Addresses of channels, deliveries and what is mailed."""

from __future__ import annotations

from django.urls import path

from deployments.telling import views

urlpatterns = [
    path("account/mails/", views.mail_choice, name="mail-choice"),
    path("projects/<slug:slug>/notifications/", views.notifications, name="notifications"),
    path("projects/<slug:slug>/notifications/<int:pk>/", views.channel, name="channel"),
    path("projects/<slug:slug>/notifications/<int:pk>/remove/", views.remove, name="channel-remove"),
    path("projects/<slug:slug>/notifications/<int:pk>/test/", views.test, name="channel-test"),
    path("projects/<slug:slug>/deliveries/<int:pk>/retry/", views.retry, name="delivery-retry"),
]
