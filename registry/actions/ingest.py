"""What runs bring home, in batches: a batch that is delivered twice changes nothing the second time."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from django.utils import timezone

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, identify_many
from registry.actions.base import Action
from registry.actions.scores import refresh_scores_by
from registry.actions.structures import get_or_create_structures
from registry.models import (
    Candidate,
    Conformer,
    GenerationRun,
    Prediction,
    Proposal,
    ScoringRun,
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One string of a generation run."""

    rank: int
    text: str
    log_likelihood: float | None
    duplicate: bool
    """The same structure came earlier in the run."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """One value of a scoring run, in the property's unit."""

    structure: int
    property: str
    value: float
    standard_deviation: float | None
    in_domain: bool | None
    conditions: Mapping[str, float | str] = field(default_factory=dict)
    out_of_domain: str = ""
    geometry: str = ""


@dataclass(kw_only=True)
class AddProposals(Action[int]):
    """Keep every string; make candidates of the structures that the registry did not hold before the run.

    A structure that was known already gets no candidate from this: whoever measured or imported it has it. Its proposal
    is marked and linked to the candidate that it may have from earlier. Returns the number of proposals added.
    """

    permission: ClassVar[str] = "registry.add_generationrun"

    generation_run: GenerationRun
    rows: Sequence[Drawn]

    def execute(self) -> int:
        run = self.generation_run
        kind = run.model_version.structure_kind
        found = list(identify_many([row.text for row in self.rows], kind, processes=1, with_fingerprints=True))
        structures = get_or_create_structures(item for item in found if isinstance(item, Identity))
        Candidate.objects.bulk_create([Candidate(structure_id=pk) for pk in sorted(structures.created)])
        mine = Candidate.objects.filter(structure__in=structures.ids.values())
        candidates = dict(mine.values_list("structure", "pk"))
        earlier = mine.filter(proposals__run=run, proposals__known=False).values_list("structure", flat=True)
        new = structures.created | set(earlier)
        before = run.proposals.count()
        proposals = []
        for row, item in zip(self.rows, found, strict=True):
            proposal = self._proposal(row)
            if isinstance(item, ChemError):
                proposal.reason = str(item)[:300]
            else:
                structure = structures.id_of(item)
                proposal.valid, proposal.duplicate, proposal.known = True, row.duplicate, structure not in new
                proposal.candidate_id = candidates.get(structure)
            proposals.append(proposal)
        Proposal.objects.bulk_create(proposals, ignore_conflicts=True)
        return run.proposals.count() - before

    def _proposal(self, row: Drawn) -> Proposal:
        likelihood = row.log_likelihood
        return Proposal(
            run=self.generation_run,
            rank=row.rank,
            text=row.text.replace("\0", "␀"),  # PostgreSQL cannot hold it
            log_likelihood=likelihood if likelihood is not None and math.isfinite(likelihood) else None,
        )


@dataclass(kw_only=True)
class AddPredictions(Action[int]):
    """Keep predictions; what one version says of a structure under the same conditions is kept once.

    One from a guessed geometry gives way to one from a geometry that somebody has computed since. The values of a
    champion whose line leads become the candidates' scores. Returns the number of predictions added.
    """

    permission: ClassVar[str] = "registry.add_scoringrun"

    scoring_run: ScoringRun
    rows: Sequence[Predicted]

    def execute(self) -> int:
        run, version = self.scoring_run, self.scoring_run.model_version
        properties = {item.name: item for item in version.properties.all()}
        before = run.predictions.count()
        made = [
            Prediction(
                structure_id=row.structure,
                model_version=version,
                property=properties[row.property],
                conditions=dict(row.conditions),
                scoring_run=run,
                **{name: getattr(row, name) for name in _SAID},
            )
            for row in self.rows
        ]
        changed = [*_SAID, "scoring_run", "created_at"]
        Prediction.objects.bulk_update(self._in_place_of_guesses(made), changed, batch_size=1000)
        Prediction.objects.bulk_create(made, ignore_conflicts=True)
        refresh_scores_by(version, {row.structure for row in self.rows})
        return run.predictions.count() - before

    def _in_place_of_guesses(self, made: Sequence[Prediction]) -> list[Prediction]:
        """Those that are there from a guessed geometry, with what is said now from a better one."""
        better = {_about(one): one for one in made if one.geometry not in ("", Conformer.GUESSED)}
        guesses = Prediction.objects.filter(
            model_version=self.scoring_run.model_version,
            structure__in={structure for structure, *_ in better},
            geometry=Conformer.GUESSED,
        )
        found, now = [old for old in guesses if _about(old) in better], timezone.now()
        for old in found:
            old.created_at = now  # as new as the run that says so
            for name in (*_SAID, "scoring_run_id"):
                setattr(old, name, getattr(better[_about(old)], name))
        return found


_SAID = ("value", "standard_deviation", "in_domain", "out_of_domain", "geometry")
"""Fields of a prediction that are the model's words."""


def _about(one: Prediction) -> tuple[int, int, str]:
    """What a prediction of one version is of."""
    return one.structure_id, one.property_id, json.dumps(one.conditions, sort_keys=True)
