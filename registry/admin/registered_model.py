"""Models, their versions, and the names that move along them."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin import display
from registry.admin.action_view import ActionView
from registry.admin.base import RecordAdmin, RegistryAdmin
from registry.admin.forms.models import MoveAliasForm
from registry.admin.history import history
from registry.admin.panels import Button, Fact, Panel, go, list_of, table, values
from registry.admin.related import RelatedFilter
from registry.models import Alias, ModelVersion, Prediction, RegisteredModel


def alias_badges(aliases: Any) -> Any:
    names = [alias.name for alias in aliases]
    if not names:
        return display.EMPTY
    return display.badge(", ".join(names), "green", "trophy")


@admin.register(RegisteredModel)
class RegisteredModelAdmin(RegistryAdmin):
    list_display = ("name", "task", "champion", "versions_", "description")
    list_filter = (("task", ChoicesDropdownFilter),)
    search_fields = ("name", "description")
    empty_hint = "A model is a line of versions that do one task; add one, then train its first version."
    list_buttons = ("train_button",)

    def train_button(self, request: HttpRequest) -> Button | None:
        return go(request, "registry.add_trainingrun", "Train a model", "registry_trainingrun_start", "model_training",
                  style="primary")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        aliases = Prefetch("aliases", Alias.objects.select_related("version__model"))
        return super().get_queryset(request).prefetch_related(aliases, "versions__model")

    def get_readonly_fields(self, request: HttpRequest, obj: RegisteredModel | None = None) -> tuple[str, ...]:
        return ("name", "task") if obj is not None and obj.versions.exists() else ()

    @admin.display(description="champion")
    def champion(self, row: RegisteredModel) -> str:
        found = [alias.version for alias in row.aliases.all() if alias.name == Alias.CHAMPION]
        return display.link(found[0]) if found else display.EMPTY

    @admin.display(description="versions")
    def versions_(self, row: RegisteredModel) -> int:
        return len(row.versions.all())


@admin.register(ModelVersion)
class ModelVersionAdmin(RecordAdmin):
    list_display = ("__str__", "names", "architecture", "predicts", "data", "origin", "created")
    list_filter = (
        ("model", RelatedFilter),
        ("model__task", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
    )
    list_select_related = ("model", "dataset_version__dataset")
    search_fields = ("model__name", "architecture", "bundle_digest__startswith")
    ordering = ("-created_at", "-pk")
    empty_hint = "Versions come from training runs, from the bundles that ship with the code, or from an upload."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("aliases", "properties")

    @admin.display(description="alias")
    def names(self, row: ModelVersion) -> str:
        return alias_badges(row.aliases.all())

    @admin.display(description="properties")
    def predicts(self, row: ModelVersion) -> str:
        labels = [item.label for item in row.properties.all()]
        return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "") or "–"

    @admin.display(description="data")
    def data(self, row: ModelVersion) -> str:
        return display.link(row.dataset_version)

    def facts(self, request: HttpRequest, row: ModelVersion) -> list[Fact]:
        return [
            Fact("Model", display.link(row.model)),
            Fact("Task", row.model.get_task_display()),
            Fact("Alias", self.names(row)),
            Fact("Architecture", row.architecture),
            Fact("Properties", ", ".join(p.label for p in row.properties.all()) or "–", wide=True),
            Fact("Origin", row.get_origin_display()),
            Fact("Trained on", self.data(row)),
            Fact("Training run", display.link(row.training_run)),
            Fact("Fine-tuned from", display.link(row.parent)),
            Fact("Registered", display.when(row.created_at)),
            Fact("Code version", row.code_version or "–"),
            Fact("Bundle SHA-256", row.bundle_digest, wide=True),
        ]

    def panels(self, request: HttpRequest, row: ModelVersion) -> list[Panel]:
        runs = row.generation_runs.select_related("job")[:10] if row.model.task == "generate" else []
        scorings = row.scoring_runs.select_related("job")[:10] if row.model.task == "predict" else []
        used = [[display.link(run), display.state(run.job), display.when(run.created_at)] for run in (*runs, *scorings)]
        return [
            values("Metrics", row.metrics, "This version came without metrics.", wide=False),
            values("Configuration", row.config, "No settings recorded.", wide=False),
            Panel("Card", "registry/parts/text.html", {"text": row.card or "This version has no card."}),
            table("Latest runs", ["run", "state", "when"], used, empty="It has not been used yet.",
                  link=list_of(Prediction, model_version__id__exact=row.pk)),
        ]  # fmt: skip

    def buttons(self, request: HttpRequest, row: ModelVersion) -> list[Button | None]:
        query = f"model_version={row.pk}"
        use = (
            go(request, "registry.add_generationrun", "Generate with it", "registry_generationrun_start",
               "auto_awesome", query=query, style="primary")
            if row.model.task == RegisteredModel.Task.GENERATE
            else go(request, "registry.add_scoringrun", "Score with it", "registry_scoringrun_start", "leaderboard",
                    query=query, style="primary")
        )  # fmt: skip
        tune = go(request, "registry.add_trainingrun", "Fine-tune", "registry_trainingrun_start", "model_training",
                  query=f"init_version={row.pk}&model={row.model_id}&architecture={row.architecture}")  # fmt: skip
        crown = go(request, MoveAliasForm.permission, "Make it champion", "registry_alias_move", "trophy",
                   query=f"version={row.pk}")  # fmt: skip
        return [tune, crown, use]


@admin.register(Alias)
class AliasAdmin(RecordAdmin):
    list_display = ("__str__", "points_at", "reason", "moved_by", "moved_at")
    list_filter = (("model", RelatedFilter),)
    list_select_related = ("model", "version__model", "moved_by")
    search_fields = ("name", "model__name", "reason")
    empty_hint = "A name such as champion is put on a version by a person, or by the gate of a schedule."
    list_buttons = ("move_button",)

    def move_button(self, request: HttpRequest) -> Button | None:
        return go(request, MoveAliasForm.permission, "Move an alias", "registry_alias_move", "trophy",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=MoveAliasForm, model_admin=self)
        return [self.own_path("move/", view, "move"), *super().get_urls()]

    @admin.display(description="version")
    def points_at(self, row: Alias) -> str:
        return display.link(row.version)

    def facts(self, request: HttpRequest, row: Alias) -> list[Fact]:
        return [
            Fact("Model", display.link(row.model)),
            Fact("Points at", self.points_at(row)),
            Fact("Moved by", display.person(row.moved_by)),
            Fact("Moved", display.when(row.moved_at)),
            Fact("Reason", row.reason, wide=True),
        ]

    def panels(self, request: HttpRequest, row: Alias) -> list[Panel]:
        return [history(row)]

    def buttons(self, request: HttpRequest, row: Alias) -> list[Button | None]:
        move = go(request, MoveAliasForm.permission, "Move it", "registry_alias_move", "trophy",
                  query=f"name={row.name}", style="primary")  # fmt: skip
        return [move]
