"""`manage.py set_secret`: a secret's value from standard input straight to Secrets Manager."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import Http404
from django.views.decorators.debug import sensitive_variables

from deployments import secret_values
from deployments.errors import WorkflowError
from projects.roles import Action
from strandsweb.management.journey import access_in, mfa_code, user_named


class Command(BaseCommand):
    """Sets the value of a deployed secret; it is read from standard input, so that no process list shows it."""

    help = "Set a secret's value, read from standard input: set_secret ... < file. One newline at its end is dropped."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("name", help="the secret, as strands.yaml or the pages name it")
        parser.add_argument("--project", required=True)
        parser.add_argument("--environment", required=True)
        parser.add_argument("--mfa-code", default="", metavar="CODE", help="of the MFA device, where one is asked for")
        parser.add_argument("--as", dest="actor", required=True, metavar="USER", help="who sets it")

    @sensitive_variables("value")
    def handle(self, *args: Any, **options: Any) -> None:
        """Reads and hands on; the exit code is 0 only when AWS has it."""
        value = getpass.getpass("Value: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
        try:
            actor = user_named(options["actor"])
            environment = access_in(actor, options["project"], options["environment"], Action.SET_SECRETS).place
            code = mfa_code(options, environment) if environment.asks_for_code else ""
            secret_values.put(environment=environment, logical_id=options["name"], value=value, actor=actor, code=code)
        except (WorkflowError, PermissionDenied) as refusal:
            raise CommandError(str(refusal)) from None
        except Http404 as missing:
            raise CommandError(f"There is no such project, or {options['actor']} is not a member of it.") from missing
        self.stdout.write(f"{options['name']} has its new value.")
