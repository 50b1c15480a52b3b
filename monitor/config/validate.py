"""parsed file -> validated model and problems, each with its place and, where one is near, a suggestion.

Never stops at the first problem: list items and named entries that fail are left out, so that the rest can be checked on.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from monitor.config.document import Document, Path
from monitor.errors import Problem

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True, kw_only=True)
class Checked(Generic[M]):
    """A validated file that knows where each of its items stands.  `model` lacks the items that failed."""

    model: M
    document: Document
    kept: dict[str, list[int]] = field(default_factory=dict)  # section -> index in the file of each item in the model

    def path(self, section: str, number: int, *rest: str | int) -> Path:
        """Return the place in the file of item `number` of the model's `section`."""
        kept = self.kept.get(section)
        return (section, kept[number] if kept else number, *rest)

    def problem(self, message: str, section: str, number: int, *rest: str | int) -> Problem:
        return self.document.problem(self.path(section, number, *rest), message)

    def failed_names(self, section: str) -> set[str]:
        """Return the names of those items that failed: a reference to one of them is no second error."""
        items = self.document.data.get(section) if isinstance(self.document.data, dict) else None
        if isinstance(items, dict):
            return set(items)
        dicts = [item for item in items or [] if isinstance(item, dict)] if isinstance(items, list) else []
        return {item["name"] for item in dicts if isinstance(item.get("name"), str)}


def validate(document: Document, model: type[M]) -> tuple[Checked[M], list[Problem]]:
    """Validate a file; what cannot be saved of it is replaced by defaults."""
    try:
        return Checked(model=model.model_validate(document.data), document=document), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    problems = [_problem(document, model, detail) for detail in details] if document.readable else []
    return _salvage(document, model, details), problems


def _salvage(document: Document, model: type[M], details: list[ErrorDetails]) -> Checked[M]:
    """Validate again without the keys that failed and then without the items that still fail."""
    data = _without_keys(document, [_without_tags(document, detail["loc"]) for detail in details])
    try:
        return Checked(model=model.model_validate(data), document=document)
    except ValidationError as error:
        return _without_items(document, model, data, {detail["loc"][:2] for detail in error.errors()})


def _without_keys(document: Document, paths: list[Path]) -> dict[str, Any]:
    """Copy the data without the keys at `paths`, but for those of channels: half a channel says nothing."""
    data: dict[str, Any] = deepcopy(document.data) if isinstance(document.data, dict) else {}
    for path in map(_to_last_key, paths):
        if len(path) < 2 or path[0] == "channels":
            continue
        holder: Any = data
        for part in path[:-1]:
            holder = holder.get(part, {}) if isinstance(holder, dict) else holder[part]
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
    return data


def _to_last_key(path: Path) -> Path:
    """Cut the list indices off the end: to take one item out of a list would move the others."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    return path


def _without_items(document: Document, model: type[M], data: dict[str, Any], bad: set[Path]) -> Checked[M]:
    sound: dict[str, Any] = {f.alias or n: {} if n == "channels" else [] for n, f in _required(model)}
    kept: dict[str, list[int]] = {}
    for section, items in data.items():
        if section not in _keys_of(model) or (section,) in bad:
            continue
        sound[section] = items
        if isinstance(items, list):
            kept[section] = [number for number in range(len(items)) if (section, number) not in bad]
            sound[section] = [items[number] for number in kept[section]]
        elif isinstance(items, dict) and section != "channels" and any(place[0] == section for place in bad):
            del sound[section]  # it lacks what it needs
        elif isinstance(items, dict):
            sound[section] = {key: item for key, item in items.items() if (section, key) not in bad}
    return Checked(model=model.model_validate(sound), document=document, kept=kept)


def _required(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    return [(name, info) for name, info in model.model_fields.items() if info.is_required()]


def suggest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'X'?" where a known name is near, else nothing."""
    folded = {known_name.lower(): known_name for known_name in known}
    near = get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[near[0]]!r}?" if near else ""


# --- what pydantic found, in words --------------------------------------------------------------------------------


def _problem(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    path = _without_tags(document, detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_of(_model_at(model, path[:-1], document))
        return document.problem(path, f"key {path[-1]!r} is not known{suggest(str(path[-1]), known)}", at_key=True)
    if detail["type"] == "missing":
        return document.problem(path[:-1], f"key {path[-1]!r} is missing")
    return document.problem(path, _message(detail))


def _message(detail: ErrorDetails) -> str:
    context, given = detail.get("ctx", {}), detail["input"]
    match detail["type"]:
        case "value_error":
            return str(context["error"])
        case "enum" | "literal_error":
            return _not_one_of("", given, str(context["expected"]))
        case "union_tag_invalid":
            return _not_one_of("type ", context["tag"], str(context["expected_tags"]))
        case "string_type" if isinstance(given, bool | int | float):
            return f"must be text, but YAML reads this as {given!r}; put it in quotes"
        case "bool_parsing" | "bool_type":
            return f"{given!r} is neither true nor false"
        case kind:
            return _MESSAGES.get(kind) or _plain(detail["msg"], given)


_MESSAGES = {
    "union_tag_not_found": "key 'type' is missing",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "an id may hold only small letters, digits and single dashes",
}


def _not_one_of(what: str, given: Any, expected: str) -> str:
    choices = [choice.strip("' ") for choice in expected.replace(" or ", ", ").split(",")]
    return f"{what}{given!r} is not one of {', '.join(choices)}{suggest(str(given), choices)}"


_WANTED = {
    "Input should be a valid list": "must be a list",
    "Input should be a valid dictionary": "must be a mapping of keys to values",
    "Input should be a valid string": "must be text",
}


def _plain(message: str, given: Any) -> str:
    if "valid dictionary or instance of" in message:
        return f"must be a mapping of keys to values, not {given!r}"
    if message in _WANTED:
        return f"{_WANTED[message]}, not {'nothing' if given is None else repr(given)}"
    return f"{message[0].lower()}{message[1:]}, not {given!r}" if isinstance(given, str | int | float) else message


def _without_tags(document: Document, path: Path) -> Path:
    """Drop what pydantic adds to a location: the tag of the union member that it chose."""
    kept: Path = ()
    path = tuple(part for part in path if part != "[key]")
    for number, part in enumerate(path):
        is_last = number == len(path) - 1
        if is_last or document.holds((*kept, part)):
            kept = (*kept, part)
    return kept


# --- walking the models ------------------------------------------------------------------------------------------


def _keys_of(model: type[BaseModel] | None) -> list[str]:
    return [f.alias or name for name, f in model.model_fields.items()] if model else []


def _model_at(model: type[BaseModel], path: Path, document: Document) -> type[BaseModel] | None:
    """Return the model that the mapping at `path` is validated as."""
    annotation: Any = model
    data: Any = document.data
    for part in path:
        data = data[part]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            fields = {f.alias or name: f.annotation for name, f in annotation.model_fields.items()}
            annotation = fields.get(str(part))
        else:
            annotation = get_args(annotation)[-1]
        annotation = _choose(_bare(annotation), data)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _choose(annotation: Any, data: Any) -> Any:
    """Of a union tagged by `type`, choose the member that the data names."""
    members = get_args(annotation) if get_origin(annotation) is Union or "|" in str(annotation) else ()
    tag = data.get("type") if isinstance(data, dict) else None
    tagged = (m for m in members if isinstance(m, type) and issubclass(m, BaseModel) and "type" in m.model_fields)
    return next((m for m in tagged if tag in get_args(m.model_fields["type"].annotation)), annotation)
