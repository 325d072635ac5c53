"""Production: everything secret comes from the environment, and a missing value stops the start."""

import os

from django.core.exceptions import ImproperlyConfigured

from registry.settings.base import *  # noqa: F403
from registry.settings.base import STATE


def _required(name: str, meaning: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set ({meaning}); production does not start without it.")
    return value


DEBUG = False
STATIC_ROOT = STATE / "static"  # filled by collectstatic
SECRET_KEY = _required("SECRET_KEY", "50 or more random characters")
ALLOWED_HOSTS = _required("ALLOWED_HOSTS", "host names, separated by commas").split(",")
_required("DATABASE_URL", "postgres://user:password@host:5432/name")
_required("REDIS_URL", "redis://host:6379/0")

CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
