"""What a run tells while it runs: JSON lines for a program, bars and short lines for a person."""

import json
import math
import sys
import time
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from tqdm import tqdm

TELL_EVERY = 30.0  # seconds between two lines of progress where no bar can be drawn

Level = Literal["debug", "info", "warning", "error"]


class Events:
    """One sink for everything a command reports.

    With `as_json` each event is one flushed line on stdout, {"time": ISO 8601, "event": kind, ...}, and nothing else
    goes there. Without, stdout gets the result, and stderr short lines and a progress bar, or a line of progress every
    half a minute where it is no terminal.
    """

    def __init__(self, as_json: bool = False, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._bar: tqdm[Any] | None = None
        self._told = time.monotonic()

    def progress(self, step: int, total: int, text: str = "") -> None:
        """`step` of `total` units are done; `text` names the stage."""
        if self.as_json:
            self._line("progress", step=step, total=total, text=text)
        else:
            self._draw(step, total, text)

    def metric(self, name: str, value: float, step: int, split: str) -> None:
        """One point of a curve; `split` is train, valid or test."""
        if self.as_json:
            self._line("metric", name=name, value=value, step=step, split=split)
        elif self._bar is not None:
            self._bar.set_postfix({f"{split} {name}": f"{value:.4g}"})

    def log(self, level: Level, message: str) -> None:
        """A sentence worth keeping."""
        if self.as_json:
            self._line("log", level=level, message=message)
        else:
            self._write(f"{level}: {message}" if level in ("warning", "error") else message)

    def checkpoint(self, step: int, path: str) -> None:
        """A state from which the run can go on has been written."""
        if self.as_json:
            self._line("checkpoint", step=step, path=path)

    def result(self, values: dict[str, Any]) -> None:
        """What came out: the last event of a run that succeeded."""
        if self.as_json:
            self._line("result", **values)
        else:
            self.close()
            for name, value in flatten(values).items():
                text = f"{value:.6g}" if isinstance(value, float) else str(value)
                self._out.write(f"{name:<28} {text}\n")
            self._out.flush()

    def error(self, message: str) -> None:
        """Why the run ended without a result; a person reads it on stderr in both forms."""
        if self.as_json:
            self._line("error", message=message)
        self._write(f"error: {message}")

    def close(self) -> None:
        """Ends the progress bar, if one is open."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _line(self, kind: str, **values: Any) -> None:
        content = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": kind, **finite(values)}
        self._out.write(json.dumps(content) + "\n")
        self._out.flush()

    def _write(self, text: str) -> None:
        self.close()
        self._err.write(text + "\n")
        self._err.flush()

    def _draw(self, step: int, total: int, text: str) -> None:
        if not self._err.isatty():
            if time.monotonic() - self._told >= TELL_EVERY:
                self._write(f"{text}: {step:,} of {total:,}".removeprefix(": "))
                self._told = time.monotonic()
            return
        if self._bar is None or self._bar.total != total or self._bar.desc.removesuffix(": ") != text:
            self.close()
            self._bar = tqdm(total=total, desc=text, file=self._err, leave=False, dynamic_ncols=True)
        self._bar.update(step - self._bar.n)
        if step >= total:
            self.close()


class Silence(Events):
    """Says nothing: for a process that helps another one, which speaks for both."""

    def __init__(self) -> None:
        super().__init__(as_json=True)

    def _line(self, kind: str, **values: Any) -> None: ...

    def _write(self, text: str) -> None: ...


def finite(value: Any) -> Any:
    """The same tree with NaN and infinities as None: JSON has no word for them."""
    if isinstance(value, dict):
        return {name: finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one level with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat
