"""Paths in a changelog: relative to the file that names them, with ``/``, and never out of the project's root."""

from __future__ import annotations

import glob
import os
from pathlib import Path, PurePosixPath, PureWindowsPath


class PathError(ValueError):
    """The path may not be used; ``hint`` is the remedy."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Root:
    """The folder that no path leaves: the one of ``changelog.toml``, else of the root changelog."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(os.path.abspath(folder))
        self._real = folder.resolve()

    def locate(self, text: str, beside: Path) -> Path:
        """The file that a path in the file ``beside`` means. Raises ``PathError``, as where it leaves the root."""
        _check_form(text)
        path = Path(os.path.normpath(beside.parent / text))
        self.check(path, text)
        return path

    def check(self, path: Path, text: str) -> None:
        """Raises ``PathError`` where the path, with its symbolic links followed, is out of the root."""
        try:
            real = path.resolve()
        except (OSError, RuntimeError) as error:
            raise PathError(f"`{text}` cannot be followed: {error}") from error
        if real.is_relative_to(self._real):
            return
        inside = "" if not path.is_relative_to(self.folder) else " through a symbolic link"
        raise PathError(
            f"`{text}` leaves the project's root{inside}",
            "the root is the folder of `changelog.toml`, else of the root changelog; move the file into it",
        )

    def matches(self, pattern: str, beside: Path) -> tuple[Path, ...]:
        """The files that a glob in the file ``beside`` means, sorted by path, without that file itself."""
        _check_form(pattern)
        fixed = pattern.split("*")[0].split("?")[0].split("[")[0].rpartition("/")[0]
        self.check(Path(os.path.normpath(beside.parent / fixed)), pattern)
        found = glob.glob(pattern, root_dir=beside.parent, recursive=True)
        paths = {Path(os.path.normpath(beside.parent / match)) for match in found}
        files = sorted((path for path in paths if path.is_file() and path != beside), key=self.name)
        for path in files:
            self.check(path, self.name(path))
        return tuple(files)

    def name(self, path: Path) -> str:
        """A path as messages and the ledger have it: relative to the root, with ``/``."""
        absolute = Path(os.path.abspath(path))
        if absolute.is_relative_to(self.folder):
            return absolute.relative_to(self.folder).as_posix()
        real = path.resolve()
        return real.relative_to(self._real).as_posix() if real.is_relative_to(self._real) else absolute.as_posix()


def is_glob(text: str) -> bool:
    return any(char in text for char in "*?[")


def _check_form(text: str) -> None:
    if "\\" in text:
        raise PathError(
            f"`{text}` has a backslash", f"write `{text.replace(chr(92), '/')}`; paths have `/` on every system"
        )
    if "\0" in text:
        raise PathError("a path cannot hold the character U+0000")
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).drive:
        raise PathError(f"`{text}` is absolute", "write it relative to the file that it stands in")
