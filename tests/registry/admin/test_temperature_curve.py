"""Values over temperature: asked for in the form, told and drawn on the pages."""

import pytest
from django.urls import reverse

from mlcore.chem.salts import SALTS
from registry.admin.forms.conditions import TemperaturesField
from registry.catalogue import entry
from registry.models import Prediction, ScoringRun
from tests import factories

pytestmark = pytest.mark.django_db

OVER = {
    "data": {
        "conditions": [
            {"name": "temperature", "unit": "K", "kind": "number"},
            {"name": "salt", "kind": "structure"},
        ]
    }
}
START = "admin:registry_scoringrun_start"


@pytest.mark.parametrize(
    ("text", "kelvin"),
    [("353", 353.0), ("298, 313;333", [298.0, 313.0, 333.0]), ("298 to 358 by 20", [298.0, 318.0, 338.0, 358.0]),
     ("298.15–338.15 / 20", [298.15, 318.15, 338.15])],
)  # fmt: skip
def test_temperatures_are_written_as_people_do(text, kelvin):
    assert TemperaturesField().clean(text) == kelvin


@pytest.mark.parametrize("text", ["warm", "400 to 300 by 10", "1 to 4000 by 1", "300 to 400 by 0"])
def test_what_is_no_temperature_is_refused(text):
    with pytest.raises(Exception, match=r"temperature|range|at most"):
        TemperaturesField().clean(text)


def test_the_form_asks_for_what_the_model_wants_to_know(client_of):
    plain = factories.model_version()
    over = factories.model_version(model=plain.model, config=OVER)
    factories.candidate()
    client = client_of("Curator")
    assert "Temperatures (K)" not in client.get(reverse(START), {"model_version": plain.pk}).content.decode()
    assert "Temperatures (K)" in client.get(reverse(START), {"model_version": over.pk}).content.decode()
    data = {"model_version": over.pk, "selection": "{}", "queue": "cpu", "condition.salt": "LiTFSI"}
    response = client.post(reverse(START), data | {"condition.temperature_k": ""})
    assert not ScoringRun.objects.exists()
    response = client.post(reverse(START), data | {"condition.temperature_k": "298, 333", "condition.salt": "sugar"})
    errors = response.context["form"].errors  # at the input, not at the head of the form
    assert list(errors) == ["condition.salt"]
    assert "'sugar' is no salt known by name here" in errors["condition.salt"][0]
    response = client.post(reverse(START), data | {"condition.temperature_k": "298, 333"}, follow=True)
    run = ScoringRun.objects.get()
    assert run.conditions == {"temperature_k": [298.0, 333.0], "salt": "LiTFSI"}
    assert "298 and 333 K, LiTFSI" in response.content.decode()


def test_the_pages_draw_the_curve_with_what_was_measured(client_of):
    candidate, version = factories.candidate(), factories.model_version(config=OVER)
    factories.alias(version=version)
    run = factories.scoring_run(model_version=version)
    for kelvin, value in ((373.0, 1e-3), (298.0, 1e-5), (333.0, 1e-4)):
        under = {"temperature_k": kelvin, "salt": "LiTFSI"}
        factories.prediction(structure=candidate.structure, value=value, scoring_run=run, conditions=under)
    factories.measurement(structure=candidate.structure, value=2e-5, temperature_k=300, salt="LiTFSI")
    client = client_of("Viewer")
    text = client.get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert "and 2 more temperatures, 298 to 373 K" in text
    assert "conductivity over temperature" in text
    assert ", 300 K, LiTFSI</title>" in text
    assert "2 × predicted" in text  # the prediction at 298 K, not the newest one
    other = client.get(reverse("admin:registry_structure_change", args=[candidate.structure_id])).content.decode()
    assert "Over temperature" in other
    listed = client.get(reverse("admin:registry_prediction_changelist")).content.decode()
    assert "333 K, LiTFSI" in listed
    assert "0.1 decades" in listed


@pytest.mark.parametrize(
    ("outside", "said"),
    [((900.0,), "1 of them out of domain, at 900 K"), ((333.0, 900.0), "2 of them out of domain, at 333 and 900 K"),
     ((298.0,), ""), ((298.0, 333.0, 363.0, 398.0, 900.0), "4 of them out of domain<")],
)  # fmt: skip
def test_the_page_says_which_of_more_temperatures_are_out_of_domain(client_of, outside, said):
    candidate, version = factories.candidate(), factories.model_version(config=OVER)
    scored(version, candidate.structure, (900.0, 398.0, 363.0, 333.0, 298.0))  # the last is shown
    Prediction.objects.filter(conditions__temperature_k__in=outside).update(in_domain=False)
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert "and 4 more temperatures, 298 to 900 K" in text
    assert said in text
    assert ("of them out of domain" in text) == bool(said)


