# SPDX-License-Identifier: GPL-2.0-only
"""The objects of offloaded files: index, garbage collection, scrub, keys."""
import hashlib
import hmac
import os
import types

from checks import eq, wait_for
from files import MIB, get, put
from harness import test
from processes import run
from store_files import content, offloaded
from stores import KEY, Store, collect, deletions
from volumes import mount, mount_image, umount

RECORD = 'trusted.ditto.offload'
STORED = 'trusted.ditto.stored'


@test(smb=True, offload=True, timeout=240)
def garbage_goes_and_the_rest_stays(w):
    """Only objects without a file are deleted: not those of copies, moved or hidden files."""
    s = Store(w)
    same, other = content('same', 2 * MIB), content('other', MIB)
    a = offloaded(s, w.path('a'), same)
    b = offloaded(s, w.path('b'), same)
    c = offloaded(s, w.path('c'), other)
    known = s.tool('rebuild')
    eq((known['files'], known['garbage'], known['missing'], known['problems']), (3, 0, 0, 0))
    objects = known['objects']
    eq(s.tool('scrub')['objects'], objects, 'checked')
    eq(collect(s), 0, 'nothing is garbage')

    s.recall(c)
    eq(s.tool('gc')['due'], 0, 'the grace time has not passed')
    s.forget()
    dry = s.tool('gc', '--grace', '0', '--force', '--dry-run')
    assert dry['due'] == dry['garbage'] > 0 == dry['deleted'], dry
    eq(deletions(s), [], 'deleted by a dry run')
    eq(collect(s), dry['due'], 'deleted')
    eq(len(deletions(s)), 2, 'requests: manifests and chunks')
    eq(s.tool('rebuild')['objects'], objects - dry['due'], 'left')
    # What was deleted is uploaded again.
    eq(s.push(c)['done'], 1, 'pushed again')

    # The other name, a file that left the share, and one that a mount hides.
    os.unlink(a)
    os.mkdir(w.path('hidden'))
    moved = w.path('hidden/b')
    os.rename(b, moved)
    mount('none', w.path('hidden'), 'tmpfs')
    eq(collect(s), 0, 'deleted')
    umount(w.path('hidden'))
    eq(get(moved), same, 'content')
    eq(get(f'{w.client.mount(vers="4.2")}/c'), other, 'content')
    s.forget()
    assert collect(s) > 0, 'all was recalled'
    left = s.tool('rebuild')
    eq((left['files'], left['objects']), (0, 0), 'left')


@test(smb=True, offload=True, timeout=240)
def nothing_goes_in_doubt(w):
    """If a record, a manifest or a file system cannot be read, nothing is deleted."""
    s = Store(w, timeout=3)
    path = offloaded(s, w.path('f'), content('f', MIB))
    offloaded(s, w.path('g'), content('g', MIB))
    garbage = offloaded(s, w.path('garbage'), content('garbage', MIB))
    os.unlink(garbage)

    def refused(word):
        s.forget()
        status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
        assert status and said['problems'], (status, said, errors)
        eq(said['deleted'], 0, 'deleted')
        eq(deletions(s), [], 'requests')
        assert word in errors, errors

    damaged = put(w.path('damaged'), b'x', 0o644)
    os.setxattr(damaged, RECORD, b'DOFLxxxx')
    refused('record is damaged')
    os.removexattr(damaged, RECORD)
    s.mode('500')
    refused('500')
    s.mode('down')
    refused('store main')
    s.mode('ok')
    s.kill_process()
    s.ready()
    assert collect(s) > 0, 'nothing was deleted'
    eq(s.tool('scrub')['bad_objects'], 0, 'bad')
    eq(get(path), content('f', MIB), 'content')


@test(smb=True, offload=True, timeout=240)
def another_disk(w):
    """What the files of a disk need stays while another disk is in its place."""
    s, where = Store(w), f'{w.base}/disk'
    # XFS tells the number of its device where others tell which file system it is.
    for name in ('mine', 'other'):
        with open(f'{w.base}/{name}', 'wb') as f:
            f.truncate(320 * MIB)
        run('mkfs.xfs', '-q', '-K', f'{w.base}/{name}')

    def insert(name):
        mount_image(f'{w.base}/{name}', where, 'xfs')
        w.server.add('disk', where, offload=True)
        return os.stat(where).st_dev

    def eject():
        w.server.delete('disk')
        umount(where)

    os.mkdir(where)
    number = insert('mine')
    w.volumes.append(types.SimpleNamespace(umount=lambda: umount(where)))
    path = offloaded(s, f'{where}/f', content('f', MIB))
    eq(collect(s), 0, 'garbage')
    eject()
    eq(insert('other'), number, 'number of the device')
    status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
    assert status and f'last at {where}, is not mounted' in errors, (said, errors)
    eq(said['deleted'], 0, 'deleted')
    eject()
    insert('mine')
    eq(collect(s), 0, 'garbage')
    eq(get(path), content('f', MIB), 'content')


