"""A deployment's verdict and prices as sentences of a report (pure)."""

from __future__ import annotations

from deployments.reporting.telling import Story
from history.reviews import Said, what


def verdict(story: Story) -> list[tuple[str, str]]:
    """How it ended, by whose leave, and whether the record holds; each a colour and a sentence."""
    done = story.metadata.counts
    counts = ", ".join(
        f"{number} {word}"
        for word, number in (
            ("created", done.created), ("updated", done.updated), ("replaced", done.replaced),
            ("deleted", done.deleted), ("imported", done.imported),
        )
        if number
    )  # fmt: skip
    ended = {"succeeded": ("good", "The run succeeded"), "failed": ("bad", "The run failed")}
    colour, said = ended.get(story.metadata.status, ("doubtful", f"The run was {story.metadata.status}"))
    sentences = [(colour, f"{said}: {counts or 'no resource was changed'}.")]
    if story.failed:
        names = ", ".join(step.logical_id for step in story.failed[:5])
        more = f" and {len(story.failed) - 5} more" if len(story.failed) > 5 else ""
        sentences.append(("bad", f"What failed: {names}{more}."))
    sentences.append(_leave(story))
    if story.problem is None:
        sentences.append(("good", "The record is what was sealed: each file, the signature, its place in the chain."))
    else:
        sentences.append(("bad", f"The record is not what was sealed. {story.problem}."))
    return sentences


def _leave(story: Story) -> tuple[str, str]:
    """By whose leave it ran."""
    said = {what(each) for each in story.approvals}
    if Said.EMERGENCY in said:
        return "bad", "It was deployed without approval, in an emergency."
    names = [each["actor"]["name"] for each in story.approvals if what(each) is Said.APPROVED]
    passed = "".join(f" Somebody {each}." for each in (Said.FREEZE, Said.HOLD) if each in said)
    if not names:
        return ("doubtful" if passed else "plain"), f"The record holds no approval of it.{passed}"
    return ("doubtful" if passed else "good"), f"Approved by {', '.join(names)}.{passed}"


def usd(amount: float | None) -> str:
    """`$12.50 a month`."""
    return "depends on use" if amount is None else f"${amount:,.2f} a month"
