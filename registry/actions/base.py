"""What every action is: a verb with its inputs, checked, executed in one transaction, and logged.

Admin, API, jobs and commands all act through these classes, so a rule written here holds at every door.
"""

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import pghistory
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction

logger = logging.getLogger("registry.actions")

Result = TypeVar("Result")


class ActionError(Exception):
    """The action cannot be done as asked. The message names what, where and what to do.

    field: name of the input at fault, where there is one.
    conflict: the request is sound, but the present state forbids it (HTTP 409).
    """

    def __init__(self, message: str, *, field: str = "", conflict: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.conflict = conflict


@dataclass(kw_only=True)
class Action(ABC, Generic[Result]):
    """Subclasses are dataclasses whose fields are the inputs; call `run()`."""

    actor: User | None  # who acts; None is the system itself (a schedule, a job, a command on the server)

    permission: ClassVar[str]  # such as "registry.decide_candidate"

    def run(self) -> Result:
        """Check, execute and log.

        Raises: PermissionDenied, ActionError.
        """
        if self.actor is not None and not self.actor.has_perm(self.permission):
            raise PermissionDenied(f"{self.actor} lacks the permission {self.permission}.")
        verb = type(self).__name__
        with transaction.atomic(), pghistory.context(action=verb, user=self.actor.pk if self.actor else None):
            self.check()
            result = self.execute()
        logger.info("%s by %s: %s", verb, self.actor or "the system", result)
        return result

    def check(self) -> None:
        """Refuse bad input with an ActionError, before anything is written."""

    @abstractmethod
    def execute(self) -> Result:
        """Do it. Runs inside one transaction: an exception leaves nothing behind."""
