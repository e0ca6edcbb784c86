# SPDX-License-Identifier: GPL-2.0-only
"""Which bucket a store is, and what the bucket itself does to objects."""
import base64
import contextlib
import hashlib
import os
import re

from checks import eq, expect_errno, wait_for
from files import MIB, get, put
from harness import test
from store_files import LOST, content, offloaded
from stores import Store

KEYED = 'key-file = {folder}/key'
RULE = """<LifecycleConfiguration><Rule><ID>tidy up</ID><Filter><Prefix>{}</Prefix></Filter>
<Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"""
VERSIONS = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
LOCK = """<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>
<DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>
</ObjectLockConfiguration>"""


def refused(s, *words):
    """An order that fails. Returns what is said."""
    status, _, errors = s.tool(*words, check=False)
    assert status, (words, errors)
    return errors


def read_again(w, path, data):
    """Read a file by NFS, so that all of it is here."""
    mount = w.client.mount(vers='4.2')
    eq(get(f'{mount}/{os.path.basename(path)}'), data, 'content')
    w.client.umount(mount)


def unreadable(s, path, cause):
    """A file cannot be read, for a reason; the kernel asks again after some seconds only."""
    def told():
        with expect_errno(*LOST):
            get(path)
        return cause in s.status()['error']
    wait_for('the cause is told', told)


def comes_back(path, data):
    """Whether a file can be read again."""
    with contextlib.suppress(OSError):
        eq(get(path), data, 'content')
        return True
    return False


@contextlib.contextmanager
def expect_refusal():
    """The store refuses a request."""
    try:
        yield
    except AssertionError as e:
        eq(e.args[0][2], 403, 'status')
        return
    raise AssertionError('the store does what it should refuse')


def send(s, query, text, name=''):
    """Set a part of the configuration of the bucket or an object."""
    body = text.encode()
    s.call('PUT', name, body, query=query,
           more={'content-md5': base64.b64encode(hashlib.md5(body).digest()).decode()})


def configured(s, change, more=KEYED):
    """Set the configuration of the bucket, and have it looked at."""
    send(s, *change)
    s.configure(more)


@test(smb=True, offload=True, timeout=400)
def another_bucket(w):
    """With another bucket under the name of a store, nothing is released, uploaded or deleted."""
    s, data = Store(w), content('x', 3 * MIB)
    a, b = offloaded(s, w.path('a'), data), offloaded(s, w.path('b'), data[MIB:])
    read_again(w, a, data)
    first, uuid = s.bucket, s.status()['uuid']
    assert re.fullmatch('[0-9a-f]{32}', uuid), uuid
    assert f'store: {uuid}\n'.encode() in s.fetch('ditto-owner')

    s.bucket = f'{first}-two'
    s.call('PUT')
    s.configure(KEYED)
    wait_for('the other bucket is used', lambda: s.status()['where'].endswith('-two'))
    s.forget()
    c = put(w.path('c'), content('c', MIB), 0o644)
    for path in (a, c):
        said = s.push(path, check=False)
        assert 'ditto-owner is missing' in said and f'take --uuid {uuid} main' in said, said
        eq(s.states(path)['resident'], 1, 'resident')
    eq(get(a), data, 'content of the file that came back')
    assert 'ditto-owner is missing' in refused(s, 'gc', '--grace', '0', '--force')
    unreadable(s, b, 'ditto-owner is missing')
    eq(s.requests('PUT') + s.requests('DELETE'), [], 'changes')

    # A bucket with data of its own is said to be one.
    other = uuid[::-1]
    s.put('ditto-owner', f'ditto owner 1\nserver: x\nstore: {other}\n')
    s.kill_process()
    s.ready()
    said = s.push(a, check=False)
    assert f'it is another bucket: it has the UUID {other}' in said, said
    unreadable(s, b, 'it is another bucket')
    eq(s.tool('take', '--new-bucket', 'main')['uuid'], other, 'UUID')
    eq(s.push(a)['done'], 1, 'pushed')
    assert s.requests('PUT', 'chunks/'), 'the new bucket has the content'
    unreadable(s, b, f'with the UUID {uuid}')
    eq(get(a), data, 'content from the new bucket')

    # The first one has its files still.
    s.bucket = first
    s.configure(KEYED)
    wait_for('the first bucket is used', lambda: not s.status()['where'].endswith('-two'))
    assert 'it is another bucket' in s.push(c, check=False)
    eq(s.tool('take', '--new-bucket', 'main')['uuid'], uuid, 'UUID')
    wait_for('it can be read', lambda: comes_back(b, data[MIB:]))


