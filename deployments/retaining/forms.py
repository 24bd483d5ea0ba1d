"""What owners and deployers say of records: how long they stay, tags, and legal holds."""

from __future__ import annotations

from django import forms

from history.retention import Policy

LONGEST_DAYS = 36_500


class PolicyForm(forms.Form):
    """How long an environment's records are kept."""

    keep_last = forms.IntegerField(
        label="Always keep the last",
        min_value=1,
        max_value=10_000,
        help_text="So many of the newest records stay, whatever became of the deployments.",
    )
    succeeded_days = forms.IntegerField(
        label="Keep what succeeded for days",
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text="Empty: for ever.",
    )
    failed_days = forms.IntegerField(
        label="Keep what failed or was cancelled for days",
        required=False,
        min_value=1,
        max_value=LONGEST_DAYS,
        help_text="Empty: for ever.",
    )

    @classmethod
    def starting(cls, policy: Policy) -> PolicyForm:
        """The form as it shows a policy."""
        return cls(
            initial={
                "keep_last": policy.keep_last,
                "succeeded_days": policy.succeeded_days,
                "failed_days": policy.failed_days,
            }
        )

    def policy(self) -> Policy:
        """What was entered."""
        said = self.cleaned_data
        return Policy(said["keep_last"], said["succeeded_days"], said["failed_days"])


class HoldForm(forms.Form):
    """A legal hold: for what, and why."""

    name = forms.CharField(
        label="Held for", max_length=60, help_text="What others know it by: the number of a case, an audit."
    )
    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Who asked for it, and why.",
    )


class LiftForm(forms.Form):
    """Lifting one."""

    name = forms.CharField(max_length=60)
    reason = forms.CharField(label="Reason", max_length=1000)
