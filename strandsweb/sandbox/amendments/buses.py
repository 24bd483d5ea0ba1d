"""EventBridge: UpdateEventBus (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEventBus.html)."""

from __future__ import annotations

import json
from typing import Any

from moto.core.utils import unix_time
from moto.events.responses import EventsHandler


def install() -> None:
    def update_event_bus(self: EventsHandler) -> tuple[str, dict[str, Any]]:
        bus = self.events_backend.describe_event_bus(self._get_param("Name"))
        bus.description = self._get_param("Description")
        bus.kms_key_identifier = self._get_param("KmsKeyIdentifier")
        bus.dead_letter_config = self._get_param("DeadLetterConfig")
        bus.last_modified_time = unix_time()
        answer = {
            "Arn": bus.arn,
            "Name": bus.name,
            "Description": bus.description,
            "KmsKeyIdentifier": bus.kms_key_identifier,
            "DeadLetterConfig": bus.dead_letter_config,
        }
        return json.dumps({key: value for key, value in answer.items() if value}), self.response_headers

    EventsHandler.update_event_bus = update_event_bus  # type: ignore[attr-defined]
