"""What could be merged or left out is found with its reason, and the change for it does that and nothing else."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.aws.registry import KINDS
from deployments.blueprint import EnvironmentFacts, synthesise
from deployments.engine.duplicates import Seen
from deployments.optimising.findings import Finding, Sort, across, findings
from deployments.optimising.merges import listed
from deployments.optimising.proposals import NotMergeable, Proposal, propose
from deployments.optimising.report import merge, report_of
from deployments.optimising.uses import declared, uses_of
from projects import editing
from projects.configuration import Configuration, for_environment, parse
from projects.models import Environment, Project, User
from tests.deployments.conftest import actions, plan, run
from tests.deployments.test_blueprint import DESK, HANDLER, bundle_of

FACTS = {
    name: EnvironmentFacts("desk", name, account, "us-east-1")
    for name, account in (("dev", "123456789012"), ("prod", "210987654321"))
}
FILES = {
    "apps/one/main.py": HANDLER,
    "apps/two/main.py": HANDLER + "x = 2\n",
    "apps/three/main.py": HANDLER + "x = 3\n",
    "layers/a/python/shared.py": "x = 1\n",
    "layers/b/python/shared.py": "x = 1\n",
    "layers/c/python/shared.py": "x = 2\n",
}
ENVIRONMENTS = """
environments:
  dev: {account: "123456789012"}
  prod:
    account: "210987654321"
