"""Generation runs side by side: figures, the best where it can be said, what was published, pictures, a file."""

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.registry.admin.reports import report, run

pytestmark = pytest.mark.django_db


def address(*runs, page="compare", more=""):
    query = "&".join(f"run={one.pk}" for one in runs)
    return f"{reverse(f'admin:registry_generationrun_{page}')}?{query}{more}"


def opened(client_of, *runs, more=""):
    response = client_of("Viewer").get(address(*runs, more=more))
    assert response.status_code == 200, response.context["problem"]
    return response


def best(response):
    """By the row's label, the value that is marked."""
    rows = [row for group in response.context["groups"] for row in group.rows]
    return {row.label: cell.text.replace("\u00a0", " ") for row in rows for cell in row.cells if cell.best}


def rows(response):
    """Groups, and the labels in them."""
    return {group.title: [row.label for row in group.rows] for group in response.context["groups"]}


def text_of(response):
    return response.content.decode().replace("\u00a0", " ")


def test_measures_come_as_published_then_by_structure_then_judged_and_distances(client_of):
    assert list(rows(opened(client_of, run(), run())).items()) == [
        ("As published",
         ["Unique strings", "Novel strings", "Valid", "Synthesizable", "Similarity to the data", "Diversity"]),
        ("By structure", ["Unique by key", "Novel by key"]),
        ("Valid, unique and new", ["VUN by string", "VUN by key", "VUN by key, lineage"]),
        ("Predicted conductivity above 1.00×10⁻⁴ S/cm", ["ions v1"]),
        ("Distance to the data", ["Descriptors, to all data", "Descriptors, to data above"]),
    ]  # fmt: skip


def test_the_best_is_marked_among_runs_of_one_number_wish_and_kind(client_of):
    better = report(uniqueness=0.95, by_key={"vun": 0.7}, similarity=0.3, diversity=0.6,
                    distances={"descriptors": {"reference": 2.0, "above": 1.0}})  # fmt: skip
    response = opened(client_of, run(), run(evaluation=better))
    assert best(response) == {"Unique strings": "95.0 %", "VUN by key": "70.0 %", "Diversity": "0.71",
                              "Descriptors, to data above": "1"}  # fmt: skip
    assert "so they can be compared" in text_of(response)
    assert "sv-green" in text_of(response)


@pytest.mark.parametrize(
    ("evaluation", "fields", "said"),
    [
        (report(n=500, uniqueness=0.95), {}, "N differs (1,000, 500), and uniqueness, novelty and VUN fall"),
        (report(uniqueness=0.95, population="distinct"), {"distinct": True}, "others of different strings only"),
        (report(uniqueness=0.95), {"condition": {}}, "They were asked for different things"),
        ({}, {}, "Without an evaluation: run "),
    ],
)
def test_runs_that_differ_have_no_best_one(client_of, evaluation, fields, said):
    response = opened(client_of, run(), run(evaluation=evaluation, **fields))
    assert said in text_of(response)
    assert best(response) == {}


def test_against_another_reference_only_what_does_not_look_at_it_is_compared(client_of):
    other = {"name": "Others v2", "rows": 10, "sha256": "d" * 64}
    better = report(uniqueness=0.95, novelty=0.99, reference=other, judges=[])
    response = opened(client_of, run(), run(evaluation=better))
    assert best(response) == {"Unique strings": "95.0 %"}
    assert "Their references differ" in text_of(response)
    assert "reference" not in re.sub(r".*<figcaption>", "", response.context["histograms"][0])


def test_asked_for_low_fewer_above_the_threshold_are_better(client_of):
    judges = [report()["judges"][0] | {"above_threshold": {"conductivity": 0.1}}]
    low = {"condition": {"conductivity": "low"}}
    response = opened(client_of, run(**low), run(evaluation=report(judges=judges), **low))
    assert best(response) == {"ions v1": "10.0 %"}


