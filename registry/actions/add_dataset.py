"""A new dataset: where its data come from and under which licence."""

from dataclasses import dataclass
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.utils.text import slugify

from registry.actions.base import Action, ActionError
from registry.models import Dataset

_LONGEST_SLUG = 100


@dataclass(kw_only=True)
class AddDataset(Action[Dataset]):
    """Make it, with a slug after its name."""

    permission: ClassVar[str] = "registry.add_dataset"

    name: str
    licence: str = ""  # SPDX identifier, such as CC-BY-4.0
    source_url: str = ""
    citation: str = ""
    description: str = ""

    def check(self) -> None:
        self.name = " ".join(self.name.split())
        if not self.name:
            raise ActionError("A dataset needs a name.", field="name")
        if same := Dataset.objects.filter(name__iexact=self.name).first():
            raise ActionError(f"There is a dataset {same.name!r} already; choose it, or another name.", field="name")
        self._made = Dataset(slug=_free_slug(self.name), **self._fields())
        try:
            self._made.clean_fields()
        except ValidationError as error:
            field, messages = next(iter(error.message_dict.items()))
            raise ActionError(" ".join(messages), field=field) from error

    def execute(self) -> Dataset:
        self._made.save(force_insert=True)
        return self._made

    def _fields(self) -> dict[str, str]:
        names = ("name", "licence", "source_url", "citation", "description")
        return {name: getattr(self, name).strip() for name in names}


def _free_slug(name: str) -> str:
    base = slugify(name)[: _LONGEST_SLUG - 4] or "dataset"
    taken = set(Dataset.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
