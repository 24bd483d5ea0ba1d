"""OpenID Connect as we trust it: signature, issuer, audience, time and nonce of every identity token are checked.

django-allauth's own provider leaves the signature to TLS and knows no nonce. The module's name is where it looks.
"""

from __future__ import annotations

import secrets
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]  # never none, never a shared secret
LEEWAY_SECONDS = 30
KEPT = ("sub", "email", "email_verified", "preferred_username", "name", "given_name", "family_name", "hd")


class OIDCAdapter(OpenIDConnectOAuth2Adapter):
    """The exchange with one provider."""

    nonce = ""

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """Who signed in, from a checked identity token and the user info of the same subject.

        Raises:
            OAuth2Error: something about the token is not as it has to be.
        """
        said = kwargs["response"].get("id_token")
        if not said:
            raise OAuth2Error("The provider sent no identity token.")
        claims = self._checked(app, said)
        if "userinfo_endpoint" in self.openid_config:
            told = self._fetch_user_info(token.token)
            if told.get("sub") != claims["sub"]:
                raise OAuth2Error("The user info is of somebody else.")
            claims = told | claims
        groups_claim = app.settings.get("groups_claim")
        kept = {key: claims[key] for key in KEPT if key in claims}
        kept["email_verified"] = claims.get("email_verified") in (True, "true")  # Cognito says it as a word
        if groups_claim:
            kept["groups"] = _groups(claims.get(groups_claim))
        return self.get_provider().sociallogin_from_response(request, kept)

    def _checked(self, app: Any, said: str) -> dict[str, Any]:
        issuer = app.settings["server_url"]
        if self.openid_config.get("issuer", "").rstrip("/") != issuer:
            raise OAuth2Error("The provider's configuration is of another issuer.")
        try:
            claims: dict[str, Any] = jwt.decode(
                said,
                self._key(said),
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error(f"The identity token is not valid: {error}") from error
        if claims.get("azp", app.client_id) != app.client_id:
            raise OAuth2Error("The identity token is for another application.")
        if not self.nonce or not secrets.compare_digest(str(claims.get("nonce", "")), self.nonce):
            raise OAuth2Error("The identity token was made for another sign-in.")
        return claims

    def _key(self, said: str) -> jwt.PyJWK:
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        wanted = jwt.get_unverified_header(said).get("kid")
        for key in jwt.PyJWKSet.from_dict(answer.json()).keys:
            if key.key_id == wanted:
                return key
        raise OAuth2Error("The identity token is signed with a key the provider does not have.")

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Where the provider sends people back to."""
        return request.build_absolute_uri(reverse("oidc_callback", args=[self.provider_id]))


class OIDC(OpenIDConnectProvider):
    """A provider named by its issuer in the settings."""

    id = "oidc"
    oauth2_adapter_class = OIDCAdapter
    pkce_enabled_default = True

    def redirect(self, request: HttpRequest, process: str, **kwargs: Any) -> HttpResponse:
        """To the provider, with a nonce that the identity token has to bring back."""
        nonce = secrets.token_urlsafe(24)
        kwargs["auth_params"] = {"nonce": nonce}
        kwargs["scope"] = self.get_scope()  # never what an address asks for
        answer: HttpResponse = super().redirect(request, process, nonce=nonce, **kwargs)
        return answer


class OIDCCallback(OAuth2CallbackView):
    """Coming back from the provider."""

    def _get_state(self, request: HttpRequest, provider: Any) -> Any:
        state, refusal = super()._get_state(request, provider)
        self.adapter.nonce = (state or {}).get("nonce", "")
        return state, refusal


def _groups(said: Any) -> list[str]:
    """The names in a groups claim: a list, or one name; anything else is none."""
    if isinstance(said, str):
        return [said]
    return sorted({each for each in said if isinstance(each, str)}) if isinstance(said, list) else []


provider_classes = [OIDC]
