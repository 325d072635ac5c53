"""Where a run's work was done, as mlcore reports it."""

from collections.abc import Mapping

from registry.jobs.attempt import Attempt
from registry.models.run import Run

LONGEST = Run._meta.get_field("device").max_length


def keep_device(attempt: Attempt, run: Run, reported: Mapping[str, object]) -> None:
    """Write the device of mlcore's report on the run; a report that names none changes nothing."""
    if name := str(reported.get("device", ""))[:LONGEST]:
        attempt.write(lambda: type(run)._default_manager.filter(pk=run.pk).update(device=name))
