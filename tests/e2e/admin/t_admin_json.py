# SPDX-License-Identifier: GPL-2.0-only
"""What dittoctl prints for programs is what its schema says."""
import json
import os

import json_schema
from checks import eq
from files import put
from harness import test
from json_schema import Mismatch
from smb2 import Smb2, refused
from smb_apple import apple_double


@test(server='ditto', smb=True, squash='none')
def what_commands_print(w):
    """Each command prints what its schema says, with something in each list."""
    s, schema = w.server, json_schema.load('dittoctl.json')
    os.chmod(w.export, 0o777)
    a, n = Smb2(w.client), w.client.nfs()
    f = a.create('f')
    a.lock(f, 0, 4)
    refused('FILE_LOCK_CONFLICT', a.read, a.create('f'), 4)
    n.getattr(n.root)
    filled = ('share list', 'listener list', 'server show', 'who', 'client list', 'connection list',
              'session list', 'tree list', 'open list', 'lock list', 'lock client list', 'lock history', 'stats',
              'version', 'status', 'grace status')
    for command in filled + ('config check', 'config diff', 'config apply --dry-run', 'job list',
                             'user list'):
        told = json.loads(s.ctl(*command.split(), '--json', check=False).stdout)
        assert told or command not in filled, f'{command}: {told}'
        json_schema.check(told, schema['$defs'][command], command)
    told = json.loads(s.ctl('top', 'count', '1', '--json'))
    json_schema.check(told, schema['$defs']['top'], 'top')
    put(w.path('._f'), apple_double(fork=b'cut off')[:-1])
    told = json.loads(s.ctl('apple', 'convert', '--json', 'data', check=False).stdout)
    eq((told['kept'], len(told['problems'])), (1, 1))
    json_schema.check(told, schema['$defs']['apple convert'], 'apple convert')
    for words in (['access', 'check', w.path('f'), '--user', 'root'], ['nonsense']):
        told = json.loads(s.ctl(*words, '--json', check=False).stdout)
        name = 'error' if 'error' in told else 'access check'
        json_schema.check(told, schema['$defs'][name], name)
    eq(json.loads(s.ctl('version', '--json'))['schema'], schema['version'])
    a.close(f)


@test(share=False, server='ditto', clients=0)
def schema_is_strict(w):
    """The schema refuses what a command does not print."""
    schema = json_schema.load('dittoctl.json')['$defs']
    for command, value in (('who', [{}]), ('who', {}), ('stats', [{'group': 1}]),
                           ('version', {'dittoctl': '1', 'schema': True}),
                           ('listener list', [{'id': 1, 'other': 2}]),
                           ('listener list', [{'transport': 'sctp'}]),
                           ('share list', [{'rules': [], 'users': []}])):
        try:
            json_schema.check(value, schema[command], command)
        except Mismatch:
            continue
        raise AssertionError(f'{command}: {value} is taken')
