"""Functions run: answers, errors, limits, logs, isolation, warm starts, and no orphans."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from strandsweb.sandbox.starter import start
from tests.sandbox.conftest import ROLE, client, http, make_function, package

pytestmark = pytest.mark.processes

ECHO = """
import os, boto3, logging
loaded = []
def handler(event, context):
    loaded.append(1)
    print("heard", event["say"])
    logging.getLogger().warning("careful")
    return {
        "said": event["say"], "count": len(loaded), "mood": os.environ.get("MOOD"), "name": context.function_name,
        "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
        "who": boto3.client("sts").get_caller_identity()["Arn"], "pid": os.getpid(),
    }
"""


def invoke(sandbox, name, event, **more):
    answer = client("lambda", sandbox).invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read() or b"null")


def test_a_function_answers_with_its_environment_context_and_role(sandbox):
    arn = make_function(sandbox, "echo", ECHO, Environment={"Variables": {"MOOD": "good"}})
    answer, said = invoke(sandbox, "echo", {"say": "hi"}, LogType="Tail")
    assert said["said"] == "hi" and said["mood"] == "good" and said["name"] == "echo" and said["arn"] == arn
    assert said["who"] == "arn:aws:sts::123456789012:assumed-role/functions/echo"
    assert 0 < said["left"] <= 10_000
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer and answer["ExecutedVersion"] == "$LATEST"
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert lines[0].startswith("START RequestId: ") and lines[1] == "heard hi" and "[WARNING]\t" in lines[2]
    assert lines[3].startswith("END RequestId: ") and "Init Duration: " in lines[4] and "Max Memory Used: " in lines[4]
    events = client("logs", sandbox).filter_log_events(logGroupName="/aws/lambda/echo")["events"]
    assert [event["message"].rstrip("\n") for event in events] == lines


def test_a_warm_process_is_reused_until_configuration_or_code_change(sandbox):
    make_function(sandbox, "warm", ECHO)
    first = invoke(sandbox, "warm", {"say": "1"})[1]
    second = invoke(sandbox, "warm", {"say": "2"})[1]
    assert second["pid"] == first["pid"] and second["count"] == 2
    aws = client("lambda", sandbox)
    aws.update_function_configuration(FunctionName="warm", Environment={"Variables": {"MOOD": "new"}})
    third = invoke(sandbox, "warm", {"say": "3"})[1]
    assert third["mood"] == "new" and third["count"] == 1
    assert not Path(f"/proc/{first['pid']}").exists()
    aws.update_function_code(FunctionName="warm", ZipFile=package(main="def handler(e, c): return 'other'"))
    assert invoke(sandbox, "warm", {})[1] == "other"


def test_the_host_keeps_its_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("HOST_SECRET", "hush")
    with start(tmp_path) as own:
        make_function(
            own, "nosy", "import os\ndef handler(e, c): return [dict(os.environ), os.listdir(os.environ['HOME'])]"
        )
        environment, home = invoke(own, "nosy", {})[1]
    assert "hush" not in environment.values() and home == []


def test_an_exception_is_aws_error_object(sandbox):
    make_function(sandbox, "fails", "def inner():\n    raise ValueError('bad luck')\ndef handler(e, c):\n    inner()")
    answer, error = invoke(sandbox, "fails", {})
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert error["errorType"] == "ValueError" and error["errorMessage"] == "bad luck"
    assert [frame.splitlines()[0] for frame in error["stackTrace"]] == [
        '  File "/var/task/main.py", line 4, in handler',
        '  File "/var/task/main.py", line 2, in inner',
    ]


@pytest.mark.parametrize(
    ("name", "handler", "source", "kind", "message"),
    [
        (
            "no-module",
            "gone.handler",
            "x = 1",
            "Runtime.ImportModuleError",
            "Unable to import module 'gone': No module",
        ),
        ("no-handler", "main.gone", "x = 1", "Runtime.HandlerNotFound", "Handler 'gone' missing on module 'main'"),
        ("bad-syntax", "main.handler", "def (", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
        ("bad-import", "main.handler", "raise KeyError('k')", "KeyError", "'k'"),
        ("bad-result", "main.handler", "def handler(e, c): return {1, 2}", "Runtime.MarshalError", "Unable to marshal"),
        ("leaves", "main.handler", "import os\ndef handler(e, c): os._exit(3)", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_broken_functions_say_why(sandbox, name, handler, source, kind, message):
    make_function(sandbox, name, source, Handler=handler)
    for _ in range(2):  # the second time as the first: no broken process is kept
        answer, error = invoke(sandbox, name, {})
        assert answer["FunctionError"] == "Unhandled"
        assert error["errorType"] == kind and message in error["errorMessage"]


def test_a_nested_handler_is_found(sandbox):
    code = package(
        app__deep__main="from app import words\ndef handler(e, c): return words.HELLO", app__words="HELLO = 'hi'"
    )
    make_function(sandbox, "nested", "", Code={"ZipFile": code}, Handler="app/deep/main.handler")
    assert invoke(sandbox, "nested", {})[1] == "hi"
    make_function(sandbox, "dotted", "", Code={"ZipFile": code}, Handler="app.deep.main.handler")
    assert invoke(sandbox, "dotted", {})[1] == "hi"


def test_code_may_come_from_s3(sandbox):
    s3 = client("s3", sandbox)
    s3.create_bucket(Bucket="function-code")
    s3.put_object(Bucket="function-code", Key="a/b.zip", Body=package(main="def handler(e, c): return 'from s3'"))
    code = {"S3Bucket": "function-code", "S3Key": "a/b.zip"}
    make_function(sandbox, "from-s3", "", Code=code)
    assert invoke(sandbox, "from-s3", {})[1] == "from s3"
    with pytest.raises(ClientError, match="NoSuchKey"):
        make_function(sandbox, "from-nowhere", "", Code=code | {"S3Key": "gone"})


def test_the_timeout_ends_the_function_and_its_children(sandbox, tmp_path):
    source = f"""
