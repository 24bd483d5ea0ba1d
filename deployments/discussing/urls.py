"""Addresses below a deployment's."""

from __future__ import annotations

from django.urls import path

from deployments.discussing import views

urlpatterns = [
    path("", views.discussion, name="discussion"),
    path("news/", views.news, name="discussion-news"),
    path("people/", views.people, name="discussion-people"),
    path("<int:thread>/", views.thread, name="thread"),
    path("<int:thread>/resolve/", views.resolve, name="thread-resolve"),
    path("<int:thread>/reopen/", views.reopen, name="thread-reopen"),
    path("<int:thread>/comments/<int:comment>/", views.comment, name="comment"),
    path("<int:thread>/comments/<int:comment>/delete/", views.delete, name="comment-delete"),
]
