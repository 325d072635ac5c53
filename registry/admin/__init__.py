"""The admin: one file for each noun. Importing a file registers it."""

from registry.admin import (
    candidate,
    dataset,
    decision,
    export_run,
    generation_run,
    import_run,
    job,
    measurement,
    property,
    registered_model,
    schedule,
    scoring_run,
    structure,
    tag,
    training_run,
    user,
)

__all__ = [
    "candidate",
    "dataset",
    "decision",
    "export_run",
    "generation_run",
    "import_run",
    "job",
    "measurement",
    "property",
    "registered_model",
    "schedule",
    "scoring_run",
    "structure",
    "tag",
    "training_run",
    "user",
]