import subprocess, time
def handler(event, context):
    child = subprocess.Popen(["sleep", "60"])
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    print("waiting")
    time.sleep(30)
"""
    make_function(sandbox, "slow", source, Timeout=1)
    begun = time.monotonic()
    answer, error = invoke(sandbox, "slow", {}, LogType="Tail")
    assert 1 <= time.monotonic() - begun < 3
    assert answer["FunctionError"] == "Unhandled" and error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert "waiting\n" in tail and "Task timed out after 1.00 seconds" in tail
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.skipif(not Path("/proc").exists(), reason="memory is watched through /proc")
def test_the_memory_limit_ends_the_function(sandbox):
    source = "import time\ndef handler(e, c):\n    data = bytearray(400 * 1024 * 1024)\n    time.sleep(5)"
    make_function(sandbox, "greedy", source, MemorySize=128)
    answer, error = invoke(sandbox, "greedy", {})
    assert answer["FunctionError"] == "Unhandled" and error["errorType"] == "Runtime.OutOfMemory"


def test_an_event_is_accepted_at_once_and_runs_later(sandbox):
    make_function(sandbox, "later", "import time\ndef handler(e, c):\n    time.sleep(0.5)\n    print('done', e)")
    begun = time.monotonic()
    assert invoke(sandbox, "later", 7, InvocationType="Event")[0]["StatusCode"] == 202
    assert time.monotonic() - begun < 0.5
    assert eventually(lambda: "done 7\n" in log_text(sandbox, "later"))


def test_what_cannot_be_invoked_says_why(sandbox):
    with pytest.raises(ClientError, match="Function not found: arn:aws:lambda:us-east-1:123456789012:function:nobody"):
        invoke(sandbox, "nobody", {})
    client("lambda", sandbox).create_function(
        FunctionName="node",
        Role=ROLE,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Code={"ZipFile": package(main="")},
    )
    with pytest.raises(ClientError, match=r"runs python3.x functions; node asks for nodejs22.x"):
        invoke(sandbox, "node", {})


def test_big_events_and_answers_pass_and_bigger_ones_do_not(sandbox):
    make_function(sandbox, "bulk", "def handler(e, c): return 'y' * e if isinstance(e, int) else len(e)")
    assert invoke(sandbox, "bulk", "x" * 2_000_000)[1] == 2_000_000
    assert len(invoke(sandbox, "bulk", 2_000_000)[1]) == 2_000_000
    assert invoke(sandbox, "bulk", 7_000_000)[1]["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_killed_sandbox_leaves_no_function_behind(tmp_path):
    busy = "import os, time\ndef handler(e, c):\n    open(e, 'w').write(str(os.getpid()))\n    while True: pass"
    with start(tmp_path / "data") as own:
        make_function(own, "idle", "import os\ndef handler(e, c): return os.getpid()")
        idle = invoke(own, "idle", {})[1]
        make_function(own, "busy", busy, Timeout=60)
        invoke(own, "busy", str(tmp_path / "pid"), InvocationType="Event")
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        own.kill()
        assert eventually(lambda: gone(idle) and gone(int((tmp_path / "pid").read_text())))


def test_sns_and_eventbridge_reach_functions(sandbox):
    arn = make_function(sandbox, "told", "import json\ndef handler(e, c): print(json.dumps(e))")
    sns, events = client("sns", sandbox), client("events", sandbox)
    topic = sns.create_topic(Name="telling")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="by topic")
    events.put_rule(Name="telling", EventPattern='{"source": ["test"]}')
    events.put_targets(Rule="telling", Targets=[{"Id": "1", "Arn": arn}])
    assert (
        events.put_events(Entries=[{"Source": "test", "DetailType": "t", "Detail": '{"by": "rule"}'}])[
            "FailedEntryCount"
        ]
        == 0
    )

    def heard():
        text = log_text(sandbox, "told")
        return '"Message": "by topic"' in text and '"by": "rule"' in text

    assert eventually(heard)


def log_text(sandbox, name: str) -> str:
    logs = client("logs", sandbox)
    try:
        return "".join(e["message"] for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"])
    except logs.exceptions.ResourceNotFoundException:
        return ""


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie whose parent died with it counts)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"


def eventually(holds, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_invocations_are_seen_as_calls(sandbox):
    before = http("GET", f"{sandbox.url}/_sandbox/calls").json["last"]
    make_function(sandbox, "seen", "def handler(e, c): return 1")
    invoke(sandbox, "seen", {})
    calls = http("GET", f"{sandbox.url}/_sandbox/calls?since={before}").json["calls"]
    assert [call["operation"] for call in calls if call["service"] == "lambda"] == ["CreateFunction", "Invoke"]


def test_a_stop_does_not_wait_for_functions(tmp_path):
    source = "import os, time\ndef handler(e, c):\n    open(e, 'w').write(str(os.getpid()))\n    time.sleep(60)"
    with start(tmp_path / "data") as own:
        make_function(own, "endless", source, Timeout=60)
        invoke(own, "endless", str(tmp_path / "pid"), InvocationType="Event")
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        own.stop(timeout_seconds=10)
        assert own.process.returncode == 0
        assert gone(int((tmp_path / "pid").read_text()))
