"""A candidate's score as lists show it: the value, under which conditions it holds, and by which model."""

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.parts import display, domain
from registry.admin.parts.conditions import stated
from registry.models import CandidateScore, Property


def scores_with_models() -> QuerySet[CandidateScore]:
    """With what is shown of them, in one query."""
    return CandidateScore.objects.select_related("prediction__model_version__model")


def score_text(score: CandidateScore, item: Property, unit: bool = True, with_spread: bool = True) -> SafeString:
    """Under the value its conditions, where there are any; a pointer over it is told the model too."""
    mark = domain.mark(score.prediction)
    value = display.uncertain(score.value, score.standard_deviation, item, mark, unit, with_spread)
    named = format_html('<span title="{}">{}</span>', source(score), value)
    under = stated(score.prediction.conditions)
    return display.stacked(named, f"at {under}") if under else named


def source(score: CandidateScore) -> str:
    """at 353 K, LiTFSI, by polymer-properties v2; the model alone where no condition is stated."""
    under, by = stated(score.prediction.conditions), f"by {score.prediction.model_version}"
    return f"at {under}, {by}" if under else by
