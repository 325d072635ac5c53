"""Pieces that several nouns share: constraints, digests, time stamps."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

INFINITY = float("inf")

models.TextField.register_lookup(Length)

sha256_validator = RegexValidator(r"^[0-9a-f]{64}$", "A SHA-256 digest is 64 lower-case hexadecimal digits.")


class Sha256Field(models.CharField):
    """A SHA-256 digest in hexadecimal."""

    def __init__(self, **options: object) -> None:
        super().__init__(**({"max_length": 64, "validators": [sha256_validator]} | options))


class Created(models.Model):
    """When a row came to be."""

    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    class Meta:
        abstract = True


def finite(field: str, *, nullable: bool = False, low: float | None = None) -> models.CheckConstraint:
    """CHECK that a float column holds a number: PostgreSQL sorts NaN above infinity, so both fall out.

    low: smallest value allowed, itself included.
    """
    above = Q(**{f"{field}__gte": low}) if low is not None else Q(**{f"{field}__gt": -INFINITY})
    number = above & Q(**{f"{field}__lt": INFINITY})
    condition = Q(**{f"{field}__isnull": True}) | number if nullable else number
    return models.CheckConstraint(
        condition=condition,
        name=f"%(class)s_{field}_finite",
        violation_error_message=f"{field} must be a finite number{'' if low is None else f' of at least {low:g}'}.",
    )


def one_of(field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    """CHECK that a choice column holds one of its choices, also when SQL writes it."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=f"%(class)s_{field}_known")
