"""What the parent shows: each program's lines behind its name, in a colour of its own where colours are wanted."""

from __future__ import annotations

import os
import sys
from typing import TextIO

COLOURS = {"postgres": 34, "broker": 35, "sandbox": 33, "web": 36, "worker": 32, "beat": 94}
BOLD, RED, GREY = 1, 31, 90
WIDTH = max(map(len, COLOURS))


class Console:
    """Writes lines to a stream. When the stream goes away (a closed pipe) it falls silent and the programs go on."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream: TextIO | None = stream
        self._coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def relay(self, name: str, line: str) -> None:
        """One line that the program `name` wrote."""
        self._write(f"{self._paint(f'{name:<{WIDTH}} |', COLOURS.get(name, GREY))} {line}")

    def say(self, text: str) -> None:
        """One line, or several, of the parent itself."""
        self._write(self._paint(text, BOLD))

    def complain(self, text: str) -> None:
        """The same for what a person must not miss."""
        self._write(self._paint(text, RED))

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _write(self, text: str) -> None:
        if self._stream is not None:
            try:
                print(text, file=self._stream, flush=True)
            except OSError:
                self._stream = None
