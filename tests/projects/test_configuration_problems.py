"""What is wrong with a file is said at once, at its place, with advice; hostile files are stopped, not suffered."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from projects.configuration import for_environment, parse, reading, render_effective
from projects.configuration.formats import schedule
from projects.configuration.grammar import CONFIGURATION
from projects.configuration.merging import apply_environment, merge
from projects.configuration.nodes import MappingNode, Node, ScalarNode, SequenceNode, to_plain
from projects.configuration.reading import MAX_ALIASES, MAX_DEPTH, MAX_SIZE_BYTES, read, resolve
from projects.configuration.shapes import ListOf, MapOf, Record, Shape

HERE = Path(__file__).parent
GOOD = (HERE / "good.yaml").read_text()
HEAD = "project: {name: p, region: us-east-1}\n"


@pytest.mark.parametrize("path", sorted((HERE / "bad_configurations").glob("*.yaml")), ids=lambda path: path.stem)
def test_bad_configurations(path: Path) -> None:
    """Each file ends with what must be found in it: `#= severity line:column path | message | suggestion`."""
    text, *_ = (whole := path.read_text()).partition("#=")
    expected = [line.removeprefix("#= ") for line in whole.splitlines() if line.startswith("#= ")]
    parsed = parse(text)
    found = [
        f"{problem.severity} {problem.line}:{problem.column} {problem.path or '-'} | {problem.message} | "
        f"{problem.suggestion}".rstrip()
        for problem in parsed.problems
    ]
    assert found == expected
    assert expected
    assert parsed.configuration is None


def test_a_warning_alone_does_not_stand_in_the_way() -> None:
    parsed = parse(HEAD + "agents: [{name: a, path: x, environment: {API_TOKEN: not-so-secret}}]")
    assert parsed.configuration
    assert parsed.errors == ()
    assert [warning.path for warning in parsed.warnings] == ["agents[0].environment.API_TOKEN"]


def test_a_credential_is_never_quoted() -> None:
    text = (HERE / "bad_configurations" / "environment_and_secrets.yaml").read_text()
    said = " ".join(map(str, parse(text).problems))
    for secret in ("AKIAIOSFODNN7EXAMPLE", "sk-proj", "swordfish", "q8Zr2L", "9f86d0", "correct horse"):
        assert secret in text
        assert secret not in said


def test_a_problem_reads_as_a_sentence() -> None:
    (problem,) = parse(HEAD + "agents: [{name: a, path: x, memroy: 1}]").problems
    assert str(problem) == 'line 2, column 29, agents[0].memroy: unknown key "memroy" (did you mean memory?)'


@pytest.mark.parametrize(
    ("source", "line", "column", "message"),
    [
        (b"a: 1\nb: \xff\n", 2, 4, "byte 0xff is not UTF-8"),
        ("a: 1\nb: \0\n", 2, 4, "character U+0000 is not allowed"),
        ("a: \ud800", 1, 4, "character U+D800 is not allowed"),
        ("a:\n\t- b\n", 2, 1, "a tab cannot indent YAML"),
        ("a: [1, 2\nb: 3\n", 2, 2, "this is not YAML"),
        ("a: 'x\n", 2, 1, "this is not YAML"),
        ("a: b: c\n", 1, 5, "this is not YAML"),
        ("", 1, 1, "the file is empty"),
        ("# only a comment\n", 1, 1, "the file is empty"),
        ("- a\n- b\n", 1, 1, "the file must be a mapping of keys"),
        ("just text", 1, 1, "the file must be a mapping of keys"),
        ("a: 1\n---\nb: 2\n", 2, 1, "a second document starts here"),
        ("a: *nowhere\n", 1, 4, "alias *nowhere has no anchor before it"),
        ("a: &x [*x]\n", 1, 8, "alias *x contains itself"),
        ("a: " + "[" * 50 + "]" * 50, 1, MAX_DEPTH + 3, "nested deeper than 16 levels"),
        ("x" * (MAX_SIZE_BYTES + 1), 1, 1, "the file is larger than 256 KiB"),
        ("é" * (MAX_SIZE_BYTES // 2 + 1), 1, 1, "the file is larger than 256 KiB"),
        ("%YAML 9.9\n---\na: 1\n", 1, 1, "this is not YAML"),
    ],
)
def test_what_is_not_a_plain_document_is_one_clear_problem(
    source: str | bytes, line: int, column: int, message: str
) -> None:
    (problem,) = parse(source).problems
    assert (problem.line, problem.column) == (line, column)
    assert problem.message.startswith(message)
    assert parse(source).configuration is None


def test_a_byte_order_mark_is_no_problem() -> None:
    assert parse("\ufeff" + GOOD).problems == ()
    assert parse(b"\xef\xbb\xbf" + GOOD.encode()).problems == ()


def test_aliases_are_bounded() -> None:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
    )
    started = time.monotonic()
    (problem,) = parse(laughs).problems
    assert problem.message == "more than 50,000 values once aliases are written out"
    assert time.monotonic() - started < 1
    many = "a: &a x\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]"
    assert parse(many).problems[-1].message == f"more than {MAX_ALIASES} aliases"
    deep = "a0: &a0 [[[[[x]]]]]\n" + "".join(f"a{n}: &a{n} [[[[[*a{n - 1}]]]]]\n" for n in range(1, 90))
    assert "nests deeper than 16 levels" in parse(deep).problems[-1].message


def test_an_alias_for_a_whole_value_is_fine() -> None:
    text = HEAD + "agents:\n- {name: a, path: x, tags: &t {k: v}}\n- {name: b, path: x, tags: *t}\n"
    configuration = parse(text).configuration
    assert configuration
    assert configuration.agent("b").tags == {"k": "v"}


def test_a_file_full_of_mistakes_is_answered_in_time_and_bounded() -> None:
    agents = "".join(f"  - {{name: a{n}, path: x, memroy: 1, timout: 2}}\n" for n in range(500))
    started = time.monotonic()
    problems = parse(f"{HEAD}agents:\n{agents}").problems
    assert time.monotonic() - started < 5
    assert problems[-1].message == "and 800 more problems"
    assert len(problems) == 201


def test_too_many_agents_are_refused() -> None:
    agents = "".join(f"  - {{name: a{n}, path: x}}\n" for n in range(501))
    assert [problem.message for problem in parse(f"{HEAD}agents:\n{agents}").problems] == [
        "501 items; 0 to 500 are allowed"
    ]


def test_environment_variables_are_limited_together() -> None:
    text = HEAD + "agents: [{name: a, path: x, environment: {A1: " + "word " * 500 + ", A2: " + "word " * 500 + "}}]"
    (problem,) = parse(text).problems
    assert problem.message == "5,002 bytes of environment; Lambda takes 4,096"


def test_tags_are_counted_with_the_projects() -> None:
    def tags(prefix: str) -> str:
        return "{" + ", ".join(f"{prefix}{n}: x" for n in range(30)) + "}"

    text = (
        f"project: {{name: p, region: us-east-1, tags: {tags('p')}}}\nagents: [{{name: a, path: x, tags: {tags('a')}}}]"
    )
    (problem,) = parse(text).problems
    assert problem.message == "60 tags with the project's; at most 44 are allowed"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("off", "off"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"),
        ("010", 10), ("0o10", 8), ("0x1F", 31), ("-7", -7), ("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("+.5", 0.5),
        ("-.inf", float("-inf")), ("true", True), ("FALSE", False), ("~", None), ("", None), ("nulL", "nulL"),
        ("٣", "٣"), ("12:30", "12:30"),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_what_has_no_json_form_is_refused() -> None:
    text = HEAD + 'resources: [{name: x, type: "AWS::A::B", properties: {P: [{Q: .inf}]}}]'
    assert [problem.path for problem in parse(text).problems] == ["resources[0].properties.P[0].Q"]


@pytest.mark.parametrize(
    "expression",
    [
        "rate(1 minute)", "rate(2 hours)", "rate(1 day)", "cron(0 8 * * ? *)", "cron(0/15 * ? * MON-FRI *)",
        "cron(0 8 1,15 * ? 2026-2030)", "cron(0 8 L * ? *)", "cron(0 8 LW * ? *)", "cron(0 8 15W * ? *)",
        "cron(0 8 ? JAN,JUL 6L *)", "cron(0 8 ? * 2#1 *)", "cron(0 8 ? * MON#1 *)", "cron(0 8 L-3 * ? *)",
    ],
)  # fmt: skip
def test_schedules_that_eventbridge_takes(expression: str) -> None:
    assert schedule(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "rate(5 minute)", "rate(5 weeks)", "rate(-1 days)", "rate(5  minutes)", "cron(60 8 * * ? *)",
        "cron(0 8 * 13 ? *)",
        "cron(0 8 ? * 0 *)", "cron(0 8 ? * ? *)", "cron(0 8 32W * ? *)", "cron(0/0 8 * * ? *)", "cron(a 8 * * ? *)",
        "cron(1-2-3 8 * * ? *)", "cron(0 8 * * ? 1969)", "cron()", "at(2026-01-01T00:00:00)", "cron(0,, 8 * * ? *)",
    ],
)  # fmt: skip
def test_schedules_that_eventbridge_refuses(expression: str) -> None:
    assert schedule(expression)


@given(st.text() | st.binary())
@example("? a\n: b")
@example("&a *a")
@example("{a: b}: c")
@example("a: !!python/object/apply:os.system [ls]")
@example("\ufeff\ufeff")
@settings(max_examples=150, deadline=None)
def test_no_text_makes_parsing_fail(source: str | bytes) -> None:
    parsed = parse(source)
    assert (parsed.configuration is None) == bool(parsed.errors)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in parsed.problems)


def _words(shape: Shape) -> set[str]:
    match shape:
        case Record(keys=keys):
            return {key.name for key in keys}.union(*(_words(key.shape) for key in keys))
        case ListOf(item=inner) | MapOf(value=inner):
            return _words(inner)
        case _:
            return set()


_scalars = st.sampled_from(
    ["a", "b", "s3", "sqs", "lambda", "x/y", "123456789012", "rate(1 day)", 0, 30, 512, 1.5, True, None, "us-east-1"]
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*sorted(_words(CONFIGURATION)), "a", "dev"]), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from([key.name for key in CONFIGURATION.keys]), _values))
@settings(max_examples=150, deadline=None)
def test_known_words_in_wrong_places_make_problems_not_failures(document: dict[str, object]) -> None:
    document.setdefault("project", {"name": "p", "region": "us-east-1"})
    parsed = parse(yaml.safe_dump(document))
    if parsed.configuration:
        for name in parsed.configuration.environments:
            assert parse(render_effective(for_environment(parsed.configuration, name))).errors == ()


@given(st.integers(0, 2**32), st.integers(0, len(GOOD)), st.text(max_size=5))
@settings(max_examples=150, deadline=None)
def test_a_good_file_with_an_accident_makes_problems_not_failures(cut: int, at: int, put: str) -> None:
    parse(GOOD[:at] + put + GOOD[at + cut % 20 :])


def _node(plain: object) -> Node:
    document, problems = read(yaml.safe_dump({"root": plain}))
    assert document
    assert problems == []
    root = document.get("root")
    assert root
    return root


_trees = st.recursive(
    st.integers() | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


@given(_trees, _trees)
@settings(max_examples=100, deadline=None)
def test_merging_is_idempotent_and_the_override_wins(base: object, override: object) -> None:
    once = merge(_node(base), _node(override))
    assert merge(once, _node(override)) == once
    assert merge(_node(base), _node(base)) == _node(base)
    assert _covers(to_plain(once), override)


def _covers(merged: object, override: object) -> bool:
    """Whether everything of the override is found in the merged value."""
    if isinstance(override, dict):
        return isinstance(merged, dict) and all(_covers(merged.get(key), value) for key, value in override.items())
    return merged == override


def test_applying_an_environment_is_idempotent() -> None:
    document, _ = read(GOOD)
    assert document
    once = apply_environment(document, "prod")
    assert apply_environment(once, "prod") == once
    assert isinstance(once, MappingNode)
    assert isinstance(once.get("agents"), SequenceNode)
    assert not isinstance(once.get("project"), ScalarNode)


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_both_yaml_parsers_read_the_same(loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast parser is optional: where it is missing the pure one must see the same tree at the same places."""
    expected = [read(path.read_text()) for path in sorted((HERE / "bad_configurations").glob("*.yaml"))]
    monkeypatch.setattr(reading, "_Loader", loader)
    found = [read(path.read_text()) for path in sorted((HERE / "bad_configurations").glob("*.yaml"))]
    assert repr(found) == repr(expected)
    assert parse("a: [1, 2\nb: 3\n").problems[0].message.startswith("this is not YAML")
    assert parse("a:\n\t- b\n").problems[0].message == "a tab cannot indent YAML"


def test_time_grows_in_step_with_the_size_of_a_project() -> None:
    def seconds(count: int) -> float:
        agents = "".join(
            f"  - {{name: a{n}, path: x, triggers: [{{resource: q{n}}}], secrets: {{KEY: s{n}}}}}\n"
            for n in range(count)
        )
        resources = "".join(f"  - {{name: q{n}, type: sqs}}\n  - {{name: s{n}, type: secret}}\n" for n in range(count))
        started = time.process_time()
        assert parse(f"{HEAD}agents:\n{agents}resources:\n{resources}").problems == ()
        return time.process_time() - started

    seconds(10)  # warms up
    # Eight times the agents take eight times as long; were it quadratic, it would be sixty-four.
    assert min(seconds(400) for _ in range(2)) < 24 * max(seconds(50) for _ in range(2))
