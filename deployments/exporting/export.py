"""Everything an environment can be exported as, by file name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from deployments.blueprint.values import Output
from deployments.engine.kinds import Kinds
from deployments.engine.state import State
from deployments.exporting import cdk
from deployments.exporting.files import as_json, as_yaml, zipped
from deployments.exporting.identifiers import Importable, importable, resources_to_import
from deployments.exporting.templates import Template, split, whole


@dataclass(frozen=True, slots=True)
class Export:
    """One environment's recorded state, ready to be written as any of `FORMATS`."""

    state: State
    kinds: Kinds
    project: str
    outputs: tuple[Output, ...] = field(default=())

    @property
    def name(self) -> str:
        """What the stack is called: `strands-support-desk-dev`."""
        return f"strands-{self.project}-{self.state.environment}"

    def importable(self) -> Importable:
        """What CloudFormation can take over, and why not the rest."""
        return importable(self.state)

    def template(self) -> Template:
        """Everything in one template."""
        return whole(self.state, self.kinds, project=self.project, outputs=self.outputs)

    def import_template(self) -> Template:
        """What can be taken over in one template: an import may bring nothing else."""
        return replace(self, state=self._importable_state()).template()

    def stacks(self) -> list[cdk.Stack]:
        """A template per stack, each after those it needs."""
        parts = split(self.state, self.kinds, project=self.project, outputs=self.outputs)
        bring = split(self._importable_state(), self.kinds, project=self.project, outputs=self.outputs)
        every = self.importable()
        stacks = []
        for stack, part in parts.items():
            members = part.template["Resources"]
            imports = Importable(
                {name: value for name, value in every.identifiers.items() if name in members},
                {name: why for name, why in every.reasons.items() if name in members},
            )
            import_template = bring[stack].template if stack in bring else {**part.template, "Resources": {}}
            needs = tuple(f"{self.name}-{other}" for other in part.needs)
            stacks.append(cdk.Stack(f"{self.name}-{stack}", part.template, import_template, imports, needs))
        return stacks

    def cdk_app(self) -> dict[str, str]:
        """A CDK app with one stack."""
        stack = cdk.Stack(self.name, self.template(), self.import_template(), self.importable())
        return cdk.app([stack], account=self.state.account, region=self.state.region)

    def cdk_app_of_stacks(self) -> dict[str, str]:
        """A CDK app with a stack for each of ours."""
        return cdk.app(self.stacks(), account=self.state.account, region=self.state.region)

    def _importable_state(self) -> State:
        taken = self.importable().identifiers
        return self.state.with_resources(entry for name, entry in self.state.resources.items() if name in taken)


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write an environment down; `make` answers the file's content."""

    title: str
    media_type: str
    make: Callable[[Export], str | bytes]


def _stacks(export: Export) -> dict[str, str]:
    """Per stack: both forms of its template, the template that imports bring, and the import file."""
    files = {}
    for stack in export.stacks():
        files[f"{stack.name}/template.json"] = as_json(stack.template)
        files[f"{stack.name}/template.yaml"] = as_yaml(stack.template)
        files[f"{stack.name}/import-template.json"] = as_json(stack.import_template)
        files[f"{stack.name}/resources-to-import.json"] = as_json(
            resources_to_import(export.state, stack.imports.identifiers)
        )
    return files


JSON, YAML, ZIP = "application/json", "application/yaml", "application/zip"
FORMATS: Mapping[str, Format] = {
    "template.json": Format("CloudFormation template, JSON", JSON, lambda export: as_json(export.template())),
    "template.yaml": Format("CloudFormation template, YAML", YAML, lambda export: as_yaml(export.template())),
    "stacks.zip": Format("A CloudFormation template per stack", ZIP, lambda export: zipped(_stacks(export))),
    "import-template.json": Format(
        "Template of what CloudFormation can take over", JSON, lambda export: as_json(export.import_template())
    ),
    "resources-to-import.json": Format(
        "Import file for create-change-set",
        JSON,
        lambda export: as_json(resources_to_import(export.state, export.importable().identifiers)),
    ),
    "resource-mapping.json": Format(
        "Mapping file for cdk import", JSON, lambda export: as_json(export.importable().identifiers)
    ),
    "cdk-app.zip": Format("CDK app, one stack", ZIP, lambda export: zipped(export.cdk_app())),
    "cdk-app-stacks.zip": Format("CDK app, a stack each", ZIP, lambda export: zipped(export.cdk_app_of_stacks())),
    "state.json": Format("State file, version 1.0", JSON, lambda export: as_json(export.state.as_dict())),
}
"""By file name, in the order people see them."""
