"""Rows for tests, each with what it needs, by plain functions. Keyword arguments are the model's own fields.

candidate = factories.candidate(smiles="*OCC*")
factories.score(candidate, value=1e-4)
"""

from dataclasses import asdict
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone

from mlcore.chem import fingerprints
from mlcore.chem.identity import identify
from registry.models import (
    Alias,
    Candidate,
    CandidateScore,
    Conformer,
    Dataset,
    DatasetVersion,
    Decision,
    ExportRun,
    Fingerprint,
    GenerationRun,
    ImportRun,
    Job,
    JobEvent,
    Measurement,
    ModelVersion,
    Prediction,
    Property,
    Proposal,
    RegisteredModel,
    RejectedRow,
    Schedule,
    ScoringRun,
    Structure,
    Tag,
    TrainingRun,
)

_serial = count(1)


def digest() -> str:
    """A SHA-256 that no other row has."""
    return f"{next(_serial):064x}"


def polymer_smiles() -> str:
    """A polyester that no earlier call gave: the number of the call, written in side groups."""
    number, unit = next(_serial), ""
    while number:
        number, side = divmod(number, 4)
        unit += ("C", "C(C)", "C(F)", "C(OC)")[side]
    return f"*OC(=O){unit}*"


def user(role: str = "", **fields: Any) -> User:
    """A user in one of the groups of registry.roles; without a role, one who may do nothing."""
    made = User.objects.create_user(**({"username": f"user{next(_serial)}"} | fields))
    if role:
        made.groups.add(Group.objects.get(name=role))
    return made


def property_(name: str = "conductivity", **fields: Any) -> Property:
    """The property of that name; made as conductivity is unless told otherwise."""
    defaults = {"label": name.replace("_", " "), "unit": "S/cm", "scale": "log10", "lower": 0, "better": "higher"}
    return Property.objects.get_or_create(name=name, defaults=defaults | fields)[0]


def structure(smiles: str = "", kind: str = Structure.Kind.POLYMER) -> Structure:
    """The structure of that SMILES with its fingerprints; a new polymer when none is given."""
    identity = asdict(identify(smiles or polymer_smiles(), kind))
    del identity["fingerprints"]  # a row of its own
    unique = {name: identity.pop(name) for name in ("kind", "key_version", "key")}
    made, created = Structure.objects.get_or_create(**unique, defaults=identity | {"elements": [*identity["elements"]]})
    if created:
        fingerprint(made)
    return made


def conformer(**fields: Any) -> Conformer:
    """Of water unless told otherwise, each with other coordinates."""
    shift = next(_serial)
    xyz = f"3\n\nO {shift:.6f} 0.000000 0.117300\nH {shift:.6f} 0.757200 -0.469200\nH {shift:.6f} -0.757200 -0.469200\n"
    defaults = {"level": "B3LYP/6-31G(2df,p)", "xyz": xyz, "atoms": 3, "digest": digest()}
    water = fields.pop("structure", None) or structure("O", Structure.Kind.MOLECULE)
    return Conformer.objects.create(structure=water, **(defaults | fields))


def fingerprint(of: Structure) -> Fingerprint:
    bits = fingerprints.morgan_bytes(of.key)
    return Fingerprint.objects.create(
        structure=of,
        morgan=fingerprints.to_pg_bits(bits),
        morgan_popcount=int.from_bytes(bits).bit_count(),
        pattern=fingerprints.pattern_bits(of.smiles),
    )


def dataset(**fields: Any) -> Dataset:
    serial = next(_serial)
    return Dataset.objects.create(**({"name": f"Dataset {serial}", "slug": f"dataset-{serial}"} | fields))


def dataset_version(**fields: Any) -> DatasetVersion:
    counts = dict.fromkeys(("measurement_count", "structure_count", "added_count", "retired_count"), 0)
    fields = {"dataset": fields.pop("dataset", None) or dataset(), "number": 1, "sha256": digest()} | counts | fields
    return DatasetVersion.objects.create(**fields)


def measurement(**fields: Any) -> Measurement:
    """Unless told otherwise 1e-5, and a trifle more each time: there is nothing to learn from values all the same."""
    fields = {
        "dataset": fields.pop("dataset", None) or dataset(),
        "structure": fields.pop("structure", None) or structure(),
        "property": fields.pop("property", None) or property_(),
        "value": 1e-5 * (1 + 1e-6 * next(_serial)),
        "content_digest": digest(),
    } | fields
    return Measurement.objects.create(**fields)


def job(kind: str = Job.Kind.TRAIN, **fields: Any) -> Job:
    """A queued job that is on no queue."""
    if fields.get("state") in Job.FINAL:
        fields.setdefault("finished_at", timezone.now())
    return Job.objects.create(kind=kind, **fields)


def job_event(**fields: Any) -> JobEvent:
    fields = {
        "job": fields.pop("job", None) or job(),
        "attempt": 1,
        "sequence": next(_serial),
        "time": timezone.now(),
        "kind": JobEvent.Kind.LOG,
        "message": "loaded 10 rows",
    } | fields
    return JobEvent.objects.create(**fields)


def import_run(**fields: Any) -> ImportRun:
    fields = {
        "job": fields.pop("job", None) or job(Job.Kind.IMPORT),
        "dataset": fields.pop("dataset", None) or dataset(),
        "file_name": "measured.csv",
        "file_format": "csv",
        "file_digest": digest(),
        "mapping_digest": digest(),
    } | fields
    return ImportRun.objects.create(**fields)


