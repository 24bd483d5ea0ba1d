"""Applies an environment's overrides to the document's tree, so that every value keeps the line it was written on."""

from dataclasses import replace

from .nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode

SHARED = ("vpc", "api_gateway", "monitoring")


def merge(base: Node | None, override: Node) -> Node:
    """Mappings key by key, everything else replaced; merging the same override again changes nothing."""
    if not isinstance(base, MappingNode) or not isinstance(override, MappingNode):
        return override
    merged = {entry.key: entry for entry in base.entries}
    for entry in override.entries:
        below = merged.get(entry.key)
        # The key keeps its first place in the order, and takes the position of what decided the value.
        merged[entry.key] = replace(entry, node=merge(below.node if below else None, entry.node))
    return replace(base, entries=tuple(merged.values()))


def apply_environment(document: MappingNode, name: str) -> MappingNode:
    """The document as environment `name` sees it; of its environments only this one is left, without overrides.

    `document` has passed the grammar and names the environment.
    """
    environment = _mapping(_mapping(document.get("environments")).get(name))
    changed = document
    project = _mapping(document.get("project"))
    for key in ("region", "tags"):
        if value := environment.get(key):
            project = _with(project, key, merge(project.get(key), value))
    changed = _with(changed, "project", project)
    shared = _mapping(document.get("shared"))
    for key in SHARED:
        if value := environment.get(key):
            shared = _with(shared, key, merge(shared.get(key), value))
    if shared.entries:
        changed = _with(changed, "shared", shared)
    for key in ("agents", "resources"):
        overrides, things = environment.get(key), document.get(key)
        if isinstance(overrides, MappingNode) and isinstance(things, SequenceNode):
            changed = _with(
                changed, key, replace(things, items=tuple(_override(item, overrides) for item in things.items))
            )
    kept = tuple(entry for entry in environment.entries if entry.key in ("account", "region"))
    place = replace(environment, entries=kept)
    return _with(changed, "environments", MappingNode((Entry(name, place, place.line, place.column),), place.line))


def _override(item: Node, overrides: MappingNode) -> Node:
    name = item.get("name") if isinstance(item, MappingNode) else None
    override = overrides.get(name.value) if isinstance(name, ScalarNode) and isinstance(name.value, str) else None
    return merge(item, override) if override else item


def _with(node: MappingNode, key: str, value: Node) -> MappingNode:
    """The mapping with one key set, at the place it had."""
    entries = {entry.key: entry for entry in node.entries}
    entries[key] = replace(entries[key], node=value) if key in entries else Entry(key, value, value.line, value.column)
    return replace(node, entries=tuple(entries.values()))


def _mapping(node: Node | None) -> MappingNode:
    return node if isinstance(node, MappingNode) else MappingNode(())
