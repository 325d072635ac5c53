"""Structures like a given one: Tanimoto similarity of Morgan fingerprints, computed by PostgreSQL on bit(2048)."""

from math import ceil, floor
from typing import NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.db.models import ExpressionWrapper, FloatField, Value
from pgvector.django import JaccardDistance

from mlcore.chem import fingerprints
from registry.models import Fingerprint, Measurement, Structure
from registry.search import identity

INDEX = "fingerprint_morgan_hnsw"
_ROUNDING = 1e-9  # 57 / 0.57 is not quite 100
EF_SEARCH = 200  # candidates that the approximate index keeps in view

Row = TypeVar("Row", bound=models.Model)


class Bits(NamedTuple):
    """A Morgan fingerprint as PostgreSQL reads it."""

    text: str
    popcount: int

    @classmethod
    def of_key(cls, key: str) -> "Bits":
        text = fingerprints.to_pg_bits(fingerprints.morgan_bytes(key))
        return cls(text, text.count("1"))

    @classmethod
    def of_structure(cls, structure: Structure) -> "Bits":
        """From the stored fingerprint, which costs no chemistry."""
        return cls(*Fingerprint.objects.values_list("morgan", "morgan_popcount").get(pk=structure.pk))


def similar(smiles: str, threshold: float, kind: str = "") -> models.QuerySet[Structure]:
    """Structures of the same kind with a Tanimoto similarity of at least `threshold`, most similar first; exact.

    Each carries its `similarity`. Raises: ChemError.
    """
    query = identity.read(smiles, kind)
    rows = Structure.objects.filter(kind=query.kind)
    return at_least(rows, Bits.of_key(query.key), threshold).order_by("-similarity", "id")


def at_least(rows: models.QuerySet[Row], bits: Bits, threshold: float, path: str = "") -> models.QuerySet[Row]:
    """Rows whose structure is at `path` and similar enough, with their `similarity`.

    Two sets of a and b bits cannot be more alike than min(a, b) / max(a, b): a range of popcounts, kept by a B-tree,
    spares most of the comparisons (Swamidass & Baldi, J. Chem. Inf. Model. 2007).
    """
    fewest = ceil(threshold * bits.popcount - _ROUNDING)
    most = floor(bits.popcount / max(threshold, bits.popcount / fingerprints.BITS) + _ROUNDING)
    rows = rows.filter(**{f"{path}fingerprint__morgan_popcount__range": (fewest, most)})
    rows = rows.alias(distance=_distance(bits, path)).filter(distance__lte=1 - threshold)
    return rows.annotate(similarity=_similarity(bits, path))


def nearest(
    structure: Structure | str, kind: str = "", limit: int = 10, measured_only: bool = False
) -> list[tuple[Structure, float]]:
    """The most similar structures of the same kind with their Tanimoto similarity; a stored one leaves itself out.

    measured_only: among structures that somebody has measured. Of equally similar ones the oldest is first.
    Approximate where `build_similarity_index` has been run (`is_approximate`), exact otherwise. Raises: ChemError.
    """
    rows = Structure.objects.all()
    if isinstance(structure, Structure):
        rows, bits = rows.filter(kind=structure.kind).exclude(pk=structure.pk), Bits.of_structure(structure)
    else:
        query = identity.read(structure, kind)
        rows, bits = rows.filter(kind=query.kind), Bits.of_key(query.key)
    if measured_only:
        rows = rows.filter(measured())
    rows = rows.filter(fingerprint__isnull=False)  # an inner join: an outer one keeps PostgreSQL from the index
    # Behind the distance the id costs little: PostgreSQL sorts what the index offers within equal distances.
    rows = rows.alias(distance=_distance(bits)).annotate(similarity=_similarity(bits)).order_by("distance", "pk")
    with transaction.atomic(), connection.cursor() as cursor:
        # A filter may refuse what the index offers: let the index go on until enough has been found.
        cursor.execute("SET LOCAL hnsw.ef_search = %s; SET LOCAL hnsw.iterative_scan = strict_order", [EF_SEARCH])
        return [(row, row.similarity) for row in rows[:limit]]


def measured(path: str = "") -> models.Exists:
    """Whether the structure has a value that still stands, and that does not follow from the structure alone."""
    known = Measurement.objects.filter(structure=models.OuterRef(f"{path}pk"), value__isnull=False, retired_at=None)
    return models.Exists(known.exclude(method=Measurement.Method.COMPUTED))


def is_approximate() -> bool:
    """Whether nearest neighbours come from the approximate index."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_indexes WHERE indexname = %s", [INDEX])
        return cursor.fetchone() is not None


def _distance(bits: Bits, path: str = "") -> JaccardDistance:
    return JaccardDistance(f"{path}fingerprint__morgan", Value(bits.text))


def _similarity(bits: Bits, path: str = "") -> ExpressionWrapper:
    return ExpressionWrapper(1.0 - _distance(bits, path), output_field=FloatField())
