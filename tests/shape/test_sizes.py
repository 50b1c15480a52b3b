"""Sizes as a smoke alarm: on alarm look for a missing noun, do not shred."""

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

MONITOR = Path(__file__).parents[2] / "monitor"
MODULES = sorted(MONITOR.rglob("*.py"))

# A history, which only grows, stays on one page.
LONGER = {"store/migrations.py": 1000}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return str(path.relative_to(MONITOR))


def functions_of(path: Path) -> list[Function]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


def is_stub(function: Function) -> bool:
    """A Protocol's method: a docstring, `...`, or both."""
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in function.body)


def is_command(function: Function) -> bool:
    """A command of the command line: its parameters are its options."""
    return any(".command(" in ast.unparse(decorator) for decorator in function.decorator_list)


def length(function: Function) -> int:
    """Lines from `def` to the end, the docstring left out."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return lines
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    return lines - (docstring.end_lineno - docstring.lineno + 1)


def parameters(function: Function) -> list[str]:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_fits_in_400_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGER.get(name_of(path), 400)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_fits_in_50_lines(path: Path) -> None:
    assert [(each.name, length(each)) for each in functions_of(path) if length(each) > 50] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_takes_at_most_five_parameters(path: Path) -> None:
    functions = [each for each in functions_of(path) if not is_command(each)]
    assert [(each.name, parameters(each)) for each in functions if len(parameters(each)) > 5] == []


def test_the_usual_function_is_short() -> None:
    lengths = [length(each) for path in MODULES for each in functions_of(path) if not is_stub(each)]
    assert median(lengths) <= 8
    assert quantiles(lengths, n=10)[-1] <= 25
