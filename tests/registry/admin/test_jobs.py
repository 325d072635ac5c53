"""Live progress, and the buttons that stop and repeat."""

import re

import pytest
from django.urls import reverse

from registry.admin.parts.chart import line_chart
from registry.admin.parts.curves import metric_title
from registry.models import Job, JobEvent
from tests import factories


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


@pytest.fixture
def running(db):
    job = factories.job("train", state="running", attempt=1, progress=0.25, message="step 25 of 100")
    factories.training_run(job=job)
    for step in range(30):
        data = {"name": "loss", "value": 1 / (step + 1), "step": step, "split": "train"}
        factories.job_event(job=job, kind=JobEvent.Kind.METRIC, message="", data=data)
    factories.job_event(job=job, message="read 100 rows")
    return job


def test_running_job_asks_for_its_successor(client_of, running):
    client = client_of("Viewer")
    live = client.get(url("job_live", running.pk))
    text = live.content.decode()
    for piece in ("25 %", "step 25 of 100", "read 100 rows", "<polyline", f'hx-get="{url("job_live", running.pk)}"'):
        assert piece in text, piece
    assert "HX-Refresh" not in live
    assert "hx-get" in client.get(url("job_changelist")).content.decode()
    assert "hx-get" in client.get(url("trainingrun_change", running.trainingrun.pk)).content.decode()


def test_run_page_has_its_state_and_counts_from_one_reading(client_of, db):
    run = factories.generation_run(job=factories.job("generate"))
    client = client_of("Viewer")
    page = client.get(url("generationrun_change", run.pk)).content.decode()
    address = url("generationrun_live", run.pk)
    assert f'hx-get="{address}"' in page
    assert page.count("</span>Queued</span>") == 2
    Job.objects.update(state="running", attempt=1, message="generating 3 of 10")
    factories.proposal(run=run)
    live = client.get(address).content.decode()
    assert "Queued" not in live
    assert live.count("</span>Running</span>") == 2
    for part in ('id="sv-facts" hx-swap-oob="true"', 'id="sv-panel-funnel" hx-swap-oob="true"', "sv-funnel"):
        assert part in live, part


def test_error_of_a_failed_run_stands_at_the_top_of_its_page(client_of, db):
    job = factories.job("generate", state="failed", error="condition hue: unknown <property>")
    run = factories.generation_run(job=job)
    for page in ("generationrun_change", run.pk), ("job_change", job.pk):
        text = client_of("Viewer").get(url(*page)).content.decode()
        assert text.count('role="alert">condition hue: unknown &lt;property&gt;') == 1
        assert text.index('role="alert"') < text.index('id="sv-facts"')


def test_finished_job_is_left_alone(client_of, running):
    Job.objects.update(state="failed", finished_at=running.created_at, error="out of memory <b>")
    response = client_of("Viewer").get(url("job_live", running.pk))
    assert response["HX-Refresh"] == "true"
    text = response.content.decode()
    assert "hx-get" not in text
    assert "out of memory &lt;b&gt;" in text


def test_cancel_and_run_again(client_of, db):
    job = factories.training_run(job=factories.job("train")).job
    client = client_of("Curator")
    assert "Cancel" in client.get(url("job_change", job.pk)).content.decode()
    answer = client.post(url("job_cancel", job.pk))
    assert answer["Location"] == url("trainingrun_change", job.trainingrun.pk)
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert "Run again" in client.get(url("job_change", job.pk)).content.decode()
    client.post(url("job_retry", job.pk))
    assert Job.objects.filter(state=Job.State.QUEUED).count() == 1
    new = Job.objects.get(state=Job.State.QUEUED)
    old = client.get(url("job_change", job.pk)).content.decode()
    assert f">{new.trainingrun}</a>" in old  # what it was for
    assert url("job_change", new.pk) in old
    assert client.get(url("job_changelist")).content.decode().count(f">{new.trainingrun}</a>") == 2
    refused = client.post(url("job_cancel", job.pk), follow=True)
    assert "has cancelled already" in refused.content.decode()


def test_worker_s_host_is_for_those_who_stop_jobs(client_of, running):
    Job.objects.update(worker="host-7:4711")
    pages = {
        role: client_of(role).get(url("job_change", running.pk)).content.decode() for role in ("Viewer", "Engineer")
    }
    assert ["host-7:4711" in page for page in pages.values()] == [False, True]


