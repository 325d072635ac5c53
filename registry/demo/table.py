"""The best candidates as a table for a terminal."""

from registry.models import CandidateScore, Property

COLUMNS = f"{'':>4} {'candidate':>9}  {'value':>10} {'within':>8} {'SA':>4}  repeat unit"


def best_candidates(item: Property, rows: int = 10) -> list[str]:
    """Lines of the candidates in domain with the best scores for a property, the headers first."""
    scores = CandidateScore.objects.filter(property=item, in_domain=True).select_related("candidate__structure")
    order = "value" if item.better == Property.Better.LOWER else "-value"
    lines = [f"{item.label} predicted, {item.unit or 'dimensionless'}, in domain", COLUMNS]
    return lines + [_line(rank, score, item) for rank, score in enumerate(scores.order_by(order, "pk")[:rows], 1)]


def _line(rank: int, score: CandidateScore, item: Property) -> str:
    structure = score.candidate.structure
    easy = "" if structure.sa_score is None else f"{structure.sa_score:.1f}"
    value = f"{score.value:>10.3g} {_spread(score, item):>8}"
    return f"{rank:>4} {score.candidate_id:>9}  {value} {easy:>4}  {structure.smiles}"


def _spread(score: CandidateScore, item: Property) -> str:
    """One standard deviation: a factor where the scale is logarithmic."""
    if score.standard_deviation is None:
        return ""
    if item.scale == Property.Scale.LOG10:
        return f"×/÷{10**score.standard_deviation:.2f}"
    return f"±{score.standard_deviation:.2g}"
