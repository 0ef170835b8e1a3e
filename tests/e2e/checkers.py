"""Judges of what credtop prints for programs: a JSON Schema (draft 7, what the shipped schemas
use of it) and Prometheus's text format.  Where Debian's python3-jsonschema and promtool are
installed, they are asked, too."""

import math
import re
import shutil
import subprocess

try:
    import jsonschema
except ImportError:
    jsonschema = None

TYPES = {"object": dict, "array": list, "string": str, "null": type(None)}


def is_type(value, name):
    if name == "boolean":
        return isinstance(value, bool)
    if name in ("integer", "number"):
        good = isinstance(value, int) or (name == "number" and isinstance(value, float))
        return good and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


KNOWN = {"$schema", "title", "description", "definitions", "$ref", "type", "const", "enum", "pattern", "minimum",
         "oneOf", "properties", "required", "additionalProperties", "items"}


def schema_faults(schema, value, root=None, at="$"):
    """What breaks the schema; a keyword that is not known here is a fault of its own."""
    root = root or schema
    unknown = set(schema) - KNOWN
    if unknown:
        return [f"{at}: the checker does not know {unknown}"]
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return schema_faults(target, value, root, at)
    faults = []
    if "oneOf" in schema:
        fitting = [s for s in schema["oneOf"] if not schema_faults(s, value, root, at)]
        if len(fitting) != 1:
            faults.append(f"{at}: fits {len(fitting)} of the choices")
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(is_type(value, t) for t in types):
        return faults + [f"{at}: {value!r} is no {' or '.join(types)}"]
    if "const" in schema and value != schema["const"]:
        faults.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        faults.append(f"{at}: {value!r} is not one of {schema['enum']}")
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        faults.append(f"{at}: {value!r} does not match {schema['pattern']}")
    if is_type(value, "number") and value < schema.get("minimum", -math.inf):
        faults.append(f"{at}: {value} is too small")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        faults += [f"{at}: lacks {name}" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties", True) is False:
            faults += [f"{at}: {name} is not in the schema" for name in value if name not in properties]
        for name in set(properties) & set(value):
            faults += schema_faults(properties[name], value[name], root, f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            faults += schema_faults(schema["items"], item, root, f"{at}[{i}]")
    return faults


def all_schema_faults(schema, value):
    faults = schema_faults(schema, value)
    if jsonschema is not None:
        jsonschema.Draft7Validator.check_schema(schema)
        faults += [e.message for e in jsonschema.Draft7Validator(schema).iter_errors(value)]
    return faults


NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)')
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)$")


def prometheus_faults(text):
    """Also says so when a series stands twice, or a family in two places."""
    faults, samples, told, family = [], {}, {}, None
    if not text.endswith("\n"):
        faults.append("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        head = re.match(rf"# (HELP|TYPE) ({NAME}) (.+)$", line)
        if head:
            what, name, rest = head.groups()
            if (what, name) in told:
                faults.append(f"{number}: {what} of {name} stands twice")
            told[what, name] = rest
            if what == "TYPE" and ("HELP", name) not in told:
                faults.append(f"{number}: TYPE of {name} before its HELP")
            if what == "TYPE" and (rest == "counter") != name.endswith("_total"):
                faults.append(f"{number}: {name} is a {rest}")
            family = name
            continue
        sample = SAMPLE.match(line)
        if not sample:
            faults.append(f"{number}: neither a sample nor HELP nor TYPE: {line[:100]}")
            continue
        name, labels, value = sample.groups()
        if name != family or ("TYPE", name) not in told:
            faults.append(f"{number}: {name} stands outside its family")
        rest, found = labels or "", []
        while rest:
            label = LABEL.match(rest)
            if not label:
                faults.append(f"{number}: labels {rest[:80]}")
                break
            found.append(label.group(1, 2))
            rest = rest[label.end():]
        if len({n for n, _ in found}) != len(found):
            faults.append(f"{number}: a label stands twice")
        key = (name, tuple(sorted(found)))
        if key in samples:
            faults.append(f"{number}: {key} stands twice")
        samples[key] = float(value)
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)
        if done.returncode or done.stderr.strip():
            faults.append(f"promtool: {done.stdout} {done.stderr}")
    return faults, samples
