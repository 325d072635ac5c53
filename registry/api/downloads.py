"""Files out of the artifact store, by digest alone: no request ever names a path."""

from collections.abc import Iterator
from itertools import chain

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from registry import artifacts

TYPES = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "sdf": "chemical/x-mdl-sdfile",
    "parquet": "application/vnd.apache.parquet",
}


def download(digest: str, file_name: str, content_type: str) -> StreamingHttpResponse:
    """The artifact as an attachment. Raises: ArtifactError, before a byte is sent."""
    chunks = _chunks(digest)
    start = next(chunks, b"")
    response = StreamingHttpResponse(chain([start], chunks), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, file_name)
    return response


def _chunks(digest: str) -> Iterator[bytes]:
    with artifacts.opened(digest) as stream:
        yield from iter(lambda: stream.read(artifacts.CHUNK), b"")
