"""The catalogue of AWS's errors: every row has words, and words decide where the code does not."""

from __future__ import annotations

import pytest

from deployments.aws.catalogue import BY_MESSAGE, CATALOGUE, meaning
from deployments.engine.errors import RETRYABLE, Category


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_code_has_a_cause_and_advice(code: str) -> None:
    failure = CATALOGUE[code]
    assert failure.cause and not failure.cause.endswith(".")
    assert failure.advice.endswith(".")
    assert meaning(code, "", 400) is failure


def test_codes_that_a_retry_does_not_mend_are_not_retryable() -> None:
    final = "AccessDenied EntityAlreadyExists ResourceNotFoundException ValidationException LimitExceeded ExpiredToken"
    assert not {CATALOGUE[code].category for code in final.split()} & RETRYABLE


@pytest.mark.parametrize(("code", "fragment"), [(code, fragment) for code, fragment, _ in BY_MESSAGE])
def test_words_decide_before_the_code(code: str, fragment: str) -> None:
    said = meaning(code, f"Oh: {fragment.upper()}!", 400)
    assert said is not CATALOGUE.get(code)
    assert said is next(row[2] for row in BY_MESSAGE if row[0] == code and row[1] in fragment)


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (400, Category.INVALID),
        (401, Category.DENIED),
        (403, Category.DENIED),
        (404, Category.NOT_FOUND),
        (409, Category.CONFLICT),
        (429, Category.THROTTLED),
        (500, Category.UNAVAILABLE),
        (503, Category.UNAVAILABLE),
    ],
)
def test_an_unknown_code_is_judged_by_its_status(status: int, category: Category) -> None:
    assert meaning("NeverHeardOf", "", status).category is category
