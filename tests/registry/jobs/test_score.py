"""What a scoring run says that it did."""

from collections.abc import Callable
from typing import Any

import pytest

from registry.models import Job
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_predicted_before_is_kept_and_not_counted_as_scored(after: Callable[[Any], Job]) -> None:
    candidate, version = factories.candidate(), factories.model_version()
    earlier = factories.prediction(structure=candidate.structure, model_version=version)
    run = factories.scoring_run(model_version=version, conditions=earlier.conditions)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed) == (0, 1, 0)
