"""One upload, and every row it refused."""

from django.db import models
from django.db.models import Q

from registry.models.base import Sha256Field
from registry.models.dataset import Dataset
from registry.models.run import Run
from registry.models.structure import Structure


class ImportRun(Run):
    """A file brought into a dataset; `config` holds the column mapping. The same file and mapping count once."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="import_runs")
    structure_kind = models.CharField(max_length=8, choices=Structure.Kind, default=Structure.Kind.POLYMER)
    file_name = models.CharField(max_length=255)
    file_format = models.CharField(max_length=10)
    file_digest = Sha256Field(help_text="Also the name of the file in the artifact store.")
    mapping_digest = Sha256Field(help_text="Digest of the column mapping.")
    dry_run = models.BooleanField(default=False, help_text="Report only; nothing was written.")
    rows_total = models.PositiveIntegerField(default=0)
    rows_imported = models.PositiveIntegerField(default=0)
    rows_duplicate = models.PositiveIntegerField(default=0, help_text="Reported before, here or in an earlier file.")
    rows_rejected = models.PositiveIntegerField(default=0)
    structures_created = models.PositiveIntegerField(default=0)
    measurements_created = models.PositiveIntegerField(default=0)
    applied = models.BooleanField(default=False, help_text="Its rows are in the dataset.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dataset", "file_digest", "mapping_digest"],
                condition=Q(applied=True),
                name="importrun_file_applied_once",
            )
        ]

    def __str__(self) -> str:
        return f"import {self.pk}: {self.file_name}"


class RejectedRow(models.Model):
    """A row that did not become measurements, with its text and the reason. Nothing is dropped silently."""

    import_run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="rejected_rows")
    row_number = models.PositiveIntegerField(help_text="As a spreadsheet counts: the header is row 1.")
    column = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=40, help_text="Reason in one word, such as star_count.")
    reason = models.TextField()
    raw_text = models.TextField(help_text="The row as it came; NUL bytes are shown as ␀.")

    class Meta:
        ordering = ["import_run", "row_number"]
        indexes = [models.Index(fields=["import_run", "code"], name="rejectedrow_by_reason")]

    def __str__(self) -> str:
        return f"row {self.row_number}: {self.reason}"
