"""The checkout as the rules see it: its files, their text, their syntax trees."""

import ast
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MADE_BY_TOOLS = frozenset({"node_modules", "__pycache__", "static", "dist", "var"})


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """A rule of the house that is broken somewhere.

    Attributes:
        path: The file, relative to the root.
        line: Line number from 1, or 0 for the file as a whole.
        text: What is wrong, and what to do instead.
    """

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """`path:line: text`, so that editors and terminals can jump to it."""
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


type Rule = Callable[["Tree"], Iterator[Breach]]


class Tree:
    """A checkout below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._texts: dict[Path, str] = {}
        self._syntaxes: dict[Path, ast.Module] = {}
        self.unreadable: list[Breach] = []

    @cached_property
    def files(self) -> list[Path]:
        """Every file that git tracks or would track; without git, every file not made by tools."""
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            named = [self.root / name for name in listed.stdout.split("\0") if name]
        else:
            named = [path for path in self.root.rglob("*") if self._is_source(path)]
        return sorted(path for path in named if path.is_file())

    def _is_source(self, path: Path) -> bool:
        parts = path.relative_to(self.root).parts
        return not any(
            part in MADE_BY_TOOLS or (part.startswith(".") and part not in {".ci", ".importlinter"})
            for part in parts
        )

    @property
    def product(self) -> Path:
        """The package `warroom`."""
        return self.root / "src" / "warroom"

    @cached_property
    def domains(self) -> list[Path]:
        """Packages of the domains, `kernel` and `app` among them."""
        folders = (path for path in self.product.iterdir() if path.is_dir())
        return sorted(path for path in folders if any(path.rglob("*.py")))

    def python(self, *below: Path) -> list[Path]:
        """Python files in the given folders, or all of them."""
        return [
            path
            for path in self.files
            if path.suffix == ".py"
            and (not below or any(path.is_relative_to(folder) for folder in below))
        ]

    def text(self, path: Path) -> str:
        """What the file says; bytes that are not UTF-8 are replaced."""
        if path not in self._texts:
            try:
                self._texts[path] = path.read_text("utf-8", errors="replace")
            except FileNotFoundError:  # somebody has moved it since it was listed
                self._texts[path] = ""
        return self._texts[path]

    def syntax(self, path: Path) -> ast.Module:
        """The file's syntax tree; an empty one where it is not Python (a rule of its own)."""
        if path not in self._syntaxes:
            try:
                self._syntaxes[path] = ast.parse(self.text(path), str(path))
            except SyntaxError as error:
                self._syntaxes[path] = ast.Module([], [])
                self.unreadable.append(self.breach(path, error.lineno or 0, f"{error.msg}"))
        return self._syntaxes[path]

    def breach(self, path: Path, line: int, text: str) -> Breach:
        """A breach in `path`."""
        return Breach(str(path.relative_to(self.root)), line, text)
