"""Physical names: deterministic from project, environment and logical name, inside each service's limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PREFIX = "strands"


def fit(text: str, limit: int, suffix: str = "") -> str:
    """`text` + `suffix` in at most `limit` characters.

    What is too long is cut and ends in `-` and 8 hex digits of the whole text's SHA-256 (before the suffix), so that
    different long names stay different.
    """
    if len(text) + len(suffix) <= limit:
        return text + suffix
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return text[: limit - len(suffix) - 9].rstrip("-./") + "-" + digest + suffix


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one environment's resources; `name` is always the logical name in lower-case-with-hyphens."""

    project: str
    environment: str
    account: str
    region: str

    def _joined(self, name: str) -> str:
        return f"{PREFIX}-{self.project}-{self.environment}-{name}"

    def role(self, name: str) -> str:
        """An IAM role: 64 characters."""
        return fit(self._joined(name), 64)

    def function(self, name: str) -> str:
        """A Lambda function: 64 characters."""
        return fit(self._joined(name), 64)

    def layer(self, name: str) -> str:
        """A Lambda layer: 64 characters, no dots."""
        return fit(self._joined(name.replace(".", "-")), 64)

    def log_group(self, name: str) -> str:
        """The log group Lambda writes to for the function of the same name."""
        return f"/aws/lambda/{self.function(name)}"

    def shared_log_group(self, name: str) -> str:
        """A log group of the environment itself: a path, 512 characters."""
        return fit(f"/{PREFIX}/{self.project}/{self.environment}/{name}", 512)

    def network(self, name: str) -> str:
        """A part of the network, as its `Name` tag or a security group says it: 255 characters."""
        return fit(self._joined(name), 255)

    def bucket(self, name: str) -> str:
        """An S3 bucket: 63 characters; all accounts of AWS share the names, so account and region are part of it."""
        return fit(self._joined(name), 63, f"-{self.account}-{self.region}")

    def table(self, name: str) -> str:
        """A DynamoDB table: 255 characters."""
        return fit(self._joined(name), 255)

    def queue(self, name: str, *, fifo: bool = False) -> str:
        """An SQS queue: 80 characters, a FIFO queue's name ends in `.fifo`."""
        return fit(self._joined(name), 80, ".fifo" if fifo else "")

    def topic(self, name: str, *, fifo: bool = False) -> str:
        """An SNS topic: 256 characters, a FIFO topic's name ends in `.fifo`."""
        return fit(self._joined(name), 256, ".fifo" if fifo else "")

    def event_bus(self, name: str) -> str:
        """An EventBridge bus: 256 characters."""
        return fit(self._joined(name), 256)

    def rule(self, name: str) -> str:
        """An EventBridge rule: 64 characters."""
        return fit(self._joined(name), 64)

    def secret(self, name: str) -> str:
        """A Secrets Manager secret: a path, 512 characters.

        The service appends `-` and six random characters in the ARN; a name that itself ends so would be taken for
        an ARN's, which a digest of eight digits never is.
        """
        return fit(f"{PREFIX}/{self.project}/{self.environment}/{name}", 512)

    def api(self, name: str) -> str:
        """An HTTP API: 128 characters."""
        return fit(self._joined(name), 128)

    def alarm(self, name: str) -> str:
        """A CloudWatch alarm: 255 characters."""
        return fit(self._joined(name), 255)

    def policy(self, name: str) -> str:
        """An IAM managed policy: 128 characters."""
        return fit(self._joined(name), 128)

    def dashboard(self, name: str) -> str:
        """A CloudWatch dashboard: 255 characters, no dots."""
        return fit(self._joined(name.replace(".", "-")), 255)

    def trace_group(self, name: str) -> str:
        """An X-Ray group: 32 characters."""
        return fit(self._joined(name), 32)

    def other(self, name: str, limit: int) -> str:
        """Something of another kind, whose schema says how many characters it takes."""
        return fit(self._joined(name), limit)