def test_only_some_may_cancel(client_of, running):
    for role in ("Viewer", "Chemist"):
        client_of(role).post(url("job_cancel", running.pk))
    running.refresh_from_db()
    assert running.cancel_requested_at is None


@pytest.mark.parametrize(
    "points",
    [[(0, 1.0)], [(0, 0.0), (1, 0.0)], [(0, -5e-9), (10, 3e9)], [(i, i * i) for i in range(5000)]],
)
def test_chart_takes_any_series(points):
    svg = line_chart({"train loss": points})
    assert svg.count("<polyline") == 1
    assert "nan" not in svg
    assert len(svg) < 20_000


def heights(svg):
    """The vertical range of every line, in pixels."""
    lines = re.findall(r'points="([^"]+)"', svg)
    ys = [[float(point.split(",")[1]) for point in line.split()] for line in lines]
    return [max(line) - min(line) for line in ys]


FALLING = {"training": [(i, 5 / (i + 1)) for i in range(30)], "validation": [(i, 0.45 - i / 1e4) for i in range(30)]}


def test_lines_of_unlike_scales_are_both_seen():
    together, apart = heights(line_chart(FALLING)), heights(line_chart(FALLING, apart=True))
    assert together[1] < 5  # this is why
    assert all(height > 80 for height in apart)


def test_lines_with_an_axis_each_are_named_above_it():
    svg = line_chart(FALLING, title="Loss", apart=True)
    named = re.findall(r'<text class="sv-head"[^>]* y="([^"]+)">([^<]+)</text>', svg)
    assert [name for _, name in named] == ["training (log scale)", "validation"]
    assert "<b>Loss</b><small></small>" in svg  # the scale is one of the first alone
    tops = [min(float(point.split(",")[1]) for point in line.split()) for line in re.findall(r'points="([^"]+)"', svg)]
    assert [0 < top - float(y) < 34 for top, (y, _) in zip(tops, named, strict=True)] == [True, True]
    assert "sv-head" not in line_chart(FALLING)


def test_lines_of_one_scale_share_an_axis():
    alike = {"training": [(0, 2.0), (9, 1.0)], "validation": [(0, 2.1), (9, 1.2)]}
    assert line_chart(alike, apart=True).count("sv-grid") == line_chart(alike).count("sv-grid")


def test_values_over_decades_are_drawn_by_their_logarithm():
    svg = line_chart({"training": [(0, 1000.0), (1, 1.0), (2, 0.1)]}, title="Loss")
    assert "(log scale)" in svg
    assert [tick for tick in ("0.1", "1", "10", "100", "1,000") if f'"end">{tick}</text>' not in svg] == []
    assert "log scale" not in line_chart({"gain": [(0, -1.0), (1, 100.0)]}, title="Gain")


def test_no_two_ticks_look_the_same():
    svg = line_chart({"validation": [(0, 0.11512), (1, 0.11498)]})
    labels = re.findall(r'text-anchor="end">([^<]+)</text>', svg)
    assert len(set(labels)) == len(labels) > 2


def test_metrics_have_human_names_and_units(db):
    known = {"li_diffusivity": factories.property_("li_diffusivity", label="Li⁺ diffusivity", unit="cm2/s")}
    known["density"] = factories.property_("density", label="Density", unit="g/cm3", scale="linear")
    titles = [metric_title(name, known) for name in ("loss", "mae_li_diffusivity", "mae_density", "mae_hue", "kl")]
    assert titles == ["Loss", "MAE of Li⁺ diffusivity, decades", "MAE of Density, g/cm³", "mae_hue", "kl"]


@pytest.mark.parametrize(("architecture", "noted"), [("polymer-gnn", True), ("gpt", False)])
def test_losses_that_are_two_quantities_are_told_apart(client_of, architecture, noted):
    run = factories.training_run(architecture=architecture)
    for split in ("train", "valid"):
        data = {"name": "loss", "value": -0.5, "step": 1, "split": split}
        factories.job_event(job=run.job, kind=JobEvent.Kind.METRIC, message="", data=data)
    text = client_of("Viewer").get(url("trainingrun_change", run.pk)).content.decode()
    assert ("which may be negative" in text) is noted


def test_chart_without_points_is_nothing():
    assert line_chart({}) == ""
    assert line_chart({"loss": []}) == ""
