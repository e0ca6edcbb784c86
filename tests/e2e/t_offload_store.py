# SPDX-License-Identifier: GPL-2.0-only
"""Stores of offloaded data: their keys."""
import os

from harness import eq, get, put, test, wait_for
from stores import KEY, Store
from t_offload import MIB, content, offloaded

# Like a client of a key server: it prints the key of an id, or says that there is none.
CLIENT = """#!/bin/sh
[ $(id -u) != 0 ] || exit 9
cat "${0%/*}/keys/$1" 2>/dev/null && exit
echo "connected to the key server" >&2
echo "no key $1" >&2
exit 4
"""


@test(smb=True, offload=True, timeout=240)
def keys_of_a_command(w):
    """Keys come from a program; another first one is used from then on, and errors are told."""
    s, data = Store(w), content('command', 2 * MIB)
    path = offloaded(s, w.path('f'), data)
    os.mkdir(f'{s.folder}/keys', 0o755)
    put(f'{s.folder}/keys/old', f'{KEY}\n', 0o644)
    put(f'{s.folder}/keys/new', '77' * 32, 0o644)
    put(f'{s.folder}/client', CLIENT, 0o755)
    os.chmod(s.folder, 0o755)
    s.configure('key-command = {folder}/client\nkey-ids = new old')

    def done():
        said = s.tool('rekey')
        return said['rewritten'] == said['objects'] > 1
    wait_for('the new key is used', done)
    eq(get(path), data, 'content')

    # Without its key, a store is not used.
    s.configure('key-command = {folder}/client\nkey-ids = next new old')
    cause = 'client next: it ended with status 4: no key next'
    wait_for('the error is told', lambda: cause in s.status().get('error', ''))
    said = s.push(put(w.path('g'), data, 0o644), check=False)
    assert '[store main]: key-command' in said and cause in said, said
    put(f'{s.folder}/keys/next', '78' * 32, 0o644)
    s.ready()
    eq(s.push(w.path('g'))['done'], 1, 'pushed')
    eq(get(w.path('g')), data, 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')
