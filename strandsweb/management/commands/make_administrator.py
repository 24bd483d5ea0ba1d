"""`manage.py make_administrator`: lets somebody look after people and sign-in, or no longer."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from projects.audit.deeds import Deed
from projects.audit.writing import write
from projects.models import User


class Command(BaseCommand):
    """Makes an account, where there is none, and an administrator of it."""

    help = "Make somebody an administrator. For a new account the password is read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("username")
        parser.add_argument("--no-longer", action="store_true", help="they stop being one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Changes the account; doing so twice is doing so once."""
        name, wanted = options["username"], not options["no_longer"]
        with transaction.atomic():
            person = User.objects.filter(username=name, service=None).first()
            if person is None and not wanted:
                raise CommandError(f"There is no account {name}.")
            person = person or _new(name)
            if User.objects.filter(pk=person.pk, is_superuser=not wanted).update(is_superuser=wanted):
                deed = Deed.ADMINISTRATOR_MADE if wanted else Deed.ADMINISTRATOR_GONE
                write(deed, actor=None, actor_text="somebody at the shell", target_type="account", target=name)
        self.stdout.write(f"{name} is {'an administrator' if wanted else 'no administrator any more'}.")


@sensitive_variables("password")
def _new(name: str) -> User:
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    person = User(username=name)
    try:
        validate_password(password, person)
        person.set_password(password)
        person.full_clean()
    except ValidationError as wrong:
        raise CommandError(" ".join(wrong.messages)) from None
    person.save()
    write(Deed.ACCOUNT_CREATED, actor=None, actor_text="somebody at the shell", target_type="account", target=name)
    return person
