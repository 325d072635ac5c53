"""Tests: a database of their own, quick password hashing, artifacts in a folder that goes away."""

import os
import tempfile

from registry.settings.base import *  # noqa: F403
from registry.settings.base import DATABASES, SPECTACULAR_SETTINGS, STORAGES

DEBUG = False
SECRET_KEY = "test"  # noqa: S105 - protects nothing
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES["default"]["TEST"] = {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_solvate")}

_scratch = tempfile.mkdtemp(prefix="solvate-test-")
STORAGES["artifacts"] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": f"{_scratch}/artifacts"},
}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
SPECTACULAR_SETTINGS["SERVE_PUBLIC"] = True
