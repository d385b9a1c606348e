"""Database changelogs with non-linear ordering.

``Engine`` has a method for each verb; the names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from changelog_engine.engine import Engine
    from changelog_engine.errors import ChangelogEngineError
    from changelog_engine.plan.request import (
        AppliedAfter,
        ContextChoice,
        ContextMode,
        Dependents,
        Everything,
        Filters,
        LastApplied,
        OfDeployment,
        ParameterSources,
        RollbackFrom,
        RollbackRequest,
        Selected,
        ToTag,
        UpdateRequest,
    )
    from changelog_engine.settings import Options, Settings, load_settings

__version__ = "0.1.0"

_HOMES = {
    "changelog_engine.engine": ("Engine",),
    "changelog_engine.errors": ("ChangelogEngineError",),
    "changelog_engine.plan.request": (
        "AppliedAfter",
        "ContextChoice",
        "ContextMode",
        "Dependents",
        "Everything",
        "Filters",
        "LastApplied",
        "OfDeployment",
        "ParameterSources",
        "RollbackFrom",
        "RollbackRequest",
        "Selected",
        "ToTag",
        "UpdateRequest",
    ),
    "changelog_engine.settings": ("Options", "Settings", "load_settings"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AppliedAfter",
    "ChangelogEngineError",
    "ContextChoice",
    "ContextMode",
    "Dependents",
    "Engine",
    "Everything",
    "Filters",
    "LastApplied",
    "OfDeployment",
    "Options",
    "ParameterSources",
    "RollbackFrom",
    "RollbackRequest",
    "Selected",
    "Settings",
    "ToTag",
    "UpdateRequest",
    "__version__",
    "load_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
