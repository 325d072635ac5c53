"""Properties."""

from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin.base import RegistryAdmin
from registry.admin.parts import display
from registry.models import Property


@admin.register(Property)
class PropertyAdmin(RegistryAdmin):
    list_display = ("label", "name", "symbol", "unit_", "scale", "better", "lowest", "highest")
    list_filter = (("scale", ChoicesDropdownFilter), ("better", ChoicesDropdownFilter))
    search_fields = ("name", "label", "description")
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

    def get_readonly_fields(self, request: Any, obj: Property | None = None) -> tuple[str, ...]:
        """Values are stored in the unit, on files and models under the name: both stay once they are used."""
        used = obj is not None and (obj.measurements.exists() or obj.predictions.exists())
        return ("name", "unit", "scale") if used else ()
