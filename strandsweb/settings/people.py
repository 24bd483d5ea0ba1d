"""How people sign in: accounts, second steps, sessions and providers; django-allauth's settings in one place."""

from __future__ import annotations

from strandsweb.settings.environment import number, text
from strandsweb.settings.providers import read_providers

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "projects"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_RESET_TIMEOUT = 3600
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Closed: people come by invitation, or by a provider that their organisation runs.
SIGN_UP_OPEN = text("SIGN_UP", "closed") == "open"

ACCOUNT_ADAPTER = "projects.people.adapters.Accounts"
ACCOUNT_FORMS = {"login": "projects.people.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_USERNAME_BLACKLIST = ["strandsweb"]  # who acts where nobody does
ACCOUNT_EMAIL_VERIFICATION = "optional"  # nothing trusts an address before it is verified
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300

MFA_ADAPTER = "projects.people.adapters.SecondSteps"
MFA_FORMS = {
    "authenticate": "projects.people.forms.CodeStepForm",
    "reauthenticate": "projects.people.forms.CodeAgainForm",
    "login_webauthn": "projects.people.forms.PasskeySignInForm",
    "authenticate_webauthn": "projects.people.forms.PasskeyStepForm",
    "reauthenticate_webauthn": "projects.people.forms.PasskeyAgainForm",
    "add_webauthn": "projects.people.forms.PasskeyAddForm",
    "edit_webauthn": "projects.people.forms.PasskeyNameForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an address is optional here, and nobody can take an account by an unverified one
MFA_TOTP_ISSUER = "strandsweb"
MFA_TOTP_TOLERANCE = 1  # a clock that is half a minute off

SOCIALACCOUNT_ADAPTER = "projects.people.social.Providers"
SOCIALACCOUNT_PROVIDERS = read_providers(text("SIGN_IN_PROVIDERS", "[]"))
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_STORE_TOKENS = False

# How long a sign-in by a provider lasts, as it says nothing of people who leave; 0: as long as any other.
PROVIDER_SESSION_HOURS = number("PROVIDER_SESSION_HOURS", "12")

# How many calls of the API one token may make in a minute.
API_CALLS_PER_MINUTE = number("API_CALLS_PER_MINUTE", "600", least=1)

# How many proxies of ours stand before us: whose word on where a request comes from is taken.
ALLAUTH_TRUSTED_PROXY_COUNT = 0