@test(smb=True, offload=True, timeout=300)
def lost_owner(w):
    """A bucket that lost its owner is no new one, and reading goes on."""
    s, data = Store(w), content('x', 2 * MIB)
    a = offloaded(s, w.path('a'), data)
    uuid = s.status()['uuid']
    s.delete('ditto-owner')
    s.kill_process()
    s.ready()
    said = s.push(put(w.path('b'), data[MIB:], 0o644), check=False)
    assert 'ditto-owner is missing' in said, said
    eq(get(a), data, 'content')
    assert 'ditto-owner is missing' in refused(s, 'take', 'main')
    eq(s.tool('take', '--uuid', uuid, 'main'), {'store': 'main', 'taken': True, 'uuid': uuid})
    eq(s.push(w.path('b'))['done'], 1, 'pushed')

    # Nor is it new for a server that has forgotten all.
    s.delete('ditto-owner')
    w.server.helper_stop()
    os.unlink(f'{w.base}/state/offload-stores')
    w.server.helper_start(w.server.conf)
    s.ready()
    said = s.push(put(w.path('c'), data[:MIB], 0o644), check=False)
    assert 'is missing, but data of Ditto is there' in said, said
    eq(s.tool('take', '--uuid', uuid, 'main')['uuid'], uuid, 'UUID')
    eq(s.push(w.path('c'))['done'], 1, 'pushed')
    eq(get(w.path('b')), data[MIB:], 'content')


