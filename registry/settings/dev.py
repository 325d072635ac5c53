"""A laptop: debug pages off unless asked for, a secret key made once and kept in the state folder."""

import os
import secrets

from registry.settings.base import *  # noqa: F403
from registry.settings.base import LOGGING, STATE, STORAGES


def _kept_secret() -> str:
    """Sessions survive a restart because the key does."""
    path = STATE / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


DEBUG = os.environ.get("DEBUG") == "1"
SECRET_KEY = os.environ.get("SECRET_KEY") or _kept_secret()
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")

# Static files straight from the packages: nothing to collect before the first page.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True

# Whoever looks on knows a refused page from the browser; the terminal keeps to what is wrong with Solvate.
LOGGING["loggers"] = {"django.request": {"level": "ERROR"}}