"""


def text_of(agents: str, resources: str = "", shared: str = "", environments: str = ENVIRONMENTS) -> str:
    """A strands.yaml with a comment here and there."""
    head = "# The desk.\nproject: {name: desk, region: us-east-1}\n\nagents:\n  # All of them.\n"
    return head + agents + (f"\nresources:\n{resources}" if resources else "") + shared + environments


def agent(name: str, *lines: str) -> str:
    """An agent, a key on each line."""
    return "\n".join([f"  - name: {name}", f"    path: ./apps/{name}", *(f"    {line}" for line in lines), ""])


def seen_by(text: str, environment: str = "dev") -> tuple[list[Seen], Configuration]:
    """The resources of an environment as they are wanted, and its configuration."""
    parsed = parse(text)
    assert parsed.configuration is not None, [str(problem) for problem in parsed.problems]
    configuration = for_environment(parsed.configuration, environment)
    blueprint = synthesise(configuration=configuration, facts=FACTS[environment], bundle=bundle_of(FILES))
    assert blueprint.is_deployable, blueprint.problems
    return [Seen.wanted(resource) for resource in blueprint.resources], configuration


def found_in(text: str) -> list[Finding]:
    """What is found in dev, functions with the same code left out."""
    seen, configuration = seen_by(text)
    return [each for each in findings(seen, configuration, KINDS) if each.type != "AWS::Lambda::Function"]


def proposed(text: str, finding: Finding) -> Proposal:
    """The change for it, as dev asks for it."""
    return propose(finding, text, environment="dev", facts=FACTS, bundle=bundle_of(FILES))


def lines(before: str, after: str) -> list[str]:
    """The changed lines of two texts, as `-gone` and `+new`."""
    return [
        line
        for line in difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
        if line[:2] not in ("--", "++", "@@")
    ]


SENDS = "uses: [{resource: jobs, access: write}]"
JOBS = "  - {name: jobs, type: sqs, properties: {visibility_timeout: 120}}   # work\n"


def test_an_isolated_agent_that_may_what_all_may_joins_the_shared_role() -> None:
    text = text_of(agent("one", SENDS) + agent("two", SENDS, "isolated: true   # once"), JOBS)
    [finding] = found_in(text)
    assert (finding.keeps, finding.goes) == ("SharedExecutionRole", ("TwoExecutionRole",))
    assert finding.title == "two: a role of its own allows what the shared one does"
    assert any(name == "Permissions" and "sqs:SendMessage" in value for name, value in finding.facts)
    proposal = proposed(text, finding)
    assert lines(text, proposal.text) == ["-    isolated: true   # once"]
    assert [(effect.environment, effect.removed, effect.added) for effect in proposal.effects] == [
        ("dev", ("TwoExecutionRole",), ()),
        ("prod", ("TwoExecutionRole",), ()),
    ]
    assert {"TwoFunction", "SharedExecutionRole"} == set(proposal.effects[0].changed)
    assert found_in(proposal.text) == []


def test_where_another_environment_differs_only_this_one_changes() -> None:
    prod = ENVIRONMENTS + "    agents:\n      one: {uses: []}   # not there\n"
    text = text_of(agent("one", SENDS) + agent("two", SENDS, "isolated: true"), JOBS, environments=prod)
    [finding] = found_in(text)
    proposal = proposed(text, finding)
    assert proposal.only == "dev"
    assert [effect.environment for effect in proposal.effects] == ["dev"]
    changed = parse(proposal.text).configuration
    assert changed is not None
    assert [for_environment(changed, name).agent("two").isolated for name in FACTS] == [False, True]


def test_isolated_agents_alone_make_the_shared_role() -> None:
    text = text_of(agent("one", SENDS, "isolated: true") + agent("two", SENDS, "isolated: true"), JOBS)
    [finding] = found_in(text)
    assert finding.goes == ("OneExecutionRole", "TwoExecutionRole")
    effect = proposed(text, finding).effects[0]
    assert (effect.removed, effect.added) == (finding.goes, ("SharedExecutionRole",))


def test_equal_roles_that_would_be_given_more_stay() -> None:
    isolated = [agent(name, "isolated: true") for name in ("one", "two")]
    [finding] = found_in(text_of("".join(isolated) + agent("three", SENDS), JOBS))
    assert not finding.edits and "more than they need" in finding.by_hand
    with pytest.raises(NotMergeable, match="more than they need"):
        proposed("", finding)


VPC = "\nshared: {vpc: {nat: true}}\n"


def test_groups_with_the_same_rules_are_one() -> None:
    web, postgres = '"tcp:443 0.0.0.0/0"', '"tcp:5432 10.9.0.0/16"'
    text = text_of(
        agent("one")
        + agent("two", f"egress: [{web}]")
        + agent("three", "egress:", f"  - {postgres}", "  # nothing else", f"  - {web}"),
        shared=VPC,
    )
    [finding] = found_in(text)
    assert finding.keeps == "AgentsSecurityGroup"
    proposal = proposed(text, finding)
    assert lines(text, proposal.text) == ['-    egress: ["tcp:443 0.0.0.0/0"]']
    both = text_of(
        agent("one", f"egress: [{postgres}]")
        + agent("two", "egress:", f"  - {postgres}", "  # not needed", f"  - {web}"),
        shared=VPC,
    )
    [finding] = found_in(both)
    assert lines(both, proposed(both, finding).text) == ['-      - "tcp:443 0.0.0.0/0"']


def test_layers_with_the_same_files_are_one() -> None:
    text = text_of(
        agent("one", "layers: [./layers/a]")
        + agent("two", "layers:", "  # ours", "  - ./layers/c", "  - ./layers/b   # theirs")
        + agent("three", "layers: [./layers/a, ./layers/b]"),
    )
    [finding] = found_in(text)
    assert (finding.keeps, finding.goes) == ("LayersALayer", ("LayersBLayer",))
    proposal = proposed(text, finding)
    assert lines(text, proposal.text) == [
        "-      - ./layers/b   # theirs",
        "+      - ./layers/a   # theirs",
        "-    layers: [./layers/a, ./layers/b]",
        "+    layers: [./layers/a]",
    ]
    overridden = ENVIRONMENTS + "    agents: {three: {layers: []}}\n"
    assert proposed(text_of(text.split("All of them.\n")[1].split("\nenv")[0], environments=overridden), finding).only


def test_channels_used_for_the_same_are_merged_and_their_uses_go() -> None:
    topics = "  - {name: news, type: sns}\n  # The other.\n  - {name: fresh, type: sns}\n"
    uses = ["uses:", "  - {resource: news, access: write}", "  - {resource: fresh, access: write}   # too"]
    triggers = ["triggers: [{resource: fresh}, {resource: news}]"]
    prod = ENVIRONMENTS + "    resources: {fresh: {retain: true}}\n"
    text = text_of(agent("one", *uses) + agent("two", *triggers), topics, environments=prod)
    [finding] = found_in(text)
    assert finding.title == "fresh and news are used for the same" and "FRESH_TOPIC" in finding.risk
    assert finding.goes == ("NewsTopic",)
    proposal = proposed(text, finding)
    assert lines(text, proposal.text) == [
        "-      - {resource: news, access: write}",
        "-    triggers: [{resource: fresh}, {resource: news}]",
        "+    triggers: [{resource: fresh}]",
        "-  - {name: news, type: sns}",
    ]
    assert set(proposal.effects[0].removed) >= {"NewsTopic", "TwoNewsPermission", "TwoNewsSubscription"}
    assert found_in(proposal.text) == []


def test_what_holds_data_is_only_reported() -> None:
    uses = "uses: [{resource: jobs, access: write}, {resource: more, access: write}]"
    more = "  - {name: more, type: sqs, properties: {visibility_timeout: 120}}\n  - {name: dump, type: s3}\n"
    spare = "  - {name: spare, type: sqs}\n  - {name: key, type: secret}\n"
    found = {each.title: each for each in found_in(text_of(agent("one", uses), JOBS + more + spare))}
    assert set(found) == {
        "jobs and more are set up and used alike",
        "Nothing uses the bucket dump",
        "Nothing uses the queue spare",
        "Nothing uses the secret key",
    }
    assert all(not each.edits and "data" in each.by_hand for each in found.values())
    assert found["Nothing uses the queue spare"].goes[:2] == ("SpareQueue", "SpareDeadLetterQueue")
    assert found["Nothing uses the secret key"].monthly_usd == 0.40


def test_what_nothing_uses_goes_unless_it_is_used_elsewhere() -> None:
    bus = "  - {name: bus, type: eventbridge}   # for later\n"
    text = text_of(agent("one"), bus + "  - {name: alerts, type: sns}\n")
    [finding] = found_in(text)
    assert (finding.sort, finding.goes) == (Sort.UNUSED, ("BusEventBus",)), "alerts is told of alarms"
    assert lines(text, proposed(text, finding).text) == ["-  - {name: bus, type: eventbridge}   # for later"]
    prod = ENVIRONMENTS + "    agents: {one: {uses: [{resource: bus, access: write}]}}\n"
    used = text_of(agent("one"), bus, environments=prod)
    with pytest.raises(NotMergeable, match="In prod it is not the same"):
        proposed(used, found_in(used)[0])
    last = text_of(agent("one"), bus)
    assert "resources: []" in proposed(last, found_in(last)[0]).text


def test_what_is_written_out_twice_goes_once() -> None:
    alarm = "properties: {MetricName: Errors, Namespace: x, Period: 60, EvaluationPeriods: 1, Threshold: 1, "
    alarm += "ComparisonOperator: GreaterThanThreshold, Statistic: Sum}}"
    both = "".join(f"  - {{name: {name}, type: 'AWS::CloudWatch::Alarm', {alarm}\n" for name in ("loud", "noisy"))
    text = text_of(agent("one"), both)
    [finding] = found_in(text)
    assert (finding.keeps, finding.goes, finding.monthly_usd) == ("LoudAlarm", ("NoisyAlarm",), 0.10)
    assert proposed(text, finding).effects[0].removed == ("NoisyAlarm",)
    trust = "{Statement: [{Effect: Allow, Principal: {Service: x.amazonaws.com}, Action: 'sts:AssumeRole'}]}"
    roles = "".join(
        f"  - {{name: {name}, type: 'AWS::IAM::Role', properties: {{AssumeRolePolicyDocument: {trust}}}}}\n"
        for name in ("job", "task")
    )
    [finding] = found_in(text_of(agent("one"), roles))
    assert not finding.edits and "names it in its own properties" in finding.by_hand


def test_the_same_code_twice_is_told_with_what_differs() -> None:
    text = text_of(agent("one") + agent("other", "memory: 1024").replace("apps/other", "apps/one"))
    seen, configuration = seen_by(text)
    [finding] = findings(seen, configuration, KINDS)
    assert finding.title == "OneFunction and OtherFunction run the same code"
    assert "MemorySize" in finding.by_hand and "MemorySize" in finding.differing and not finding.edits


def test_what_the_configuration_says_already_needs_a_plan_and_no_edit() -> None:
    before = text_of(agent("one", SENDS) + agent("two", SENDS, "isolated: true"), JOBS + "  - {name: bus, type: sns}\n")
    after = before.replace("    isolated: true\n", "").replace("  - {name: bus, type: sns}\n", "")
    seen, _ = seen_by(before)
    wanted, configuration = seen_by(after)
    found = findings(seen, configuration, KINDS, wanted={each.logical_id for each in wanted})
    assert [(each.goes, each.settled, each.edits) for each in found] == [(("TwoExecutionRole",), True, ())]
    unread = findings(seen, None, KINDS)
    assert [each.edits for each in unread] == [()], "there is nothing to edit"


def test_a_change_that_would_break_the_configuration_is_not_offered() -> None:
    text = text_of(agent("one", SENDS) + agent("two", SENDS, "isolated: true"), JOBS)
    [finding] = found_in(text)
    with pytest.raises(NotMergeable, match="would not hold"):
        proposed("agents: [", finding)
    gone = text.replace("    isolated: true\n", "")
    with pytest.raises(NotMergeable, match="would not take TwoExecutionRole away"):
        proposed(gone, finding)
    tags = "  - {name: bus, type: sns, tags: &tags {a: b}}\n  - {name: alerts, type: sns, tags: *tags}\n"
    anchored = text_of(agent("one"), tags)
    [unused] = found_in(anchored)
    with pytest.raises(NotMergeable, match="cannot be changed by itself"):
        proposed(anchored, unused)
    empty = {"dev": FACTS["dev"], "prod": FACTS["prod"]}
    with pytest.raises(NotMergeable, match="could not be deployed"):
        propose(finding, text, environment="dev", facts=empty, bundle=None)


def test_environments_of_one_account_that_pay_twice_are_told() -> None:
    shared = "\nshared: {vpc: {nat: true, endpoints: [sqs, s3]}}\n"
    worlds = {name: seen_by(text_of(agent("one"), shared=shared), name)[0] for name in FACTS}
    found = across("dev", worlds, KINDS)
    assert [each.title for each in found] == [
        "dev and prod each have a NAT gateway",
        "dev and prod each have an interface endpoint for sqs",
    ]
    assert all(each.monthly_usd and not each.edits for each in found)
    assert across("dev", {"dev": worlds["dev"]}, KINDS) == ()
    assert len({each.key for each in found}) == 2


def test_declared_resources_are_known_by_the_names_the_blueprint_gives_them() -> None:
    parsed = parse(DESK).configuration
    assert parsed is not None
    uses = uses_of(parsed)
    assert (
        set(uses)
        == set(declared(parsed))
        == {
            "UploadsBucket",
            "TicketsTable",
            "JobsQueue",
            "AlertsTopic",
            "BusEventBus",
            "CrmTokenSecret",
        }
    )
    assert uses["JobsQueue"] == ("customer-support may sqs:SendMessage", 'starts triage with {"batch_size":5}')
    assert uses["UploadsBucket"] == ("customer-support may read below incoming/*",)


def test_every_way_of_using_a_resource_counts() -> None:
    lines = [
        "dead_letter: lost",
        "secrets: {KEY: key}",
        "triggers: [{schedule: rate(1 day)}]",
        "uses: [{resource: jobs, access: write}]",
    ]
    queues = "  - {name: lost, type: sqs}\n  - {name: dead, type: sqs}\n  - {name: key, type: secret}\n"
    jobs = "  - {name: jobs, type: sqs, properties: {dead_letter_queue: dead}}\n"
    calm = "\nshared: {monitoring: {alarms: false}}\n"
    seen, configuration = seen_by(text_of(agent("one", *lines), queues + jobs, shared=calm))
    assert uses_of(configuration) == {
        "LostQueue": ("takes what one failed to handle",),
        "DeadQueue": ("takes the dead letters of jobs",),
        "KeySecret": ("one reads its value",),
        "JobsQueue": ("one may write",),
    }
    assert findings(seen, configuration, KINDS) == ()


EGRESS = ["tcp:5432 10.9.0.0/16", "tcp:6379 10.9.0.0/16", "udp:53 10.9.0.0/16"]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sets(st.sampled_from(EGRESS)), min_size=1, max_size=3), st.booleans())
def test_what_the_blueprint_shares_leaves_nothing_to_merge(egress: list[set[str]], nat: bool) -> None:
    agents = (
        agent(name, SENDS, "layers: [./layers/a]", f"egress: {json.dumps(sorted(wanted))}")
        for name, wanted in zip(("one", "two", "three"), egress, strict=False)
    )
    shared = f"\nshared: {{vpc: {{nat: {json.dumps(nat)}, endpoints: [sqs, s3, logs]}}}}\n"
    text = text_of("".join(agents), JOBS, shared)
    assert found_in(text) == []
    types = Counter(each.type for each in seen_by(text)[0])
    assert types["AWS::EC2::VPCEndpoint"] == 3 and types["AWS::Lambda::LayerVersion"] == 1
    assert types["AWS::IAM::Role"] == 2, "one for all agents, one for the flow log"
    assert types["AWS::EC2::SecurityGroup"] == len(set(map(frozenset, egress))) + 1, "one for each need, and endpoints"


WISHES = st.fixed_dictionaries(
    {
        "isolated": st.booleans(),
        "layers": st.lists(st.sampled_from(["./layers/a", "./layers/b", "./layers/c"]), max_size=3, unique=True),
        "topics": st.sets(st.sampled_from(["news", "fresh", "late"])),
        "prod": st.booleans(),
    }
)


@settings(max_examples=5, deadline=None)
@given(st.lists(WISHES, min_size=1, max_size=3))
def test_merging_all_there_is_ends_and_loses_no_comment(wishes: list[dict[str, Any]]) -> None:
    agents, overrides = "", ""
    for name, wish in zip(("one", "two", "three"), wishes, strict=False):
        lines = [f"# {name} stands alone", f"isolated: {json.dumps(wish['isolated'])}", f"layers: {wish['layers']}"]
        if wish["topics"]:
            lines += [
                "uses:  # all of it",
                *(f"  - {{resource: {each}, access: write}}" for each in sorted(wish["topics"])),
            ]
        agents += agent(name, *lines)
        overrides += f"      {name}: {{isolated: true}}   # {name}, too\n" if wish["prod"] else ""
    topics = "".join(f"  # About {name}.\n  - {{name: {name}, type: sns}}\n" for name in ("news", "fresh", "late"))
    text = text_of(agents, topics, environments=ENVIRONMENTS + (f"    agents:\n{overrides}" if overrides else ""))
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    refused: set[str] = set()
    for _ in range(20):
        ready = [each for each in found_in(text) if each.edits and each.key not in refused]
        if not ready:
            break
        before = {each.logical_id for each in seen_by(text)[0]}
        try:
            text = proposed(text, ready[0]).text
        except NotMergeable:
            refused.add(ready[0].key)
            continue
        after = {each.logical_id for each in seen_by(text)[0]}
        assert not after & set(ready[0].goes) and len(after) < len(before)
        assert [line.strip() for line in text.splitlines() if line.strip().startswith("#")] == comments
    else:
        raise AssertionError("it never ends")


def test_long_lists_are_cut() -> None:
    assert [listed("abcdef"[:size]) for size in (0, 1, 2, 3, 6)] == [
        "",
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and 3 more",
    ]


@pytest.mark.django_db
def test_a_merge_is_planned_carried_out_and_leaves_nothing_to_do(
    dev: Environment, project: Project, bob: User, cloud: str
) -> None:
    text = text_of(agent("one", SENDS) + agent("two", SENDS, "isolated: true"), JOBS).replace("desk,", "support-desk,")
    text = text.replace("123456789012", dev.account)
    editing.add_source(project=project, bundle=bundle_of(FILES), origin="", author=bob)
    editing.save_configuration(project=project, text=text, author=bob, message="", base_number=None)
    run(plan(dev, bob), bob)
    [finding] = [each for each in report_of(dev).findings if each.type == "AWS::IAM::Role"]
    assert (finding.keeps, finding.goes) == ("SharedExecutionRole", ("TwoExecutionRole",))
    merge(environment=dev, key=finding.key, base_number=1, actor=bob)
    assert [each.settled for each in report_of(dev).findings] == [True]
    merged = plan(dev, bob)
    assert actions(merged) == {
        "TwoExecutionRole": "delete",
        "TwoFunction": "update",
        "SharedExecutionRole": "update",
    }
    run(merged, bob)
    assert report_of(dev).findings == ()
    assert actions(plan(dev, bob)) == {}
