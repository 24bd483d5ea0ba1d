"""A CDK app around exported templates, which takes over what is deployed with `cdk import`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deployments.exporting.files import as_json
from deployments.exporting.identifiers import Importable

APP = '''"""The stacks exported from strandsweb, each loaded from its template."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.cloudformation_include import CfnInclude

HERE = Path(__file__).resolve().parent
SETTINGS = json.loads((HERE / "stacks.json").read_text())

app = cdk.App()
template = "importTemplate" if app.node.try_get_context("import") else "template"
made = {}
for entry in SETTINGS["stacks"]:
    stack = cdk.Stack(app, entry["name"], env=cdk.Environment(**SETTINGS["env"]))
    CfnInclude(stack, "Template", template_file=str(HERE / entry[template]))
    for name in entry["needs"]:
        stack.add_dependency(made[name])
    made[entry["name"]] = stack
app.synth()
'''

CDK_JSON = {"app": "python3 app.py", "versionReporting": False}
"""No version reporting: the resource it adds would be one that cannot be imported."""

REQUIREMENTS = "aws-cdk-lib>=2.150,<3\nconstructs>=10,<11\n"


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack to write: `template` has everything, `import_template` what CloudFormation can take over."""

    name: str
    template: Mapping[str, Any]
    import_template: Mapping[str, Any]
    imports: Importable
    needs: tuple[str, ...] = ()


def app(stacks: Sequence[Stack], *, account: str, region: str) -> dict[str, str]:
    """The folder's files by path; stacks in the order in which they must be made."""
    entries = []
    files = {"app.py": APP, "cdk.json": as_json(CDK_JSON), "requirements.txt": REQUIREMENTS}
    for stack in stacks:
        folder = f"stacks/{stack.name}"
        files[f"{folder}/template.json"] = as_json(stack.template)
        files[f"{folder}/import-template.json"] = as_json(stack.import_template)
        files[f"{folder}/resource-mapping.json"] = as_json(stack.imports.identifiers)
        entries.append(
            {
                "name": stack.name,
                "template": f"{folder}/template.json",
                "importTemplate": f"{folder}/import-template.json",
                "needs": list(stack.needs),
            }
        )
    files["stacks.json"] = as_json({"env": {"account": account, "region": region}, "stacks": entries})
    files["README.md"] = _readme(stacks)
    return files


def _readme(stacks: Sequence[Stack]) -> str:
    commands = "\n".join(
        f"    cdk import -c import=1 --resource-mapping stacks/{stack.name}/resource-mapping.json {stack.name}"
        for stack in stacks
        if stack.imports.identifiers
    )
    left_out = [f"- `{name}`: {why}" for stack in stacks for name, why in stack.imports.reasons.items()]
    text = f"""# A CDK app of what strandsweb deployed

`app.py` loads each stack from its template with `CfnInclude`. To look at it:

    pip install -r requirements.txt
    cdk synth

To let CloudFormation take over what is deployed, without making anything anew, in this order:

{commands}

An import takes over what exists as it is; detect drift afterwards, and then `cdk deploy` brings the rest. From then on
change these resources in one place only: either here or in strandsweb.
"""
    if left_out:
        text += (
            "\nNot imported, because\n\n" + "\n".join(left_out) + "\n\nDelete these before `cdk deploy` makes them.\n"
        )
    return text
