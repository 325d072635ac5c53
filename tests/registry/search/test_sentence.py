"""Selections and orders in words."""

import pytest

from registry.models import Property
from registry.search.sentence import describe, describe_sort, rows_of

PROPERTIES = {
    "conductivity": Property(name="conductivity", label="Ionic conductivity", unit="S/cm", scale="log10"),
    "t_plus": Property(name="t_plus", label="Transference number", unit="", scale="linear"),
}


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({}, "all candidates"),
        (
            {"status": "accepted", "conductivity_min": "1e-4"},
            "status accepted, Ionic conductivity ≥ 1×10⁻⁴ S/cm",
        ),
        ({"status": ["proposed", "on_hold"]}, "status proposed or on hold"),
        ({"status": "", "tag": "round-1,round_2"}, "tagged round-1 or round_2"),
        ({"conductivity_max": 0.01, "conductivity_std_max": 0.3}, "Ionic conductivity ≤ 0.01 S/cm, "
         "deviation of Ionic conductivity ≤ ×/÷ 2"),
        ({"t_plus_min": 0.4}, "Transference number ≥ 0.4"),
        ({"t_plus_in_domain": True}, "Transference number known to the model"),
        ({"similar_to": "*OCC*", "threshold": 0.7}, "similar to *OCC*, similarity ≥ 0.7"),
        ({"elements": ["C", "F"], "mass_max": 200}, "with the elements C and F, mass ≤ 200 g/mol"),
        ({"measured": "false", "assigned": "true"}, "not measured, assigned to somebody"),
        ({"ids": [3, 4, 5]}, "3 chosen by hand"),
        ({"run": 7}, "proposed by generation run 7"),
        ({"search": "C(F)F"}, "mentioning “C(F)F”"),
        ({"colour": "red"}, "colour red"),
    ],
)  # fmt: skip
def test_a_selection_reads_as_a_sentence(selection, words):
    assert describe("candidates", selection, PROPERTIES) == words


def test_measurements_have_words_of_their_own():
    selection = {"dataset": "htp-md", "property": "conductivity", "temperature_min": 300, "retired": "false"}
    words = "dataset htp-md, property conductivity, temperature ≥ 300 K, not retired"
    assert describe("measurements", selection, {}) == words
    assert describe("structures", {}, {}) == "all structures"


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({}, "all predictions"),
        ({"scoring_run": 3, "in_domain": True}, "predicted by scoring 3, in domain"),
        ({"model_version": 5, "dataset_version": 2}, "by model version 5, of the structures of frozen version 2"),
        ({"structure": 7, "geometry": "guessed"}, "of structure 7, geometry guessed"),
        ({"candidate": 7, "created_after": "2026-11-01"}, "of candidate 7, predicted from 2026-11-01 on"),
        ({"std_max": 0.3, "value_min": 1e-4}, "standard deviation ≤ 0.3, value ≥ 1×10⁻⁴"),
        ({"property": "conductivity", "std_max": 0.3, "value_min": 0.01},
         "property conductivity, standard deviation ≤ 0.3 decades, value ≥ 0.01 S/cm"),
        ({"property": "t_plus", "std_min": 0.1, "temperature_max": 353},
         "property t_plus, standard deviation ≥ 0.1, temperature ≤ 353 K"),
    ],
)  # fmt: skip
def test_predictions_have_words_of_their_own(selection, words):
    assert describe("predictions", selection, PROPERTIES) == words


@pytest.mark.parametrize(
    ("sort", "words"),
    [
        ("", "newest first"),
        ("-conductivity,-id", "Ionic conductivity, largest first; then newest first"),
        ("sa_score", "SA score, smallest first"),
        ("-similarity", "most similar first"),
        ("status", "status, A to Z"),
        ("-standard_deviation", "standard deviation, largest first"),
    ],
)
def test_an_order_in_words(sort, words):
    assert describe_sort(sort, PROPERTIES) == words


def test_counts():
    assert [rows_of("candidates", 1), rows_of("measurements", 2000)] == ["1 candidate", "2,000 measurements"]
