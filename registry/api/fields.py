"""Fields that several nouns share. Rows with a unique name are written by it, others by their id."""

from typing import Any

from django.contrib.auth.models import User
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model
from django_filters import FilterSet
from rest_framework import serializers

from registry.models import Job
from registry.search.parameters import IdsFilter, RangesForm, TimeFilter

INT4 = [MinValueValidator(0), MaxValueValidator(2**31 - 1)]


def name_of(field: str = "name", **options: Any) -> serializers.SlugRelatedField:
    """A related row by its unique name, read only."""
    return serializers.SlugRelatedField(slug_field=field, read_only=True, **options)


def named(model: type[Model], field: str = "name", **options: Any) -> serializers.SlugRelatedField:
    """A related row by its unique name, to write."""
    return serializers.SlugRelatedField(slug_field=field, queryset=model._default_manager.all(), **options)


def row(model: type[Model], **options: Any) -> serializers.PrimaryKeyRelatedField:
    """A related row by its id, to write."""
    return serializers.PrimaryKeyRelatedField(queryset=model._default_manager.all(), **options)


def user_name(**options: Any) -> serializers.SlugRelatedField:
    return named(User, "username", **options)


class RoundedField(serializers.FloatField):
    """A computed number to as many decimals as mean anything; read only."""

    def __init__(self, decimals: int, **options: Any) -> None:
        super().__init__(**({"read_only": True} | options))
        self.decimals = decimals

    def to_representation(self, value: float) -> float:
        return round(super().to_representation(value), self.decimals)


class PlaceField(serializers.IntegerField):
    """A place that is stored from 0 and told from 1, as on the pages; read only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, min_value=1, **options)

    def to_representation(self, value: int) -> int:
        return super().to_representation(value) + 1


class BriefJobSerializer(serializers.HyperlinkedModelSerializer):
    """Enough of a run's job to show and follow it."""

    class Meta:
        model = Job
        fields = ["id", "url", "state", "progress", "message", "error"]
        extra_kwargs = {"url": {"view_name": "job-detail"}}


class RunSerializer(serializers.ModelSerializer):
    """What every execution shows."""

    job = BriefJobSerializer(read_only=True, allow_null=True)
    RUN_FIELDS = ["id", "job", "config", "code_version", "device", "metrics", "created_at"]


class RunInputSerializer(serializers.Serializer):
    """What every start of an execution takes."""

    queue = serializers.ChoiceField(Job.Queue.choices, default=Job.Queue.CPU)


class RowFilter(FilterSet):
    class Meta:
        form = RangesForm

    ids = IdsFilter("pk", lookup_expr="in")


class CreatedFilter(RowFilter):
    created_after = TimeFilter("created_at", lookup_expr="gte")
    created_before = TimeFilter("created_at", lookup_expr="lt")