@test(smb=True, offload=True, timeout=240)
def two_names_of_one_place(w):
    """If two stores have one bucket and prefix, the data of one is not garbage of the other."""
    s = Store(w)
    path = offloaded(s, w.path('f'), content('f', MIB))
    s.configure('key-file = {folder}/key\n[store other]\nendpoint = http://127.0.0.1:9000\n'
                f'bucket = {s.bucket}\ncredentials-file = {{folder}}/credentials\n'
                'key-file = {folder}/key')
    wait_for('two stores', lambda: 'other' in s.server.ctl('offload', 'status'))
    status, said, errors = s.tool('gc', '--grace', '0', '--force', check=False)
    assert status and 'in the same place as the store main' in errors, (said, errors)
    eq(said['deleted'], 0, 'deleted')
    s.configure('key-file = {folder}/key')
    wait_for('one store', lambda: 'other' not in s.server.ctl('offload', 'status'))
    eq(collect(s), 0, 'garbage')
    eq(get(path), content('f', MIB), 'content')


@test(smb=True, offload=True, timeout=240)
def uploads_and_deletions_exclude_each_other(w):
    """What an upload found in the bucket is there when its file has its record."""
    s, data = Store(w), content('again', 3 * MIB)
    path = offloaded(s, w.path('f'), data)
    s.recall(path)
    s.forget()
    s.mode('slow 1')
    push = s.spawn_push(path)
    wait_for('the upload looks at the bucket', lambda: s.requests('HEAD'))
    s.mode('ok')
    said = s.tool('gc', '--grace', '0', '--force')
    out = push.communicate()[0]
    eq(push.returncode, 0, out)
    # The first survey saw garbage, the second one the record.
    eq(said['deleted'], 0, 'deleted')
    eq(s.states(path)['offloaded'], 1, 'offloaded')
    eq(s.tool('scrub')['bad_objects'], 0, 'bad')
    eq(get(path), data, 'content')


@test(smb=True, offload=True, timeout=240)
def scrub_finds_what_is_bad(w):
    """Missing and wrong objects are told with file, object and cause."""
    s = Store(w, timeout=3)
    good = offloaded(s, w.path('good'), content('good', MIB))
    bad = offloaded(s, w.path('bad'), content('bad', MIB))
    twin = offloaded(s, w.path('twin'), content('bad', MIB))

    def found(*words):
        status, said, _ = s.tool('scrub', *words, check=False)
        assert status, said
        return said

    s.mode('wrong')
    said = found()
    # One chunk and one manifest for each content.
    eq({entry['file'] for entry in said['bad']}, {good, bad, twin}, 'files')
    s.mode('ok')
    eq(s.tool('scrub')['bad'], [], 'bad')

    s.forget()
    s.recall(bad)
    chunk = s.requests('GET', 'chunks/')[0].split(f'{s.bucket}/', 1)[1]
    eq(s.push(bad)['done'], 1, 'pushed')
    s.delete(chunk)
    for words in ((), ('--quick',)):
        said = found(*words)
        eq(sorted((e['file'], e['object'], e['store']) for e in said['bad']),
           [(bad, chunk, 'main'), (twin, chunk, 'main')], 'bad')
        assert 'no such object' in said['bad'][0]['cause'], said
    eq(s.tool('rebuild', check=False)[1]['missing'], 1, 'missing')

    # Where the list fails, nothing is known, and no object is asked for.
    s.mode('500')
    s.forget()
    status, said, _ = s.tool('rebuild', check=False)
    eq((bool(status), said['missing'], s.requests('GET', 'chunks/')), (True, 0, []), 'no list')


def proof_of(name, data):
    """What Ditto says about an object that it uploads."""
    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256)
    name_key = mac(bytes.fromhex(KEY), 'ditto offload 1 name').digest()
    return mac(name_key, f'ditto proof 1\n{name}\n{hashlib.md5(data).hexdigest()}').hexdigest()


