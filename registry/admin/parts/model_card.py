"""A version's card without what its page says already."""

import json
import re

from mlcore.manifest import figures
from registry.admin.parts import markdown
from registry.admin.parts.panels import Panel
from registry.models import ModelVersion

_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_JSON_ONLY = re.compile(r"## [^\n]*\n\s*```json\n(.*?)\n```\s*", re.DOTALL)


def card_panel(version: ModelVersion) -> Panel | None:
    """The rendered card; None when nothing is left of it."""
    text, config = _without_repeats(version)
    if not text and not config:
        return None
    return Panel("Card", "registry/model/card.html", {"html": markdown.render(text), "config": config})


def _without_repeats(version: ModelVersion) -> tuple[str, str]:
    """The card's text, and its configuration as JSON, which whoever repeats the training copies.

    A section goes when it is nothing but the figures or settings that the page shows as tables.
    """
    kept, config = [], ""
    for section in _SECTION.split(version.card):
        repeated = _repeated(section)
        if repeated is not None and repeated == version.config:
            config = json.dumps(repeated, indent=2)
        elif repeated is None or repeated not in (version.metrics, figures(version.metrics)):
            kept.append(section)
    stated = f"Task: {version.model.task}. Properties: "
    paragraphs = "".join(kept).split("\n\n")
    return "\n\n".join(one for one in paragraphs if not one.startswith(stated)).strip(), config


def _repeated(section: str) -> object:
    """What a section says when it is JSON and nothing else."""
    found = _JSON_ONLY.fullmatch(section)
    try:
        return json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        return None
