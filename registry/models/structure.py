"""One chemical identity, and the bits by which it is searched."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from pgvector.django import BitField

from registry.models.base import Created, finite, one_of


class StructureKind(models.TextChoices):
    POLYMER = "polymer"
    MOLECULE = "molecule"


class Structure(Created):
    """A polymer or a molecule, once. Two spellings of one chain share one row."""

    Kind = StructureKind
    kind = models.CharField(max_length=8, choices=Kind)
    key_version = models.PositiveSmallIntegerField(help_text="Version of the rule that made the key.")
    key = models.TextField(help_text="Canonical identity: for a polymer, the SMILES of its closed chain.")
    smiles = models.TextField("SMILES", help_text="Display form; a polymer's repeat unit has two *.")
    formula = models.CharField(max_length=200, help_text="Hill formula, of a polymer's repeat unit.")
    mass = models.FloatField(help_text="g/mol, of a polymer's repeat unit.")
    charge = models.SmallIntegerField(default=0)
    heavy_atoms = models.PositiveSmallIntegerField()
    elements = ArrayField(models.CharField(max_length=2), help_text="Element symbols, sorted.")
    sa_score = models.FloatField(
        "SA score", null=True, help_text="Synthetic accessibility, 1 (easy) to 10 (hard); Ertl & Schuffenhauer 2009."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "key_version", "key"], name="structure_identity"),
            # A B-tree entry holds at most 2,704 bytes.
            models.CheckConstraint(condition=models.Q(key__length__range=(1, 2400)), name="structure_key_length"),
            one_of("kind", StructureKind),
            finite("mass", low=0),
            finite("sa_score", nullable=True),
        ]
        indexes = [GinIndex(fields=["elements"], name="structure_elements")]

    def __str__(self) -> str:
        return self.smiles


class Fingerprint(models.Model):
    """Search bits of one structure, kept narrow so that scans stay in memory."""

    structure = models.OneToOneField(Structure, on_delete=models.CASCADE, primary_key=True, related_name="fingerprint")
    morgan = BitField(length=2048, help_text="Morgan fingerprint, radius 2.")
    morgan_popcount = models.PositiveSmallIntegerField(help_text="Bits set in the Morgan fingerprint.")
    pattern = ArrayField(models.IntegerField(), help_text="Positions set in RDKit's pattern fingerprint.")

    class Meta:
        indexes = [
            models.Index(fields=["morgan_popcount"], name="fingerprint_popcount"),
            GinIndex(fields=["pattern"], name="fingerprint_pattern", opclasses=["gin__int_ops"]),
        ]

    def __str__(self) -> str:
        return f"fingerprint of structure {self.structure_id}"