@test(smb=True, offload=True, timeout=240)
def damaged_objects_are_replaced(w):
    """An upload does not count on an object that is not as it was put there."""
    s, data = Store(w), content('x', MIB)
    s.forget()
    path = offloaded(s, w.path('a'), data)
    chunk = s.requests('PUT', 'chunks/')[0].split(f'{s.bucket}/', 1)[1]
    good = s.fetch(chunk)
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    other = put(w.path('other'), content('y', MIB), 0o644)
    s.forget()
    eq(s.push(other)['done'], 1, 'pushed')
    another = s.requests('PUT', 'chunks/')[0].split(f'{s.bucket}/', 1)[1]
    # By a program that knows nothing of proofs, by one that copies what objects have, and by one
    # that takes another object for it.
    for number, (body, more) in enumerate((
            (bytes(bad), {}), (bytes(bad), {'x-amz-meta-ditto-proof': proof_of(chunk, good)}),
            (s.fetch(another), {'x-amz-meta-ditto-proof': proof_of(another, s.fetch(another))}))):
        s.call('PUT', chunk, body, more)
        eq(s.tool('scrub', check=False)[0], 1, 'scrub')
        s.forget()
        twin = offloaded(s, w.path(f'twin{number}'), data)
        eq(len(s.requests('PUT', chunk)), 1, 'the chunk is sent again')
        eq(s.tool('scrub')['bad'], [], 'bad')
        eq(get(twin) == data, True, 'content')
    # What is as it was is not.
    s.forget()
    offloaded(s, w.path('c'), data)
    eq(s.requests('PUT'), [], 'uploads')
    eq(get(path) == data, True, 'content')


@test(smb=True, offload=True, timeout=240)
def keys_are_changed(w):
    """Objects get the new key, and are read by it; what is damaged is told and left alone."""
    s, data = Store(w), content('key', 2 * MIB)
    path = offloaded(s, w.path('f'), data)
    eq(s.tool('rekey')['rewritten'], 0, 'rewritten with the same key')
    put(f'{s.folder}/key', '77' * 32 + '\n' + KEY + '\n', 0o600)
    s.configure('key-file = {folder}/key')
    s.ready()
    s.mode('wrong')
    status, said, _ = s.tool('rekey', check=False)
    assert status and said['problems'] and not said['rewritten'], said
    s.mode('ok')

    def done():
        said = s.tool('rekey')
        return said['rewritten'] == said['objects'] > 1
    # The configuration is read again in the background.
    wait_for('the new key is used', done)
    eq(s.tool('rekey')['rewritten'], 0, 'rewritten again')
    eq(s.tool('scrub')['bad'], [], 'bad')
    eq(get(path), data, 'content')
    assert 'no such store' in s.tool('rekey', 'none', check=False)[2]


@test(smb=True, offload=True, timeout=240)
def wrong_keys_are_refused(w):
    """A key that was replaced or lost is noticed by the next upload, not by the next reader."""
    s, data = Store(w), content('key', 2 * MIB)
    path = offloaded(s, w.path('f'), data)
    new = put(w.path('new'), content('new', MIB), 0o644)

    def push_says(words):
        wait_for(words, lambda: words in s.push(new, check=False))
        eq(s.states(new)['resident'], 1, 'resident')

    put(f'{s.folder}/key', '77' * 32 + '\n', 0o600)
    s.configure('key-file = {folder}/key')
    push_says('wrong key: its data is encrypted with the key')
    refused = s.tool('gc', '--grace', '0', '--force', check=False)
    assert refused[0] and 'wrong key' in refused[2], refused
    s.configure('encryption = off')
    push_says('which is missing here')
    # A line that was lost is a mistake in the file: what was valid before stays so.
    put(f'{s.folder}/key', '77' * 32 + '\n' + KEY + '\n', 0o600)
    s.configure('key-file = {folder}/key')
    wait_for('the new key is used', lambda: not s.push(new, check=False))
    s.forget()
    s.configure('')
    wait_for('the mistake is told', lambda: "'key-file' is missing" in s.server.helper_log())
    newer = offloaded(s, w.path('newer'), content('newer', MIB))
    chunk = s.requests('PUT', 'chunks/')[0].split(f'{s.bucket}/', 1)[1]
    eq(s.fetch(chunk)[9] & 2, 2, 'encrypted')
    eq((get(path) == data, get(newer) == content('newer', MIB)), (True, True), 'content')


