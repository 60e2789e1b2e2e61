"""Django's commands: `python -m examples.teashop.django_site.manage payment_unknowns`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.teashop.django_site.settings")
    execute_from_command_line(sys.argv)
