"""Deliveries by e-mail: plain text to the verified address of somebody who is still a member."""

from __future__ import annotations

from smtplib import SMTPException
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from deployments.telling.models import Delivery
from deployments.telling.notices import link_of
from deployments.telling.posting import GiveUp, TryAgain
from projects.access import role_in


def send(delivery: Delivery) -> str:
    """Hands it to the mail server; answers how that went, in words.

    Raises:
        TryAgain: the mail server did not take it.
        GiveUp: the person left the project, or has no verified address any more.
    """
    person = delivery.person
    if person is None or not person.is_active or role_in(delivery.project_id, person) is None:
        raise GiveUp("The person is no longer a member.")
    known = EmailAddress.objects.filter(user=person, verified=True, primary=True)
    address = known.values_list("email", flat=True).first()
    if address is None:
        raise GiveUp("The person has no verified address any more.")
    host = urlsplit(settings.SITE_URL).hostname
    message = EmailMessage(
        subject=delivery.title,
        body=f"{delivery.text}\n\n{link_of(delivery)}\n\n-- \n"
        f"What is mailed to you: {settings.SITE_URL}{reverse('mail-choice')}\n",
        to=[address],
        headers={"Message-ID": f"<{delivery.public_id}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, SMTPException) as error:
        raise TryAgain(f"The mail server did not take it ({type(error).__name__}).") from None
    return "The mail server took it."
