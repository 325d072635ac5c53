"""manage.py datasets: the catalogue, and what the registry holds."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Count, Q

from registry.catalogue import Entry, entries
from registry.catalogue.fetch import find_local
from registry.models import Dataset


class Command(BaseCommand):
    help = "List the public data sets of the catalogue, and every dataset in the registry."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("Catalogue (import one with: manage.py import_dataset NAME)\n")
        for item in entries().values():
            self.stdout.write(f"  {item.slug:<18} {item.licence:<14} {item.title}; {_where(item)}\n")
        self.stdout.write("\nIn the registry\n")
        held = Dataset.objects.annotate(
            structures=Count("measurements__structure", distinct=True, filter=Q(measurements__retired_at=None)),
            reports=Count("measurements", distinct=True, filter=Q(measurements__retired_at=None)),
        )
        for dataset in held:
            version = dataset.latest_version()
            frozen = f"frozen as version {version.number}" if version else "never frozen"
            held_here = f"{dataset.reports:>9,} measurements of {dataset.structures:,} structures"
            self.stdout.write(f"  {dataset.slug:<18} {held_here}, {frozen}\n")
        if not held:
            self.stdout.write("  nothing yet\n")


def _where(item: Entry) -> str:
    checked = "" if item.sha256 else ", not verified"
    if local := find_local(item):
        return f"here: {local}{checked}"
    return f"to be downloaded{checked}" if item.addresses else "no public address: put the file into DATA_DIR"
