"""The nouns of the API's description, from its addresses."""

from typing import Any

from registry.api import naming
from registry.api.urls import router


def describe_tags(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every tag is a noun of the registry, and says what one row of it is."""
    nouns = [(naming.tag(f"/api/v1/{address}/"), viewset.queryset.model) for address, viewset, _ in router.registry]
    models = dict(reversed(nouns))  # of nested rows, the parent's address comes first
    calls = [call for operations in result["paths"].values() for call in operations.values()]
    used = sorted({name for call in calls for name in call["tags"]})
    result["tags"] = [{"name": name, "description": naming.meaning(models.get(name))} for name in used]
    return result
