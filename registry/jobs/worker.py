"""The worker process: RQ's, with deaths that leave nothing behind."""

import logging
import signal
from typing import Any, cast

import django_rq
from django.db import connections
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from rq import Worker
from rq.executions import Execution
from rq.job import Job as Message
from rq.queue import Queue

from registry.processes import die_with_parent

logger = logging.getLogger("registry.jobs")


SIGN_OF_LIFE = 30  # seconds; 60 later, an idle worker that died is counted no more


class JobWorker(Worker):
    """Takes messages from queues and forks a process for each.

    Stopped while a job runs, it passes the signal on, and the job's process gives the job back to its queue.
    """

    def fork_work_horse(self, job: Message, queue: Queue) -> None:
        connections.close_all()  # a connection must not be shared across the fork
        self._bind = die_with_parent(signal.SIGKILL)
        super().fork_work_horse(job, queue)

    def main_work_horse(self, job: Message, queue: Queue) -> None:
        self._bind()
        super().main_work_horse(job, queue)

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        if self.horse_pid:
            self.kill_horse(signal.SIGTERM)

    def maintain_heartbeats(self, job: Message, execution: Execution) -> None:
        """A queue that is away for a while is no reason to abandon a job: the job's record lives in PostgreSQL."""
        try:
            super().maintain_heartbeats(job, execution)
        except (RedisConnectionError, RedisTimeoutError) as error:
            logger.warning("The queue does not answer (%s); the job goes on.", error)


def make_worker(queues: list[str], **options: Any) -> JobWorker:
    """A worker for these queues, with the serializer of the settings."""
    options.setdefault("worker_ttl", SIGN_OF_LIFE)
    first = django_rq.get_queue(queues[0])
    worker = django_rq.get_worker(*queues, worker_class=JobWorker, serializer=first.serializer, **options)
    return cast(JobWorker, worker)
