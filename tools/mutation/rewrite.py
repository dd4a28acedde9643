"""Rewrites the product's modules while they are imported, so that a guard can be taken away."""

import ast
import importlib.machinery
import re
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, TypeGuard

from psycopg import _queries, sql

from tools.mutation.queries import Queries, claims

PACKAGE = "warroom"
CALLS = ("footage_of", "narrow", "allows", "allows_in_city", "may", "require")
JUDGE = re.compile(r"_?may_(?!only)\w+")
"""Functions that judge for the caller: `may_end`, `_may_know`; not `may_only_...`."""

LEFT_OUT = ("kernel/scope.py",)
"""The judgement itself: its property tests compare it with another telling of the same rules.

Benchmarks are left out as well: they let nobody through.
"""
ROUTE_GUARD = "kernel/http.py judge may"
_WORD = re.compile(rb"[a-z_]+")

_CALL, _CHECK, _JUDGE = "__guarded_call__", "__guarded_check__", "__guarded_judge__"
_OWN = "__guarded_own__"
_ASKER = ("person_id", "agency_id", "session_id")


class Guards:
    """What guards there are, which are passed, and which are away.

    Attributes:
        known: Every guard's name, with the error's name where it is an `if` that raises.
        passed: Guards that said no since the set was last emptied (or were part of a query). A
            guard that says no nowhere in a test cannot be missed by it.
        away: The guards that do not hold now.
        queries: Those that are written into queries.
        policies: Table -> the names of its policies; a query that names the table passes them.
    """

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.passed: set[str] = set()
        self.away: frozenset[str] = frozenset()
        self.queries = Queries()
        self.policies: dict[str, list[str]] = {}

    def query(self, text: bytes) -> bytes:
        """A query as it goes out: without the predicates that are away."""
        for table in _WORD.findall(text) if self.policies else ():
            self.passed.update(self.policies.get(table.decode(), ()))
        if b"/*guard " not in text:
            return text
        self.passed |= self.queries.passed_by(text)
        return self.queries.without(text, self.away)

    def own(self, name: str, claim: Any, *, if_own: bool) -> Any:
        """What comparing with the asker came to, or as if the thing were always their own."""
        if bool(claim) is not if_own:
            self.passed.add(name)
        return if_own if name in self.away else claim

    def call(self, name: str, word: str, holder: Any, *arguments: Any, **named: Any) -> Any:
        """Calls `holder.word(...)`, or answers as if it had let everybody through."""
        if name == ROUTE_GUARD:
            name = _route_name(sys._getframe(1).f_locals["connection"])
        open_, is_away = _OPEN[word], name in self.away
        try:
            said = getattr(holder, word)(*arguments, **named)
        except Exception:  # what a refusal is called, is for the product to say
            self.passed.add(name)
            if is_away and word != "narrow":
                return open_
            raise
        if word == "narrow":
            predicate, parameters = said
            if predicate != open_:
                self.passed.add(name)
            # The parameters stay: another predicate of the query may be written with them.
            return (open_, parameters) if is_away else said
        if said != open_:
            self.passed.add(name)
        return open_ if is_away else said

    def judge(self, name: str, function: Any, *arguments: Any, **named: Any) -> Any:
        """Asks a function whether somebody may, or answers yes."""
        said = function(*arguments, **named)
        if not said:
            self.passed.add(name)
        return True if name in self.away else said

    def check(self, name: str, claim: Any) -> Any:
        """The condition under which an error is raised, or that it never is."""
        if claim:
            self.passed.add(name)
        return False if name in self.away else claim


_OPEN: dict[str, Any] = {
    "narrow": sql.SQL("true"), "allows": True, "allows_in_city": True, "may": True,
    "require": None, "footage_of": None,
}  # fmt: skip
"""What each call answers to somebody who may do all."""


def _route_name(connection: Any) -> str:
    method = "WEBSOCKET" if connection.scope["type"] == "websocket" else connection.scope["method"]
    return f"route {method} {connection.scope['route'].path}"


GUARDS = Guards()


