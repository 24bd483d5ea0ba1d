"""The agent's model: a real one when the environment names it, else rules that need no key and no network.

Each agent is packaged from its own folder, so each carries this same file.
"""

import json
import os
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from strands.models.model import Model


@dataclass(frozen=True)
class Call:
    """A step in which the model uses a tool."""

    tool: str
    arguments: dict[str, Any]


# What is asked and what each tool has answered so far -> the next tool call, or the words that end the turn.
Decide = Callable[[str, dict[str, Any]], Call | str]


def choose_model(decide: Decide) -> Model:
    """The model that MODEL_PROVIDER (local, bedrock or anthropic) and MODEL_ID name; local when nothing is set."""
    provider = os.environ.get("MODEL_PROVIDER", "local")
    model_id = os.environ.get("MODEL_ID")
    if provider == "bedrock":
        from strands.models.bedrock import BedrockModel  # only who uses a provider needs its package

        return BedrockModel(model_id=model_id) if model_id else BedrockModel()
    if provider == "anthropic":
        if not model_id:
            raise ValueError("MODEL_PROVIDER=anthropic needs MODEL_ID")
        from strands.models.anthropic import AnthropicModel

        return AnthropicModel(client_args={"api_key": _api_key()}, model_id=model_id, max_tokens=1024)
    if provider != "local":
        raise ValueError(f"MODEL_PROVIDER is {provider!r}; it can be local, bedrock or anthropic")
    return LocalModel(decide)


class LocalModel(Model):
    """Decides by rules, and speaks to the SDK as any streaming model does: tool calls first, then an answer."""

    def __init__(self, decide: Decide) -> None:
        self.decide = decide
        self.config: dict[str, Any] = {"model_id": "local-rules", "context_window_limit": 200_000}

    def update_config(self, **model_config: Any) -> None:
        self.config.update(model_config)

    def get_config(self) -> dict[str, Any]:
        return self.config

    async def stream(self, messages: Any, tool_specs: Any = None, *_: Any, **__: Any) -> AsyncGenerator[Any, None]:
        """One turn as the events of a streaming response."""
        question, results = _read(messages)
        step = self.decide(question, results)
        yield {"messageStart": {"role": "assistant"}}
        if isinstance(step, Call):
            if step.tool not in {spec["name"] for spec in tool_specs or []}:
                raise ValueError(f"the rules ask for {step.tool}, which is not among the agent's tools")
            use = {"toolUseId": f"local-{len(messages)}", "name": step.tool}
            yield {"contentBlockStart": {"start": {"toolUse": use}}}
            yield {"contentBlockDelta": {"delta": {"toolUse": {"input": json.dumps(step.arguments)}}}}
        else:
            yield {"contentBlockStart": {"start": {}}}
            for words in re.findall(r"\S+\s*", step):
                yield {"contentBlockDelta": {"delta": {"text": words}}}
        yield {"contentBlockStop": {}}
        yield {"messageStop": {"stopReason": "tool_use" if isinstance(step, Call) else "end_turn"}}
        usage = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
        yield {"metadata": {"usage": usage, "metrics": {"latencyMs": 0}}}

    def structured_output(self, *_: Any, **__: Any) -> Any:
        """Rules fill no schemas."""
        raise NotImplementedError("the local model gives no structured output; configure a real model")


def _read(messages: list[Any]) -> tuple[str, dict[str, Any]]:
    """The last question, and the results of the tools used since: JSON as data, failures as {"error": text}."""
    question, names, results = "", {}, {}
    for message in messages:
        for block in message["content"]:
            if "text" in block and message["role"] == "user":
                question, results = block["text"], {}
            elif "toolUse" in block:
                names[block["toolUse"]["toolUseId"]] = block["toolUse"]["name"]
            elif "toolResult" in block:
                result = block["toolResult"]
                text = "".join(item.get("text", "") for item in result["content"])
                name = names[result["toolUseId"]]
                results[name] = {"error": text} if result.get("status") == "error" else json.loads(text)
    return question, results


def _api_key() -> str:
    """From Secrets Manager when the configuration lists ANTHROPIC_API_KEY under secrets, else from the environment."""
    if arn := os.environ.get("ANTHROPIC_API_KEY_SECRET_ARN"):
        import boto3

        return str(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    return os.environ["ANTHROPIC_API_KEY"]
