"""Who may import whom, and one door a library: read from the source, imports inside functions included."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "changelog_engine"

# What a part may import beside itself and the values that all may import. Down only: `docs/architecture.md` draws it.
EVERYBODY = ("__init__", "model", "errors", "nearest", "durations", "catalog", "collector")
LAYERS: Mapping[str, tuple[str, ...]] = {
    "model": (),
    "errors": (),
    "nearest": (),
    "collector": (),
    "durations": (),
    "catalog": (),
    "sql": (),
    "changes": ("sql",),
    "changelog": ("changes", "sql"),
    "operations": ("sql",),
    "graph": ("sql", "operations.effects"),
    "ledger.entries": (),
    "plan": (
        "graph",
        "operations",
        "sql",
        "ledger.entries",
        "changelog.expressions",
        "changelog.parameters",
        "results",
    ),
    "results": ("ledger.entries",),
    "databases": (),
    "ledger": ("databases",),
    "execute": ("plan", "sql", "ledger", "databases", "changelog.expressions", "results"),
    "memory": (),
    "settings": ("settings_file", "plan.request"),
    "settings_file": ("plan.request",),
    "loading": (
        *("changelog", "databases.connect", "deriving", "graph", "inferring", "memory"),
        *("settings", "sql.checksum"),
    ),
    "deriving": ("graph", "memory", "operations", "plan.filtering", "sql"),
    "inferring": ("graph", "memory", "operations.effects", "plan.filtering", "sql"),
    "run": ("changelog.parameters", "execute", "ledger", "databases", "plan.request", "settings"),
    "completion": (
        *(
            "changelog.inventory",
            "changelog.expressions",
            "databases.database",
            "ledger",
            "plan.request",
            "plan.steps",
            "results",
            "settings",
        ),
    ),
    "verbs": ("changelog.expressions", "execute", "ledger", "loading", "plan", "results", "run"),
    "opening": ("databases", "execute", "ledger.names", "loading", "plan.request", "run", "settings", "verbs"),
    "lint": ("operations.effects", "changelog.lint_rules", "findings", "graph", "plan.filtering", "sql"),
    "scratch": ("databases",),
    "findings": ("changelog.lint_rules", "graph.dependencies"),
    "declaring": ("changelog", "findings", "graph", "loading", "settings", "sql.reading"),
    "prove": (
        *("databases", "execute", "findings", "graph", "ledger", "loading", "plan", "run", "scratch", "settings"),
        *("sql", "verbs"),
    ),
    "proving": (
        *("declaring", "graph.select"),
        *("backups", "databases", "findings", "lint", "loading", "opening", "plan.request", "plan.state", "prove"),
    ),
    "backups": ("databases", "findings", "ledger", "plan.steps", "run", "settings_file"),
    "engine": (
        "backups",
        "proving",
        "prove",
        "verbs",
        "completion",
        "loading",
        "run",
        "changelog",
        "graph",
        "plan",
        "execute",
        "ledger",
        "databases",
        "sql",
        "settings",
        "results",
    ),
    "cli": (
        *(
            "engine",
            "findings",
            "settings",
            "settings_file",
            "results",
            "plan.request",
            "plan.steps",
            "plan.describe",
            "execute.events",
        ),
        *("changelog.source", "changelog.schema", "changelog.edit", "changelog.expressions", "ledger.entries"),
        *("changelog.lint_rules", "findings", "graph.dependencies"),
        *("execute.interruption", "sql.templates"),
    ),
    "__init__": ("engine", "settings", "results", "plan.request", "execute.events"),
    "__main__": ("cli",),
}
DOORS: Mapping[str, tuple[str, ...]] = {
    "yaml": ("changelog",),
    "networkx": ("graph",),
    "postgast": ("sql",),
    "google": ("sql",),
    "sqlglot": ("sql.glot",),
    "sqlalchemy": ("databases.urls", "databases.mysql_errors", "operations"),
    "alembic": ("operations",),
    "psycopg": tuple(
        f"databases.postgresql{part}" for part in ("", "_connect", "_batch", "_errors", "_pooler", "_look")
    ),
    "pymysql": ("databases.mysql", "databases.mysql_errors"),
    "sqlite3": ("databases", "memory", "operations", "sql"),
    "platformdirs": ("memory",),
    "filelock": ("databases",),
    "click": ("cli",),
    "rich": ("cli",),
}
PURE = (
    "changelog",
    "changes",
    "graph",
    "plan",
    "sql",
    "ledger.entries",
    "model",
    "errors",
    "nearest",
    "durations",
    "catalog",
)
IMPURE_MODULES = {"time", "random", "secrets", "uuid", "socket", "getpass", "subprocess", "platform"}
IMPURE_NAMES = {"os.environ", "os.getenv", "os.urandom", "datetime.now", "datetime.utcnow", "date.today"}


def is_within(module: str, parts: tuple[str, ...]) -> bool:
    return any(module == part or module.startswith(part + ".") for part in parts)


def module_of(file: Path) -> str:
    """The module's name below the package: `plan.steps`; `plan` for its `__init__.py`."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


TREES = {module_of(file): ast.parse(file.read_text(encoding="utf-8")) for file in PACKAGE.rglob("*.py")}


def imports(module: str) -> Iterator[str]:
    """All that a module imports, anywhere in it, with our own modules as `changelog_engine.plan.steps`."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module
            inner = node.module.removeprefix("changelog_engine").removeprefix(".")
            for alias in node.names:
                submodule = f"{inner}.{alias.name}".removeprefix(".")
                is_ours = node.module.split(".")[0] == "changelog_engine"
                yield f"changelog_engine.{submodule}" if is_ours and submodule in TREES else node.module


def own_imports(module: str) -> set[str]:
    ours = (name for name in imports(module) if name.split(".")[0] == "changelog_engine")
    return {name.removeprefix("changelog_engine").removeprefix(".") or "__init__" for name in ours} - {module}


def layer_of(module: str) -> str:
    return "ledger.entries" if module == "ledger.entries" else module.split(".")[0]


def test_imports_go_down_only() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in TREES
        for imported in own_imports(module)
        if layer_of(module) != layer_of(imported)
        and not (layer_of(module) == "ledger" and imported == "ledger.entries")
        and not is_within(imported, (*EVERYBODY, *LAYERS[layer_of(module)]))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other() -> None:
    graph = {module: own_imports(module) - {"__init__"} for module in TREES}
    graphlib.TopologicalSorter(graph).prepare()


def test_each_library_has_one_door() -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in TREES
        for imported in imports(module)
        if imported.split(".")[0] in DOORS and not is_within(module, DOORS[imported.split(".")[0]])
    ]
    assert not wrong, "\n".join(wrong)


def test_pure_modules_know_no_clock_environment_or_chance() -> None:
    wrong = []
    for module in TREES:
        if not is_within(module, PURE):
            continue
        wrong += [f"{module} imports {name}" for name in imports(module) if name.split(".")[0] in IMPURE_MODULES]
        for node in ast.walk(TREES[module]):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in IMPURE_NAMES:
                wrong.append(f"{module}:{node.lineno} uses {ast.unparse(node)}")
    assert not wrong, "\n".join(wrong)


def test_only_the_command_line_prints_or_exits() -> None:
    wrong = [
        f"{module}:{node.lineno} calls {ast.unparse(node.func)}"
        for module, tree in TREES.items()
        if not is_within(module, ("cli", "__main__"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "input", "exit", "quit", "sys.exit"}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_package_alone_imports_no_library() -> None:
    code = "import sys, changelog_engine; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True).stdout.split()
    assert not set(DOORS) & set(loaded)
