"""The nouns, one file each. Constraints live here, so that no door can go round them."""

from registry.models.candidate import Candidate, CandidateScore, Tag
from registry.models.conformer import Conformer
from registry.models.dataset import Dataset, DatasetVersion
from registry.models.decision import Decision
from registry.models.imports import ImportRun, RejectedRow
from registry.models.job import Job, JobEvent
from registry.models.measurement import Measurement
from registry.models.prediction import Prediction
from registry.models.property import Property
from registry.models.proposal import Proposal
from registry.models.registered_model import Alias, ModelVersion, RegisteredModel
from registry.models.runs import ExportRun, GenerationRun, ScoringRun, TrainingRun
from registry.models.schedule import Schedule
from registry.models.structure import Fingerprint, Structure

__all__ = [
    "Alias",
    "Candidate",
    "CandidateScore",
    "Conformer",
    "Dataset",
    "DatasetVersion",
    "Decision",
    "ExportRun",
    "Fingerprint",
    "GenerationRun",
    "ImportRun",
    "Job",
    "JobEvent",
    "Measurement",
    "ModelVersion",
    "Prediction",
    "Property",
    "Proposal",
    "RegisteredModel",
    "RejectedRow",
    "Schedule",
    "ScoringRun",
    "Structure",
    "Tag",
    "TrainingRun",
]
