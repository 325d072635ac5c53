"""The candidate list's order and pages."""

from functools import partial
from typing import Any

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import F, OrderBy
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from registry.admin.base import RegistryChangeList


class LastWhenMissing(F):
    """Orders by a value; rows without one come last both ways."""

    def asc(self, **_: Any) -> OrderBy:
        return OrderBy(self, nulls_last=True)

    def desc(self, **_: Any) -> OrderBy:
        return OrderBy(self, descending=True, nulls_last=True)


class CandidateChangeList(RegistryChangeList):
    """Sorted by a score, a page is read from the score's index; the default order has its arrow too."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        leading = self.queryset.query.order_by[0]
        if isinstance(leading, OrderBy) and self.multi_page and not self.show_all:
            self.result_list = SimpleLazyObject(partial(self._page, leading, self.result_list))

    def _page(self, leading: OrderBy, with_unscored: Any) -> list[Any]:
        """Pages of scored candidates, which come first, without the others: an index has them in their order."""
        value = F(leading.expression.name)
        start = (self.page_num - 1) * self.list_per_page
        scored = self.queryset.filter(**{f"{value.name}__isnull": False}).order_by(
            value.desc() if leading.descending else value.asc(), *self.queryset.query.order_by[1:]
        )
        found = list(scored[start : start + self.list_per_page])
        whole = min(self.list_per_page, self.result_count - start)
        return found if len(found) == whole else list(with_unscored)

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """A column that is clicked for the first time sorts alone; a property's best come first."""
        asked = (new_params or {}).get(ORDER_VAR, "").partition(".")[0]
        if asked.isdecimal() and int(asked) not in self.get_ordering_field_columns():
            largest_first = getattr(self.list_display[int(asked)], "largest_first", False)
            new_params = new_params | {ORDER_VAR: f"-{asked}" if largest_first else asked}
        return super().get_query_string(new_params, remove)

    def get_ordering_field_columns(self) -> dict[int, str]:
        if self.params.get(ORDER_VAR):
            return super().get_ordering_field_columns()
        leading = self.queryset.query.order_by[0]
        if not isinstance(leading, OrderBy):
            return {}
        columns = [self.get_ordering_field(column) for column in self.list_display]
        return {columns.index(leading.expression): "desc" if leading.descending else "asc"}
