"""Addresses of one's own account, each named: nothing of a library is reachable by accident."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as steps
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from allauth.socialaccount import views as providers
from django.urls import include, path, re_path

from projects.people import views
from projects.people.pages import needs_mail, ours
from projects.people.social import doors
from projects.views import tokens

_reset_form = ours(account.PasswordResetFromKeyView, "account/new_password.html")

password_patterns = [
    path("", ours(account.PasswordChangeView, "account/password.html"), name="account_change_password"),
    path("set/", ours(account.PasswordSetView, "account/password.html"), name="account_set_password"),
    path("reset/", needs_mail(ours(account.PasswordResetView, "account/reset.html")), name="account_reset_password"),
    path(
        "reset/sent/", ours(account.PasswordResetDoneView, "account/mail_sent.html"), name="account_reset_password_done"
    ),
    re_path(r"^reset/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", _reset_form, name="account_reset_password_from_key"),
    path(
        "reset/done/",
        ours(account.PasswordResetFromKeyDoneView, "account/reset_done.html"),
        name="account_reset_password_from_key_done",
    ),
]

email_patterns = [
    path("", needs_mail(ours(account.EmailView, "account/email.html")), name="account_email"),
    path(
        "sent/",
        ours(account.EmailVerificationSentView, "account/mail_sent.html"),
        name="account_email_verification_sent",
    ),
    re_path(
        r"^confirm/(?P<key>[-:\w]+)/$",
        ours(account.ConfirmEmailView, "account/confirm_email.html"),
        name="account_confirm_email",
    ),
]

again_patterns = [
    path("", ours(account.ReauthenticateView, "account/again.html"), name="account_reauthenticate"),
    path("code/", ours(steps.ReauthenticateView, "account/again.html"), name="mfa_reauthenticate"),
    path(
        "passkey/",
        ours(passkeys.ReauthenticateWebAuthnView, "account/again_passkey.html"),
        name="mfa_reauthenticate_webauthn",
    ),
]

recovery_patterns = [
    path("", ours(recovery_codes.ViewRecoveryCodesView, "account/recovery_codes.html"), name="mfa_view_recovery_codes"),
    path(
        "new/",
        ours(recovery_codes.GenerateRecoveryCodesView, "account/recovery_codes_new.html"),
        name="mfa_generate_recovery_codes",
    ),
    path("download/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]

passkey_patterns = [
    path("", ours(passkeys.ListWebAuthnView, "account/passkeys.html"), name="mfa_list_webauthn"),
    path("add/", ours(passkeys.AddWebAuthnView, "account/passkey_add.html"), name="mfa_add_webauthn"),
    path("sign-in/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("<int:pk>/", ours(passkeys.EditWebAuthnView, "account/passkey_name.html"), name="mfa_edit_webauthn"),
    path(
        "<int:pk>/remove/",
        ours(passkeys.RemoveWebAuthnView, "account/passkey_remove.html"),
        name="mfa_remove_webauthn",
    ),
]

provider_patterns = [
    path(
        "",
        ours(providers.ConnectionsView, "account/connections.html", extra_context={"doors": doors}),
        name="socialaccount_connections",
    ),
    path("name/", ours(providers.SignupView, "account/provider_name.html"), name="socialaccount_signup"),
    path(
        "cancelled/",
        ours(providers.LoginCancelledView, "account/provider_cancelled.html"),
        name="socialaccount_login_cancelled",
    ),
    path("github/", views.github, name="github_login"),
    path("github/back/", views.github_back, name="github_callback"),
    path("<slug:provider_id>/", views.oidc, name="oidc_login"),
    path("<slug:provider_id>/back/", views.oidc_back, name="oidc_callback"),
]

urlpatterns = [
    path("", ours(steps.IndexView, "account/security.html"), name="mfa_index"),
    path("sign-up/", needs_mail(ours(account.SignupView, "account/sign_up.html")), name="account_signup"),
    path("inactive/", ours(account.AccountInactiveView, "account/inactive.html"), name="account_inactive"),
    path("second-step/", ours(steps.AuthenticateView, "account/second_step.html"), name="mfa_authenticate"),
    path("password/", include(password_patterns)),
    path("email/", include(email_patterns)),
    path("again/", include(again_patterns)),
    path("app/", ours(app.ActivateTOTPView, "account/app.html"), name="mfa_activate_totp"),
    path("app/remove/", ours(app.DeactivateTOTPView, "account/app_remove.html"), name="mfa_deactivate_totp"),
    path("recovery-codes/", include(recovery_patterns)),
    path("passkeys/", include(passkey_patterns)),
    path("providers/", include(provider_patterns)),
    path("sessions/", views.my_sessions, name="usersessions_list"),
    path("tokens/", tokens.mine, name="tokens"),
    path("tokens/<int:pk>/revoke/", tokens.revoke, name="token-revoke"),
    path("api/", tokens.about, name="api"),
    path("sessions/<int:pk>/end/", views.end_session, name="session-end"),
]
