"""The lines of models that predict a property, on its page, and the way to let another one lead."""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.actions.leading_lines import Line, lines_of
from registry.actions.trained_under import trained_under
from registry.admin.forms.models import LeadPropertyForm
from registry.admin.parts import display
from registry.admin.parts.panels import Panel, table
from registry.models import Property

_HEADERS = ("model", "champion", "trained under", "predicts it", "")
_SAID = "Lists, filters and the overview show what the champion of the leading model predicts."
_CHOSEN = "Somebody chose this model; the property's history tells who and when."
_LONGEST = (
    "Nobody chose another: of the models that predict the property for any candidate, without being told conditions, "
    "its champion has done so longest."
)


def lines_panel(request: HttpRequest, row: Property) -> Panel:
    """A row for each model whose champion predicts the property, the leading one first."""
    may = request.user.has_perm(LeadPropertyForm.permission)
    rows = [
        (
            display.link(line.champion.model),
            display.link(line.champion, f"v{line.champion.number}"),
            trained_under(line.champion, row) or display.EMPTY,
            format_html("since {}", display.when(line.since)) if line.since else display.EMPTY,
            _lead(row, line, may),
        )
        for line in lines_of(row)
    ]
    return table("Models that predict it", _HEADERS, rows, note=_SAID, empty="No champion predicts it.")


def _lead(row: Property, line: Line, may: bool) -> SafeString | str:
    """That it leads and why; for another line the way to let it."""
    if line.leads:
        chosen = row.leading_model_id == line.champion.model_id
        return display.badge("leads, chosen" if chosen else "leads", "green", "trophy", _CHOSEN if chosen else _LONGEST)
    if not may:
        return ""
    query = urlencode({"property": row.pk, "model": line.champion.model_id})
    return format_html(
        '<a class="sv-link" href="{}?{}">Let it lead</a>', reverse("admin:registry_property_lead"), query
    )
