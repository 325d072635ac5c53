"""Tags."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminColorInputWidget

from registry.admin.base import RegistryAdmin
from registry.admin.parts import display
from registry.admin.parts.panels import list_of
from registry.models import Candidate, Tag


class TagForm(ModelForm):
    class Meta:
        widgets = {"colour": UnfoldAdminColorInputWidget}


@admin.register(Tag)
class TagAdmin(RegistryAdmin):
    form = TagForm
    list_display = ("name", "look", "description", "used")
    search_fields = ("name", "description")
    empty_hint = "Tags are made when somebody first puts them on a candidate, or here."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(uses=Count("candidates"))

    @admin.display(description="look")
    def look(self, row: Tag) -> str:
        return display.tags([row])

    @admin.display(description="candidates", ordering="uses")
    def used(self, row: Any) -> str:
        return format_html('<a class="sv-link" href="{}">{}</a>', list_of(Candidate, tag=row.name), f"{row.uses:,}")
