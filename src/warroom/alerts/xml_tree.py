"""XML of strangers, read without any of what makes XML dangerous. Pure.

No document type, hence no entity and nothing from outside, is let through: expat tells of each
before it acts on it, and the first one ends the reading. Size, depth and the number of elements
are bounded, so that a document costs about what it weighs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from warroom.alerts.errors import BadAlertError

MOST_BYTES = 2 << 20
MOST_DEPTH = 32
MOST_ELEMENTS = 50_000


@dataclass(slots=True)
class Node:
    """An element: its name space and name, its own text, what is inside."""

    space: str
    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Node"]:
        """The elements of this name that stand directly inside, in order."""
        return (one for one in self.children if one.name == name)

    def first(self, name: str) -> str:
        """The text of the first of this name; empty where there is none."""
        return next((one.text.strip() for one in self.all(name)), "")


def read_xml(content: bytes) -> Node:
    """The root element of a document.

    Raises:
        BadAlertError: It is too large, no XML, or has a document type (`problem`).
    """
    if len(content) > MOST_BYTES:
        raise BadAlertError(problem="too_large", detail=str(MOST_BYTES))
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.say
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadAlertError(problem="no_xml", detail=str(error)[:100]) from None
    except (LookupError, ValueError) as error:
        raise BadAlertError(problem="no_xml", detail=type(error).__name__) from None
    if builder.root is None:
        raise BadAlertError(problem="no_xml", detail="")
    return builder.root


def _refuse(*_: object) -> int:
    raise BadAlertError(problem="doctype", detail="")


class _Builder:
    """Builds the tree as expat tells it."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= MOST_DEPTH or self._count > MOST_ELEMENTS:
            raise BadAlertError(problem="too_deep", detail="")
        space, _, word = name.rpartition(" ")
        node = Node(space, word, attributes)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, _: str) -> None:
        self._open.pop()

    def say(self, text: str) -> None:
        self._open[-1].text += text
