"""Geometries of molecules."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RangeNumericFilter

from registry.actions.conformers import GuessConformer
from registry.admin.base import RecordAdmin
from registry.admin.lists.by_structure import SearchedByStructure
from registry.admin.pages.action_view import run_action
from registry.admin.parts import display
from registry.admin.parts.panels import Fact, Panel, list_of, table
from registry.models import Conformer, Structure

SHOWN = 20  # on the page of their structure


@admin.register(Conformer)
class ConformerAdmin(SearchedByStructure, RecordAdmin):
    list_display = ("picture", "level", "atoms", "source", "file", "created")
    list_filter = ("level", ("atoms", RangeNumericFilter))
    list_select_related = ("structure", "import_run")
    search_fields = ("structure__smiles__contains", "level__icontains")
    ordering = ("-pk",)
    empty_hint = "Geometries arrive with imports that map an xyz column, or are guessed on the page of a molecule."

    def get_queryset(self, request: HttpRequest) -> object:
        return super().get_queryset(request).defer("xyz")

    def get_urls(self) -> list[URLPattern]:
        own = [
            self.own_path("<int:pk>/xyz/", self.xyz, "xyz"),
            self.own_path("guess/<int:pk>/", require_POST(self.guess), "guess"),
        ]
        return [*own, *super().get_urls()]

    def guess(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Behind the button of a molecule."""
        if not request.user.has_perm(GuessConformer.permission):
            raise PermissionDenied
        structure = get_object_or_404(Structure, pk=pk)
        run_action(request, GuessConformer(actor=request.user, structure=structure), "Guessed by ETKDG and MMFF94.")
        return redirect(display.url(structure))

    def xyz(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The geometry as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Conformer, pk=pk)
        response = HttpResponse(row.xyz, content_type="chemical/x-xyz")
        response["Content-Disposition"] = f'attachment; filename="conformer-{row.pk}.xyz"'
        return response

    @admin.display(description="structure")
    def picture(self, row: Conformer) -> str:
        return display.drawing(row.structure)

    @admin.display(description="from")
    def source(self, row: Conformer) -> str:
        return source(row)

    @admin.display(description="file")
    def file(self, row: Conformer) -> str:
        return xyz_link(row)

    def facts(self, request: HttpRequest, row: Conformer) -> list[Fact]:
        return [
            Fact("Structure", display.link(row.structure, display.drawing(row.structure, 520, 320)), wide=True),
            Fact("Level of theory", row.level),
            Fact("Atoms", row.atoms),
            Fact("From", source(row)),
            Fact("File", xyz_link(row)),
            Fact("SHA-256", row.digest, wide=True),
        ]

    def panels(self, request: HttpRequest, row: Conformer) -> list[Panel]:
        return [Panel("Coordinates, angstrom", "registry/parts/code.html", {"text": row.xyz})]


def xyz_link(row: Conformer) -> str:
    address = reverse("admin:registry_conformer_xyz", args=[row.pk])
    return format_html('<a class="sv-link" href="{}" download>.xyz</a>', address)


def source(row: Conformer) -> str:
    if row.import_run is None:
        return "guessed here" if row.level == Conformer.GUESSED else "–"
    where = f"row {row.source_row:,}" if row.source_row else ""
    return format_html("{} {}", display.link(row.import_run), where)


def conformers(row: Structure) -> Panel | None:
    """Of a molecule; a polymer has none."""
    if row.kind != Structure.Kind.MOLECULE:
        return None
    rows = row.conformers.select_related("import_run").defer("xyz").order_by("level", "-pk")[:SHOWN]
    return table(
        "Geometries",
        ["level of theory", "atoms", "from", "file"],
        [[display.link(one, one.level), one.atoms, source(one), xyz_link(one)] for one in rows],
        empty="Nobody has given a geometry of it.",
        link=list_of(Conformer, structure__id__exact=row.pk),
    )
