"""Reads renders and validates each object once against the schemas of several versions of Kubernetes.

Built-in kinds: the strict schemas that the package kubernetes-validate ships, which refuse unknown fields. Other kinds: the
schemas in a folder. A kind with no schema is refused. Reads a job as JSON on standard input, writes JSON to a file.
"""
import hashlib
import importlib.util
import json
import pathlib
import sys

import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Schemas:
    """The schemas of one version."""

    def __init__(self, version, custom):
        package = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent
        self.builtin = package / "kubernetes-json-schema" / f"v{version}.0-local-strict"
        if not self.builtin.is_dir():
            sys.exit(f"there are no schemas for Kubernetes {version}")
        self.custom = pathlib.Path(custom)
        self.registry = Registry(retrieve=self.retrieve)
        self.known = {}

    def retrieve(self, uri):
        text = (self.builtin / pathlib.Path(uri.split("#")[0]).name).read_text()
        return Resource(json.loads(text), DRAFT7)

    def validator(self, group, version, kind):
        key = (group, version, kind)
        if key not in self.known:
            self.known[key] = self.load(group, version, kind)
        return self.known[key]

    def load(self, group, version, kind):
        kind = kind.lower()
        short = f"-{group.split('.')[0]}" if group else ""
        builtin = self.builtin / f"{kind}{short}-{version}.json"
        custom = self.custom / group / f"{kind}_{version}.json"
        if builtin.exists() and (not group or "." not in group or group.endswith(".k8s.io")):
            return Draft7Validator(json.loads(builtin.read_text()), registry=self.registry), True
        if group and custom.exists():
            schema = json.loads(custom.read_text())
            schema["additionalProperties"] = False
            schema["properties"].setdefault("metadata", {"type": "object"})
            return Draft7Validator(schema), False
        return None, False

    def faults(self, thing):
        if not isinstance(thing, dict) or not isinstance(thing.get("apiVersion"), str):
            return ["is no object of Kubernetes"]
        group, _, version = thing["apiVersion"].rpartition("/")
        validator, _ = self.validator(group, version, str(thing.get("kind")))
        if validator is None:
            return [f"no kind {thing.get('kind')} in {thing['apiVersion']}"]
        errors = validator.iter_errors(thing)
        return [f"{'.'.join(map(str, error.absolute_path)) or 'the object'}: {error.message[:200]}" for error in errors]

    def is_builtin(self, thing):
        group, _, version = thing["apiVersion"].rpartition("/")
        return self.validator(group, version, thing["kind"])[1]


def documents(text):
    """The texts between lines of `---`; inside a value such a line would be indented."""
    found, current = [], []
    for line in text.splitlines(keepends=True):
        if line.rstrip() == "---":
            found.append("".join(current))
            current = []
        else:
            current.append(line)
    found.append("".join(current))
    return [text for text in found if text.strip()]


def name_of(thing):
    if not isinstance(thing, dict):
        return "something"
    return f"{thing.get('kind')}/{(thing.get('metadata') or {}).get('name')}"


def main():
    job = json.load(sys.stdin)
    schemas = {version: Schemas(version, job["custom"]) for version in job["versions"]}
    objects, numbers, findings = [], {}, []
    renders = {}
    for name, path in job["renders"]:
        renders[name] = []
        for text in documents(pathlib.Path(path).read_text()):
            key = hashlib.sha256(text.encode()).hexdigest()
            if key not in numbers:
                thing = yaml.load(text, LOADER)
                numbers[key] = len(objects)
                objects.append(thing)
                for version, known in schemas.items():
                    findings += [f"{name}: {name_of(thing)}: {why} (Kubernetes {version})" for why in known.faults(thing)]
            renders[name].append(numbers[key])
    for name in job["builtin_only"]:
        for thing in (objects[number] for number in renders[name]):
            if not schemas[job["versions"][0]].is_builtin(thing):
                findings.append(f"{name}: {name_of(thing)}: is no built-in kind")
    bad = documents(pathlib.Path(job["bad"]).read_text())
    for text in bad:
        for version, known in schemas.items():
            if not known.faults(yaml.load(text, LOADER)):
                findings.append(f"a bad sample is not refused by {version}:\n{text}")
    if len(bad) < 8:
        findings.append("the bad samples are gone")
    pathlib.Path(job["result"]).write_text(json.dumps({"objects": objects, "renders": renders, "findings": findings}))


main()
