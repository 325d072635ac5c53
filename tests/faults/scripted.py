"""Stands in for mlcore where a child has to misbehave at a chosen moment: `python -m tests.faults.scripted`.

It takes the arguments of `mlcore train`. PLAN names what each attempt does, separated by commas, the last one for all
later attempts: work, fail, die, hang, stubborn (hangs and ignores SIGTERM), slow (works for two seconds).
"""

import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bundles import write_bundle

POINTS = 20  # of the loss curve


def tell(event: str, **values: object) -> None:
    line = {"time": datetime.now(UTC).isoformat(), "event": event, **values}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    with (out.parent / "starts").open("a") as starts:
        starts.write(f"{os.getpid()}\n")
    plan = os.environ["PLAN"].split(",")
    act = plan[min(len((out.parent / "starts").read_text().split()), len(plan)) - 1]
    tell("log", level="info", message=f"{out}: going to {act}{' from where it was' if '--resume' in sys.argv else ''}")
    if act == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if act in ("hang", "stubborn"):
        time.sleep(600)
    elif act == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif act == "fail":
        tell("error", message=f"{out.parent / 'data.csv'}: column 'x' is missing")
        sys.exit(2)
    for step in range(1, POINTS + 1):
        time.sleep(0.1 if act == "slow" else 0)
        tell("metric", name="loss", value=1 / step, step=step, split="train")
        tell("progress", step=step, total=POINTS, text="training")
    write_bundle(out, weights=os.urandom(8))
    tell("result", bundle=str(out), device="scripted processor, " + "x" * 60)


if __name__ == "__main__":
    main()
