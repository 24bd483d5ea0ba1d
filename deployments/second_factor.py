"""A second factor for writing: somebody shows a code of the environment's MFA device, for one deployment.

A code lives for half a minute and a worker may start later, so the code is spent when it is entered. What is kept is
our own credentials with AWS's mark that a code was shown: encrypted, for this deployment alone, for an hour at most,
and gone when the deployment has ended. The role is assumed with them by the worker, after its checks, as always.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from deployments import clouds
from deployments.auditing import audit
from deployments.aws.credentials import Keys, SecondFactor, needs_external_id, with_code
from deployments.dispatch import enqueue
from deployments.engine.errors import CloudError
from deployments.errors import OutOfDate, WorkflowError
from deployments.models import OPEN, Deployment, ShownCode, Status
from projects.audit.deeds import Deed
from projects.models import Environment, User

MARGIN = timedelta(minutes=1)
"""Nothing is begun with what runs out so soon."""


@sensitive_variables("code")
def enter(*, deployment_id: int, actor: User, code: str) -> None:
    """Spends a code for a deployment that is ready, or that waits for one; wakes a worker in the second case.

    Raises:
        WorkflowError: the code is not accepted, or the role could be assumed without the external id.
        OutOfDate: the deployment is over, or not so far yet.
    """
    deployment = Deployment.objects.select_related("environment").get(pk=deployment_id)
    if deployment.status not in (Status.READY, Status.QUEUED, Status.RUNNING):
        raise OutOfDate(f"No code is needed now; the deployment is: {deployment.get_status_display()}.")
    factor = shown(deployment.environment, code)
    with transaction.atomic():
        _keep(deployment, factor, entered_by=actor.text)
        audit(Deed.CODE_ENTERED, deployment, actor)
        if deployment.status != Status.READY:
            enqueue("run", deployment.pk)


@sensitive_variables("code")
def shown(environment: Environment, code: str) -> SecondFactor:
    """What a code is good for, kept nowhere yet.

    Raises:
        WorkflowError: as `enter`.
    """
    if not (len(code) == 6 and code.isdecimal()):
        raise WorkflowError("Enter the six digits that the MFA device shows.")
    try:
        factor = with_code(
            clouds.access_of(environment, "second-factor", reading=True), serial=environment.mfa_serial, code=code
        )
        # Without a code everybody is refused, so only now can be seen whether the external id is asked for.
        if not needs_external_id(clouds.access_of(environment, "second-factor", keys=factor.keys)):
            raise WorkflowError(
                f"{environment.role_arn} can be assumed without the external id. "
                "Give it the trust policy that the environment's access page prints."
            )
    except CloudError as failure:
        raise WorkflowError(f"{failure} {failure.advice}".strip()) from None
    return factor


def is_missing(deployment: Deployment) -> bool:
    """Whether somebody has to enter a code before the deployment can be run, or go on."""
    return deployment.environment.asks_for_code and keys_of(deployment) is None


def keys_of(deployment: Deployment) -> Keys | None:
    """What was kept for this deployment, if it is still good."""
    kept = ShownCode.objects.filter(deployment=deployment, expires_at__gt=timezone.now() + MARGIN).first()
    if kept is None:
        return None
    try:
        sealed = json.loads(_box(deployment).decrypt(bytes(kept.sealed)))
    except InvalidToken:  # sealed for another deployment, or with another secret key
        return None
    return Keys(**sealed)


def hand_over(*, ended: Deployment, following: Deployment) -> None:
    """Lets the deployment that takes another one back go on with what was shown for that one."""
    kept, keys = ShownCode.objects.filter(deployment=ended).first(), keys_of(ended)
    if kept is not None and keys is not None:
        _keep(following, SecondFactor(keys, kept.expires_at), entered_by=kept.entered_by_text)


def forget_what_is_over() -> None:
    """Deletes what has run out, and what was kept for deployments that have ended."""
    ShownCode.objects.filter(Q(expires_at__lt=timezone.now()) | ~Q(deployment__status__in=OPEN)).delete()


def _keep(deployment: Deployment, factor: SecondFactor, *, entered_by: str) -> None:
    keys = factor.keys
    plain = {name: getattr(keys, name) for name in ("access_key_id", "secret_access_key", "session_token")}
    ShownCode.objects.update_or_create(
        deployment=deployment,
        defaults={
            "sealed": _box(deployment).encrypt(json.dumps(plain).encode()),
            "expires_at": factor.expires_at,
            "entered_by_text": entered_by,
        },
    )


def _box(deployment: Deployment) -> Fernet:
    """A key of this installation and this deployment; what is moved to another row cannot be opened."""
    secret = hashlib.blake2b(
        deployment.public_id.encode(),
        key=hashlib.sha512(settings.SECRET_KEY.encode()).digest(),
        person=b"second-factor",
        digest_size=32,
    )
    return Fernet(base64.urlsafe_b64encode(secret.digest()))