def rejected_row(**fields: Any) -> RejectedRow:
    fields = {
        "import_run": fields.pop("import_run", None) or import_run(),
        "row_number": next(_serial),
        "column": "smiles",
        "code": "star_count",
        "reason": "3 chain ends, expected exactly 2",
        "raw_text": "*C(*)C*,1e-4",
    } | fields
    return RejectedRow.objects.create(**fields)


def registered_model(task: str = RegisteredModel.Task.PREDICT, **fields: Any) -> RegisteredModel:
    return RegisteredModel.objects.create(**({"name": f"model-{next(_serial)}", "task": task} | fields))


def model_version(task: str = RegisteredModel.Task.PREDICT, **fields: Any) -> ModelVersion:
    """A version of a new model that predicts conductivity, or that `task` and `properties` say otherwise of."""
    properties = fields.pop("properties", None) or [property_()]
    fields = {
        "model": fields.pop("model", None) or registered_model(task),
        "number": next(_serial),
        "architecture": "gpt" if task == RegisteredModel.Task.GENERATE else "polymer-gnn",
        "origin": ModelVersion.Origin.ZOO,
        "bundle_digest": digest(),
    } | fields
    version = ModelVersion.objects.create(**fields)
    version.properties.set(properties)
    return version


def alias(**fields: Any) -> Alias:
    version = fields.pop("version", None) or model_version()
    return Alias.objects.create(**({"model": version.model, "version": version, "reason": "the first"} | fields))


def training_run(**fields: Any) -> TrainingRun:
    fields = {
        "job": fields.pop("job", None) or job(Job.Kind.TRAIN),
        "model": fields.pop("model", None) or registered_model(),
        "dataset_version": fields.pop("dataset_version", None) or dataset_version(),
        "architecture": "polymer-gnn",
    } | fields
    run = TrainingRun.objects.create(**fields)
    run.properties.set([property_()])
    return run


def generation_run(**fields: Any) -> GenerationRun:
    fields = {
        "job": fields.pop("job", None) or job(Job.Kind.GENERATE),
        "model_version": fields.pop("model_version", None) or model_version(RegisteredModel.Task.GENERATE),
        "requested": 10,
    } | fields
    return GenerationRun.objects.create(**fields)


def scoring_run(**fields: Any) -> ScoringRun:
    fields = {
        "job": fields.pop("job", None) or job(Job.Kind.SCORE),
        "model_version": fields.pop("model_version", None) or model_version(),
    } | fields
    return ScoringRun.objects.create(**fields)


def export_run(**fields: Any) -> ExportRun:
    fields = {"job": fields.pop("job", None) or job(Job.Kind.EXPORT), "file_format": "csv"} | fields
    return ExportRun.objects.create(**fields)


def tag(**fields: Any) -> Tag:
    return Tag.objects.create(**({"name": f"tag-{next(_serial)}"} | fields))


def candidate(smiles: str = "", **fields: Any) -> Candidate:
    """A candidate of that SMILES, of `structure`, or of a new polymer; `tags` are names."""
    tags = fields.pop("tags", ())
    made = Candidate.objects.create(structure=fields.pop("structure", None) or structure(smiles), **fields)
    made.tags.set([Tag.objects.get_or_create(name=name)[0] for name in tags])
    return made


def proposal(**fields: Any) -> Proposal:
    fields = {
        "run": fields.pop("run", None) or generation_run(),
        "rank": next(_serial),
        "text": "[Cu]COC[Au]",
        "log_likelihood": -7.5,
        "valid": True,
    } | fields
    return Proposal.objects.create(**fields)


def prediction(**fields: Any) -> Prediction:
    run = fields.pop("scoring_run", None) or scoring_run()
    fields = {
        "structure": fields.pop("structure", None) or structure(),
        "model_version": run.model_version,
        "property": fields.pop("property", None) or property_(),
        "value": 1e-5,
        "standard_deviation": 0.1,
        "in_domain": True,
        "scoring_run": run,
    } | fields
    return Prediction.objects.create(**fields)


def score(candidate: Candidate, *, value: float = 1e-5, **fields: Any) -> CandidateScore:
    """A prediction for the candidate's structure, shown as its score."""
    made = prediction(structure=candidate.structure, value=value, **fields)
    return CandidateScore.objects.create(
        candidate=candidate,
        property=made.property,
        prediction=made,
        value=made.value,
        standard_deviation=made.standard_deviation,
        in_domain=made.in_domain,
    )


def decision(**fields: Any) -> Decision:
    """A row alone; the candidate's status follows only when the action Decide writes it."""
    fields = {
        "candidate": fields.pop("candidate", None) or candidate(),
        "reviewer": fields.pop("reviewer", None) or user("Curator"),
        "verdict": Decision.Verdict.ACCEPT,
    } | fields
    return Decision.objects.create(**fields)


def schedule(**fields: Any) -> Schedule:
    fields = {
        "name": f"nightly {next(_serial)}",
        "cron": "0 3 * * *",
        "model": fields.pop("model", None) or registered_model(),
        "dataset": fields.pop("dataset", None) or dataset(),
        "template": {"architecture": "polymer-gnn"},
    } | fields
    return Schedule.objects.create(**fields)
