"""What the measurements stand on, started when first asked for and shared by those that follow."""

import tempfile
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Browser

from bench.product import Product, running_product
from bench.running import RunningDemo, running_demo


class Stage:
    """Use it as a context manager: what was started is stopped, the last first, and its folder goes too."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    @cached_property
    def product(self) -> Product:
        """The product in this very process, on servers of its own."""
        return self._stack.enter_context(running_product(self._folder()))

    @cached_property
    def demo(self) -> RunningDemo:
        """`make demo` in processes of its own."""
        return self._stack.enter_context(running_demo(self._folder()))

    @cached_property
    def chromium(self) -> Browser | None:
        from bench.browser import chromium

        return self._stack.enter_context(chromium())

    def _folder(self) -> Path:
        return Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-bench-")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
