"""text of a YAML file -> plain data and the position of every key and value.

Never judges the data beyond what YAML itself forbids; dates stay text, so that "2025-02" keeps its precision.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from monitor.errors import Problem

Path: TypeAlias = tuple[str | int, ...]

_TAG = "tag:yaml.org,2002:"


@dataclass(slots=True)
class Document:
    """The data of one file: {} for an empty one.  What is not `readable` has its problem told and is not judged further."""

    file: str
    data: Any = None
    problems: list[Problem] = field(default_factory=list)
    readable: bool = True
    _values: dict[Path, Node] = field(default_factory=dict)
    _keys: dict[Path, Node] = field(default_factory=dict)

    def problem(self, path: Path, message: str, *, at_key: bool = False) -> Problem:
        """Report `message` at `path`, or at the nearest place above it that exists."""
        places = self._keys if at_key else self._values
        while path and path not in places:
            path = path[:-1]
        mark = places[path].start_mark if path in places else None
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return Problem(file=self.file, line=line, column=column, message=message)

    def line(self, path: Path) -> int:
        return self.problem(path, "").line

    def holds(self, path: Path) -> bool:
        return path in self._values


def parse_document(file: str, content: bytes) -> Document:
    """Parse one YAML file; what YAML forbids, duplicate keys included, is in `problems`."""
    document = Document(file=file, data={}, readable=False)
    try:
        root = YAML(typ="safe", pure=True).compose(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        document.problems.append(Problem(file=file, line=line, column=1, message="the file is not UTF-8"))
    except (YAMLError, YAMLStreamError) as error:
        document.problems.append(_syntax_problem(file, error))
    else:
        document.readable = True
        document.data = _Walk(document).value(root, ()) if root is not None else {}
        document.data = {} if document.data is None else document.data
    return document


def _syntax_problem(file: str, error: Exception) -> Problem:
    mark = error.problem_mark or error.context_mark if isinstance(error, MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    words = [error.context, error.problem] if isinstance(error, MarkedYAMLError) else [str(error).splitlines()[0]]
    return Problem(file=file, line=line, column=column, message="YAML: " + ", ".join(filter(None, words)))


class _Walk:
    """Turns nodes into data and notes their positions in the document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.above: list[Node] = []

    def value(self, node: Node, path: Path) -> Any:
        self.document._values[path] = node  # noqa: SLF001  # one and the same module
        if node in self.above:
            self.document.problems.append(self.document.problem(path, "this alias refers to itself"))
            self.document.readable = False
            return None
        self.above.append(node)
        try:
            return self._value(node, path)
        finally:
            self.above.pop()

    def _value(self, node: Node, path: Path) -> Any:
        match node:
            case MappingNode():
                return self._mapping(node, path)
            case SequenceNode():
                return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
            case _:
                return _typed(str(node.tag), node.value)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*path, key)
            if key in data:
                first = self.document._keys[here].start_mark.line + 1  # noqa: SLF001
                self.document._keys[here] = key_node  # noqa: SLF001
                message = f"key {key!r} stands here twice; the first is on line {first}"
                self.document.problems.append(self.document.problem(here, message, at_key=True))
                continue
            self.document._keys[here] = key_node  # noqa: SLF001
            data[key] = self.value(value_node, here)
        return data


def _typed(tag: str, text: str) -> Any:
    """Read a plain scalar as YAML 1.2 does; what is no such number after all stays text."""
    try:
        match tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return int(text.replace("_", ""), 10)
            case "float":
                return float(text)
    except ValueError:
        pass
    return text
