"""The container files agree with the program, as far as can be told without a container engine."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis
import yaml
from rq import Worker

ROOT = Path(__file__).parents[1]
SERVICES = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_services_restart_check_their_health_and_carry_no_secret(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] in {"unless-stopped", "no"}
    assert "build" in service or "healthcheck" in service
    for variable, value in service["environment"].items():
        if any(word in variable for word in ("SECRET", "PASSWORD", "AUTH", "URL")):
            assert "${" in value, f"{variable} is written into the file"


def test_every_file_that_an_image_copies_is_let_through() -> None:
    let_through = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all((ROOT / path).exists() for path in let_through)
    for service in SERVICES.values():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()
            assert (ROOT / "docker" / service["build"]["context"]).resolve() == ROOT


def test_commands_exist() -> None:
    listing = subprocess.run(
        [sys.executable, "manage.py", "help", "--commands"], cwd=ROOT, capture_output=True, text=True
    )
    words = [word for service in SERVICES.values() for word in " ".join(service.get("command", [])).split("python ")]
    used = {word.split()[1] for word in words if word.startswith("manage.py")}
    assert used == {"collectstatic", "migrate", "run_schedules", "work"}
    assert used <= set(listing.stdout.split())


@pytest.fixture(params=[200, 301, 401, 500, 503])
def web(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            as_the_proxy_asks = (self.headers["Host"], self.headers["X-Forwarded-Proto"]) == ("example.org", "https")
            self.send_response(request.param if as_the_proxy_asks else 500)
            self.send_header("Location", "https://example.org/")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, request.param
        server.shutdown()


def test_web_is_healthy_unless_the_server_errs(web: tuple[int, int]) -> None:
    port, status = web
    assert _healthy("web", PORT=str(port), ALLOWED_HOSTS="example.org,other.org") == (status < 500)


def test_web_that_does_not_listen_is_not_healthy() -> None:
    assert not _healthy("web", PORT="1", ALLOWED_HOSTS="example.org")


def test_worker_is_healthy_while_it_is_registered() -> None:
    server, _, options = os.environ["REDIS_URL"].partition("?")
    own = f"{server}?db=15&{options}"  # of two databases the first counts
    worker = Worker(["no-such-queue"], connection=redis.from_url(own))  # a site that runs beside has workers as well
    worker.register_birth()
    assert _healthy("worker", REDIS_URL=own)
    worker.register_death()
    assert not _healthy("worker", REDIS_URL=own)
    assert not _healthy("worker", REDIS_URL="redis://127.0.0.1:1/0")


def _healthy(part: str, **environment: str) -> bool:
    command = [sys.executable, "docker/healthy.py", part]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    return done.returncode == 0
