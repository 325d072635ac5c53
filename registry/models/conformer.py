"""One geometry of one molecule, and the level of theory that it was found at."""

from django.db import models

from registry.models.base import Created, Sha256Field
from registry.models.imports import ImportRun
from registry.models.structure import Structure

GUESSED = "guessed"


class Conformer(Created):
    """Atoms in space, hydrogens included. Polymers have none: their repeat unit has no geometry of its own."""

    GUESSED = GUESSED
    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="conformers")
    level = models.CharField(
        max_length=200, help_text=f"Level of theory, such as B3LYP/6-31G(2df,p); {GUESSED} for ETKDG with MMFF94."
    )
    xyz = models.TextField(help_text="Number of atoms, a blank line, then element x y z in angstrom, a line an atom.")
    atoms = models.PositiveSmallIntegerField()
    digest = Sha256Field(help_text="Of the xyz block; finds the same geometry given twice.")
    import_run = models.ForeignKey(
        ImportRun, on_delete=models.PROTECT, null=True, blank=True, related_name="conformers"
    )
    source_row = models.PositiveIntegerField(null=True, blank=True, help_text="Row in the imported file.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["structure", "level", "digest"], name="conformer_once"),
            models.CheckConstraint(condition=~models.Q(level=""), name="conformer_has_level"),
            models.CheckConstraint(condition=models.Q(atoms__gt=0), name="conformer_has_atoms"),
        ]

    def __str__(self) -> str:
        return f"geometry {self.pk} of {self.structure} at {self.level}"
