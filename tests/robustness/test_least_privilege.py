"""The rights that `docs/security.md` names are enough on PostgreSQL, and fewer are refused in words that help."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from changelog_engine.errors import ChangelogEngineError, DatabaseError
from changelog_engine.plan.request import Everything, LastApplied, RollbackRequest
from tests.fixtures.databases import Server
from tests.fixtures.projects import Project
from tests.robustness.changelogs import assert_complete, on_postgresql

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
AsRole = Callable[[Project, str], Project]


@pytest.fixture
def roles(postgresql_server: Server, postgresql_url: str) -> Iterator[tuple[str, str]]:
    """Who applies and who only looks, with no right that not everybody has; and not all of those."""
    names = (f"deployer_{uuid.uuid4().hex[:8]}", f"reader_{uuid.uuid4().hex[:8]}")
    database = make_url(postgresql_url).database
    for name in names:
        postgresql_server.execute(f"CREATE ROLE {name} LOGIN")
    postgresql_server.execute(f"REVOKE ALL ON DATABASE {database} FROM PUBLIC")
    yield names
    postgresql_server.execute(f"DROP DATABASE {database} WITH (FORCE)")
    for name in names:
        postgresql_server.execute(f"DROP ROLE {name}")


@pytest.fixture
def owner(postgresql_project: Project) -> Project:
    """The project as the owner of the database sees it."""
    postgresql_project.sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    return postgresql_project


def sql_of(section: str, **names: str) -> list[str]:
    """The statements under a heading of the page, with the names of a test in the place of the page's."""
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(rf"^### {section}\n(?:(?!^#).)*?^```sql\n(.*?)^```$", text, flags=re.M | re.S)
    for name, value in names.items():
        block = re.sub(rf"\b{name}\b", value, block)
    return [statement.strip() for statement in block.split(";") if statement.strip()]


def as_role(owner: Project, role: str, schema: str = "app") -> Project:
    url = make_url(owner.url).set(username=role).update_query_dict({"options": f"-csearch_path={schema}"})
    return Project(owner.folder, url.render_as_string(hide_password=False))


def grants(owner: Project, section: str, roles: tuple[str, str]) -> None:
    shop = make_url(owner.url).database
    assert shop is not None
    owner.sql(*sql_of(section, shop=shop, deployer=roles[0], reader=roles[1]))


def test_who_applies_needs_one_schema_and_owns_what_it_makes(owner: Project, roles: tuple[str, str]) -> None:
    grants(owner, "Who applies", roles)
    project = as_role(owner, roles[0])
    counted = on_postgresql()
    project.write(counted.text)
    project.update()
    assert_complete(project, counted)
    project.engine().tag("checked")
    project.tables("more")
    project.update()
    project.rollback(LastApplied(1))
    assert not project.has_table("more")


def test_the_ledger_may_be_somebody_elses_and_only_be_added_to(owner: Project, roles: tuple[str, str]) -> None:
    grants(owner, "Who applies", roles)
    owner.write("changesets:\n  - {id: nothing, sql: SELECT 1, rollback: SELECT 1}\n")
    owner.sql("CREATE SCHEMA ops")
    owner.engine(schema="ops").update()
    grants(owner, "A ledger that cannot be rewritten", roles)
    project = as_role(owner, roles[0])
    project.write(
        "changesets:\n  - {id: nothing, sql: SELECT 1, rollback: SELECT 1}\n"
        "  - {id: a, sql: CREATE TABLE a (id int), rollback: DROP TABLE a}\n"
    )
    assert project.engine(schema="ops").update().applied == ("a",)
    engine = project.engine(schema="ops")
    assert engine.rollback(RollbackRequest(Everything(), filters=engine.filters())).rolled_back == ("a", "nothing")
    assert engine.verify_history().chain == "intact"
    for attempt in ("UPDATE ops.changelog_ledger SET author = 'me'", "DELETE FROM ops.changelog_ledger"):
        with pytest.raises(ChangelogEngineError, match="permission denied"):
            project.sql(attempt)


def test_who_looks_needs_to_read_three_relations(owner: Project, roles: tuple[str, str]) -> None:
    grants(owner, "Who applies", roles)
    deployer = as_role(owner, roles[0])
    deployer.tables("a", "b", tag_after="a")
    deployer.update()
    reader = as_role(owner, roles[1])
    with pytest.raises(ChangelogEngineError, match="permission denied"):
        reader.states()
    grants(owner, "Who looks", roles)
    deployer.tables("a", "b", "c", tag_after="a")
    engine = reader.engine()
    assert reader.states() == {"a": "applied", "b": "applied", "c": "pending"}
    plan = engine.plan_update()
    assert [step.id for step in plan.steps] == ["c"]
    assert "CREATE TABLE c" in engine.script(plan)
    assert [tag.name for tag in engine.tags()] == ["t"]
    assert engine.verify_history().chain == "intact"
    assert engine.lock().held is False
    with pytest.raises(DatabaseError, match="permission denied"):
        engine.update()
    assert deployer.states()["c"] == "pending"


@pytest.mark.parametrize(
    "schema", ["Upper Case", 'we"ird', "quo'te", "per%cent", "%(name)s", "${x}", "a.b", ":x", "-- "]
)
def test_a_schema_may_have_any_name(postgresql_project: Project, schema: str) -> None:
    """Names of ours are quoted wherever they go into SQL, and nothing in them is taken for something else."""
    project = postgresql_project
    project.tables("a")
    settings = {"schema": schema, "create_schema": True}
    assert project.engine(**settings).update().applied == ("a",)
    project.tables("a", "b")
    assert project.engine(**settings).update().applied == ("b",)
    project.engine(**settings).tag("t")
    assert project.engine(**settings).verify_history().chain == "intact"
    assert project.sql("SELECT schemaname, tablename FROM pg_tables WHERE tablename LIKE 'changelog%' ORDER BY 2") == [
        (schema, "changelog_ledger"),
        (schema, "changelog_lock"),
    ]
