"""Model cards: rendered, harmless, and without repeats."""

import json
import time

import pytest
from django.urls import reverse

from registry.admin.parts.markdown import render
from tests import factories

CARD = """# gpt: A transformer

Task: generate. Properties: conductivity (S/cm, log10).

Chain ends are written `*`, as in *OCC*; see **the paper** at [arXiv](https://arxiv.org/abs/2312.06470).

- one
- two
  goes on

| measure | value |
|---|---|
| MAE | `0.1` |

```python
x < 1
```

## Metrics

```json
{"loss": 0.5}
```

## Configuration

```json
{"seed": 7}
```

## Limits

None known.
"""


def test_what_cards_are_made_of():
    html = render(CARD)
    for piece in (
        "<h3>gpt: A transformer</h3>",
        "<h4>Limits</h4>",
        "<code>*</code>, as in *OCC*",
        "<strong>the paper</strong>",
        'href="https://arxiv.org/abs/2312.06470"',
        "<ul><li>one</li><li>two goes on</li></ul>",
        "<td>MAE</td><td><code>0.1</code></td>",
        "<pre><code>x &lt; 1</code></pre>",
    ):
        assert piece in html, piece


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "# <img src=x onerror=alert(1)>",
        "- <svg onload=alert(1)>",
        "[click](javascript:alert(1))",
        '[x](https://a.b/"onmouseover="alert(1))',
        "![p](https://a.b/p.png)",
        "```\n</code></pre><script>alert(1)</script>",
        "| <b> | x |\n|---|---|\n| <i onclick=a> | `<u>` |",
        "**<script>** `<script>`",
        "```html\n<iframe src=x>",
    ],
)
def test_nothing_of_a_card_becomes_active(text):
    html = render(text)
    for tag in ("<script", "<img", "<svg", "<iframe", "<b>", "<i ", "<u>", 'href="javascript', '"onmouseover'):
        assert tag not in html, html


@pytest.mark.parametrize(
    "text",
    ["`" * 50_000, "*" * 50_000, "[" * 50_000, "[a](" * 20_000, "|" * 50_000, "# " * 50_000, "1. " * 30_000,
     "|-" * 40_000 + "x", "a|b\n" + "-" * 50_000 + "|x", "```" + " " * 50_000 + "!",
     "\n".join(["a|b", "--|--"] * 20_000)],
)  # fmt: skip
def test_a_hostile_card_takes_no_time(text):
    started = time.monotonic()
    render(text)
    assert time.monotonic() - started < 5


def test_the_page_shows_each_thing_once(client_of):
    version = factories.model_version("generate", card=CARD, metrics={"loss": 0.5}, config={"seed": 7})
    url = reverse("admin:registry_modelversion_change", args=[version.pk])
    text = client_of("Viewer").get(url).content.decode()
    assert "<h4>Limits</h4>" in text
    assert "<h4>Metrics</h4>" not in text
    assert "<h4>Configuration</h4>" not in text
    assert "Task: generate. Properties:" not in text
    assert json.dumps({"seed": 7}, indent=2).replace('"', "&quot;") in text  # folded, to copy
    other = factories.model_version("generate", card=CARD, metrics={"loss": 0.4})
    text = client_of("Viewer").get(reverse("admin:registry_modelversion_change", args=[other.pk])).content.decode()
    assert "<h4>Metrics</h4>" in text  # says something else than the page


@pytest.mark.parametrize("card", ["", "## ", "```", "- ", "|", "#", "## Metrics\n\n```json\n{\n```\n"])
def test_a_page_opens_with_any_card(client_of, card):
    version = factories.model_version(card=card)
    url = reverse("admin:registry_modelversion_change", args=[version.pk])
    assert client_of("Viewer").get(url).status_code == 200
