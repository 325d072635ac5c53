"""An uploaded file on its way through the pages of an import: what is known of it travels in a signed ticket."""

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.urls import reverse

from registry import artifacts
from registry.formats import FirstLook, first_look
from registry.models import Dataset, ImportRun

_SALT = "registry.import"
_DAY = 86_400  # seconds that a ticket is good for


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in the artifact store, and where it is to go. Signed, so that it opens no other file of the store."""

    digest: str
    name: str
    kind: str = ""
    """Polymer or molecule; empty: told from the file."""
    dataset: int | None = None
    new_dataset: dict[str, str] | None = None
    """Name, licence and source of a dataset that the preview makes."""
    encoding: str = ""
    run: int | None = None
    """Import whose mapping is to be changed."""

    def ticket(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT)

    def mapping_url(self) -> str:
        return f"{reverse('admin:registry_importrun_mapping')}?{urlencode({'upload': self.ticket()})}"

    def look(self, encoding: str) -> FirstLook:
        """Raises: FormatError, ArtifactError."""
        with artifacts.opened(self.digest) as stream:
            return first_look(stream, encoding=encoding, max_bytes=settings.IMPORT_MAX_BYTES)

    def dataset_name(self) -> str:
        if self.new_dataset:
            return self.new_dataset["name"]
        return Dataset.objects.filter(pk=self.dataset).values_list("name", flat=True).first() or ""

    def imported_before(self) -> list[ImportRun]:
        """Imports that have brought in this very file, newest first."""
        runs = ImportRun.objects.filter(file_digest=self.digest, applied=True).select_related("dataset", "job")
        return list(runs.order_by("-pk")[:3])

    def earlier_mapping(self) -> dict[str, Any] | None:
        """The mapping to start from, where there is one."""
        found = ImportRun.objects.filter(pk=self.run, file_digest=self.digest).values_list("config", flat=True)
        return found.first() if self.run else None


def read_ticket(text: str) -> Upload:
    """Raises: BadSignature, also when it is too old."""
    return Upload(**signing.loads(text, salt=_SALT, max_age=_DAY))


def upload_of(run: ImportRun) -> Upload:
    """The file of an earlier run again, to map it anew."""
    return Upload(
        digest=run.file_digest,
        name=run.file_name,
        kind=run.structure_kind,
        dataset=run.dataset_id,
        encoding=str(run.config.get("encoding", "")),
        run=run.pk,
    )
