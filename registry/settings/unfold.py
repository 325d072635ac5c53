"""Look and navigation of the admin."""

from typing import Any

UNFOLD: dict[str, Any] = {"SITE_TITLE": "Solvate", "SITE_HEADER": "Solvate"}
