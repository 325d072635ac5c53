"""Drafts become structures and measurements, a batch at a time, within the importing transaction."""

import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind, identify_many
from mlcore.processes import Workers
from registry.actions.bulk import insert_new
from registry.actions.conformers import Block, read_block
from registry.actions.import_rows import Draft
from registry.actions.import_sample import Sample
from registry.actions.reported import Report
from registry.actions.structures import get_or_create_structures
from registry.computed import COMPUTED
from registry.formats import ColumnMapping, Problem, Row, storable
from registry.formats.polymer_names import advice
from registry.models import Conformer, ImportRun, Measurement, RejectedRow, Structure

_FIELDS = ("dataset", "structure", "property", "value", "standard_deviation", "missing_reason", "method",
           "method_detail", "temperature_k", "salt", "concentration", "conditions", "source_id", "import_run",
           "source_row", "recorded_by", "content_digest", "retired_reason")  # fmt: skip
_GEOMETRY_FIELDS = ("structure", "level", "xyz", "atoms", "digest", "import_run", "source_row")
_REJECTED_AT_ONCE = 1_000
REMEMBERED = 30_000  # identities kept for later rows with the same text, about 2 kB each
_ALONE_BELOW = 400  # structures: fewer are worked on here, since starting processes takes longer


class Rejects:
    """Refused rows, kept on disk until the import's own transaction has ended, since a dry run takes that one back."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed when stored
        self.codes: Counter[str] = Counter()

    def add(self, row: Row, problem: Problem) -> None:
        self.codes[problem.code] += 1
        fields = (row.number, problem.column, problem.code, problem.reason, row.raw)
        json.dump([storable(item) if isinstance(item, str) else item for item in fields], self._file)
        self._file.write("\n")

    def store(self, run: ImportRun) -> None:
        self._file.seek(0)
        with self._file:
            rows = (json.loads(line) for line in self._file)
            while batch := list(itertools.islice(rows, _REJECTED_AT_ONCE)):
                RejectedRow.objects.bulk_create(
                    RejectedRow(
                        import_run=run, row_number=number, column=column[:200], code=code, reason=reason, raw_text=raw
                    )
                    for number, column, code, reason, raw in batch
                )


@dataclass
class Writer:
    """Counts what it writes; the dataset is locked by its caller, so no other import adds the same values meanwhile."""

    run: ImportRun
    mapping: ColumnMapping
    rejects: Rejects
    property_ids: dict[str, int]
    recorded_by: int | None
    workers: Workers
    imported: int = 0
    duplicate_in_file: int = 0
    duplicate_in_dataset: int = 0
    structures_created: int = 0
    measurements_created: int = 0
    measurements_duplicate: int = 0
    geometries_created: int = 0
    sample: Sample = field(init=False)
    _seen: set[bytes] = field(default_factory=set)
    _known: dict[str, Identity | ChemError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sample = Sample(self.mapping)

    def write(self, drafts: list[Draft]) -> None:
        """Identify, refuse, compute, insert."""
        identified, blocks = self._with_geometries(self._identified(drafts))
        structures = get_or_create_structures(identity for _, identity in identified)
        self.structures_created += len(structures.created)
        by_row = [
            (draft, identity, [
                (report, report.digest(identity.kind, identity.key)) for report in self._reports(draft, identity)
            ])
            for draft, identity in identified
        ]  # fmt: skip
        stored = self._stored(digest for _, _, reports in by_row for _, digest in reports)
        fresh: list[tuple[object, ...]] = []
        for draft, identity, reports in by_row:
            new = [pair for pair in reports if pair[1] not in stored and not self._in_file(pair[1])]
            self._count(draft, identity, reports, new, stored)
            for report, digest in new:
                self._seen.add(bytes.fromhex(digest))
                fresh.append(self._row(draft, structures.id_of(identity), report, digest))
        self.measurements_created += len(insert_new(Measurement, _FIELDS, fresh))
        rows = [
            (structures.id_of(identity), draft.geometry_level, block.xyz, block.atoms, block.digest, self.run.pk,
             draft.row.number)
            for (draft, identity), block in zip(identified, blocks, strict=True) if block
        ]  # fmt: skip
        self.geometries_created += len(insert_new(Conformer, _GEOMETRY_FIELDS, rows)) if rows else 0

    def _with_geometries(
        self, identified: Iterable[tuple[Draft, Identity]]
    ) -> tuple[list[tuple[Draft, Identity]], list[Block | None]]:
        """The rows whose geometry, where they have one, is that of their structure; the others are refused."""
        kept: list[tuple[Draft, Identity]] = []
        blocks: list[Block | None] = []
        for draft, identity in identified:
            try:
                blocks.append(read_block(draft.geometry, identity.key) if draft.geometry else None)
            except ChemError as error:
                self.rejects.add(draft.row, Problem(error.code, error.message, self.mapping.geometry.column))
            else:
                kept.append((draft, identity))
        return kept, blocks

    def _identified(self, drafts: list[Draft]) -> Iterator[tuple[Draft, Identity]]:
        texts = list(dict.fromkeys(draft.structure for draft in drafts if draft.structure not in self._known))
        workers = self.workers if len(texts) >= _ALONE_BELOW else None
        if len(self._known) > REMEMBERED:
            self._known = {
                draft.structure: self._known[draft.structure] for draft in drafts if draft.structure in self._known
            }
        known = self._known
        kind: Kind = self.run.structure_kind  # type: ignore[assignment]
        found = identify_many(texts, kind, processes=1, workers=workers, with_fingerprints=True)
        known.update(zip(texts, found, strict=True))
        for draft in drafts:
            identity = known[draft.structure]
            if isinstance(identity, ChemError):
                self.rejects.add(draft.row, self._problem(draft.structure, identity))
            else:
                yield draft, identity

    def _problem(self, structure: str, error: ChemError) -> Problem:
        """Why a structure is refused; a polymer's name is told from a broken SMILES."""
        named = advice(structure) if self.run.structure_kind == Structure.Kind.POLYMER else ""
        return Problem("polymer_name" if named else error.code, named or error.message, self.mapping.structure)

    def _reports(self, draft: Draft, identity: Identity) -> Iterable[Report]:
        yield from draft.reports
        for item in self.mapping.computed:
            yield Report(item.name, COMPUTED[item.name](identity.key), method=Measurement.Method.COMPUTED.value)

    def _stored(self, digests: Iterable[str]) -> set[str]:
        found = Measurement.objects.filter(
            dataset_id=self.run.dataset_id, retired_at=None, content_digest__in=list(digests)
        )
        return {digest for digest in found.values_list("content_digest", flat=True) if not self._in_file(digest)}

    def _in_file(self, digest: str) -> bool:
        """Whether an earlier row of this file reported the same; its batch may be in the database by now."""
        return bytes.fromhex(digest) in self._seen

    def _count(
        self,
        draft: Draft,
        identity: Identity,
        reports: list[tuple[Report, str]],
        new: list[tuple[Report, str]],
        stored: set[str],
    ) -> None:
        self.measurements_duplicate += len(reports) - len(new)
        if new or not reports:
            self.imported += 1
            self.sample.add(draft, identity)
        elif all(digest in stored for _, digest in reports):
            self.duplicate_in_dataset += 1
        else:
            self.duplicate_in_file += 1

    def _row(self, draft: Draft, structure: int, report: Report, digest: str) -> tuple[object, ...]:
        return (
            self.run.dataset_id,
            structure,
            self.property_ids[report.property],
            report.value,
            report.standard_deviation,
            report.missing_reason,
            report.method,
            report.method_detail,
            report.temperature_k,
            report.salt,
            report.concentration,
            json.dumps(report.conditions),
            report.source_id,
            self.run.pk,
            draft.row.number,
            self.recorded_by,
            digest,
            "",
        )
