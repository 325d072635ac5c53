import io
import tarfile

import pytest
from django.core.files.storage import storages

from registry import artifacts


def test_same_bytes_are_stored_once_under_their_digest():
    first = artifacts.put(io.BytesIO(b"electrolyte"))
    assert artifacts.put(io.BytesIO(b"electrolyte")) == first
    with artifacts.opened(first) as stream:
        assert stream.read() == b"electrolyte"


def test_a_missing_artifact_is_named():
    with pytest.raises(artifacts.ArtifactError, match="No artifact 000"), artifacts.opened("0" * 64):
        pass


def test_a_damaged_artifact_is_refused():
    digest = artifacts.put(io.BytesIO(b"to be damaged"))
    with open(storages["artifacts"].path(f"{digest[:2]}/{digest}"), "wb") as stream:
        stream.write(b"other bytes")
    with pytest.raises(artifacts.ArtifactError, match="damaged"), artifacts.opened(digest):
        pass


def test_a_folder_comes_back_and_its_digest_depends_on_contents_alone(tmp_path):
    for name in ("one", "two"):
        folder = tmp_path / name
        (folder / "deep").mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
        (folder / "deep" / "weights.bin").write_bytes(b"\0" * 100)
    digest = artifacts.put_folder(tmp_path / "one")
    assert artifacts.put_folder(tmp_path / "two") == digest
    copy = artifacts.unpack_folder(digest, tmp_path / "copy")
    assert (copy / "deep" / "weights.bin").read_bytes() == b"\0" * 100


@pytest.mark.parametrize("name", ["../outside", "/etc/outside"])
def test_an_archive_cannot_write_outside_its_folder(tmp_path, name):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    digest = artifacts.put(archive)
    with pytest.raises(artifacts.ArtifactError, match="outside"):
        artifacts.unpack_folder(digest, tmp_path / "inside")
    assert not (tmp_path / "outside").exists()


def test_a_link_is_no_plain_file(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    digest = artifacts.put(archive)
    with pytest.raises(artifacts.ArtifactError, match="link"):
        artifacts.unpack_folder(digest, tmp_path)


def test_one_file_is_read_from_a_folder(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    digest = artifacts.put_folder(tmp_path)
    assert artifacts.read_in_folder(digest, "manifest.json") == b"{}"
    with pytest.raises(artifacts.ArtifactError, match="holds no card"):
        artifacts.read_in_folder(digest, "card.md")
