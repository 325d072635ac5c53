"""Addresses under /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from registry.api import (
    candidates,
    conformers,
    datasets,
    decisions,
    imports,
    jobs,
    measurements,
    models,
    predictions,
    runs,
    schedules,
    structures,
    tags,
)
from registry.api.root import RootView
from registry.api.token import TokenView

router = SimpleRouter()
for address, viewset in {
    "aliases": models.AliasViewSet,
    "candidates": candidates.CandidateViewSet,
    "conformers": conformers.ConformerViewSet,
    "dataset-versions": datasets.DatasetVersionViewSet,
    "datasets": datasets.DatasetViewSet,
    "decisions": decisions.DecisionViewSet,
    "export-runs": runs.ExportRunViewSet,
    "generation-runs": runs.GenerationRunViewSet,
    r"generation-runs/(?P<run>\d+)/proposals": runs.ProposalViewSet,
    "import-runs": imports.ImportRunViewSet,
    r"import-runs/(?P<import_run>\d+)/rejected-rows": imports.RejectedRowViewSet,
    "jobs": jobs.JobViewSet,
    rf"jobs/(?P<job>{jobs.UUID})/events": jobs.JobEventViewSet,
    "measurements": measurements.MeasurementViewSet,
    "model-versions": models.ModelVersionViewSet,
    "models": models.RegisteredModelViewSet,
    "predictions": predictions.PredictionViewSet,
    "properties": datasets.PropertyViewSet,
    "schedules": schedules.ScheduleViewSet,
    "scoring-runs": runs.ScoringRunViewSet,
    "structures": structures.StructureViewSet,
    "tags": tags.TagViewSet,
    "training-runs": runs.TrainingRunViewSet,
}.items():
    router.register(address, viewset)

nouns = {address: viewset.queryset.model for address, viewset, _ in router.registry if "(" not in address}
urlpatterns = [
    path("", RootView.as_view(nouns=nouns), name="root"),
    path("token/", TokenView.as_view(), name="token"),
    *router.urls,
]
