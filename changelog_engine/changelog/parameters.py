"""Values of the declared parameters in one run, strongest source first.

``--param``, the environment variable that ``env`` names, the value of an active context, the configuration
file, the default.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from changelog_engine.errors import ConfigurationError, UsageError
from changelog_engine.model import Parameter
from changelog_engine.nearest import nearest


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a run: ``values`` holds every parameter that has one, ``secrets`` those that are never shown."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    @property
    def digest(self) -> str:
        """Tells two sets of values apart; of a secret only whether it has one, so that none can be guessed from it."""
        known = {name: None if name in self.secrets else value for name, value in self.values.items()}
        canonical = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def resolve_parameters(
    declared: Mapping[str, Parameter],
    given: Mapping[str, str],
    environ: Mapping[str, str],
    configured: Mapping[str, str],
    contexts: Collection[str],
) -> Values:
    """The values of the declared parameters; one without any value is left out.

    Raises ``UsageError`` where ``given`` names an undeclared parameter or two active contexts give one parameter
    different values, ``ConfigurationError`` where ``configured`` names an undeclared one.
    """
    for name in given:
        if name not in declared:
            raise UsageError(f"`--param {name}=…` names a parameter that is not declared", hint=_remedy(name, declared))
    for name in configured:
        if name not in declared:
            raise ConfigurationError(
                f"the configuration sets parameter `{name}`, which is not declared", hint=_remedy(name, declared)
            )
    active = {context.lower() for context in contexts}
    values: dict[str, str] = {}
    for name, parameter in declared.items():
        value = given.get(name)
        if value is None and parameter.env is not None:
            value = environ.get(parameter.env)
        if value is None:
            value = _of_contexts(parameter, active)
        if value is None:
            value = configured.get(name, parameter.default)
        if value is not None:
            values[name] = value
    return Values(values, {name: values[name] for name in values if declared[name].secret})


def _of_contexts(parameter: Parameter, active: Collection[str]) -> str | None:
    found = {context: value for context, value in parameter.contexts.items() if context.lower() in active}
    if len(set(found.values())) > 1:
        names = " and ".join(f"`{context}`" for context in found)
        raise UsageError(
            f"parameter `{parameter.name}` has different values in the active contexts {names}",
            hint=f"say which one is meant: `--param {parameter.name}=VALUE`",
        )
    return next(iter(found.values()), None)


def _remedy(name: str, declared: Mapping[str, Parameter]) -> str:
    close = nearest(name, declared)
    if close is not None:
        return f"did you mean `{close}`?"
    if declared:
        return "declared are " + ", ".join(f"`{known}`" for known in sorted(declared))
    return "the changelog declares no parameters; declare it under `parameters:`"
