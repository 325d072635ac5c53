"""manage.py generate polymer-generator -n 200 --condition conductivity=high --wait"""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from registry.actions.start_generation import SETTINGS, StartGeneration
from registry.management.base import RunCommand, find_version


class Command(RunCommand):
    help = "Draw structures from a generator; the new ones become candidates."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("version", help="model (its champion) or model@number")
        parser.add_argument("-n", type=int, default=1000, help="strings to draw (default 1000)")
        parser.add_argument("--accept", action="store_true", help="draw until N new structures are found")
        parser.add_argument("--distinct", action="store_true", help="draw until N different strings are found")
        parser.add_argument("--condition", action="append", default=[], metavar="P=WISH", help="P=high, P=low, P=VALUE")
        parser.add_argument("--seed", type=int, default=0)
        for name, (kind, _, _) in SETTINGS.items():
            flag = f"--{name.replace('_', '-')}"
            if kind is bool:
                parser.add_argument(flag, action="store_true", default=None)
            else:
                parser.add_argument(flag, type=kind)

    def handle(self, **options: Any) -> None:
        action = StartGeneration(
            actor=None,
            model_version=find_version(options["version"]),
            requested=options["n"],
            condition=dict(map(_wish, options["condition"])),
            accept=options["accept"],
            distinct=options["distinct"],
            seed=options["seed"],
            config={name: options[name] for name in SETTINGS if options[name] is not None},
            queue=options["queue"],
        )
        run = self.start(action, options["wait"])
        if options["wait"]:
            self.stdout.write(f"{run}: {_told(run.metrics)}; {run.metrics['new_structures']} candidates")


def _told(metrics: dict[str, Any]) -> str:
    """The rates of all strings, and those of the different ones where they are counted."""
    rates = ", ".join(f"{name} {metrics[name]:.3f}" for name in ("valid", "unique", "new", "vun"))
    own = f"; {_told(metrics['distinct'])} of the different ones" if "distinct" in metrics else ""
    return f"{metrics['n']} strings, {rates}{own}"


def _wish(text: str) -> tuple[str, str | float]:
    name, sign, wish = text.partition("=")
    if not (name and sign and wish):
        raise CommandError(f"--condition {text}: expected PROPERTY=high, low or a value.", returncode=2)
    try:
        return name, float(wish)
    except ValueError:
        return name, wish
