"""A choice put to use once, for all that is drawn from then on, and put away again."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Generic, TypeVar

T = TypeVar("T")


class Used(Generic[T]):
    """Something in use; as a context it is put away again at the end.

    Parameters
    ----------
    current : ContextVar
        What holds it; a thread or a task of its own has its own.
    value : object
        What is put to use.

    Examples
    --------
    >>> colour = ContextVar("colour", default="red")
    >>> with Used(colour, "green"):
    ...     colour.get()
    'green'
    >>> colour.get()
    'red'
    """

    def __init__(self, current: ContextVar[T], value: T) -> None:
        self.value = value
        self._current = current
        self._token = current.set(value)

    def __enter__(self) -> T:
        return self.value

    def __exit__(self, *error: object) -> None:
        self._current.reset(self._token)

    def __repr__(self) -> str:
        return f"<in use: {self.value!r}>"
