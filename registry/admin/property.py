"""Properties, and which model leads for each."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin.base import RegistryAdmin
from registry.admin.forms.models import LeadPropertyForm
from registry.admin.pages.action_view import ActionView
from registry.admin.pages.property_parts import lines_panel
from registry.admin.parts import display
from registry.admin.parts.panels import go
from registry.models import Property


@admin.register(Property)
class PropertyAdmin(RegistryAdmin):
    list_display = ("label", "name", "symbol", "unit_", "scale", "better", "lowest", "highest")
    list_filter = (("scale", ChoicesDropdownFilter), ("better", ChoicesDropdownFilter))
    search_fields = ("name", "label", "description")
    change_form_outer_before_template = "registry/property/lines.html"
    empty_hint = "A property says what is measured and in which unit; add one before the first import."
    fieldsets = (
        (
            None,
            {"fields": (("name", "label"), ("symbol", "unit"), ("scale", "better"), ("lower", "upper"), "description")},
        ),
    )

    @admin.display(description="unit", ordering="unit")
    def unit_(self, row: Property) -> str:
        return display.unit_text(row.unit)

    @admin.display(description="lower", ordering="lower")
    def lowest(self, row: Property) -> str:
        return display.number(row.lower)

    @admin.display(description="upper", ordering="upper")
    def highest(self, row: Property) -> str:
        return display.number(row.upper)

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=LeadPropertyForm, model_admin=self)
        return [self.own_path("lead/", view, "lead"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = Property.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        context = self._lines(request, found) if found else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def _lines(self, request: HttpRequest, row: Property) -> dict[str, Any]:
        """The lines that predict it, and the way to let another one lead."""
        choose = go(request, LeadPropertyForm.permission, "Choose the leading model", "registry_property_lead",
                    "trophy", query=f"property={row.pk}")  # fmt: skip
        lines = lines_panel(request, row)
        return {"lines": lines, "line_buttons": [choose] if choose and lines.context["rows"] else []}

    def get_readonly_fields(self, request: Any, obj: Property | None = None) -> tuple[str, ...]:
        """Values are stored in the unit, on files and models under the name: both stay once they are used."""
        used = obj is not None and (obj.measurements.exists() or obj.predictions.exists())
        return ("name", "unit", "scale") if used else ()
