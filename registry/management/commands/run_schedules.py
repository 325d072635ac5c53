"""manage.py run_schedules [--once]"""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from registry.jobs.schedules import tick

logger = logging.getLogger("registry.jobs")


class Command(BaseCommand):
    help = "Fire schedules that are due and look after lost jobs. Run as many as you like: one at a time acts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then end")
        parser.add_argument("--every", type=float, default=5, help="seconds between rounds (default 5)")

    def handle(self, **options: Any) -> None:
        if options["once"]:
            acted = tick()
            self.stdout.write("done" if acted else "another process is at it")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.wait(options["every"]):
            try:
                tick()
            except (OperationalError, InterfaceError) as error:
                logger.warning("The database cannot be reached (%s); trying again.", error)
                connection.close()
