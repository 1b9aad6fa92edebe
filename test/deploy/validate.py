"""Checks the files of deploy/ against the schemas of those who read them.

Arguments: a JSON object with the schema of Compose and the CRDs of the kinds that Kubernetes does not know; then folders such as deploy/.
Prints a JSON list: for each folder the list of its problems.
"""

import json
import pathlib
import sys

import botocore.session
import botocore.validate
import jsonschema
import kubernetes_validate
import yaml

KUBERNETES = "1.37"

schemas = json.loads(sys.argv[1])


def closed(schema):
    """As the API server with strict validation: a field that the schema does not have is a mistake."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not open_:
        inner["additionalProperties"] = False
    return inner


def crds():
    found = {}
    for path in schemas["crds"]:
        for crd in yaml.safe_load_all(pathlib.Path(path).read_text()):
            names = crd["spec"]["names"]
            for version in crd["spec"]["versions"]:
                kind = (f"{crd['spec']['group']}/{version['name']}", names["kind"])
                found[kind] = closed(version["schema"]["openAPIV3Schema"])
    return found


def check_with(schema, document):
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"{error.json_path}: {error.message[:300]}"


def check_kubernetes(document, custom):
    kind = (document["apiVersion"], document["kind"])
    if kind in custom:
        yield from check_with(custom[kind], document)
        return
    try:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'.'.join(str(part) for part in error.path)}: {error.message[:300]}"
    except kubernetes_validate.SchemaNotFoundError:
        yield f"Kubernetes knows no {' '.join(kind)}"


def check_ecs(document, shape):
    report = botocore.validate.ParamValidator().validate(document, shape)
    if report.has_errors():
        yield report.generate_report()


def check_all(deploy, custom, compose_schema, ecs_shape):
    for path in sorted((deploy / "kubernetes").rglob("*.yaml")):
        if path.name in ("kustomization.yaml", "name-references.yaml"):
            continue
        for document in yaml.safe_load_all(path.read_text()):
            for problem in check_kubernetes(document, custom):
                yield path, problem
    compose = deploy / "compose.yaml"
    for problem in check_with(compose_schema, yaml.safe_load(compose.read_text())):
        yield compose, problem
    for path in sorted((deploy / "ecs").glob("*.json")):
        for problem in check_ecs(json.loads(path.read_text()), ecs_shape):
            yield path, problem


model = botocore.session.get_session().get_service_model("ecs")
known = (
    crds(),
    json.loads(pathlib.Path(schemas["compose"]).read_text()),
    model.operation_model("RegisterTaskDefinition").input_shape,
)
folders = [pathlib.Path(folder) for folder in sys.argv[2:]]
print(json.dumps([[f"{path.relative_to(folder)}: {problem}" for path, problem in check_all(folder, *known)] for folder in folders]))
