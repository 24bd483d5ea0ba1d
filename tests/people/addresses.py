"""The addresses of accounts: who may see which."""

from __future__ import annotations

# Answer to anybody, as their visitors have not signed in yet; name -> arguments.
OPEN: dict[str, tuple[str, ...]] = {
    "account_login": (),
    "account_logout": (),
    "account_signup": (),
    "account_inactive": (),
    "account_confirm_email": ("abc",),
    "account_email_verification_sent": (),
    "account_reset_password": (),
    "account_reset_password_done": (),
    "account_reset_password_from_key": ("1", "set-password"),
    "account_reset_password_from_key_done": (),
    "invitation": (),
    "invitation-follow": ("made-up",),
    "mfa_authenticate": (),
    "mfa_login_webauthn": (),
    "socialaccount_signup": (),
    "socialaccount_login_cancelled": (),
    "github_login": (),
    "github_callback": (),
    "oidc_login": ("unknown",),
    "oidc_callback": ("unknown",),
}

# Answer to anybody who is signed in, with their own things.
PERSONAL: dict[str, tuple[str, ...]] = {
    "mfa_index": (),
    "account_change_password": (),
    "account_set_password": (),
    "account_email": (),
    "account_reauthenticate": (),
    "mfa_reauthenticate": (),
    "mfa_reauthenticate_webauthn": (),
    "mfa_activate_totp": (),
    "mfa_deactivate_totp": (),
    "mfa_view_recovery_codes": (),
    "mfa_generate_recovery_codes": (),
    "mfa_download_recovery_codes": (),
    "mfa_list_webauthn": (),
    "mfa_add_webauthn": (),
    "mfa_edit_webauthn": ("1",),
    "mfa_remove_webauthn": ("1",),
    "socialaccount_connections": (),
    "usersessions_list": (),
    "session-end": ("1",),
    "tokens": (),
    "token-revoke": ("1",),
    "api": (),
}

# Answer to tokens alone, in JSON; tests/people/test_api.py calls each.
API: dict[str, tuple[str, ...]] = {
    "api-projects": (),
    "api-project": ("{slug}",),
    "api-environments": ("{slug}",),
    "api-protection": ("{slug}", "{environment}"),
    "api-configuration": ("{slug}",),
    "api-sources": ("{slug}",),
    "api-plans": ("{slug}", "{environment}"),
    "api-releases": ("{slug}",),
    "api-promotions": ("{slug}", "{environment}"),
    "api-rollbacks": ("{slug}", "{environment}"),
    "api-destructions": ("{slug}", "{environment}"),
    "api-deployments": ("{slug}",),
    "api-secrets": ("{slug}", "{environment}"),
    "api-secret": ("{slug}", "{environment}", "crm-token"),
    "api-deployment": ("{slug}", "{deployment}"),
    "api-plan": ("{slug}", "{deployment}"),
    "api-run": ("{slug}", "{deployment}"),
    "api-events": ("{slug}", "{deployment}"),
    "api-incidents": ("{slug}",),
    "api-incident": ("{slug}", "{incident}"),
    "api-environment-incidents": ("{slug}", "{environment}"),
    "api-nowhere": ("anything/else",),
}
