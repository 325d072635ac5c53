"""`manage.py demo`: the loop once round, then the web pages, a worker and the clock."""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from mlcore.events import Events
from registry import embedded
from registry.actions.base import ActionError
from registry.demo.steps import Demo, ensure_account
from registry.demo.table import best_candidates
from registry.models import Property
from registry.processes import Program, run_together

FIRST_PORT = 8000


class Command(BaseCommand):
    help = "Walk once round the loop on this machine and serve it; Ctrl-C stops everything that was started."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="exit after the table of the best candidates")
        parser.add_argument("--port", type=int, help=f"web port; default: the first free one from {FIRST_PORT} on")

    def handle(self, *args: Any, **options: Any) -> None:
        state = Path(settings.STATE)
        with _only_one(state / "demo.lock") as note:
            try:
                Demo(self._say, Events()).run()
            except ActionError as error:
                raise CommandError(error.message) from error
            account = ensure_account(state)
            self._say("\n" + "\n".join(best_candidates(Property.objects.get(name="conductivity"))))
            if options["no_serve"]:
                return
            port = options["port"] or _free_port()
            address = f"http://127.0.0.1:{port}/"
            note.write(f"It serves {address}.")
            note.flush()
            self._say(f"\nAdmin     {address}\nAPI docs  {address}api/docs/")
            self._say(f"Account   {account.name}, password {account.password}\nCtrl-C stops everything.\n")
            connections.close_all()
            if run_together(_programs(port), state / "log", needed=embedded.Watch().ended):
                raise CommandError("The demonstration ended because one of its programs did.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@contextmanager
def _only_one(path: Path) -> Iterator[TextIO]:
    """Two demonstrations of one checkout would fight for its jobs; the second one is told where the first is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note.seek(0)
            raise CommandError(f"A demonstration of this checkout is running already. {note.read()}".strip()) from None
        note.truncate(0)
        yield note


def _free_port() -> int:
    """The first port from 8000 on that nobody listens on."""
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise CommandError(f"No free port from {FIRST_PORT} to {FIRST_PORT + 99}; name one with --port.")


def _programs(port: int) -> list[Program]:
    """The web server, one worker for both queues, and the clock of schedules."""
    os.environ["DJANGO_SETTINGS_MODULE"] = settings.SETTINGS_MODULE
    manage = [sys.executable, settings.ROOT / "manage.py"]
    web = [sys.executable, "-m", "gunicorn", "registry.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    return [
        Program("web", [*web, "--log-level", "warning", "--chdir", settings.ROOT]),
        Program("worker", [*manage, "work", "cpu", "gpu", "--verbosity", "0"]),
        Program("clock", [*manage, "run_schedules"]),
    ]
