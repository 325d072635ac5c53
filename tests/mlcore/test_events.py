import io
import json

import pytest

from mlcore.events import Events


def test_json_events_are_one_strict_line_each() -> None:
    out = io.StringIO()
    events = Events(as_json=True, out=out, err=io.StringIO())
    events.progress(1, 4, "training")
    events.metric("loss", float("nan"), 1, "valid")
    events.log("info", "one\ntwo")
    events.checkpoint(2, "here")
    events.result({"a": {"b": 1.5}})
    events.error("broken")
    lines = [json.loads(line, parse_constant=lambda name: pytest_fail(name)) for line in out.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["progress", "metric", "log", "checkpoint", "result", "error"]
    assert lines[1]["value"] is None
    assert lines[4]["a"] == {"b": 1.5}
    assert all("T" in line["time"] for line in lines)


def pytest_fail(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


class Terminal(io.StringIO):
    """A screen."""

    def isatty(self) -> bool:
        return True


def tell(err: io.StringIO) -> str:
    """What stands on stdout after a run that reports all there is to report."""
    out = io.StringIO()
    events = Events(out=out, err=err)
    events.progress(1, 2, "training")
    events.metric("loss", 0.5, 1, "train")
    events.log("warning", "mind the gap")
    events.result({"metrics": {"loss": 0.5}})
    events.error("broken")
    return out.getvalue()


def test_a_person_finds_the_result_on_stdout_and_the_rest_on_stderr() -> None:
    err = Terminal()
    assert tell(err) == "metrics.loss                 0.5\n"
    for text in ("training", "warning: mind the gap", "error: broken"):
        assert text in err.getvalue()
    assert "metrics.loss" not in err.getvalue()


def test_a_file_gets_a_line_of_progress_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100, 20))
    monkeypatch.setattr("mlcore.events.time.monotonic", lambda: next(clock))
    events = Events(err=(err := io.StringIO()))
    events.progress(1, 3000, "training")
    events.progress(1500, 3000, "training")
    assert err.getvalue() == "training: 1,500 of 3,000\n"


def test_a_file_gets_no_progress_bar() -> None:
    err = io.StringIO()
    tell(err)
    assert err.getvalue() == "warning: mind the gap\nerror: broken\n"
