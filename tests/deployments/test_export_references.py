"""Values become references only where the state proves it, and resolve to exactly what is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from deployments.engine.intrinsics import recorded_lookup, resolve
from deployments.engine.kinds import Kind
from deployments.engine.state import StateResource
from deployments.exporting.references import restore

TABLE = StateResource(
    "shared",
    "Tickets",
    "Test::Table",
    "desk-tickets",
    {"TableName": "desk-tickets"},
    {"Arn": "arn:aws:dynamodb:us-east-1:123456789012:table/desk-tickets", "Size": 3, "Mode": "PROVISIONED"},
)
KINDS = {"Test::User": Kind("Test::User", "user", name_property="UserName")}


def restored(value: Any, *others: StateResource, needs: tuple[str, ...] = ("Tickets",)) -> tuple[Any, tuple[str, ...]]:
    """The value as a property of something that depends on the table, and what is left for DependsOn."""
    user = StateResource("agent", "User", "Test::User", "user-1", {"Value": value}, {}, needs)
    resources = {each.logical_id: each for each in (TABLE, user, *others)}
    found = restore(resources, KINDS)["User"]
    lookup = recorded_lookup(resources, region="us-east-1", account="123456789012")
    assert resolve(found.properties, lookup) == {"Value": value}, "a reference must resolve to what is deployed"
    return found.properties["Value"], found.depends_on


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("desk-tickets", {"Ref": "Tickets"}),
        (TABLE.attributes["Arn"], {"Fn::GetAtt": ["Tickets", "Arn"]}),
        (TABLE.attributes["Arn"] + "/index/*", {"Fn::Sub": "${Tickets.Arn}/index/*"}),
        ("a desk-tickets, ${aws:username}", {"Fn::Sub": "a ${Tickets}, ${!aws:username}"}),
        ({"deep": ["desk-tickets", 3]}, {"deep": [{"Ref": "Tickets"}, 3]}),
    ],
)
def test_what_the_state_proves_becomes_a_reference(value: Any, expected: Any) -> None:
    assert restored(value) == (expected, ())


@pytest.mark.parametrize(
    "value",
    [
        "desk-tickets-archive",  # another name that begins alike
        "my-desk-tickets",
        "desk-tickets.fifo",
        "PROVISIONED",  # a word, though an attribute has it
        "${aws:username}",
        3,
        None,
    ],
)
def test_what_could_mean_something_else_stays_literal(value: Any) -> None:
    assert restored(value) == (value, ("Tickets",))


def test_an_id_the_service_made_up_is_no_word_but_one_somebody_chose_may_be() -> None:
    made_up = StateResource("shared", "Api", "Test::Api", "wdwcyxrv", {"Name": "desk"}, {"ApiId": "wdwcyxrv"})
    chosen = StateResource("shared", "Stage", "Test::Stage", "production", {"StageName": "production"})
    assert restored("wdwcyxrv/*", made_up, needs=("Api",)) == ({"Fn::Sub": "${Api}/*"}, ())
    assert restored("production", chosen, needs=("Stage",)) == ("production", ("Stage",))


def test_a_value_two_resources_have_stays_literal() -> None:
    twin = StateResource("shared", "Twin", "Test::Queue", "desk-tickets", {})
    assert restored("desk-tickets", twin) == ("desk-tickets", ("Tickets",))


def test_a_value_of_something_it_does_not_depend_on_stays_literal() -> None:
    assert restored("desk-tickets", needs=()) == ("desk-tickets", ())


def test_its_own_name_stays_literal_and_what_is_gone_is_no_dependency() -> None:
    user = StateResource("a", "User", "Test::User", "u", {"UserName": "desk-tickets"}, {}, ("Tickets", "Gone", "User"))
    found = restore({"Tickets": TABLE, "User": user}, KINDS)["User"]
    assert (found.properties, found.depends_on) == ({"UserName": "desk-tickets"}, ("Tickets",))


def test_an_unknown_type_has_no_name_to_spare() -> None:
    user = StateResource("a", "User", "Other::Type", "u", {"UserName": "desk-tickets"}, {}, ("Tickets",))
    assert restore({"Tickets": TABLE, "User": user}, KINDS)["User"].properties == {"UserName": {"Ref": "Tickets"}}
