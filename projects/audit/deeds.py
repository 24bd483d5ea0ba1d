"""What the audit log knows of: one code per deed, with the words for people."""

from __future__ import annotations

from django.db import models


class Deed(models.TextChoices):
    """`thing.happened`; the words complete "somebody ..."."""

    SIGNED_IN = "session.started", "signed in"
    SIGN_IN_FAILED = "session.refused", "failed to sign in"
    SIGNED_OUT = "session.left", "signed out"
    SESSION_ENDED = "session.ended", "ended a session"
    PASSWORD_CHANGED = "password.changed", "changed a password"
    FACTOR_ADDED = "factor.added", "added a second factor"
    FACTOR_REMOVED = "factor.removed", "removed a second factor"
    TOKEN_CREATED = "token.created", "created an API token"
    TOKEN_REVOKED = "token.revoked", "revoked an API token"
    TOKEN_USED = "token.used", "used an API token from a new address"
    PROJECT_CREATED = "project.created", "created the project"
    MEMBER_INVITED = "member.invited", "invited somebody"
    INVITATION_REVOKED = "invitation.revoked", "took back an invitation"
    MEMBER_ADDED = "member.added", "added a member"
    ROLE_CHANGED = "member.changed", "changed a member's role"
    MEMBER_REMOVED = "member.removed", "removed a member"
    ENVIRONMENT_CREATED = "environment.created", "created an environment"
    ENVIRONMENT_CHANGED = "environment.changed", "changed an environment"
    PROTECTION_CHANGED = "protection.changed", "changed the protection of an environment"
    CONFIGURATION_SAVED = "configuration.saved", "saved a revision of the configuration"
    SOURCE_UPLOADED = "source.uploaded", "uploaded a source bundle"
    SECRET_SET = "secret.set", "set the value of a secret"
    PLAN_PROPOSED = "plan.proposed", "proposed a plan"
    PLAN_DISCARDED = "plan.discarded", "discarded a plan"
    PLAN_APPROVED = "plan.approved", "approved a plan"
    PLAN_REJECTED = "plan.rejected", "rejected a plan"
    COMMENT_WRITTEN = "comment.written", "wrote a comment on a plan"
    COMMENT_EDITED = "comment.edited", "changed a comment on a plan"
    COMMENT_DELETED = "comment.deleted", "deleted a comment on a plan"
    THREAD_RESOLVED = "thread.resolved", "resolved a thread about a plan"
    THREAD_REOPENED = "thread.reopened", "reopened a thread about a plan"
    FREEZE_OVERRIDDEN = "freeze.overridden", "let a plan pass a freeze"
    GLASS_BROKEN = "glass.broken", "deployed without approval, in an emergency"
    EMERGENCY_REVIEWED = "emergency.reviewed", "reviewed what was deployed in an emergency"
    RUN_HELD_BACK = "run.held", "held a run back"
    RUN_STARTED = "run.started", "started a run"
    RUN_CANCELLED = "run.cancelled", "asked to cancel a run"
    RUN_ENDED = "run.ended", "saw a run end"
    CHANNEL_ADDED = "channel.added", "added a channel for notifications"
    CHANNEL_CHANGED = "channel.changed", "changed a channel for notifications"
    CHANNEL_REMOVED = "channel.removed", "removed a channel for notifications"
    CHANNEL_TESTED = "channel.tested", "tested a channel for notifications"
    DRIFT_CHECKED = "drift.checked", "asked for a drift check"
    API_TRIED = "api.tried", "called the deployed API"
    EXPORT_READ = "export.read", "read an export"
    RECORD_READ = "record.read", "downloaded a file of a record"
    AUDIT_EXPORTED = "audit.exported", "exported the audit log"
    AUDIT_VERIFIED = "audit.verified", "verified the audit log"
    AUDIT_KEPT = "audit.kept", "set how long the audit log is kept"
    AUDIT_EXPIRED = "audit.expired", "let entries expire"
    DENIED = "access.denied", "was denied"


class Outcome(models.TextChoices):
    """How the deed went."""

    DONE = "done", "done"
    DENIED = "denied", "denied"
    FAILED = "failed", "failed"


class Via(models.TextChoices):
    """Through which door it came."""

    WEB = "web", "browser"
    API = "api", "API token"
    CLI = "cli", "shell"
    WORKER = "worker", "strandsweb itself"