@test(smb=True, offload=True, timeout=300)
def another_name(w):
    """A bucket has one name: records have it, so what they name is garbage under another."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('x', MIB))
    s.configure(f'{KEYED}\n[store other]\nendpoint = http://localhost:9000\nbucket = {s.bucket}\n'
                'credentials-file = {folder}/credentials\nkey-file = {folder}/key\npacking = off')
    other = put(w.path('g'), content('y', MIB), 0o644)

    def said():
        return refused(s, 'push', '--store', 'other', other)
    wait_for('the other store is there', lambda: 'no [store other]' not in said())
    assert 'it is the bucket of [store main]' in said()
    assert 'it is the bucket of [store main]' in refused(s, 'gc', '--grace', '0', '--force')
    assert 'it is the bucket of [store main]' in refused(s, 'take', '--new-bucket', 'other')
    eq(get(path), content('x', MIB), 'content')


@test(smb=True, offload=True, timeout=300)
def lifecycle(w):
    """Nothing goes to a bucket whose rules delete it, unless the administrator wants that."""
    s, data = Store(w), content('x', 2 * MIB)
    a = offloaded(s, w.path('a'), data)
    eq(s.status()['lifecycle'], 'none', 'rules')
    read_again(w, a, data)
    b = put(w.path('b'), content('b', MIB), 0o644)
    configured(s, ('lifecycle', RULE.format('chunks/')))
    wait_for('the rule is seen', lambda: 'tidy up' in s.push(b, check=False))
    for path in (a, b):
        said = s.push(path, check=False)
        assert 'the rule tidy up of its lifecycle deletes objects' in said, said
        eq(s.states(path)['resident'], 1, 'resident')
    assert 'tidy up' in s.status()['lifecycle'] and 'lifecycle = allow' in s.status()['refused']
    said = w.server.ctl('status', check=False).stdout
    assert 'tidy up' in said, said
    s.configure(f'{KEYED}\nlifecycle = allow')
    wait_for('the rule is allowed', lambda: not s.push(b, check=False))
    eq(get(b), content('b', MIB), 'content')

    # Rules for others do not matter.
    configured(s, ('lifecycle', RULE.format('logs/')))
    wait_for('the rule is seen', lambda: not s.push(a, check=False))
    eq(s.status()['lifecycle'], 'none', 'rules')


@test(smb=True, offload=True, timeout=400)
def versions_and_locks(w):
    """A bucket that keeps versions, and one that locks objects, are used as any other."""
    # Uploads of what is condemned may wait for twice this time, see LATE of condemned.c.
    s, data = Store(w, timeout=10), content('x', 2 * MIB)
    configured(s, ('versioning', VERSIONS))
    a = put(w.path('a'), data, 0o644)
    wait_for('it is pushed', lambda: not s.push(a, check=False))
    eq((s.status()['versioning'], s.status()['object_lock']), ('on', 'off'))
    said = w.server.ctl('offload', 'status')
    assert 'the bucket keeps versions' in said, said
    os.unlink(a)
    assert s.tool('gc', '--grace', '0', '--force')['deleted'] > 1
    eq(re.findall('<Key>(chunks/.*?)</Key>', s.fetch().decode()), [], 'chunks')
    a = offloaded(s, w.path('again'), data)
    eq(get(a), data, 'content')
    os.unlink(a)

    s.bucket += '-lock'
    s.call('PUT', more={'x-amz-bucket-object-lock-enabled': 'true'})
    configured(s, ('object-lock', LOCK))
    wait_for('it is used', lambda: s.status()['where'].endswith('-lock'))
    s.tool('take', '--new-bucket', 'main')
    eq(s.status()['object_lock'], 'on, GOVERNANCE for 1 days', 'lock')
    b = offloaded(s, w.path('b'), data)
    s.tool('take', 'main')
    eq(get(b), data, 'content')
    objects = re.findall('<Key>((?:chunks|manifests)/.*?)</Key>', s.fetch().decode())
    held = objects[0]
    send(s, 'legal-hold', '<LegalHold><Status>ON</Status></LegalHold>', held)
    os.unlink(b)
    said = s.tool('gc', '--grace', '0', '--force')
    eq((said['deleted'], said['refused']), (len(objects), 0), 'gc')
    # The bucket keeps all that is deleted, for a time or while it is held.
    kept = dict(re.findall('<Version>.*?<Key>(.*?)</Key>.*?<VersionId>(.*?)</VersionId>',
                           s.call('GET', query='versions').decode()))
    eq(set(objects) - set(kept), set(), 'versions that stay')
    for name in objects:
        with expect_refusal():
            s.call('DELETE', name, query=f'versionId={kept[name]}')
    b = offloaded(s, w.path('b'), data)
    c = offloaded(s, w.path('c'), content('c', MIB))
    os.unlink(b)
    eq(s.tool('gc', '--grace', '0', '--force')['refused'], 0, 'refused')
    b = offloaded(s, w.path('b'), data)
    eq(s.tool('scrub')['bad'], [], 'bad')
    eq((get(b), get(c)), (data, content('c', MIB)), 'content')


@test(smb=True, offload=True, timeout=300)
def retained_objects(w):
    """An object that cannot be deleted yet is told, and stops no other."""
    s = Store(w)
    for name in 'abc':
        offloaded(s, w.path(name), content(name, MIB))
        os.unlink(w.path(name))
    chunks = re.findall('<Key>(chunks/.*?)</Key>', s.fetch().decode())
    s.mode(f'deny {chunks[0]}')
    status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
    assert status and said['problems'] == 1 and said['deleted'] >= 5, (said, errors)
    assert chunks[0] in errors and 'the next gc tries again' in errors, errors
    eq(re.findall('<Key>(chunks/.*?)</Key>', s.fetch().decode()), chunks[:1], 'chunks')
    s.mode('ok')
    eq(s.tool('gc', '--grace', '0', '--force')['deleted'], 1, 'deleted')

    # While a manifest stays, so do the chunks.
    for name in 'de':
        offloaded(s, w.path(name), content(name, MIB))
        os.unlink(w.path(name))
    chunks, manifests = (re.findall(f'<Key>({kind}/.*?)</Key>', s.fetch().decode())
                         for kind in ('chunks', 'manifests'))
    s.mode(f'deny {manifests[0]}')
    status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
    eq((bool(status), said['refused'], said['deleted']), (True, 1, len(manifests) - 1), errors)
    eq(re.findall('<Key>(chunks/.*?)</Key>', s.fetch().decode()), chunks, 'chunks')
    s.mode('ok')
    eq(s.tool('gc', '--grace', '0', '--force')['deleted'], len(chunks) + 1, 'deleted')


@test(smb=True, offload=True, timeout=300)
def archived_objects(w):
    """What is archived is not there: readers hear why, and nobody relies on it."""
    s, data = Store(w), content('x', 2 * MIB)
    a = offloaded(s, w.path('a'), data)
    s.mode('archive chunks/')
    unreadable(s, a, 'the object is archived')
    s.forget()
    b = put(w.path('b'), data, 0o644)
    eq(s.push(b)['deduplicated'], 0, 'deduplicated')
    assert s.requests('PUT', 'chunks/'), 'the content is sent again'
    s.mode('ok')
    eq(get(b), data, 'content')
