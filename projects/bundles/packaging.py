"""The Lambda package of one agent out of a source bundle: its folder alone, so other agents change nothing in it."""

import ast
import sys
import threading
from functools import partial

from projects.configuration import Agent
from projects.configuration.problems import nearest

from .content import Bundle, BundleError, BundleFile, digest_of, write_zip

# CPython 3.11 counts its parser's recursion per process: two threads that parse at once can fail with a SystemError.
_parsing = threading.Lock()


def agent_files(bundle: Bundle, agent_path: str) -> tuple[BundleFile, ...]:
    """The files of an agent's folder, sorted, with paths relative to it. Raises BundleError when it is missing."""
    return tuple(file for file, _ in _files(bundle, agent_path))


def agent_digest(bundle: Bundle, agent_path: str) -> str:
    """The digest of an agent's files: the same wherever and however they are zipped."""
    return digest_of(agent_files(bundle, agent_path))


def package_agent(bundle: Bundle, agent_path: str) -> bytes:
    """The agent's folder as a zip with the folder at its root; same files, same bytes."""
    return write_zip([(file.path, file.mode, partial(bundle.read, path)) for file, path in _files(bundle, agent_path)])


def check_handler(bundle: Bundle, agent: Agent) -> None:
    """Raises BundleError unless the module of the agent's handler is in its folder and defines the function."""
    module, _, function = agent.handler.rpartition(".")
    path = module.replace(".", "/")
    files = {file.path: original for file, original in _files(bundle, agent.path)}
    found = next((name for name in (f"{path}.py", f"{path}/__init__.py") if name in files), None)
    if found is None:
        modules = [name.removesuffix(".py").replace("/", ".") for name in files if name.endswith(".py")]
        match = nearest(module, modules)
        advice = f"; did you mean {match}.{function}?" if match else ""
        message = f"handler {agent.handler} needs {path}.py in {agent.path}{advice}"
        raise BundleError("no_handler", message, f"{path}.py")
    try:
        with _parsing:
            tree = ast.parse(bundle.read(files[found]))
    except (RecursionError, MemoryError):
        raise BundleError("syntax", "it is nested too deeply to be read", files[found]) from None
    except (SyntaxError, ValueError) as error:
        if tuple(map(int, agent.runtime.removeprefix("python").split("."))) > sys.version_info[:2]:
            return  # the agent's Python knows syntax that ours does not
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        raise BundleError("syntax", f"it is not valid Python: {error}{where}", files[found]) from None
    names = _top_level_names(tree)
    if function not in names and "*" not in names:
        match = nearest(function, names)
        advice = f"; did you mean {module}.{match}?" if match else ""
        raise BundleError("no_handler", f"it defines no {function}, which handler {agent.handler} names{advice}", found)


def _files(bundle: Bundle, agent_path: str) -> list[tuple[BundleFile, str]]:
    """The agent's files under their paths inside the folder, each with its path in the bundle."""
    folder = "/".join(part for part in agent_path.split("/") if part not in ("", "."))
    prefix = f"{folder}/" if folder else ""
    files = [
        (BundleFile(file.path.removeprefix(prefix), file.sha256, file.size_bytes, file.executable), file.path)
        for file in bundle.files
        if file.path.startswith(prefix)
    ]
    if not files:
        folders = {
            "/".join(parts[:end])
            for file in bundle.files
            if (parts := file.path.split("/"))
            for end in range(1, len(parts))
        }
        match = nearest(folder, sorted(folders))
        advice = f"; did you mean {match}?" if match else ""
        raise BundleError("no_folder", f"there is no such folder in the source bundle{advice}", agent_path)
    return files


def _top_level_names(tree: ast.Module) -> set[str]:
    """Names a module defines or imports at its top, also within if and try; `*` for a star import."""
    names: set[str] = set()
    pending: list[ast.stmt] = list(tree.body)
    while pending:
        statement = pending.pop()
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name.split(".")[0] for alias in aliases)
            case ast.Assign() | ast.AnnAssign():
                names.update(
                    node.id
                    for node in ast.walk(statement)
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
                )
            case ast.If() | ast.Try() | ast.With():
                pending += [
                    node for node in ast.walk(statement) if isinstance(node, ast.stmt) and node is not statement
                ]
            case _:
                pass
    return names
