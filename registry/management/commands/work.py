"""manage.py work cpu gpu"""

import logging
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from redis.exceptions import RedisError

from registry.jobs.worker import make_worker
from registry.models import Job

logger = logging.getLogger("registry.jobs")


class Command(BaseCommand):
    help = "Work on background jobs. SIGTERM or Ctrl-C gives the job at hand back to its queue and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queues", nargs="*", default=[Job.Queue.CPU], help="cpu, gpu or both (default cpu)")
        parser.add_argument("--burst", action="store_true", help="end when the queues are empty")

    def handle(self, **options: Any) -> None:
        level = {0: "WARNING", 1: "INFO"}.get(options["verbosity"], "DEBUG")
        while True:
            try:
                worker = make_worker(options["queues"])
                worker.work(burst=options["burst"], logging_level=level)
            except RedisError as error:
                logger.warning("The queue does not answer (%s); trying again.", error)
            else:
                if options["burst"] or worker.shutdown_requested_date:
                    return
            time.sleep(1)  # RQ's worker ends when it loses its queue; the next one finds it again
