"""Answers customers: opens a ticket for what they ask, keeps their attachment and passes the ticket on to triage."""

import base64
import hashlib
import hmac
import json
import os
import re
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError
from local_model import Call, choose_model
from strands import Agent, tool

INSTRUCTIONS = """You are the first person customers of a software company talk to.
If they name a ticket, look it up and tell its status. If they only greet or thank you, be friendly and use no tool.
Otherwise look up their reference when you know their e-mail address, open a ticket, keep the attachment if there is
one, pass the ticket on to triage, and tell them the ticket number. Never promise anything else."""

TICKET = re.compile(r"\bT-[0-9A-F]{8}\b")
MAX_QUESTION_CHARACTERS = 4_000
MAX_ATTACHMENT_CHARACTERS = 100_000


@cache
def client(service: str) -> Any:
    """One connection per service for as long as Lambda keeps this process."""
    return boto3.client(service)


@cache
def tickets() -> Any:
    return boto3.resource("dynamodb").Table(os.environ["TICKETS_TABLE"])


@tool
def customer_reference(customer: str) -> dict[str, Any]:
    """The reference under which the CRM knows a customer.

    Args:
        customer: The customer's e-mail address.
    """
    try:
        token = client("secretsmanager").get_secret_value(SecretId=os.environ["CRM_TOKEN_SECRET_ARN"])["SecretString"]
    except ClientError as error:
        # A new environment has the secret but nobody has entered its value yet: answer without the CRM.
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return {"reference": None, "note": "the CRM token has not been entered yet"}
        raise
    digest = hmac.new(token.encode(), customer.lower().encode(), hashlib.sha256).hexdigest()
    return {"reference": f"C-{digest[:8].upper()}"}


@tool
def open_ticket(text: str, customer: str = "", reference: str = "") -> dict[str, Any]:
    """Open a ticket and get its number.

    Args:
        text: What the customer needs, in their words.
        customer: The customer's e-mail address, if known.
        reference: The customer's CRM reference, if known.
    """
    ticket = {
        "id": f"T-{uuid.uuid4().hex[:8].upper()}",
        "text": text,
        "customer": customer,
        "reference": reference,
        "status": "open",
        "priority": "unknown",
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    tickets().put_item(Item=ticket, ConditionExpression="attribute_not_exists(id)")
    return {"ticket_id": ticket["id"]}


@tool
def find_ticket(ticket_id: str) -> dict[str, Any]:
    """Status and priority of a ticket.

    Args:
        ticket_id: The ticket's number, like T-0A1B2C3D.
    """
    item = tickets().get_item(Key={"id": ticket_id}).get("Item")
    return {key: item[key] for key in ("id", "status", "priority")} if item else {"missing": ticket_id}


@tool
def keep_attachment(ticket_id: str, text: str) -> dict[str, Any]:
    """Keep the text a customer attached to a ticket.

    Args:
        ticket_id: The ticket's number.
        text: The attachment.
    """
    key = f"incoming/{ticket_id}/attachment.txt"
    client("s3").put_object(Bucket=os.environ["UPLOADS_BUCKET"], Key=key, Body=text.encode(), ContentType="text/plain")
    return {"key": key}


@tool
def pass_to_triage(ticket_id: str) -> dict[str, Any]:
    """Queue a ticket for triage, which decides how urgent it is.

    Args:
        ticket_id: The ticket's number.
    """
    body = json.dumps({"ticket_id": ticket_id})
    client("sqs").send_message(QueueUrl=os.environ["JOBS_QUEUE_URL"], MessageBody=body)
    return {"queued": ticket_id}


TOOLS = [customer_reference, open_ticket, find_ticket, keep_attachment, pass_to_triage]


def decide(prompt: str, results: dict[str, Any]) -> Call | str:
    """What the local model does: the same steps that INSTRUCTIONS ask of a real one."""
    for name, result in results.items():
        if "error" in result:
            return f"I am sorry, something went wrong on our side ({name}). Please try again."
    customer, question, attachment = _parts(prompt)
    if named := TICKET.search(question):
        return _status(named[0], results)
    if re.fullmatch(r"\W*(hi|hello|hey|thanks|thank you|good (morning|evening))\b.{0,20}", question, re.IGNORECASE):
        return "Hello! Tell me what you need help with, or name a ticket to hear how it is going."
    if customer and "customer_reference" not in results:
        return Call("customer_reference", {"customer": customer})
    if "open_ticket" not in results:
        reference = results.get("customer_reference", {}).get("reference") or ""
        return Call("open_ticket", {"text": question, "customer": customer, "reference": reference})
    ticket_id = results["open_ticket"]["ticket_id"]
    if attachment and "keep_attachment" not in results:
        return Call("keep_attachment", {"ticket_id": ticket_id, "text": attachment})
    if "pass_to_triage" not in results:
        return Call("pass_to_triage", {"ticket_id": ticket_id})
    topic = "your invoice" if re.search(r"invoice|bill|charge|refund", question, re.IGNORECASE) else "your question"
    kept = " Your attachment is kept with it." if attachment else ""
    return f"Thank you. I opened ticket {ticket_id} about {topic} and passed it on to the team.{kept}"


def _status(ticket_id: str, results: dict[str, Any]) -> Call | str:
    if "find_ticket" not in results:
        return Call("find_ticket", {"ticket_id": ticket_id})
    ticket = results["find_ticket"]
    if "missing" in ticket:
        return f"I cannot find a ticket {ticket_id}. Please check the number."
    return f"Ticket {ticket_id} is {ticket['status']}, its priority is {ticket['priority']}."


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /support with {"question": ..., "customer": ..., "attachment": ...}; chat clients say "message" instead."""
    body = event.get("body") or ""
    try:
        request = json.loads(base64.b64decode(body) if event.get("isBase64Encoded") else body)
        question = request.get("question", request.get("message", ""))
        customer, attachment = request.get("customer", ""), request.get("attachment", "")
        if not all(isinstance(value, str) for value in (question, customer, attachment)) or not question.strip():
            return _reply(400, {"error": 'send {"question": "...", "customer": "...", "attachment": "..."}'})
    except (ValueError, AttributeError):
        return _reply(400, {"error": "the body must be a JSON object"})
    if len(question) > MAX_QUESTION_CHARACTERS or len(attachment) > MAX_ATTACHMENT_CHARACTERS:
        return _reply(413, {"error": "the question or its attachment is too long"})
    # A fresh agent per request: customers must not read each other's conversation.
    agent = Agent(model=choose_model(decide), tools=TOOLS, system_prompt=INSTRUCTIONS, callback_handler=None)
    result = agent(_prompt(customer, question, attachment))
    return _reply(200, {"answer": str(result).strip(), "tools": list(result.metrics.tool_metrics)})


def _prompt(customer: str, question: str, attachment: str) -> str:
    """Everything the model gets to know; line breaks in a field cannot pretend to be another field."""
    first = " ".join(customer.split())
    return f"Customer: {first}\nQuestion: {' '.join(question.split())}\nAttachment: {attachment}"


def _parts(prompt: str) -> tuple[str, str, str]:
    customer, question, attachment = prompt.split("\n", 2)
    return (
        customer.removeprefix("Customer: ").strip(),
        question.removeprefix("Question: "),
        attachment.removeprefix("Attachment: ").strip(),
    )


def _reply(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
