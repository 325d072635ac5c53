"""Health check of a container: `python docker/healthy.py web | worker`; exit code 0 means healthy."""

import http.client
import os
import socket
import sys


def web_answers() -> bool:
    """Any answer but a server error, asked the way that the proxy in front asks; redirects are not followed."""
    headers = {"Host": os.environ["ALLOWED_HOSTS"].split(",")[0], "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
    try:
        connection.request("GET", "/api/v1/", headers=headers)
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


def worker_is_registered() -> bool:
    """Workers renew their record in Valkey while they live; a lost one disappears from it."""
    import redis
    import rq

    try:
        with redis.from_url(os.environ["REDIS_URL"]) as connection:
            return any(worker.hostname == socket.gethostname() for worker in rq.Worker.all(connection=connection))
    except redis.ConnectionError:
        return False


CHECKS = {"web": web_answers, "worker": worker_is_registered}

if __name__ == "__main__":
    sys.exit(not CHECKS[sys.argv[1]]())
