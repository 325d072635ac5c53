"""The command line: `python -m mlcore {catalog,train,generate,predict,evaluate,crossvalidate}`."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from mlcore.errors import Stopped, UserError
from mlcore.events import Events

COMMANDS = {
    "catalog": "list the architectures and their settings",
    "train": "train a model and write it as a bundle",
    "generate": "sample structures from a generator",
    "predict": "score structures with a predictor",
    "evaluate": "measure generated structures",
    "crossvalidate": "measure a predictor on structures that it did not see",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see python -m mlcore {self.prog.split()[-1]} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; 0 when it worked, 2 after one line on stderr when the user can mend it."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see docs/decisions/passive-threads.md
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    events = Events(as_json="--events" in arguments)
    try:
        _run(arguments, events)
    except UserError as error:
        events.error(" ".join(str(error).split()))
        return 2
    except Stopped as stop:
        events.log("warning", str(stop))
        return stop.exit_status
    except KeyboardInterrupt:
        events.error("interrupted")
        return 130
    finally:
        events.close()
    return 0


def _run(arguments: list[str], events: Events) -> None:
    top = _Parser(prog="mlcore", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.epilog = "\n".join(f"  {name:<15}{text}" for name, text in COMMANDS.items())
    top.add_argument("command", choices=COMMANDS)
    name = top.parse_args(arguments[:1]).command
    if name != "train" and "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1":
        raise UserError(f"{name} runs in one process; torchrun is for train")
    module = importlib.import_module(f"mlcore.commands.{name}")  # only here: most commands import torch
    parser = _Parser(prog=f"mlcore {name}", description=COMMANDS[name])
    parser.add_argument(
        "--events", action="store_true", help="report JSON lines on stdout instead of the result, and no bars"
    )
    module.add_arguments(parser)
    module.run(parser.parse_args(arguments[1:]), events)


if __name__ == "__main__":
    sys.exit(main())
