# SPDX-License-Identifier: GPL-2.0-only
"""The part of JSON Schema that userspace/schema uses."""
import json
import os

from servers import TOP

TYPES = {'string': str, 'integer': int, 'number': (int, float), 'boolean': bool, 'null': type(None),
         'array': list, 'object': dict}
KNOWN = {'$ref', 'type', 'enum', 'properties', 'required', 'items', 'additionalProperties',
         'unevaluatedProperties'}


class Mismatch(AssertionError):
    """A value that is not what the schema says."""


def load(name):
    with open(os.path.join(TOP, 'userspace/schema', name), encoding='utf-8') as f:
        return json.load(f)


def is_a(value, kind):
    return isinstance(value, TYPES[kind]) and (kind == 'boolean' or not isinstance(value, bool))


def referred(schema):
    """The schema that another one refers to, or an empty one."""
    if '$ref' not in schema:
        return {}
    name, _, path = schema['$ref'].partition('#/$defs/')
    return load(name)['$defs'][path]


def check(value, schema, where='$'):
    """Raise Mismatch unless a value is what a schema says."""
    assert not set(schema) - KNOWN, f'{where}: {set(schema) - KNOWN} is not known here'
    base = referred(schema)
    if base:
        check(value, base, where)
    kinds = schema.get('type', [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_a(value, kind) for kind in kinds):
        raise Mismatch(f'{where}: {value!r} is no {kinds}')
    if 'enum' in schema and value not in schema['enum']:
        raise Mismatch(f'{where}: {value!r} is none of {schema["enum"]}')
    if isinstance(value, list) and 'items' in schema:
        for i, one in enumerate(value):
            check(one, schema['items'], f'{where}[{i}]')
    if not isinstance(value, dict):
        return
    known = {**base.get('properties', {}), **schema.get('properties', {})}
    missing = set(schema.get('required', [])) - set(value)
    if missing:
        raise Mismatch(f'{where}: {missing} is missing')
    rest = schema.get('additionalProperties', schema.get('unevaluatedProperties', True))
    for key, one in value.items():
        if key in schema.get('properties', {}):
            check(one, schema['properties'][key], f'{where}.{key}')
        elif key not in known and rest is False:
            raise Mismatch(f'{where}.{key} is not in the schema')
        elif key not in known and rest is not True:
            check(one, rest, f'{where}.{key}')
