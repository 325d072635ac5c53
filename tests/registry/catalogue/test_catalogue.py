"""The catalogue: complete entries, and files found, downloaded and checked."""

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registry.catalogue import CatalogueError, ensure_dataset, ensure_properties, entries, entry, fetch
from registry.formats import read_mapping
from registry.models import Dataset, Property

CONTENT = b"smiles,sigma\n*CCO*,1e-5\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folders(tmp_path, settings):
    settings.DATA_DIR = str(tmp_path / "data")
    settings.DATA_CACHE = tmp_path / "cache"
    (tmp_path / "data" / "sub").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def server():
    """Serves CONTENT at /file, an error elsewhere."""
    hits = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_response(200 if self.path == "/file" else 404)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    running.hits = hits
    running.address = f"http://127.0.0.1:{running.server_port}"
    yield running
    running.shutdown()
    running.server_close()


def at(server, path="/file", sha256=DIGEST):
    return replace(entry("htp-md"), file="small.csv", addresses=(f"{server.address}{path}",), sha256=sha256)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", entries())
def test_every_entry_is_complete_and_its_mapping_sound(slug):
    ensure_properties()
    found = entry(slug)
    assert found.licence
    assert found.citation
    assert found.source_url.startswith("https://")
    assert found.sha256 == "" or len(found.sha256) == 64
    mapping = read_mapping(found.mapping, Property.objects.all())
    assert mapping.values or mapping.computed
    dataset = ensure_dataset(found)
    dataset.full_clean()
    assert ensure_dataset(found) == dataset


@pytest.mark.django_db
def test_properties_are_made_once_and_stay_as_administrators_want_them():
    for made in ensure_properties():
        made.full_clean()
    Property.objects.filter(name="conductivity").update(upper=10.0)
    ensure_properties()
    assert Property.objects.get(name="conductivity").upper == 10.0
    assert Dataset.objects.count() == 0


def test_unknown_names_are_told_the_closest():
    with pytest.raises(CatalogueError, match="did you mean 'htp-md'"):
        entry("htpmd")


def test_a_file_in_the_data_folder_is_taken_first(folders, server):
    (folders / "data" / "sub" / "small.csv").write_bytes(CONTENT)
    assert fetch(at(server)).parent == folders / "data" / "sub"
    assert server.hits == []


def test_a_download_is_kept_in_the_cache(folders, server):
    heard = []
    path = fetch(at(server), lambda received, expected: heard.append((received, expected)))
    assert path == folders / "cache" / "small.csv"
    assert path.read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert fetch(at(server)) == path
    assert server.hits == ["/file"]


def test_a_wrong_digest_is_not_kept(folders, server):
    with pytest.raises(CatalogueError, match="SHA-256"):
        fetch(at(server, sha256="0" * 64))
    assert list((folders / "cache").iterdir()) == []


def test_a_wrong_local_file_is_named(folders, server):
    (folders / "data" / "small.csv").write_bytes(b"something else")
    with pytest.raises(CatalogueError, match="is not the catalogue's"):
        fetch(at(server))


def test_the_next_address_is_tried(folders, server):
    found = at(server)
    both = replace(found, addresses=(f"{server.address}/gone", *found.addresses))
    assert fetch(both).read_bytes() == CONTENT


def test_nothing_to_be_had(folders, server):
    with pytest.raises(CatalogueError, match=r"404.*DATA_DIR"):
        fetch(at(server, "/gone"))
    assert list((folders / "cache").iterdir()) == []
    with pytest.raises(CatalogueError, match="no public address"):
        fetch(replace(at(server), addresses=()))
