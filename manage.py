#!/usr/bin/env python
"""Django's command line."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "strandsweb.settings.embedded")
    from django.core.management import execute_from_command_line

    from projects.audit.acting import Circumstances, acting
    from projects.audit.deeds import Via

    with acting(Circumstances(via=Via.CLI)):
        execute_from_command_line(sys.argv)
