# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded data in OpenStack Swift: what depends on the dialect of the store."""
import itertools
import os
import time

from checks import eq, wait_for
from files import MIB, get, put
from harness import test
from store_files import content, offloaded
from stores import KEY, SECRET, Store


@test(smb=True, offload=True, timeout=600)
def pushed_collected_rekeyed(w):
    """Data comes back, is found again, gets another key, and goes when nobody needs it."""
    s = Store(w, kind='swift')
    data = content('swift', 9 * MIB + 7)
    a = offloaded(s, w.path('a'), data)
    b = offloaded(s, w.path('b'), content('b', 70000))
    put(w.path('empty'), b'', 0o644)
    eq(s.push(w.path('empty'))['failed'], 0, 'failed')
    again = offloaded(s, w.path('again'), data)
    eq(get(f'{w.client.mount(vers="4.2")}/a'), data, 'content')
    eq(get(again), data, 'content of the other file')

    # Lists, and deletions.
    known = s.tool('rebuild')
    eq((known['files'], known['missing'], known['problems']), (1, 0, 0))
    eq(s.tool('scrub')['bad'], [], 'bad')
    garbage = known['garbage']
    assert garbage > 0, known
    eq(s.tool('gc', '--grace', '0', '--force')['deleted'], garbage, 'deleted')
    eq(s.push(a)['done'], 1, 'pushed again')

    put(f'{s.folder}/key', '77' * 32 + '\n' + KEY + '\n', 0o600)
    s.configure('key-file = {folder}/key')

    def done():
        said = s.tool('rekey')
        return said['rewritten'] == said['objects'] > 1
    wait_for('the new key is used', done)
    eq(s.tool('scrub', '--quick')['bad'], [], 'bad')
    eq(get(a), data, 'content')
    eq(get(b), content('b', 70000), 'content of the small file')
    # Of its dialect, Swift does not tell everything.
    status = s.status()
    assert status['versioning'] in ('off', 'unknown') and not status['refused'], status
    assert status['lifecycle'] in ('none', 'unknown'), status


@test(smb=True, offload=True, timeout=600)
def refusals_are_told(w):
    """Wrong credentials are named, and right ones are used again."""
    s, files = Store(w, kind='swift'), itertools.count()
    path = offloaded(s, w.path('f'), content('f', MIB))

    def pushed():
        """Push another file. Returns what went wrong."""
        i = next(files)
        return s.push(put(w.path(f'f{i}'), content(i, 5000), 0o644), check=False)

    def use(access, secret):
        put(f'{s.folder}/credentials', f'access-key = {access}\nsecret-key = {secret}\n', 0o600)
        s.configure('key-file = {folder}/key')

    # The configuration is read again in the background.
    use('test:tester', 'wrong')
    wait_for('a wrong key is told', lambda: 'the secret key is wrong' in pushed())
    use('test:tester', SECRET)
    wait_for('the right key is used', lambda: not pushed())
    eq(get(path), content('f', MIB), 'content')


@test(smb=True, offload=True, timeout=600)
def one_server_writes(w):
    """Swift knows no If-None-Match for uploads, and yet there is one owner."""
    s = Store(w, kind='swift')
    path = offloaded(s, w.path('f'), content('f', MIB))
    assert b'ditto owner 1\nserver: ' in s.fetch('ditto-owner')
    uuid = s.status()['uuid']
    s.put('ditto-owner',
          f'ditto owner 1\nserver: another\nname: elder\nsince: once\nstore: {uuid}\n')
    os.unlink(path)
    # Swift rounds the time of an object up to a second.
    time.sleep(2)
    status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
    assert status and not said['deleted'] and 'the server elder (another, since once)' in errors
    eq(s.tool('take', 'main')['taken'], True, 'taken')
    assert s.tool('gc', '--grace', '0', '--force')['deleted'] > 0, 'nothing was deleted'
