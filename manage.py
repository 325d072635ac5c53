#!/usr/bin/env python
"""Command line of Solvate. Without DATABASE_URL and REDIS_URL it brings its own PostgreSQL and Valkey."""

import os
import sys
from contextlib import nullcontext


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "registry.settings.dev")
    from registry import embedded

    production = os.environ["DJANGO_SETTINGS_MODULE"] == "registry.settings.prod"  # names its servers or does not start
    try:
        services = nullcontext() if production else embedded.lease()
    except embedded.EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    with services:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
