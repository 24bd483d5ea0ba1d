"""Physical names stay inside each service's limits, and different things keep different names."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from deployments.aws.naming import Names, fit

NAME = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+){0,6}", fullmatch=True).filter(lambda name: len(name) <= 63)
DEV = Names("support-desk", "dev", "123456789012", "us-east-1")
LIMITS = {
    "role": (64, r"[\w+=,.@-]+"),
    "function": (64, r"[\w-]+"),
    "log_group": (512, r"[\w./#-]+"),
    "bucket": (63, r"[a-z0-9][a-z0-9.-]+[a-z0-9]"),
    "table": (255, r"[\w.-]+"),
    "queue": (80, r"[\w-]+"),
    "topic": (256, r"[\w-]+"),
    "event_bus": (256, r"[\w./-]+"),
    "rule": (64, r"[\w.-]+"),
    "secret": (512, r"[\w/+=.@-]+"),
    "api": (128, r".+"),
    "alarm": (255, r".+"),
}


def test_names_read_as_what_they_are() -> None:
    assert DEV.table("tickets") == "strands-support-desk-dev-tickets"
    assert DEV.log_group("triage") == "/aws/lambda/strands-support-desk-dev-triage"
    assert DEV.bucket("uploads") == "strands-support-desk-dev-uploads-123456789012-us-east-1"
    assert DEV.secret("crm-token") == "strands/support-desk/dev/crm-token"
    assert DEV.queue("jobs", fifo=True) == "strands-support-desk-dev-jobs.fifo"
    assert DEV.topic("news", fifo=True) == "strands-support-desk-dev-news.fifo"


@given(project=NAME, environment=NAME, name=NAME)
def test_every_name_fits_its_service(project: str, environment: str, name: str) -> None:
    names = Names(project, environment, "123456789012", "ap-southeast-2")
    for kind, (limit, pattern) in LIMITS.items():
        made = getattr(names, kind)(name)
        assert len(made) <= limit and re.fullmatch(pattern, made), kind
        assert made == getattr(names, kind)(name)


@given(one=NAME, other=NAME)
def test_what_is_cut_stays_different(one: str, other: str) -> None:
    long = "x" * 60
    assert (fit(long + one, 64) == fit(long + other, 64)) == (one == other)


@given(name=NAME)
def test_a_fifo_name_keeps_its_ending(name: str) -> None:
    made = Names("p" * 40, "e" * 40, "123456789012", "us-east-1").queue(name, fifo=True)
    assert made.endswith(".fifo") and len(made) <= 80