def test_one_more_temperature_is_not_counted(client_of):
    candidate = factories.candidate()
    scored(factories.model_version(config=OVER), candidate.structure, (900.0, 298.0))
    Prediction.objects.filter(conditions__temperature_k=900).update(in_domain=False)
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert ">out of domain, at 900 K<" in text


LISALT = {"salt": "LiTFSI", "concentration": 1.5}


def scored(version, structure, kelvins, **others):
    """A curve of that version, a decade for each 100 K."""
    run = factories.scoring_run(model_version=version)
    for kelvin in kelvins:
        under = {"temperature_k": kelvin} | others
        value = min(10 ** (kelvin / 100 - 8), 1.0)
        factories.prediction(structure=structure, value=value, scoring_run=run, conditions=under)


def chart_of(client, structure):
    """The figure on the page of the structure."""
    text = client.get(reverse("admin:registry_structure_change", args=[structure.pk])).content.decode()
    return text[text.index("over temperature</b>") :].split("</figure>")[0]


@pytest.fixture
def trained(db):
    """A version trained on measurements at 250 to 350 K."""
    data = factories.dataset_version()
    for kelvin in (250, 350):
        factories.measurement(dataset=data.dataset, added_in=data, temperature_k=kelvin)
    return factories.model_version(config=OVER, dataset_version=data)


def test_the_axis_spans_what_is_known_and_counts_what_is_left_out(client_of, trained):
    structure, client = factories.structure(), client_of("Viewer")
    scored(trained, structure, (298.0, 333.0, 420.0, 5000.0))
    figure = chart_of(client, structure)
    assert "2 predictions outside 200 to 400 K are not drawn." in figure
    assert figure.count("<circle") == 2
    assert ">5,000<" not in figure
    factories.measurement(structure=structure, temperature_k=400)
    figure = chart_of(client, structure)
    assert "1 prediction outside 200 to 450 K is not drawn." in figure
    assert figure.count("<circle") == 4


def test_a_model_of_unknown_data_is_drawn_as_it_was_asked(client_of):
    structure = factories.structure()
    scored(factories.model_version(config=OVER), structure, (298.0, 900.0))
    factories.measurement(structure=structure, temperature_k=300)
    figure = chart_of(client_of("Viewer"), structure)
    assert "not drawn" not in figure
    assert figure.count("<circle") == 3


def test_the_public_table_of_a_shipped_model_bounds_the_axis(client_of):
    table = entry("chemarr")
    assert table.kelvin == (243.15, 463.15)
    structure = factories.structure()
    version = factories.model_version(config=OVER, training_data_digest=table.tables[0])
    scored(version, structure, (298.0, 333.0, 5000.0))
    assert "1 prediction outside 190 to 520 K is not drawn." in chart_of(client_of("Viewer"), structure)


def test_what_was_measured_under_the_curves_own_conditions_stands_out(client_of, trained):
    structure = factories.structure()
    scored(trained, structure, (298.0, 333.0), **LISALT)
    alike = {"temperature_k": 300, "salt": SALTS["LiTFSI"], "concentration": 1.501}
    for under in (alike, alike | {"salt": "LiPF6"}, alike | {"concentration": 0.5}, alike | {"salt": ""}):
        factories.measurement(structure=structure, **under)
    figure = chart_of(client_of("Viewer"), structure)
    own, others = "measured, same salt and concentration", "measured, other salt or concentration"
    assert f'sv-key-3"></i>{own}<' in figure
    assert f'sv-key-3 sv-pale"></i>{others}<' in figure
    (pale,) = [part for part in figure.split("<g ")[1:] if "sv-pale" in part.split(">")[0]]
    assert pale.split("</g>")[0].count("<circle") == 3


def test_without_a_salt_of_its_own_a_curve_goes_with_all_that_was_measured(client_of, trained):
    structure = factories.structure()
    scored(trained, structure, (298.0, 333.0))
    for salt in ("LiPF6", ""):
        factories.measurement(structure=structure, temperature_k=300, salt=salt)
    figure = chart_of(client_of("Viewer"), structure)
    assert '"></i>measured<' in figure
    assert "sv-pale" not in figure


def test_the_figure_says_what_its_bars_are(client_of, trained):
    structure = factories.structure()
    scored(trained, structure, (298.0, 333.0))
    assert "Bars: one standard deviation up and down." in chart_of(client_of("Viewer"), structure)
    Prediction.objects.update(standard_deviation=None)
    assert "Bars:" not in chart_of(client_of("Viewer"), structure)


def test_one_temperature_is_no_curve(client_of):
    candidate = factories.candidate()
    factories.prediction(structure=candidate.structure, conditions={"temperature_k": 298.0})
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    assert "over temperature" not in text
    assert "more temperature" not in text


def test_the_list_says_under_which_conditions_its_values_are(client_of):
    candidate = factories.candidate()
    factories.score(candidate, conditions={"temperature_k": 333.0, "salt": "LiTFSI"})
    text = client_of("Viewer").get(reverse("admin:registry_candidate_changelist")).content.decode()
    assert "at 333 K, LiTFSI" in text
