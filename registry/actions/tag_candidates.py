"""Put tags on candidates and take them off."""

import re
from dataclasses import dataclass, field
from itertools import product
from typing import ClassVar

import pghistory
from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.candidates import check_text, lock_candidates
from registry.models import Candidate, Tag

TAG = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(kw_only=True)
class TagCandidates(Action[int]):
    """Returns how many candidates were touched. A tag that does not exist yet is made, if the actor may make tags."""

    candidates: list[int]
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    reason: str = ""

    permission: ClassVar[str] = "registry.change_candidate"

    def check(self) -> None:
        self.add, self.remove = sorted(set(self.add)), sorted(set(self.remove))
        if not self.add and not self.remove:
            raise ActionError("Name at least one tag to add or to remove.", field="add")
        if both := set(self.add).intersection(self.remove):
            raise ActionError(f"Tag {min(both)!r} is to be added and removed; choose one.", field="remove")
        check_text(self.reason, "reason", 200)

    def execute(self) -> int:
        ids = lock_candidates(self.candidates)
        adding, removing = self._tags_to_add(), self._tags_to_remove()
        through = Candidate.tags.through
        through.objects.filter(candidate_id__in=ids, tag__in=removing).delete()
        pairs = [through(candidate_id=pk, tag_id=tag.pk) for pk, tag in product(ids, adding)]
        through.objects.bulk_create(pairs, ignore_conflicts=True)
        with pghistory.context(reason=self.reason, tags_added=self.add, tags_removed=self.remove):
            # The history follows the candidate's row, so the row must change for the context to be kept.
            Candidate.objects.filter(pk__in=ids).update(updated_at=timezone.now())
        return len(ids)

    def _tags_to_add(self) -> list[Tag]:
        known = set(Tag.objects.filter(name__in=self.add).values_list("name", flat=True))
        new = [name for name in self.add if name not in known]
        if new and self.actor is not None and not self.actor.has_perm("registry.add_tag"):
            raise ActionError(f"There is no tag {new[0]!r}, and you may not make tags.", field="add")
        for name in new:
            if not TAG.fullmatch(name):
                raise ActionError(
                    f"{name[:80]!r} is no tag: use 1 to 60 letters, digits, - and _, without spaces.", field="add"
                )
        Tag.objects.bulk_create([Tag(name=name) for name in new], ignore_conflicts=True)
        return list(Tag.objects.filter(name__in=self.add))

    def _tags_to_remove(self) -> list[Tag]:
        tags = list(Tag.objects.filter(name__in=self.remove))
        if unknown := set(self.remove).difference(tag.name for tag in tags):
            raise ActionError(f"There is no tag {min(unknown)!r}.", field="remove")
        return tags
