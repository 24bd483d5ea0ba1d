"""The door: home and sign-in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from projects.forms import StyledField
from projects.models import User
from strandsweb import demo


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Everybody's first page is the list of their projects."""
    return redirect("projects")


class SignInForm(AuthenticationForm):
    """Django's form in our look."""

    bound_field_class = StyledField
    error_messages = AuthenticationForm.error_messages | {
        "invalid_login": "This user name and password do not go together."
    }


class SignIn(LoginView):
    """User name and password; the demo also says which there are."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the demo's accounts where they exist; production settings have none."""
        embedded = getattr(settings, "EMBEDDED", False)
        seeded = embedded and User.objects.filter(username__in=demo.PASSWORDS).exists()
        return super().get_context_data(demo=demo.PASSWORDS if seeded else None, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """The form again, as unprocessable."""
        response = super().form_invalid(form)
        response.status_code = 422
        return response
