"""What a URL says of TLS reaches the driver, and what the driver says of TLS reaches the user."""

from __future__ import annotations

from typing import Any

import psycopg
import pymysql
import pytest
from sqlalchemy.engine import make_url

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import ConnectionFailedError
from tests.fixtures.proxy import relay_to, through

LIBPQ = {
    "sslmode": "verify-full",
    "sslrootcert": "/etc/ssl/ca.pem",
    "sslcert": "/etc/ssl/client.pem",
    "sslkey": "/etc/ssl/client.key",
    "sslnegotiation": "direct",
    "ssl_min_protocol_version": "TLSv1.3",
    "channel_binding": "require",
}


def test_postgresql_s_options_reach_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def connecting(*_: object, **arguments: Any) -> None:
        given.update(arguments)
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr(psycopg, "connect", connecting)
    url = make_url("postgresql://shop@db.example.com/shop").update_query_dict(LIBPQ)
    with pytest.raises(ConnectionFailedError):
        connect(url.render_as_string(hide_password=False), Access.WRITE)
    assert {name: given[name] for name in LIBPQ} == LIBPQ


def test_mysql_s_options_reach_pymysql(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def connecting(*_: object, **arguments: Any) -> None:
        given.update(arguments)
        raise pymysql.OperationalError(2003, "refused")

    monkeypatch.setattr(pymysql, "connect", connecting)
    files = {"ca": "/etc/ssl/ca.pem", "cert": "/etc/ssl/client.pem", "key": "/etc/ssl/client.key"}
    query = "&".join([*(f"ssl_{name}={path}" for name, path in files.items()), "ssl_check_hostname=true"])
    with pytest.raises(ConnectionFailedError):
        connect(f"mysql://shop@db.example.com/shop?{query}", Access.WRITE)
    assert given["ssl"] == {**files, "check_hostname": True}


def test_a_server_without_tls_is_not_talked_to_where_it_is_required(postgresql_url: str) -> None:
    with relay_to(postgresql_url) as relay:
        url = make_url(through(relay, postgresql_url)).update_query_dict({"sslmode": "require"})
        with pytest.raises(ConnectionFailedError, match="SSL") as failed:
            connect(url.render_as_string(hide_password=False), Access.WRITE)
    assert "sslmode" in (failed.value.hint or "")