@test(smb=True, fs='ext4', offload=True, timeout=240)
def what_came_back_is_stored(w):
    """An unchanged file goes again without a request for it; gc keeps its objects until it changes."""
    s = Store(w)
    data = {name: content(name, MIB + 100) for name in 'abc'}
    a, b, c = (offloaded(s, w.path(name), data[name]) for name in 'abc')
    for name in 'abc':
        eq(get(w.path(name)), data[name], f'content of {name}')
        eq(STORED in os.listxattr(w.path(name)), True, f'attribute of {name}')
    eq(s.states(a, b, c)['resident'], 3, 'resident')
    eq(collect(s), 0, 'garbage while the content counts as stored')

    def unasked():
        """The bucket is asked which one it is and which file systems it knows, and for no content."""
        eq(len(s.requests('GET', 'ditto-owner')), 1, 'questions for the owner')
        eq(s.requests(), s.requests('GET', 'ditto-owner') + s.requests('HEAD', 'filesystems/'),
           'requests')
    s.forget()
    eq(s.push(a)['done'], 1, 'pushed again')
    unasked()
    eq(s.states(a)['offloaded'], 1, 'offloaded')
    eq(get(a), data['a'], 'content')

    # One is changed, one is brought back for good.
    put(b, data['a'] + b'more')
    s.recall(c)
    eq(STORED in os.listxattr(c), False, 'attribute of a file that was brought back')
    assert collect(s) >= 4, 'chunks and manifests of two files'
    eq(STORED in os.listxattr(b), False, 'attribute of a file that was changed')
    eq(STORED in os.listxattr(a), True, 'attribute of the other')
    s.forget()
    eq(s.push(a)['done'], 1, 'pushed')
    unasked()
    eq(s.push(b, c)['done'], 2, 'pushed')
    eq((get(a), get(b), get(c)), (data['a'], data['a'] + b'more', data['c']), 'content')


@test(smb=True, offload=True, timeout=300)
def old_lists(w):
    """What the list of a bucket does not have yet is neither deleted nor missing."""
    s = Store(w)
    # One of these will be needed by a snapshot only, another by nothing.
    kept, saved, gone = (offloaded(s, w.path(name), content(name, MIB + 100))
                         for name in ('kept', 'saved', 'gone'))
    known = s.tool('rebuild')
    s.mode('old-lists')
    new = offloaded(s, w.path('new'), content('new', MIB + 100))
    os.unlink(gone)
    eq(s.tool('snapshot', 'create', 'data', 'monday')['lost'], 0, 'lost')
    eq([row['name'] for row in s.tool('snapshot', 'list')], ['monday'], 'snapshots')
    eq('saved' in [row['path'] for row in s.tool('snapshot', 'show', 'data/monday')], True, 'tree')
    os.unlink(saved)
    # The name of the snapshot is in a note before gc, and in the index afterwards.
    for _ in range(2):
        eq(collect(s), 2, 'chunk and manifest of the file that is gone')
        said = s.tool('rebuild')
        eq((said['missing'], said['problems']), (0, 0), 'rebuild')
        # Chunk and manifest of the new file and of the snapshot's tree, and its head.
        eq(said['objects'], known['objects'] + 5, 'objects')
        for words in ((), ('--quick',)):
            eq(s.tool('scrub', *words)['bad'], [], f'scrub {words}')

    s.mode('ok')
    said = s.tool('rebuild')
    eq((said['objects'], said['garbage'], said['missing']), (known['objects'] + 3, 0, 0),
       'objects by a new list')
    eq(collect(s), 0, 'deleted')
    s.tool('snapshot', 'restore', 'data/monday', 'saved')
    for path in (kept, saved, new):
        eq(get(path), content(os.path.basename(path), MIB + 100), path)

    # What is missing indeed is told.
    s.mode('old-lists')
    s.forget()
    path = offloaded(s, w.path('lost'), content('lost', MIB + 100))
    s.delete(s.requests('PUT', 'chunks/')[0].split(f'{s.bucket}/', 1)[1])
    status, said, _ = s.tool('rebuild', check=False)
    eq((bool(status), said['missing']), (True, 1), 'missing')
    status, said, _ = s.tool('scrub', '--quick', check=False)
    eq({entry['file'] for entry in said['bad']}, {path}, 'bad')
