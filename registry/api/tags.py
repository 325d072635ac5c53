"""Tags: read, make, rename."""

from django_filters import CharFilter
from rest_framework import serializers

from registry.api.base import WriteViewSet
from registry.api.fields import RowFilter
from registry.models import Tag


class TagSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "name", "colour", "description"]


class TagFilter(RowFilter):
    name = CharFilter("name")


class TagViewSet(WriteViewSet):
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    filterset_class = TagFilter
    sorts = {"id": "pk", "name": "name"}
