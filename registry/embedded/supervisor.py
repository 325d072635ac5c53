"""The process that owns one server: it stops the server when nobody uses it any more.

It has a session of its own, so Ctrl-C in a terminal reaches the users of the server first and they finish their work.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from registry.embedded.postgres import Postgres
from registry.embedded.service import EmbeddedError, Server, Service, try_exclusive
from registry.embedded.valkey import Valkey

SERVICES: dict[str, type[Service]] = {service.name: service for service in (Postgres, Valkey)}
READY = "ready"
CHECK_EVERY = 0.2  # seconds between looks at the server and its users


def start_supervisor(service: Service, guard: int) -> None:
    """Starts a supervisor that inherits `guard`, the locked file, and waits until the server takes connections."""
    service.ready.unlink(missing_ok=True)
    log = service.open_log()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "registry.embedded", "serve", service.name, service.state],
            cwd=Path(__file__).parents[2],
            pass_fds=(guard,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    finally:
        os.close(log)
    answer, _ = process.communicate()
    if answer != READY:
        raise EmbeddedError(answer or f"The supervisor of {service.name} died (see {service.log}).")


def serve(service: Service) -> None:
    """Runs the server until its last user has gone. Never returns; tells the starter how the start went."""
    if os.fork():
        os._exit(0)  # nobody waits for the supervisor: it belongs to init
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    try:
        server = service.start()
    except (EmbeddedError, OSError) as error:
        _tell_starter(str(error))
        sys.exit(str(error))
    try:
        service.ready.write_text(f"{os.getpid()}\n")
        _tell_starter(READY)
        _wait_until_unused(service, server)
    finally:
        service.ready.unlink(missing_ok=True)
        service.stop(server)
    sys.exit(0)


def _tell_starter(answer: str) -> None:
    sys.stdout.write(answer)
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the starter reads up to here


def _wait_until_unused(service: Service, server: Server) -> None:
    users = service.lock_file("users")  # kept locked to the end: whoever comes now waits, then starts the server anew
    while not try_exclusive(users):
        if server.poll() is not None:
            sys.exit(f"{service.name} ended by itself with exit code {server.returncode}")
        time.sleep(CHECK_EVERY)
