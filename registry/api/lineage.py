"""Where a candidate came from: one join from the string that was drawn to the data the model had learnt."""

from django.db.models import QuerySet
from rest_framework import serializers

from registry.api.fields import PlaceField
from registry.catalogue import entry_of_table
from registry.models import Candidate, Proposal


class LineageSerializer(serializers.ModelSerializer):
    proposal = serializers.IntegerField(source="id")
    rank = PlaceField(help_text="Order of drawing, from 1: drawn as no. 7.")
    generation_run = serializers.IntegerField(source="run_id")
    condition = serializers.DictField(source="run.condition")
    seed = serializers.IntegerField(source="run.seed")
    model_version = serializers.IntegerField(source="run.model_version_id")
    model = serializers.CharField(source="run.model_version.model.name")
    number = serializers.IntegerField(source="run.model_version.number", help_text="Of the model version.")
    architecture = serializers.CharField(source="run.model_version.architecture")
    origin = serializers.CharField(source="run.model_version.origin")
    training_run = serializers.IntegerField(source="run.model_version.training_run_id", allow_null=True)
    dataset_version = serializers.IntegerField(source="run.model_version.dataset_version_id", allow_null=True)
    dataset = serializers.SerializerMethodField(
        help_text="Slug. Without a dataset_version: of the public data set that the model was trained on elsewhere."
    )
    created_at = serializers.DateTimeField(source="run.created_at")

    class Meta:
        model = Proposal
        fields = ["proposal", "rank", "text", "log_likelihood", "generation_run", "condition", "seed", "model_version",
                  "model", "number", "architecture", "origin", "training_run", "dataset_version", "dataset",
                  "created_at"]  # fmt: skip

    def get_dataset(self, proposal: Proposal) -> str | None:
        version = proposal.run.model_version
        if version.dataset_version is not None:
            return version.dataset_version.dataset.slug
        known = entry_of_table(version.training_data_digest)
        return known.slug if known else None


def lineage_of(candidate: Candidate) -> QuerySet[Proposal]:
    """First proposal first."""
    return candidate.proposals.select_related(
        "run__model_version__model", "run__model_version__dataset_version__dataset"
    ).order_by("pk")