def test_published_figures_stand_beside_at_the_nearest_number_and_can_be_hidden(client_of):
    runs = run(), run()
    response = opened(client_of, *runs)
    assert [head["link"] for head in response.context["heads"]][2:] == ["minGPT", "1Ddiffusion", "diffusion-LM"]
    text = text_of(response)
    for piece in ("79.3 %", "97.0–99.0 %", "0.26–0.27", "13.9 %", "the authors&#x27; checkpoint, N = 1,000"):
        assert piece in text, piece
    hidden = opened(client_of, *runs, more="&published=0")
    assert len(hidden.context["heads"]) == 2
    assert "minGPT" not in text_of(hidden)
    assert "Show published" in text_of(hidden)


def test_pictures_and_histograms_lie_over_one_another(client_of):
    response = opened(client_of, run(), run(evaluation=report(uniqueness=0.5)), run())
    picture = next(one for one in response.context["pictures"] if "Unique strings" in one)
    assert picture.count("<circle") == 6  # three runs, three published
    assert picture.count("sv-line-published") == 3
    sa, conductivity = response.context["histograms"]
    assert sa.count('class="sv-line ') == conductivity.count('class="sv-line ') == 3
    assert sa.count("sv-area") == 1
    assert "1×10⁻⁴<" in conductivity
    assert "Predicted conductivity</b><small> by ions v1" in conductivity
    assert "reference, measured" in conductivity
    for drawing in (*response.context["pictures"], sa, conductivity):
        assert "nan" not in drawing.lower()


def test_keys_that_a_report_lacks_are_left_out(client_of):
    bare = {"n": 3, "validity": None, "judges": None, "by_key": None, "distances": {"fcd": None}, "histograms": [
        {"name": "sa", "edges": [1, 1], "sample": [3]}, {"name": "mass", "edges": None}]}  # fmt: skip
    response = opened(client_of, run(evaluation=bare), run(evaluation=bare | {"uniqueness": 0.3}))
    assert rows(response) == {"As published": ["Unique strings"]}
    assert response.context["histograms"] == []


def test_the_table_comes_as_a_file(client_of):
    runs = run(seed=7), run(evaluation=report(uniqueness=1 / 3))
    response = client_of("Viewer").get(address(*runs, page="compare_csv"))
    assert response["Content-Disposition"] == f'attachment; filename="generation-runs-{runs[0].pk}-{runs[1].pk}.csv"'
    table = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert table[0][2:5] == [f"run {runs[0].pk}", f"run {runs[1].pk}", "minGPT, published"]
    cells = {row[1]: row[2:] for row in table}
    assert cells["Unique strings"] == ["0.9", repr(1 / 3), "0.793", "1.0", "0.676"]
    assert cells["Novel strings"][3] == "0.97 to 0.99"
    assert cells["Seed"][:2] == ["7", "0"]
    assert client_of("Viewer").get(address(runs[0], page="compare_csv")).status_code == 400
    assert client_of("").get(address(*runs, page="compare_csv")).status_code == 403


@pytest.mark.parametrize("query", ["", "run=x", "run=1", "run=999999998,999999999", "run=1,2,3,4,5,6,7"])
def test_what_cannot_be_compared_is_explained(client_of, query):
    response = client_of("Viewer").get(f"{reverse('admin:registry_generationrun_compare')}?{query}")
    assert response.status_code == 400
    assert response.context["problem"]


def test_runs_are_chosen_in_the_list_and_strangers_refused(client_of):
    runs = [run() for _ in range(2)]
    chosen = {"action": "compare_chosen", "_selected_action": [one.pk for one in runs]}
    listed = reverse("admin:registry_generationrun_changelist")
    response = client_of("Viewer").post(listed, chosen)
    assert response["Location"] == address(*runs)
    assert client_of("").get(address(*runs)).status_code == 403
    assert "<span>VUN by key <b>50.0 %</b></span>" in text_of(client_of("Viewer").get(listed))


def test_six_at_once_one_to_add_or_leave_out_and_no_more_queries(client_of):
    version, client = factories.model_version("generate"), client_of("Viewer")
    runs = [run(version) for _ in range(6)]
    counts = []
    for few in (runs[:3], runs):
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address(*few))
        assert response.status_code == 200
        counts.append(len(queries))
        assert {pk for pk, _ in response.context["addable"]} == ({one.pk for one in runs[3:]} if few != runs else set())
    assert counts[1] <= counts[0]
    without = address(*runs[1:]).partition("?")[2].replace("&", "&amp;")
    assert without in client.get(address(*runs)).content.decode()
