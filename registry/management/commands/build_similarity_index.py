"""manage.py build_similarity_index: nearest neighbours from an HNSW index instead of a scan of every fingerprint."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection, transaction

from registry.models import Structure
from registry.search.similarity import INDEX, nearest

NEIGHBOURS = 10


class Command(BaseCommand):
    help = (
        "Build the approximate index for nearest neighbours (HNSW, Jaccard distance) and measure its recall. "
        "Worth it from some 100,000 structures on; every structure inserted later costs about 1 ms more."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--drop", action="store_true", help="go back to exact scans")
        parser.add_argument("--sample", type=int, default=50, help="structures to measure the recall on; 0 for none")

    def handle(self, *args: Any, drop: bool, sample: int, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")
            if drop:
                self.stdout.write("Nearest neighbours are exact again.")
                return
            start = perf_counter()
            cursor.execute("SET maintenance_work_mem = '1GB'")
            cursor.execute(f"CREATE INDEX {INDEX} ON registry_fingerprint USING hnsw (morgan bit_jaccard_ops)")
            cursor.execute("RESET maintenance_work_mem")
            self.stdout.write(f"Built in {perf_counter() - start:.1f} s.")
        if sample:
            self._measure(list(Structure.objects.order_by("?")[:sample]))

    def _measure(self, queries: list[Structure]) -> None:
        """Share of the true nearest neighbours' similarities that the index reaches, and what it saves.

        Compared by similarity and not by id: of equally similar structures either may come.
        """
        start = perf_counter()
        found = [_similarities(query) for query in queries]
        middle = perf_counter()
        true = [_exact(query) for query in queries]
        end = perf_counter()
        wanted = sum(map(len, true))
        hits = sum(value >= best[-1] for values, best in zip(found, true, strict=True) if best for value in values)
        self.stdout.write(
            f"Recall of the nearest {NEIGHBOURS} over {len(queries)} structures: {hits / max(wanted, 1):.3f}; "
            f"{1e3 * (middle - start) / max(len(queries), 1):.1f} ms instead of "
            f"{1e3 * (end - middle) / max(len(queries), 1):.1f} ms a query."
        )


def _similarities(query: Structure) -> list[float]:
    return [similarity for _, similarity in nearest(query, limit=NEIGHBOURS)]


def _exact(query: Structure) -> list[float]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        return _similarities(query)
