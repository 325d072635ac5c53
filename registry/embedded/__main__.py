"""python -m registry.embedded run -- COMMAND | status"""

import argparse
import errno
import os
import shutil
import sys
from pathlib import Path

from registry.embedded import EmbeddedError, lease, state_folder
from registry.embedded.supervisor import SERVICES, serve


def run(command: list[str]) -> None:
    """Becomes `command`, which inherits the lease; the servers stay as long as it or any child of it lives."""
    services = lease()
    for lock in services.locks:
        os.set_inheritable(lock, True)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the caller's own command
    except OSError as error:
        raise EmbeddedError(f"{command[0]}: {_reason(command[0], error)}") from error


def _reason(program: str, error: OSError) -> str:
    """A folder of PATH that one may not read makes `execvp` say so of every program that is nowhere."""
    searched = os.path.dirname(program) == ""
    return os.strerror(errno.ENOENT) if searched and not shutil.which(program) else str(error.strerror)


def status() -> None:
    for kind in SERVICES.values():
        service = kind(state_folder())
        if service.runs():
            pid = service.ready.read_text().strip()
            sys.stdout.write(f"{kind.name}: running at {service.url} (supervisor {pid}, log {service.log})\n")
        elif os.environ.get(kind.variable):
            sys.stdout.write(f"{kind.name}: not embedded, {kind.variable} is set\n")
        else:
            sys.stdout.write(f"{kind.name}: stopped; starts when it is needed\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m registry.embedded", description="Solvate's own servers.")
    commands = parser.add_subparsers(dest="verb", required=True)
    runner = commands.add_parser("run", help="run a command with both servers")
    runner.add_argument("command", nargs="+")
    commands.add_parser("status", help="say what runs")
    server = commands.add_parser("serve", help="used by the others: own one server")
    server.add_argument("name", choices=SERVICES)
    server.add_argument("state", type=Path)
    asked = parser.parse_args()
    try:
        if asked.verb == "run":
            run(asked.command)
        elif asked.verb == "status":
            status()
        else:
            serve(SERVICES[asked.name](asked.state))
    except (EmbeddedError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
