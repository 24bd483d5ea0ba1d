"""The programs that are the same in every shape: the sandbox, web, worker and beat, and manage.py commands run once."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from strandsweb.run.claim import Claim
from strandsweb.run.program import Program
from strandsweb.run.readiness import answers_http

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable


def sandbox(claim: Claim, environment: Mapping[str, str]) -> tuple[Program, str]:
    """The stand-in for AWS, and the URL it is reached at."""
    port = claim.port("sandbox")
    program = Program(
        name="sandbox",
        command=(PYTHON, "-m", "strandsweb.sandbox", "--port", str(port), "--data", str(claim.data_dir / "sandbox")),
        environment=environment,
        ready=answers_http(port, "/_sandbox/health"),
        stopping=((signal.SIGTERM, 20.0),),  # it writes down what it holds
        directory=ROOT,
    )
    return program, f"http://127.0.0.1:{port}"


def sandbox_credentials(url: str) -> dict[str, str]:
    """Environment variables with which boto3 talks to the sandbox and nothing else, whatever is configured."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def web(port: int, environment: Mapping[str, str]) -> Program:
    """The pages and their sockets."""
    return Program(
        name="web",
        command=(
            PYTHON, "-m", "daphne", "--bind", "127.0.0.1", "--port", str(port), "--no-server-name", "--verbosity", "0",
            "strandsweb.asgi:application",
        ),
        environment=environment,
        ready=answers_http(port, "/healthz"),
        directory=ROOT,
    )  # fmt: skip


def worker(concurrency: int, environment: Mapping[str, str]) -> Program:
    """The Celery worker: asked to stop it finishes the runs at hand, asked again it gives them back to the queue."""
    return Program(
        name="worker",
        command=(
            PYTHON, "-m", "celery", "--app", "strandsweb", "--quiet", "worker", "--concurrency", str(concurrency),
            "--loglevel", "WARNING", "--without-gossip", "--without-mingle",
        ),
        environment=environment,
        stopping=((signal.SIGTERM, 30.0), (signal.SIGQUIT, 5.0)),
        directory=ROOT,
    )  # fmt: skip


def beat(claim: Claim, environment: Mapping[str, str]) -> Program:
    """The clock that asks for what is to be done regularly."""
    schedule = claim.data_dir / "beat-schedule"
    return Program(
        name="beat",
        command=(
            PYTHON, "-m", "celery", "--app", "strandsweb", "--quiet", "beat", "--schedule", str(schedule), "--pidfile=",
            "--loglevel", "WARNING",
        ),
        environment=environment,
        directory=ROOT,
    )  # fmt: skip


def migrate(environment: Mapping[str, str]) -> Program:
    """Bring the database to the shape the code expects. Django's checks of the code are for `make test`."""
    return manage("migrate", environment, "migrate", "--verbosity", "0", "--skip-checks")


def buckets(environment: Mapping[str, str]) -> Program:
    """Make the buckets that an operator has made before the first start in a real account."""
    return Program(
        name="buckets", command=(PYTHON, "-m", "strandsweb.run.buckets"), environment=environment, directory=ROOT
    )


def manage(name: str, environment: Mapping[str, str], *arguments: str) -> Program:
    """One manage.py command under the name `name`."""
    return Program(name=name, command=(PYTHON, "manage.py", *arguments), environment=environment, directory=ROOT)