class Rewriter(ast.NodeTransformer):
    """Puts every guard of a module behind a call that can let everybody through.

    Args:
        module: The module's path below the package, for the names of its guards.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._within: list[str] = []
        self._seen: dict[str, int] = {}
        self._left_alone: set[int] = set()
        self._checked_raises: set[int] = set()
        self._assigned = ""

    def _name(self, what: str) -> str:
        name = f"{self._module} {'.'.join(self._within) or '-'} {what}"
        self._seen[name] = self._seen.get(name, 0) + 1
        return name if self._seen[name] == 1 else f"{name} {self._seen[name]}"

    def _inside(self, node: Any) -> ast.AST:
        self._within.append(node.name)
        try:
            return self.generic_visit(node)
        finally:
            self._within.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _inside  # noqa: N815 - ast's names

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Puts a call of the scope behind `Guards.call`."""
        self.generic_visit(node)
        called = node.func
        if id(node) in self._left_alone:
            return node
        if isinstance(called, ast.Attribute) and called.attr in CALLS:
            word, within = called.attr, self._within[-1:]
            name = f"{self._module} judge may" if within == ["judge"] else self._name(word)
            first: list[ast.expr] = [ast.Constant(name), ast.Constant(word), called.value]
            return self._behind(_CALL, name, first, node)
        word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if JUDGE.fullmatch(word):
            name = self._name(word)
            return self._behind(_JUDGE, name, [ast.Constant(name), called], node)
        return node

    def visit_Await(self, node: ast.Await) -> ast.AST:
        """Leaves what is awaited alone: no judgement waits for anything."""
        self._left_alone.add(id(node.value))
        return self.generic_visit(node)

    @staticmethod
    def _behind(helper: str, name: str, first: list[ast.expr], node: ast.Call) -> ast.Call:
        GUARDS.known[name] = ""
        return ast.Call(ast.Name(helper, ast.Load()), [*first, *node.args], node.keywords)

    def visit_If(self, node: ast.If) -> ast.AST:
        """Puts the condition of an error behind `Guards.check`."""
        error = _raised(node.body)
        if error is not None:
            self._checked_raises.add(id(node.body[-1]))
            if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
                self._left_alone.add(id(node.test.operand))  # one guard, not two that are the same
            self._left_alone.add(id(node.test))
        self.generic_visit(node)
        if error is None:
            return node
        node.test = self._checked(error, node.test)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """Puts a comparison with the asker (`== scope.person_id`) behind `Guards.own`."""
        sides = [node.left, *node.comparators]
        asked = [one for side in sides for one in ast.walk(side) if _is_asker(one)]
        is_alone = id(node) in self._left_alone
        self.generic_visit(node)
        if is_alone or len(node.ops) != 1 or not asked:
            return node
        (operator,) = node.ops
        if not isinstance(operator, ast.Eq | ast.In | ast.NotEq | ast.NotIn):
            return node  # `is None` asks whether there is an asker, not whether it is this one
        name = self._name(f"own {asked[0].attr}")
        GUARDS.known[name] = ""
        is_own = ast.keyword("if_own", ast.Constant(isinstance(operator, ast.Eq | ast.In)))
        return ast.Call(ast.Name(_OWN, ast.Load()), [ast.Constant(name), node], [is_own])

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """Remembers the name of a constant, for the predicates in it."""
        self._assigned = getattr(node.targets[0], "id", "")
        try:
            return self.generic_visit(node)
        finally:
            self._assigned = ""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Leaves texts that only explain alone."""
        return node if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        """Marks the predicates of a query."""
        if not isinstance(node.value, str):
            return node
        text = node.value
        for begin, end in reversed(claims(text)):
            claim = text[begin:end]
            said = " ".join(claim.split())
            name = self._name(f"{self._assigned} where {said}".strip())
            GUARDS.known[name] = ""
            text = text[:begin] + GUARDS.queries.marked(name, claim) + text[end:]
        return node if text is node.value else ast.copy_location(ast.Constant(text), node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Puts an error that is raised where all else has failed behind `Guards.check`.

        Not one that only says in other words what another error said (`from`).
        """
        error = None if node.cause is not None else _name_of(node)
        if error is None or id(node) in self._checked_raises:
            return node
        return ast.If(self._checked(error, ast.Constant(value=True)), [node], [])

    def _checked(self, error: str, claim: ast.expr) -> ast.Call:
        name = self._name(f"raise {error}")
        GUARDS.known[name] = error
        return ast.Call(ast.Name(_CHECK, ast.Load()), [ast.Constant(name), claim], [])


def _is_asker(node: ast.AST) -> TypeGuard[ast.Attribute]:
    if not isinstance(node, ast.Attribute) or node.attr not in _ASKER:
        return False
    holder = node.value
    word = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
    return word == "scope"


def _raised(body: Sequence[ast.stmt]) -> str | None:
    """The name of the error, where a block does nothing but raise one."""
    last = body[-1]
    return _name_of(last) if isinstance(last, ast.Raise) and len(body) <= 2 else None


def _name_of(node: ast.Raise) -> str | None:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(raised, ast.Attribute):
        return raised.attr
    return raised.id if isinstance(raised, ast.Name) else None


class _Loader(importlib.machinery.SourceFileLoader):
    """Compiles the rewritten source, never what lies compiled on the disk."""

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        module = "/".join(Path(path).parts[Path(path).parts.index(PACKAGE) + 1 :])
        tree = ast.fix_missing_locations(Rewriter(module).visit(tree))
        return compile(tree, path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        helpers: dict[str, Callable[..., Any]] = {
            _CALL: GUARDS.call,
            _CHECK: GUARDS.check,
            _JUDGE: GUARDS.judge,
            _OWN: GUARDS.own,
        }
        module.__dict__.update(helpers)
        super().exec_module(module)


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".", maxsplit=1)[0] != PACKAGE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return spec
        if spec.origin and not spec.origin.endswith(LEFT_OUT) and "/bench/" not in spec.origin:
            spec.loader = _Loader(fullname, spec.origin)
        return spec


def install() -> None:
    """Rewrites every module of the product that is imported from now on.

    Raises:
        RuntimeError: Some were imported already.
    """
    if any(name.split(".")[0] == PACKAGE for name in sys.modules):
        message = "modules of the product were imported before they could be rewritten"
        raise RuntimeError(message)
    sys.meta_path.insert(0, _Finder())
    written = _queries.PostgresQuery._ensure_bytes

    def ensured(self: _queries.PostgresQuery, query: Any) -> bytes:
        return GUARDS.query(bytes(written(self, query)))

    # Where psycopg turns every form of a query into the bytes that it sends.
    _queries.PostgresQuery._ensure_bytes = ensured  # type: ignore[method-assign]
