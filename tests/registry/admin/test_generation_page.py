"""The page of a generation run: its own new candidates, in the order of what it was asked for."""

import re

import pytest
from django.urls import reverse

from registry import artifacts
from registry.models import Candidate, CandidateScore
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle
from tests.registry.admin import reports

SPAN = CONDUCTIVITY | {"minimum": 1e-6, "maximum": 1e-3, "threshold": 1e-4}


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


@pytest.fixture
def run(db, tmp_path):
    """Three new candidates, scored out of order, one of them not; one known; a repeat and an invalid string."""
    digest = artifacts.put_folder(write_bundle(tmp_path / "bundle", properties=[SPAN]))
    made = factories.generation_run(
        model_version=factories.model_version("generate", bundle_digest=digest),
        condition={"conductivity": "high"},
        job=factories.job("generate", state="succeeded"),
    )
    known = factories.candidate()
    factories.score(known, value=9e-4)
    factories.proposal(run=made, candidate=known, known=True)
    for value in (2e-5, 4e-4, None, 1.1e-4):
        candidate = factories.candidate()
        factories.proposal(run=made, candidate=candidate)
        if value:
            factories.score(candidate, value=value)
    factories.proposal(run=made, candidate=candidate, duplicate=True)
    factories.proposal(run=made, valid=False, reason="3 chain ends, expected exactly 2")
    return made


def page(client_of, run, role="Curator"):
    return client_of(role).get(url("generationrun_change", run.pk)).content.decode()


def cards(text):
    return [int(pk) for pk in re.findall(r'aria-label="Candidate (\d+)"', text)]


def values(pks):
    rows = Candidate.objects.in_bulk(pks)
    return [next((score.value for score in rows[pk].scores.all()), None) for pk in pks]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("high", [4e-4, 1.1e-4, 2e-5, None]),
        ("low", [2e-5, 1.1e-4, 4e-4, None]),
        (1e-4, [1.1e-4, 4e-4, 2e-5, None]),
        (None, [4e-4, 1.1e-4, 2e-5, None]),
    ],
)
def test_new_candidates_come_best_answer_first_and_known_ones_not(client_of, run, asked, expected):
    run.condition = {"conductivity": asked} if asked else {}
    run.save()
    assert values(cards(page(client_of, run))) == expected


def test_order_is_not_claimed_before_there_are_predictions(client_of, run):
    assert "highest predicted conductivity first" in page(client_of, run)
    CandidateScore.objects.all().delete()
    text = page(client_of, run)
    assert "no conductivity predicted yet" in text
    assert text.count("not scored yet") == 4


