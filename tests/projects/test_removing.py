"""Taking one thing out of a strands.yaml: exactly that goes, and what people wrote around it stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.configuration import UnknownPath, parse, remove_value

TEXT = """\
project: {name: desk, region: us-east-1}
agents:
  # Answers.
  - name: one
    path: ./apps/one   # a folder
    isolated: true     # once it was needed
    handler: main.handler
    # What it may do.
    uses:
      - {resource: a, access: read}   # reads
  # Counts.
  - isolated: true
    name: two
    path: ./apps/two

resources:
  - {name: a, type: sns}   # one
  # About b.
  - name: b
    type: sns
    properties:
      display_name: >
        folded
        text

  # About what comes last.
  - {name: c, type: sns}
shared:
  # All there is.
  monitoring: {xray: true}
"""


def without(path: str) -> tuple[list[str], list[str]]:
    """The lines that go and come when the path is taken out."""
    before, after = TEXT.splitlines(), remove_value(TEXT, path).splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_whole_lines_go_and_what_is_around_them_stays() -> None:
    assert without("agents[one].isolated") == (["    isolated: true     # once it was needed"], [])
    assert without("resources[a]") == (["  - {name: a, type: sns}   # one"], [])
    gone, come = without("resources[b]")
    assert gone[:2] == ["  - name: b", "    type: sns"]
    assert gone[-2:] == ["        folded", "        text"]
    assert come == []
    assert "  # About b." in remove_value(TEXT, "resources[b]").splitlines()


def test_the_last_entry_leaves_an_empty_list_or_mapping_behind() -> None:
    gone, come = without("agents[one].uses[0]")
    assert (gone[-1].strip(), come) == ("- {resource: a, access: read}   # reads", ["    uses: []"])
    assert without("resources[b].properties.display_name")[1] == ["    properties: {}"]
    assert parse(remove_value(TEXT, "agents[one].uses[0]")).configuration is not None


def test_what_shares_a_line_goes_alone() -> None:
    assert without("agents[two].isolated")[1] == ["  - name: two"]
    assert without("shared.monitoring.xray")[1] == ["  monitoring: {}"]
    assert without("project.region")[1] == ["project: {name: desk}"]
    assert remove_value("a:\n  b: 1\n", "a") == "{}\n"
    assert remove_value("a: [{b: 1}, {c: 2}]\n", "a[1]") == "a: [{b: 1}]\n"
    assert remove_value("a: {\n  # about b\n  b: 1,\n  c: 2}\n", "a.b") == "a: {\n  # about b\n  c: 2}\n"
    assert remove_value("a:\n  # why\n  b: 1\n", "a.b") == "a: {}\n  # why\n"


@pytest.mark.parametrize("path", ["agents[three]", "agents[one].memory", "nothing", "resources[7]"])
def test_what_is_not_there_cannot_go(path: str) -> None:
    with pytest.raises(UnknownPath, match="there is no"):
        remove_value(TEXT, path)


def test_what_others_refer_to_cannot_go_and_a_comment_is_not_lost() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        remove_value("a: &x {k: 1}\nb: *x\n", "a")
    assert remove_value("a: &x {k: 1}\nb: *x\nc: 2\n", "b") == "a: {k: 1}\nc: 2\n"
    with pytest.raises(ValueError, match="losing a comment"):
        remove_value("a: {b: 1,\n  # about c\n  c: 2}\n", "a.b")
    with pytest.raises(ValueError, match="losing a comment"):
        remove_value("a:\n- b: 1\n  # about c\n  c: 2\n", "a[0].b")
    with pytest.raises(ValueError, match="cannot be read"):
        remove_value("a: [", "a")


RESOURCES = [
    "  - {name: NAME, type: sns}   # at the end\n",
    "  - name: NAME\n    type: sqs\n    properties:\n      delay: 5\n",
    "  - name: NAME\n    # inside\n    type: s3\n",
]
AROUND = ["", "\n", "  # alone\n", "\n  # before\n\n# at the margin\n"]


@given(
    st.lists(st.tuples(st.sampled_from(RESOURCES), st.sampled_from(AROUND)), min_size=2, max_size=8),
    st.integers(0, 7),
)
def test_one_of_many_goes_and_every_comment_around_it_stays(parts: list[tuple[str, str]], chosen: int) -> None:
    chosen %= len(parts)
    pieces = [(text.replace("NAME", f"r{number}"), around) for number, (text, around) in enumerate(parts)]
    head, tail = "project: {name: desk, region: us-east-1}\nresources:\n", "shared: {}\n"
    text = head + "".join(one + around for one, around in pieces) + tail
    left = "".join(("" if number == chosen else one) + around for number, (one, around) in enumerate(pieces))
    assert remove_value(text, f"resources[r{chosen}]") == head + left + tail
