"""An uncertainty as a factor, as the list shows it on a log10 scale: typed as ×/÷ 1.4, filtered as 0.146 decades."""

import math

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect

from registry.admin.lists.filters import FACTOR, scored_properties


def in_decades(request: HttpRequest) -> HttpResponseRedirect | None:
    """To the same list with each factor in its address as the API's parameter; None where there is none.

    What is no factor is left out, and the person is told.
    """
    query, found = request.GET.copy(), False
    for property_ in scored_properties(request):
        text = "".join(query.pop(f"{property_.name}_{FACTOR}", [])[-1:]).strip()
        if not text:
            continue
        found = True
        query.pop(f"{property_.name}_std_max", None)
        deviation = _decades(text)
        if deviation is None:
            said = f"{property_.label}, ×/÷ up to: expected a factor of at least 1, such as 1.4; {text} was left out."
            messages.error(request, said)
        else:
            query[f"{property_.name}_std_max"] = f"{deviation:.6g}"
    return HttpResponseRedirect(f"?{query.urlencode()}") if found else None


def _decades(text: str) -> float | None:
    try:
        factor = float(text.replace(",", "."))
    except ValueError:
        return None
    return math.log10(_as_shown(factor)) if 1 <= factor < math.inf else None


def _as_shown(factor: float) -> float:
    """The largest factor that the list shows as this one or a smaller one: it shows two digits, 1.448 as 1.4."""
    step = 10.0 ** (math.floor(math.log10(factor)) - 1)
    return (math.floor(factor / step + 1e-9) + 0.5 - 1e-4) * step
