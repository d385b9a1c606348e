"""Why a typed change cannot be rendered, or undone, on a kind of database."""

from __future__ import annotations


class OperationError(ValueError):
    """``message`` says what is in the way, ``hint`` what to write instead."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
