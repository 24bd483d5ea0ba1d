"""What an owner may say about the log."""

from __future__ import annotations

from django import forms

SHORTEST_DAYS = 30
LONGEST_DAYS = 36_500


class KeepForm(forms.Form):
    """How many days entries are kept; empty: for ever."""

    keep_days = forms.IntegerField(
        required=False,
        min_value=SHORTEST_DAYS,
        max_value=LONGEST_DAYS,
        error_messages={
            "min_value": f"Entries are kept for at least {SHORTEST_DAYS} days.",
            "invalid": "Say for how many days, or leave it empty to keep entries for ever.",
        },
    )