def test_asked_for_stands_beside_predicted(client_of, run):
    text = page(client_of, run)
    row = re.search(r"<td[^>]*>conductivity</td>(.*?)</tr>", text, re.DOTALL)[1]
    cells = [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
    assert cells == ["high (1.00×10⁻⁴ S/cm and more)", "1.10×10⁻⁴ S/cm", cells[2], "3", "2 (67 %)"]


def test_every_stage_says_of_what_it_is_a_share(client_of, run):
    text = page(client_of, run)
    for share in ("85.7 % of the strings", "83.3 % of the valid", "80.0 % of the different", "75.0 % of the new"):
        assert share in text, share


def test_six_measures_are_named_and_the_server_path_is_not(client_of, run):
    run.metrics = {"n": 7, "valid": 0.9, "unique": 0.8, "new": 0.7, "vun": 0.6, "synthesizability": 0.5,
                   "similarity": 0.25, "diversity": 0.75, "mlcore": {"out": "/srv/work/drawn.csv"}}  # fmt: skip
    run.save()
    text = page(client_of, run)
    for piece in ("Validity", "90.0\u00a0%", "Synthesizability", "0.250", "Diversity", "0.750"):
        assert piece in text, piece
    assert "/srv/work" not in text


def test_shares_say_of_which_strings_they_are(client_of, run):
    run.distinct, run.requested = True, 5
    rates = {"valid": 0.9, "unique": 0.25, "new": 0.7, "vun": 0.2}
    run.metrics = {"n": 20, **rates, "distinct": {"n": 5, **rates, "unique": 1.0, "vun": 0.8}, "diversity": 0.75,
                   "mlcore": {"fulfilled": True}}  # fmt: skip
    run.save()
    text = re.sub(r"(\s*<[^>]+>\s*)+", "|", page(client_of, run))
    assert "all 20 strings drawn|the 5 different ones" in text
    assert "Uniqueness|25.0\u00a0%|100.0\u00a0%" in text
    assert "Diversity|0.750|–" in text
    assert "without replacement: repeats were drawn again, 20 strings in all" in text


def test_run_that_found_nothing_new_says_so(client_of, db):
    run = factories.generation_run(job=factories.job("generate", state="succeeded"))
    assert "No candidates yet" in page(client_of, run)
    factories.proposal(run=run, candidate=factories.candidate(), known=True)
    assert "Nothing new" in page(client_of, run)


@pytest.mark.parametrize("state", ["failed", "cancelled", "running"])
def test_only_a_finished_run_offers_its_candidates(client_of, run, state):
    assert "Score its candidates" in page(client_of, run)
    run.job = factories.job("generate", state=state)
    run.save()
    assert "Score its candidates" not in page(client_of, run)


def test_scoring_starts_with_the_champion_of_the_property_asked_for(client_of, run):
    right, other = factories.alias().version, factories.property_("density", unit="g/cm3", scale="linear")
    factories.model_version(model=right.model)  # newer, but no champion
    factories.alias(version=factories.model_version(properties=[other]))
    form = client_of("Curator").get(url("scoringrun_start"), {"generation_run": run.pk}).context["form"]
    assert form["model_version"].initial == right
    assert "selected" in str(form["model_version"])


def measured(client_of, run):
    """The page's table: heads as text, and cells by label."""
    text = page(client_of, run).replace("\u00a0", " ")
    found = re.search(r'aria-label="Measures">(.*?)</table>', text, re.DOTALL)[1]
    plain = [
        re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr>(.*?)</tr>", found.replace("</th>", "|"), re.DOTALL)
    ]
    cells = [[" ".join(cell.split()) for cell in row.split("|")] for row in plain]
    return cells[0], {row[0]: row[1] for row in cells[1:] if len(row) == 2}


def test_a_run_stands_beside_the_one_before_it_and_what_was_published(client_of):
    version = factories.model_version("generate")
    reports.run(version, condition={})
    before = reports.run(version)
    reports.run(evaluation=reports.report(validity=0.1))  # asked for the same, of another model
    after = reports.run(version, evaluation=reports.report(validity=0.99))
    heads, cells = measured(client_of, after)
    assert heads[:3] == ["this run N 1,000", f"run {before.pk} same model, same wish N 1,000",
                         "minGPT, published label high, N 1,000"]  # fmt: skip
    valid = next(text for label, text in cells.items() if label.startswith("Valid "))
    assert valid == "99.0 % check best 98.0 % 91.8 %"
    text = page(client_of, after)
    assert f"run={before.pk}&amp;run={after.pk}" in text
    assert "1,000 strings, repeats counted, against HTP-MD v1 (6,024)" in text
    assert text.count("sv-area") == 2


@pytest.mark.parametrize(
    ("mine", "other", "said"),
    [
        ({}, {}, "same wish, another model"),
        ({"condition": {"conductivity": "low"}}, {"version": "same"}, "same model, another wish"),
        ({"condition": {"conductivity": "low"}}, {}, None),
    ],
)
def test_the_run_before_says_in_what_it_is_alike(client_of, mine, other, said):
    version = factories.model_version("generate")
    reports.run(version if other else None)
    heads, _ = measured(client_of, reports.run(version, **mine))
    assert len([head for head in heads if head]) == (3 if said else 2)
    assert said is None or said in heads[1]


def test_a_diffusion_model_is_held_against_a_published_one(client_of):
    version = factories.model_version("generate", architecture="diffusion-lm")
    heads, _ = measured(client_of, reports.run(version, evaluation=reports.report(n=300)))
    assert heads[1] == "diffusion-LM, published label high, N 309"


def test_why_a_run_was_not_evaluated_is_said(client_of, run):
    run.metrics = {"n": 7, "valid": 0.9, "not_evaluated": "no memory left"}
    run.save()
    text = page(client_of, run)
    assert "not evaluated: no memory left" in text
    assert 'aria-label="Measures"' not in text
