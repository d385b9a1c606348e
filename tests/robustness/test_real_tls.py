"""An update over TLS to a server that has it: Debian's, as the one of the other tests is built without."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from changelog_engine.errors import ConnectionFailedError
from changelog_engine.scratch.embedded import start_server, unprivileged
from tests.fixtures.projects import Project

DEBIAN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"))), None)

pytestmark = pytest.mark.skipif(
    DEBIAN is None or shutil.which("openssl") is None,
    reason="no PostgreSQL with TLS here (Debian: postgresql, openssl)",
)


def certificate(folder: Path, name: str) -> Path:
    """A certificate that vouches for itself, for `localhost`; its key is beside it."""
    key, made = folder / f"{name}.key", folder / f"{name}.crt"
    how = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
    ]
    subprocess.run(["openssl", "req", *how, "-keyout", key, "-out", made], check=True, capture_output=True)
    key.chmod(0o600)
    _, user = unprivileged()
    if user is not None:
        shutil.chown(key, user)
    return made


@pytest.fixture
def encrypted(short_folder: Path) -> Iterator[URL]:
    """The URL of a server that lets nobody in without TLS and shows the certificate `server.crt` of its folder."""
    assert DEBIAN is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    files = certificate(short_folder, "server")
    settings = {"ssl": "on", "ssl_cert_file": str(files), "ssl_key_file": str(files.with_suffix(".key"))}
    rules = "hostssl all all 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 reject\n"
    listening = {"fsync": "off", "listen_addresses": "127.0.0.1", "port": port}
    server = start_server(short_folder, DEBIAN, {**settings, **listening}, rules)
    try:
        yield URL.create("postgresql", "postgres", None, "localhost", int(port), "postgres", {"hostaddr": "127.0.0.1"})
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def asking(project_folder: Path, url: URL, **query: str) -> Project:
    return Project(project_folder, url.update_query_dict(query).render_as_string(hide_password=False))


def test_an_update_runs_over_tls_with_the_server_s_certificate_verified(
    encrypted: URL, short_folder: Path, tmp_path: Path
) -> None:
    ours = str(short_folder / "server.crt")
    project = asking(tmp_path, encrypted, sslmode="verify-full", sslrootcert=ours)
    project.write("""
        changesets:
          - id: seen
            rollback: DROP TABLE seen
            sql: CREATE TABLE seen AS SELECT ssl::int AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()
        """)
    assert project.update().applied == ("seen",)
    assert project.sql("SELECT tls FROM seen") == [(1,)]

    foreign = str(certificate(tmp_path, "foreign"))
    with pytest.raises(ConnectionFailedError, match="certificate verify failed") as failed:
        asking(tmp_path, encrypted, sslmode="verify-full", sslrootcert=foreign).update()
    assert "certificates" in (failed.value.hint or "")
    with pytest.raises(ConnectionFailedError):
        asking(tmp_path, encrypted, sslmode="disable").update()
