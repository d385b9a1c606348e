"""PostgreSQL's own parser as a library: by itself, as the package around it takes ten megabytes for protobuf."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_NATIVE = "postgast.native"


def library() -> Any:
    """The library, with its functions declared. Raises ImportError or OSError where it is not installed."""
    if _NATIVE not in sys.modules:
        _load_alone()
    from postgast.native import lib

    return lib


def _load_alone() -> None:
    """Load the module of the package that declares the library: it needs nothing of the package, and finds it loaded
    where it is imported later. Where it is not a file of its own, it is left to the import of the package.
    """
    package = find_spec("postgast")
    if package is None or package.origin is None:
        return
    file = Path(package.origin).with_name("native.py")
    spec = spec_from_file_location(_NATIVE, file) if file.is_file() else None
    if spec is None or spec.loader is None:
        return
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules.setdefault(_NATIVE, module)
