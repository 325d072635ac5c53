"""The clock: which schedules are due, and at most one ticker that acts on it at a time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from cronsim import CronSim
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone

from registry.actions.base import ActionError
from registry.actions.fire_schedule import FireSchedule
from registry.jobs.reaper import reap
from registry.models import Schedule

logger = logging.getLogger("registry.jobs")

_LOCK = 0x71C4  # the ticker's, in PostgreSQL; it goes with the transaction, so also with a ticker that dies


def tick(now: datetime | None = None) -> bool:
    """Fire what is due and look after lost jobs; False when another ticker is at it."""
    now = now or timezone.now()
    with _alone() as alone:
        if alone:
            for schedule in Schedule.objects.select_for_update(no_key=True).order_by("pk"):
                _look_at(schedule, now)
    if alone:
        reap()
    return alone


def next_turn(cron: str, after: datetime) -> datetime:
    """The first turn later than `after`."""
    return next(CronSim(cron, after))


@contextmanager
def _alone() -> Iterator[bool]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            [alone] = cursor.fetchone()
        yield alone


def _look_at(schedule: Schedule, now: datetime) -> None:
    """Turns that were missed while nothing ticked fire once. A new or changed cron expression counts from now."""
    due = schedule.next_fire_at
    if not schedule.enabled:
        following = None
    elif due is None or not _is_turn(schedule.cron, due):
        following = next_turn(schedule.cron, now)
    elif due <= now:
        following = next_turn(schedule.cron, now)
        _fire(schedule, now)
    else:
        following = due
    if following != due:
        Schedule.objects.filter(pk=schedule.pk).update(next_fire_at=following)


def _is_turn(cron: str, when: datetime) -> bool:
    return next_turn(cron, when - timedelta(minutes=1)) == when


def _fire(schedule: Schedule, now: datetime) -> None:
    """In a savepoint of its own: what one schedule does wrong leaves the others alone."""
    try:
        with transaction.atomic():
            FireSchedule(actor=None, schedule=schedule).run()
    except (ActionError, PermissionDenied) as error:
        Schedule.objects.filter(pk=schedule.pk).update(last_outcome=f"Failed: {error}"[:300])
    except Exception:
        logger.exception("%s failed unexpectedly.", schedule)
        Schedule.objects.filter(pk=schedule.pk).update(
            last_outcome="Failed unexpectedly; the log of the ticker says how."
        )
    Schedule.objects.filter(pk=schedule.pk).update(last_fired_at=now)
