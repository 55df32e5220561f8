"""Rules for Python: functions over a module's syntax tree, each giving one line per breach."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

ENVIRONMENT_READERS = frozenset(
    {"support/surroundings.py", "apex/config/layers.py", "targets/shared/probe/surroundings.py"}
)
STEP_MODULE_LINES = 220
STEP_LINES = 8
ENVIRONMENT_LINES = 80

# What reaches outside the process: no check may know any of it.
OUTSIDE = frozenset(
    {
        "asyncio", "boto3", "clickhouse_connect", "ctypes", "http", "httpx", "io", "multiprocessing", "os", "pathlib",
        "psycopg", "redis", "requests", "select", "shutil", "signal", "socket", "sqlalchemy", "ssl", "subprocess",
        "sys", "tempfile", "threading", "time", "urllib", "websocket", "websockets",
    }
)  # fmt: skip


OPENING = frozenset(
    {"psycopg.connect", "redis.Redis", "redis.Redis.from_url", "redis.from_url", "clickhouse_connect.get_client"}
)


@dataclass(frozen=True)
class Module:
    """One Python file: its path in the checkout, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree; SyntaxError when it is no Python."""
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything in its syntax tree; many rules look at all of it."""
        return list(ast.walk(self.tree))

    def under(self, *places: str) -> bool:
        """Whether it is one of these files or lies in one of these folders."""
        return any(self.path == place or self.path.startswith(f"{place}/") for place in places)


def imports(module: Module) -> Iterator[tuple[int, str]]:
    """Link and full name of everything imported, also inside functions."""
    package = list(PurePosixPath(module.path).parent.parts)
    for node in module.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def dotted(node: ast.expr) -> str:
    """A name with its attributes (`os.environ`) as it is written; empty for any other expression."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return owner and f"{owner}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_part(name: str, *packages: str) -> bool:
    """Whether an imported name is one of the packages or something in them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def environment_has_one_reader(module: Module) -> Iterator[str]:
    """Environment variables are read in the settings of the suite and of the platform, nowhere else."""
    if module.path in ENVIRONMENT_READERS:
        return
    for line, name in imports(module):
        if is_part(name, "os.environ", "os.environb", "os.getenv"):
            yield f"{module.path}:{line}: reads the environment"
    for node in module.nodes:
        if isinstance(node, ast.Attribute) and dotted(node) in ("os.environ", "os.environb", "os.getenv"):
            yield f"{module.path}:{node.lineno}: reads the environment"


def behave_stays_outside(module: Module) -> Iterator[str]:
    """Only the hooks, the steps, what plugs into behave and the rules of the house know it."""
    if module.under("environment.py", "steps", "support/run", "tests/house"):
        return
    yield from (f"{module.path}:{line}: imports behave" for line, name in imports(module) if is_part(name, "behave"))


def matchers_are_pure(module: Module) -> Iterator[str]:
    """A matcher looks at what was observed; it never goes and looks itself."""
    if not (module.under("support/matchers", "support/oracles") or module.path.endswith("_matchers.py")):
        return
    for line, name in imports(module):
        if is_part(name, *OUTSIDE):
            yield f"{module.path}:{line}: a matcher imports {name}"
    for node in module.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("open", "print", "input")
        ):
            yield f"{module.path}:{node.lineno}: a matcher calls {node.func.id}()"


def suite_and_platform_are_separate(module: Module) -> Iterator[str]:
    """The platform knows nothing of the suite; the suite knows the platform by network and command line.

    Plug-ins run inside the platform, so they import it.
    """
    forbidden: tuple[str, ...]
    if module.under("apex"):
        forbidden = ("support", "steps", "tests", "defects", "environment", "behave")
    elif module.under("support", "steps", "environment.py"):
        forbidden = ("apex",)
    else:
        return
    for line, name in imports(module):
        if is_part(name, *forbidden):
            yield f"{module.path}:{line}: imports {name}"


def stores_are_opened_in_one_place(module: Module) -> Iterator[str]:
    """A database, a cache or an analytics store is opened in support/stores, by what starts them, and by benchmarks."""
    if not module.under("support", "steps") or module.under("support/stores", "support/stack", "support/bench"):
        return
    for node in module.nodes:
        if isinstance(node, ast.Call) and dotted(node.func) in OPENING:
            yield f"{module.path}:{node.lineno}: opens a store: {dotted(node.func)}"


def nobody_sleeps_or_pretends(module: Module) -> Iterator[str]:
    """No fixed sleep, no mock, no error that vanishes. A seeded defect may be a sleep: that is what makes it one."""
    for line, name in imports(module):
        if is_part(name, "time.sleep", "unittest.mock", "mock", "pytest_mock"):
            yield f"{module.path}:{line}: imports {name}"
    for node in module.nodes:
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            if module.under("defects"):
                continue
            if called == "time.sleep" or (called in ("asyncio.sleep", "anyio.sleep") and _is_long(node)):
                yield f"{module.path}:{node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.ExceptHandler) and _swallows(node):
            yield f"{module.path}:{node.lineno}: an error vanishes"


def _is_long(call: ast.Call) -> bool:
    delay = call.args[0] if call.args else None
    return isinstance(delay, ast.Constant) and isinstance(delay.value, int | float) and delay.value >= 1


def _swallows(handler: ast.ExceptHandler) -> bool:
    catches_all = handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
    return catches_all and all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in handler.body
    )


def public_things_are_described(module: Module) -> Iterator[str]:
    """Every public module, class, function and method of suite and platform has a docstring.

    A method that a class in the same module describes (the protocol that it fulfils) needs no second one; nor
    does one that may override a method of the class that it inherits from, or that is a single expression.
    """
    if not module.under("support", "apex") or module.under("apex/storage/migrations/versions"):
        return
    if not ast.get_docstring(module.tree):
        yield f"{module.path}:1: no docstring"
    classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef)]
    described = {method.name for owner in classes for method in _functions(owner) if ast.get_docstring(method)}
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                yield f"{module.path}:{node.lineno}: {node.name}: no docstring"
            if isinstance(node, ast.ClassDef) and not node.bases:
                for method in _functions(node):
                    if not (method.name.startswith("_") or method.name in described or _is_expression(method)):
                        yield f"{module.path}:{method.lineno}: {node.name}.{method.name}: no docstring"


def _is_expression(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return len(method.body) == 1 and isinstance(method.body[0], ast.Return)


def _functions(owner: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in owner.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def steps_are_short(module: Module) -> Iterator[str]:
    """The hooks are thin, step modules can be read at a glance, and a step is a call into support."""
    lines = len(module.text.splitlines())
    if module.path == "environment.py" and lines >= ENVIRONMENT_LINES:
        yield f"{module.path}: {lines} lines, fewer than {ENVIRONMENT_LINES} are allowed"
    if not module.under("steps"):
        return
    if lines > STEP_MODULE_LINES:
        yield f"{module.path}: {lines} lines, {STEP_MODULE_LINES} are allowed"
    for node in module.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.body[0].lineno + 1
            if length > STEP_LINES:
                yield f"{module.path}:{node.lineno}: a step of {length} lines, {STEP_LINES} are allowed"


RULES = (
    environment_has_one_reader,
    behave_stays_outside,
    matchers_are_pure,
    suite_and_platform_are_separate,
    stores_are_opened_in_one_place,
    nobody_sleeps_or_pretends,
    public_things_are_described,
    steps_are_short,
)
