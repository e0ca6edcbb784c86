# SPDX-License-Identifier: GPL-2.0-only
"""Stores of offloaded data: their keys, and whose they are, and the way to them."""
import itertools
import os

from checks import eq, wait_for
from files import MIB, get, put
from harness import test
from processes import run
from store_files import content, offloaded
from stores import KEY, Store, deletions

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


OTHER = """ditto owner 1
server: 00112233445566778899aabbccddeeff
name: elder.example.org
since: 2026-01-02T03:04:05Z
"""


@test(smb=True, offload=True, timeout=240)
def one_server_writes(w):
    """A server leaves a prefix alone that another one uses, until it is told to take it over."""
    s, data = Store(w), content('mine', MIB)
    a, b = offloaded(s, w.path('a'), data), offloaded(s, w.path('b'), content('b', MIB))
    s.forget()
    c = offloaded(s, w.path('c'), content('c', MIB))
    eq(s.requests(part='ditto-owner'), [], 'requests for the owner by a later push')
    os.unlink(c)
    s.put('ditto-owner', f'{OTHER}store: {s.status()["uuid"]}\n')

    def refused(*words):
        status, said, errors = s.tool(*words, check=False)
        assert status, said
        assert ('store main, bucket' in errors and 'elder.example.org' in errors and
                'dittoctl offload take main' in errors), errors
        return said
    s.forget()
    eq(refused('gc', '--grace', '0', '--force')['deleted'], 0, 'deleted')
    eq(deletions(s), [], 'requests to delete')
    # What deletes asks each time; uploads do at first, and when nobody has for a while.
    g = put(w.path('g'), data, 0o644)
    refused('push', g)
    s.kill_process()
    s.ready()
    s.forget()
    refused('push', g)
    eq(s.requests('PUT'), [], 'uploads')
    assert refused('rekey')['problems']
    eq(get(a), data, 'content')

    eq(s.tool('take', 'main')['taken'], True, 'taken')
    eq(s.tool('take', 'main')['taken'], False, 'taken again')
    eq(s.push(g)['done'], 1, 'pushed')
    assert s.tool('gc', '--grace', '0', '--force')['deleted'] > 0, 'nothing was deleted'
    eq(get(b), content('b', MIB), 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')
    assert 'no [store other]' in s.tool('take', 'other', check=False)[2]


@test(smb=True, offload=True, timeout=240)
def page_in_place_of_the_store(w):
    """Files stay whole if a proxy answers everything with success and a page."""
    s, data = Store(w, timeout=3), content('page', 2 * MIB)
    offloaded(s, w.path('other'), data)
    path = put(w.path('f'), data[:MIB] + data[:MIB], 0o644)
    s.mode('page')
    said = s.push(path, check=False)
    assert 'the answer is not one of a store' in said, said
    eq(s.states(path)['resident'], 1, 'resident')
    s.mode('ok')
    eq(s.push(path)['done'], 1, 'pushed')
    eq(get(path), data[:MIB] + data[:MIB], 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')


@test(smb=True, offload=True, timeout=240)
def certificates_are_checked(w):
    """Only a store with a certificate that is trusted gets data."""
    s, files = Store(w), itertools.count()
    path = offloaded(s, w.path('f'), content('f', MIB))
    s.recall(path)
    for name in ('mine', 'other'):
        both = f'{s.folder}/{name}'
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', f'{both}.key', '-out',
            f'{both}.pem', '-subj', f'/CN={name}', '-addext', 'subjectAltName=IP:127.0.0.1')
        put(f'{both}.both', get(f'{both}.key') + get(f'{both}.pem'), 0o600)
    s.spawn_proxy(9001, f'{s.folder}/mine.both')

    def pushed():
        """Push another file. Returns what went wrong."""
        i = next(files)
        return s.push(put(w.path(f'f{i}'), content(i, 5000), 0o644), check=False)

    # The configuration is read again in the background.
    for more in ('', '\nca-file = {folder}/other.pem'):
        s.configure('key-file = {folder}/key' + more, 'https://127.0.0.1:9001')
        wait_for('the store is not trusted',
                 lambda: 'TLS: the store is not trusted' in pushed())
        s.configure('key-file = {folder}/key')
        wait_for('it works without TLS', lambda: not pushed())
    s.configure('key-file = {folder}/key\nca-file = {folder}/mine.pem', 'https://127.0.0.1:9001')
    s.forget()
    wait_for('the store is trusted', lambda: not pushed() and s.status()['where'][:5] == 'https')
    eq(s.push(path)['done'], 1, 'pushed')
    eq(get(path), content('f', MIB), 'content')
    eq(s.tool('scrub')['bad'], [], 'bad')
