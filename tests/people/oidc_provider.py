"""A small OpenID Connect provider (Authlib on Flask) as a process of its own: `python -m tests.people.oidc_provider`.

It prints its address and serves until it is ended; below /github it is as GitHub is. POST /behave sets who signs in
(`person`) and how it lies next: `lie` overwrites claims (exp and iat in seconds from now), `userinfo` the user info,
`issuer` the configuration's issuer; `signed_by` another than "us" signs with a stranger's key.
"""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, UserInfo
from flask import Flask, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "strandsweb", "client-secret"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
STRANGERS_KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
behaviour: dict[str, Any] = {"person": {}, "lie": {}, "userinfo": {}, "signed_by": "us"}
codes: dict[str, Any] = {}
tokens: dict[str, Any] = {}


class Client:
    """The one application that may ask."""

    client_id, client_secret = CLIENT, SECRET
    id_token_signed_response_alg = "RS256"

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/account/providers/okta/back/")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in ("client_secret_post", "client_secret_basic")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class CodeGrant(grants.AuthorizationCodeGrant):
    """Codes that work once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post", "client_secret_basic"]

    def save_authorization_code(self, code: str, request: Any) -> None:
        data, redirect_uri, scope = dict(request.payload.data), request.payload.redirect_uri, request.payload.scope
        codes[code] = SimpleNamespace(
            code=code,
            user=request.user,
            redirect_uri=redirect_uri,
            scope=scope,
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
            get_redirect_uri=lambda: redirect_uri,
            get_scope=lambda: scope,
            get_nonce=lambda: data.get("nonce"),
            get_auth_time=lambda: int(time.time()),
            get_acr=lambda: None,
            get_amr=lambda: None,
        )

    def query_authorization_code(self, code: str, client: Any) -> Any:
        return codes.get(code)

    def delete_authorization_code(self, authorization_code: Any) -> None:
        del codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Any) -> Any:
        return authorization_code.user


class Identity(OpenIDCode):
    """Identity tokens, true or not."""

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        return False

    def get_client_algorithm(self, client: Any) -> str:
        return "RS256"

    def resolve_client_private_key(self, client: Any) -> Any:
        return KEY if behaviour["signed_by"] == "us" else STRANGERS_KEY

    def get_encode_header(self, client: Any) -> dict[str, str]:
        return {"alg": "RS256", "kid": "one"}

    def get_compatible_claims(self, request: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": app.config["ISSUER"], "aud": CLIENT, "iat": now, "exp": now + 300}

    def generate_user_info(self, user: Any, scope: str) -> Any:
        now = int(time.time())
        lie = {key: now + value if key in ("exp", "iat") else value for key, value in behaviour["lie"].items()}
        return UserInfo(user.person | lie)


app = Flask("oidc-provider")
server = AuthorizationServer(
    app,
    query_client=lambda client_id: Client() if client_id == CLIENT else None,
    save_token=lambda token, asked: tokens.update({token["access_token"]: asked.user}),
)
server.register_grant(CodeGrant, [Identity(require_nonce=True), CodeChallenge(required=True)])


@app.get("/.well-known/openid-configuration")
def configuration() -> Any:
    issuer = app.config["ISSUER"]
    return jsonify(
        issuer=behaviour.get("issuer") or issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/token",
        userinfo_endpoint=f"{issuer}/userinfo",
        jwks_uri=f"{issuer}/keys",
        token_endpoint_auth_methods_supported=["client_secret_post"],
    )


@app.get("/keys")
def keys() -> Any:
    return jsonify(keys=[KEY.as_dict(private=False)])


@app.get("/authorize")
def authorize() -> Any:
    user = SimpleNamespace(person=dict(behaviour["person"]), get_user_id=lambda: behaviour["person"]["sub"])
    grant = server.get_consent_grant(end_user=user)
    return server.create_authorization_response(grant=grant, grant_user=user)


@app.post("/token")
def token() -> Any:
    return server.create_token_response()


@app.get("/userinfo")
def userinfo() -> Any:
    known = tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
    return jsonify(known.person | behaviour["userinfo"]) if known else ("", 401)


@app.get("/github/authorize")
def github_authorize() -> Any:
    code = f"github-{len(codes)}"
    codes[code] = dict(behaviour["person"])
    return "", 302, {"Location": f"{request.args['redirect_uri']}?code={code}&state={request.args['state']}"}


@app.post("/github/token")
def github_token() -> Any:
    known = codes.pop(request.form["code"], None)
    if known is None or request.form["client_secret"] != SECRET or not request.form["code_verifier"]:
        return jsonify(error="bad_verification_code")
    tokens[request.form["code"]] = known
    return jsonify(access_token=request.form["code"])


@app.get("/github/user")
def github_user() -> Any:
    known = tokens[request.headers["Authorization"].removeprefix("token ")]
    return jsonify(id=7, login=known["preferred_username"], name=known["name"], email=known["email"])


@app.get("/github/emails")
def github_emails() -> Any:
    known = tokens[request.headers["Authorization"].removeprefix("token ")]
    return jsonify([{"email": known["email"], "primary": True, "verified": known["email_verified"]}])


@app.post("/behave")
def behave() -> Any:
    behaviour.update({"lie": {}, "userinfo": {}, "signed_by": "us", "issuer": ""} | json.loads(request.data))
    return ""


if __name__ == "__main__":
    listening = make_server("127.0.0.1", 0, app, threaded=True)
    app.config["ISSUER"] = f"http://127.0.0.1:{listening.server_port}"
    sys.stdout.write(app.config["ISSUER"] + "\n")
    sys.stdout.close()
    listening.serve_forever()
