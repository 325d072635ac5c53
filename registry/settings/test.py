"""Tests: a database of their own, quick password hashing, artifacts in a folder that goes away."""

import os
import tempfile

from registry import embedded

_services = embedded.lease()  # until this process ends; before the base settings read the addresses

from registry.settings.base import *  # noqa: E402, F403
from registry.settings.base import DATABASES, STORAGES  # noqa: E402

DEBUG = False
SECRET_KEY = "test"  # noqa: S105 - protects nothing
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES["default"]["TEST"] = {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_solvate")}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

_scratch = tempfile.TemporaryDirectory(prefix="solvate-test-")
STORAGES["artifacts"] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": f"{_scratch.name}/artifacts"},
}
JOB_FOLDER = f"{_scratch.name}/work"
JOB_TICK_EVERY = 0.1
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
