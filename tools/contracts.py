"""Import contracts of `.importlinter`, and the kind of contract that import-linter lacks.

Run as a program it checks them all; the exit code is import-linter's.
"""

import sys
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.application import use_cases
from importlinter.configuration import configure

ROOT = Path(__file__).resolve().parent.parent


class PublicSurface(Contract):
    """A domain is entered from outside through its public modules only.

    Attributes:
        container: The package whose children are domains.
        public: Modules of a domain that every other domain may import.
        wiring: Modules that the composition root may import besides.
        assemblers: Domains that are composition roots.
        exempt: Packages without a surface: all of their modules are public.
    """

    type_name = "public_surface"

    container = fields.StringField()
    public = fields.SetField(subfield=fields.StringField())
    wiring = fields.SetField(subfield=fields.StringField())
    assemblers = fields.SetField(subfield=fields.StringField())
    exempt = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001, ARG002 - the base class says so
        """Finds every import that reaches past a domain's surface."""
        breaches = [
            (importer, module, lines_of(graph, importer, module))
            for domain in self._domains(graph)
            for importer, module in imports_from_outside(graph, domain)
            if not self._is_allowed(importer, module, domain)
        ]
        return ContractCheck(kept=not breaches, metadata={"breaches": sorted(breaches)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Names each import, its lines, and what to use instead."""
        public = " or ".join(sorted(self.public))  # type: ignore[call-overload]
        for importer, module, lines in check.metadata["breaches"]:
            where = ", ".join(f"l.{line}" for line in lines)
            output.print_error(f"{importer} ({where}) reaches into {module}: use its {public}.")

    def _domains(self, graph: ImportGraph) -> list[str]:
        container: Any = self.container
        no_surface = {*_words(self.assemblers), *_words(self.exempt)}
        children = graph.find_children(container)
        return sorted(child for child in children if child.rpartition(".")[2] not in no_surface)

    def _is_allowed(self, importer: str, module: str, domain: str) -> bool:
        container: Any = self.container
        entrance = module.removeprefix(f"{domain}.").partition(".")[0] if module != domain else ""
        home = importer.removeprefix(f"{container}.").partition(".")[0]
        # `api` may be a package: its modules are entered through it alone.
        is_whole = module == f"{domain}.{entrance}"
        if home in _words(self.assemblers) and entrance in _words(self.wiring):
            return is_whole
        return is_whole and entrance in _words(self.public)


def _words(field: Any) -> set[str]:
    return set(field or ())


def imports_from_outside(graph: ImportGraph, domain: str) -> list[tuple[str, str]]:
    """Pairs (importer, imported) where a module outside `domain` imports one of its modules."""
    return [
        (importer, module)
        for module in {domain} | graph.find_descendants(domain)
        for importer in graph.find_modules_that_directly_import(module)
        if importer != domain and not importer.startswith(f"{domain}.")
    ]


def lines_of(graph: ImportGraph, importer: str, module: str) -> list[int]:
    """Line numbers of the import, in ascending order."""
    details = graph.get_import_details(importer=importer, imported=module)
    return sorted({detail["line_number"] for detail in details})


def main(root: Path) -> int:
    """Checks every contract of `root/.importlinter` and prints what is broken."""
    sys.path[:0] = [str(root / "src"), str(ROOT)]
    configure()
    kept = use_cases.lint_imports(
        config_filename=str(root / ".importlinter"), cache_dir=None, no_logo=True
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT))
