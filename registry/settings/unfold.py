"""Look and navigation of the admin: the groups follow the loop from data to decisions.

Numbers beside the links come from `registry.admin.parts.badges`.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may_view(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


def _noun(title: str, model: str, icon: str, app: str = "registry", **more: Any) -> dict[str, Any]:
    """One link to a list, for those who may see it."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may_view(f"{app}.view_{model}"),
    } | more


def _file(path: str) -> Callable[[HttpRequest], str]:
    return lambda _: static(path)


NAVIGATION = [
    {
        "items": [{"title": "Overview", "icon": "hexagon", "link": reverse_lazy("admin:index")}],
    },
    {
        "title": "Curate",
        "separator": True,
        "items": [
            _noun("Candidates", "candidate", "science", badge_variant="primary"),
            _noun("Decisions", "decision", "gavel"),
            _noun("Tags", "tag", "sell"),
        ],
    },
    {
        "title": "Data",
        "separator": True,
        "collapsible": True,
        "items": [
            _noun("Datasets", "dataset", "database"),
            _noun("Dataset versions", "datasetversion", "ac_unit"),
            _noun("Structures", "structure", "hub"),
            _noun("Conformers", "conformer", "view_in_ar"),
            _noun("Measurements", "measurement", "labs"),
            _noun("Properties", "property", "straighten"),
            _noun("Import runs", "importrun", "upload_file"),
            _noun("Rejected rows", "rejectedrow", "rule"),
        ],
    },
    {
        "title": "Models",
        "separator": True,
        "collapsible": True,
        "items": [
            _noun("Registered models", "registeredmodel", "neurology"),
            _noun("Model versions", "modelversion", "deployed_code"),
            _noun("Aliases", "alias", "trophy"),
            _noun("Training runs", "trainingrun", "model_training"),
            _noun("Predictions", "prediction", "query_stats"),
        ],
    },
    {
        "title": "Runs",
        "separator": True,
        "collapsible": True,
        "items": [
            _noun("Generation runs", "generationrun", "auto_awesome"),
            _noun("Proposals", "proposal", "format_list_bulleted"),
            _noun("Scoring runs", "scoringrun", "leaderboard"),
            _noun("Export runs", "exportrun", "download"),
            _noun("Jobs", "job", "motion_photos_on", badge_variant="info"),
            _noun("Schedules", "schedule", "schedule"),
        ],
    },
    {
        "title": "Access",
        "separator": True,
        "collapsible": True,
        "items": [
            _noun("Users", "user", "person", app="auth"),
            _noun("Roles", "group", "group", app="auth"),
            _noun("API tokens", "tokenproxy", "key", app="authtoken", permission=_may_view("authtoken.view_token")),
        ],
    },
]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu under the user's name."""
    links = [{"title": "API token", "link": reverse_lazy("admin:api_token")}]
    if request.user.is_authenticated and request.user.has_usable_password():
        links.append({"title": "Change password", "link": reverse_lazy("admin:password_change")})
    return links


# A teal whose 600 carries white text at 5.5 : 1.
TEAL = {
    "50": "#f0fdfa", "100": "#ccfbf1", "200": "#99f6e4", "300": "#5eead4", "400": "#2dd4bf", "500": "#14b8a6",
    "600": "#0f766e", "700": "#115e59", "800": "#134e4a", "900": "#0f3d3a", "950": "#042f2e",
}  # fmt: skip

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Solvate",
    "SITE_HEADER": "Solvate",
    "SITE_SUBHEADER": "Candidate registry",
    "SITE_SYMBOL": "hexagon",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("solvate/icon.svg")}],
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": TEAL},
    "ACCOUNT": {"navigation": account_links},
    "STYLES": [_file("solvate/solvate.css"), _file("solvate/models.css")],
    "SCRIPTS": [_file("solvate/curate.js")],
    "DASHBOARD_CALLBACK": "registry.admin.pages.dashboard.dashboard",
    "SIDEBAR": {"show_search": False, "command_search": False, "navigation": "registry.admin.parts.badges.navigation"},
}
