# SPDX-License-Identifier: GPL-2.0-only
"""Offloaded data as users and administrators see it: dittoctl, a real store, real clients."""
import concurrent.futures
import contextlib
import errno
import hashlib
import os
import shutil
import signal
import subprocess

import servers
from checks import eq, expect_errno, one_of, wait_for
from fault_points import Point, stopped
from files import MIB, get, put
from harness import test
from processes import Child
from store_files import LOST, content, digest, mounts, offloaded, same_number, sha
from stores import PROGRAM, Store


def blocks(*paths):
    return sum(os.stat(p).st_blocks for p in paths)


def reader(path):
    """Read a file in a process of its own."""
    return Child(lambda: hashlib.sha256(get(path)).hexdigest())


@test(smb=True, offload=True, timeout=400)
def pushed_and_read_back(w):
    """84 files go to the store and come back, over each protocol, with their checksums."""
    s, sums = Store(w), {}
    for i in range(84):
        d = w.path(f'd{i % 7}')
        os.makedirs(d, exist_ok=True)
        # Each content is there three times.
        data = content(i % 28, (1, 4095, 4096, 20000, 70000, 200000, 300000)[i % 7])
        sums[f'd{i % 7}/f{i}'] = sha(data)
        put(f'{d}/f{i}', data, 0o644)
    put(w.path('big'), content('big', 21 * MIB + 5), 0o644)
    sums['big'] = sha(content('big', 21 * MIB + 5))
    paths = [w.path(name) for name in sums]
    before = {p: (os.stat(p).st_size, os.stat(p).st_mtime_ns) for p in paths}

    done = s.push(*paths)
    eq((done['failed'], done['skipped']), (0, 0), 'failed and skipped')
    eq(done['done'], len(sums), 'done')
    eq(s.states(), {'resident': 0, 'partial': 0, 'offloaded': len(sums), 'recalling': 0})
    eq(blocks(*paths), 0, 'blocks')
    eq({p: (os.stat(p).st_size, os.stat(p).st_mtime_ns) for p in paths}, before, 'sizes, times')

    where = mounts(w.client)
    # Names and attributes need no data.
    s.forget()
    for m in where.values():
        eq(sum(os.stat(f'{m}/{name}').st_size for name in sums),
           sum(size for size, _ in before.values()), 'sizes')
    eq(s.requests(), [], 'requests for names')

    kinds = list(where)
    names = sorted(sums)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        got = pool.map(lambda n: (n, digest(f'{where[kinds[names.index(n) % 3]]}/{n}')), names)
        eq(dict(got), sums, 'checksums over the protocols')
    eq({n: digest(w.path(n)) for n in names}, sums, 'checksums on the server')
    eq(s.states()['resident'], len(sums), 'resident')

    # The store has it all already.
    again = s.push(*paths)
    eq((again['done'], again['failed']), (len(sums), 0), 'done again')
    assert again['uploaded'] < MIB, again
    # Local programs and the tool bring it back, too.
    eq(digest(w.path('big')), sums['big'], 'read on the server')
    back = s.recall(w.export)
    eq((back['done'] + back['skipped'], back['failed']), (len(sums), 0), 'recalled')
    eq(s.states()['resident'], len(sums), 'resident')
    s.forget()
    eq({n: digest(w.path(n)) for n in names}, sums, 'checksums after a recall')
    eq(s.requests(), [], 'requests of resident files')


@test(smb=True, offload=True, timeout=300)
def one_download_for_many(w):
    """100 readers of a file over three protocols download it once."""
    s, data = Store(w), content('many', 12 * MIB)
    offloaded(s, w.path('f'), data)
    where = list(mounts(w.client).values())
    s.forget()
    s.mode('slow 0.5')
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        got = set(pool.map(lambda i: digest(f'{where[i % 3]}/f'), range(100)))
    eq(got, {sha(data)}, 'what they read')
    gets = s.requests('GET', 'chunks')
    eq(len(gets), len(set(gets)), 'downloads beside the first of each chunk')
    assert gets, 'no chunk was downloaded'


def read_lost(path):
    """Read a file that cannot come: an error, not a byte."""
    with expect_errno(*LOST):
        with open(path, 'rb', buffering=0) as f:
            data = f.read(65536)
            raise AssertionError(f'read {len(data)} bytes')


@test(smb=True, offload=True, timeout=240)
def store_in_trouble(w):
    """A store that fails gives errors that name the cause, and wrong data is never passed on."""
    s = Store(w, timeout=3)
    w.server.ctl('server', 'set', 'offload-recall-ms', '6000')
    where = mounts(w.client)
    for i, (mode, words) in enumerate((('500', '500'), ('down', ''), ('hang', ''),
                                       ('wrong', ''), ('short', ''))):
        data = content(mode, 3 * MIB)
        offloaded(s, w.path(mode), data)
        s.mode(mode)
        kind = ('nfs3', 'smb', 'nfs42')[i % 3]
        read_lost(f'{where[kind]}/{mode}')
        with expect_errno(errno.EIO):
            get(w.path(mode))
        failure = s.recall(w.path(mode), check=False)
        for word in (mode, 'share data', 'store main', words):
            assert word in failure, failure
        assert 'share data' in w.server.helper_log()
        assert s.status()['errors'], s.status()
        s.mode('ok')
        # A recall that failed is tried again after some seconds.
        wait_for('the data comes', lambda: as_sum(f'{where[kind]}/{mode}') == sha(data))
        eq(digest(w.path(mode)), sha(data), mode)


def as_sum(path):
    """The checksum of a file, or None if it cannot be read yet."""
    with contextlib.suppress(OSError):
        return digest(path)
    return None


@test(smb=True, offload=True, timeout=300)
def several_names(w):
    """A file with several names is pushed once, and no name of it fails."""
    s = Store(w)
    for size in (30_000, 2 * MIB):
        names = []
        for i in range(4):
            data = content(f'{size} {i}', size)
            names.append(put(w.path(f'{size}.{i}'), data, 0o644))
            names.append(w.path(f'{size}.{i}.link'))
            os.link(names[-2], names[-1])
        done = s.push(*names)
        eq((done['done'] + done['skipped'], done['failed']), (len(names), 0), size)
        eq(s.states(*names)['offloaded'], len(names), 'offloaded')


@test(smb=True, offload=True, timeout=300)
def store_that_recovers(w):
    """Some errors, and slowness, only take time."""
    s = Store(w)
    where = mounts(w.client)
    for mode, kind in (('500 3', 'nfs42'), ('slow 1', 'smb')):
        data = content(mode, 2 * MIB)
        s.mode(mode)
        offloaded(s, w.path('f'), data)
        s.mode(mode)
        eq(digest(f'{where[kind]}/f'), sha(data), mode)
        os.unlink(w.path('f'))


@test(smb=True, offload=True, timeout=300)
def killed_while_pushing(w):
    """Whoever is killed during a push, the file stays whole, and the next push works."""
    s = Store(w)
    data = content('push', 30 * MIB)
    path = put(w.path('f'), data, 0o644)
    s.mode('slow 1')
    push = s.spawn_push(path)
    wait_for('a request', lambda: s.requests('HEAD') or s.requests('PUT'))
    s.kill_process()
    out = push.communicate()[0]
    assert push.returncode and 'the store process has ended' in out and 'share data' in out, out
    wait_for('the log says how it ended', lambda: (
        'ditto-offload was ended by signal 9 (Killed)' in w.server.helper_log()))
    eq(s.states(path)['resident'], 1, 'resident')
    s.ready()

    s.forget()
    push = s.spawn_push(path)
    wait_for('a request', lambda: s.requests('HEAD') or s.requests('PUT'))
    w.server.helper_stop('KILL')
    out = push.communicate()[0]
    assert push.returncode and 'dittod has ended' in out, out
    p = w.server.ctl('offload', 'push', path, check=False)
    assert p.returncode and 'dittod does not run' in p.stdout, p.stdout
    eq(s.states(path)['resident'], 1, 'resident')
    wait_for('the store process has ended, too', lambda: not s.process())
    w.server.helper_start(w.server.conf)
    s.ready()

    # The tool itself.
    s.forget()
    push = s.spawn_push(path)
    wait_for('a request', lambda: s.requests('HEAD') or s.requests('PUT'))
    push.kill()
    push.wait()
    wait_for('the upload is cancelled', lambda: not s.status()['pushes'])
    eq(s.states(path)['resident'], 1, 'resident')
    s.mode('ok')
    eq(s.push(path)['done'], 1, 'done')
    eq(digest(f'{w.client.mount(vers="4.2")}/f'), sha(data), 'content')


@test(smb=True, offload=True, timeout=300)
def killed_while_recalling(w):
    """Readers wait while the store process or dittod is replaced, and get the right data."""
    s = Store(w)
    where = mounts(w.client)
    for i, victim in enumerate(('process', 'dittod', 'process')):
        data = content(victim, 9 * MIB)
        offloaded(s, w.path(f'f{i}'), data)
        s.forget()
        s.mode('slow 2')
        readers = [reader(f'{m}/f{i}') for m in where.values()]
        wait_for('a request', lambda: s.status().get('fetches'))
        if victim == 'process':
            s.kill_process()
        else:
            w.server.helper_stop('KILL')
            w.server.helper_start(w.server.conf)
        s.mode('ok')
        for r in readers:
            with allow_dittod_to_die(victim):
                eq(r.join(), sha(data), f'{victim}: content')
        wait_for('the data comes', lambda: as_sum(f'{where["nfs42"]}/f{i}') == sha(data))
        eq(digest(w.path(f'f{i}')), sha(data), 'content on the server')


@contextlib.contextmanager
def allow_dittod_to_die(victim):
    """Without dittod, requests may end with an error, but not with wrong data."""
    try:
        yield
    except OSError as e:
        if victim != 'dittod':
            raise
        one_of(e.errno, LOST, 'error')


@test(smb=True, offload=True, timeout=300)
def full_disk(w):
    """A recall onto a full disk gives an error, and the data once there is room."""
    s = Store(w)
    small = w.volume(f'{w.base}/small', 'ext4', '64m')
    w.server.add('small', small.where, offload=True)
    data = content('full', 20 * MIB)
    path = offloaded(s, f'{small.where}/f', data)
    filler = f'{small.where}/filler'
    with contextlib.suppress(OSError), open(filler, 'wb', buffering=0) as f:
        while True:
            f.write(bytes(MIB))
    where = w.client.mount(small.where, vers='4.2')
    with expect_errno(errno.ENOSPC, *LOST):
        get(f'{where}/f')
    with expect_errno(errno.ENOSPC, *LOST):
        get(path)
    failure = s.recall(path, check=False)
    assert 'share small' in failure and path in failure, failure
    os.unlink(filler)
    wait_for('the data comes', lambda: as_sum(f'{where}/f') == sha(data))
    eq(digest(path), sha(data), 'content')


@test(smb=True, offload=True, timeout=120)
def changed_while_pushing(w):
    """A file that is written during its upload keeps the new content."""
    s = Store(w)
    where = w.client.mount(vers='4.2')
    path = put(w.path('f'), content('old', 4 * MIB), 0o666)
    s.mode('slow 1')
    push = s.spawn_push(path)
    wait_for('a request', lambda: s.requests('HEAD') or s.requests('PUT'))
    with open(f'{where}/f', 'r+b') as f:
        f.seek(2 * MIB)
        f.write(b'new')
    s.mode('ok')
    out = push.communicate()[0]
    assert push.returncode and path in out, out
    eq(s.states(path)['resident'], 1, 'resident')
    data = content('old', 4 * MIB)
    data = data[:2 * MIB] + b'new' + data[2 * MIB + 3:]
    eq(digest(f'{where}/f'), sha(data), 'content')
    # Opened by a client for writing, it is in use.
    with open(f'{where}/f', 'r+b') as f:
        f.write(b'')
        out = s.push(path, check=False)
        assert 'not released' in out, out
    eq(s.push(path)['done'], 1, 'done')
    eq(digest(f'{where}/f'), sha(data), 'content')


@test(fs='ext4', smb=True, offload=True, timeout=240)
def directory_swapped_while_pushing(w):
    """Who puts a link in the place of a directory during a push gets no data of others."""
    s = Store(w)
    secret = content('secret', 70000)
    theirs = w.volume(f'{w.base}/theirs', 'ext4', '64m').where
    os.mkdir(w.path('d'))
    same_number(w, secret, w.path('d/f'), theirs)
    fault = Point.prepare(s.folder)
    put(fault, 'push-open')
    push = s.spawn_push(w.path('d/f'))
    wait_for('it knows the file', lambda: stopped('dittoctl'))
    os.rename(w.path('d'), w.path('kept'))
    os.symlink(theirs, w.path('d'))
    put(fault, 'push-opened')
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    wait_for('it has opened the other file', lambda: stopped('dittoctl'))
    os.unlink(w.path('d'))
    os.rename(w.path('kept'), w.path('d'))
    put(fault)
    s.forget()
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = push.communicate()[0]
    assert push.returncode and w.path('d/f') in out, out
    eq(s.requests('PUT'), [], 'uploads')
    eq(s.states(w.path('d/f'))['resident'], 1, 'resident')
    eq(s.push(w.path('d/f'))['done'], 1, 'the next push')
    eq(get(f'{w.client.mount(vers="4.2")}/d/f'), b'm' * len(secret), 'content')


@test(smb=True, offload=True, timeout=240)
def removed_meanwhile(w):
    """What clients remove while a directory is pushed or recalled is no failure."""
    s = Store(w)
    for name in 'ab':
        os.mkdir(w.path(name))
        for i in range(2):
            put(w.path(name, f'f{i}'), content(name, 70000), 0o644)
    fault = Point.prepare(s.folder)
    put(fault, 'push-open')
    push = s.spawn_push(w.export)
    wait_for('it has begun with a file', lambda: stopped('dittoctl'))
    # The walk knows one of the directories, and both of its files.
    known = next(e.name for e in os.scandir(w.export) if e.name in 'ab')
    first = next(e.name for e in os.scandir(w.path(known)))
    shutil.rmtree(w.path('b' if known == 'a' else 'a'))
    os.unlink(w.path(known, 'f1' if first == 'f0' else 'f0'))
    put(fault)
    for pid in stopped('dittoctl'):
        os.kill(pid, signal.SIGCONT)
    out = push.communicate()[0]
    assert not push.returncode and out.startswith('1 files offloaded'), out
    eq(s.states(w.path(known))['offloaded'], 1, 'offloaded')

    s.mode('slow 1')
    recall = w.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'recall', w.export,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    wait_for('a request', lambda: s.requests('GET'))
    os.unlink(w.path(known, first))
    s.mode('ok')
    out = recall.communicate()[0]
    assert not recall.returncode and out.startswith('0 files'), out


@test(smb=True, offload=True, timeout=120)
def mistakes_are_named(w):
    """Errors tell share, file, store and cause."""
    s = Store(w)
    path = put(w.path('f'), content('f', MIB), 0o644)

    def refused(*words):
        out = s.push(path, check=False)
        for word in (path, *words):
            assert word in out, out
        eq(s.states(path)['resident'], 1, 'resident')

    def secret(name, text):
        put(f'{s.folder}/{name}', text, 0o600)
        s.configure('key-file = {folder}/key')
        s.ready()

    # A stack that is larger than all memory that the program may have: no thread starts.
    with w.server.ns:
        p = subprocess.run(['prlimit', f'--stack={1 << 36}', f'--as={1 << 35}',
                            servers.tool('dittoctl'), 'offload', 'push', path],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False)
    assert p.returncode and f'threads: {os.strerror(errno.EAGAIN)}' in p.stdout, p.stdout
    eq(s.states(path)['resident'], 1, 'resident')
    w.server.set('data', offload=False)
    refused('offload is off in share data')
    eq(s.requests('PUT'), [], 'uploads')
    w.server.set('data', offload=True)
    secret('credentials', 'access-key = TESTAK\nsecret-key = wrong\n')
    refused('share data', 'store main', s.bucket)
    secret('credentials', 'access-key = TESTAK\nsecret-key = TESTSECRETKEY000\n')
    bucket, s.bucket = s.bucket, 'there-is-none'
    s.configure('key-file = {folder}/key')
    s.ready()
    refused('store main', 'there-is-none')
    s.bucket = bucket
    os.chmod(f'{s.folder}/key', 0o644)
    s.configure('key-file = {folder}/key')
    wait_for('the file is refused', lambda: 'chmod 600' in s.status().get('error', ''))
    refused('[store main]', 'chmod 600')
    os.chmod(f'{s.folder}/key', 0o600)
    s.configure('key-file = {folder}/key')
    s.ready()
    eq(s.push(path)['done'], 1, 'done')
    # Without its key, data does not come; with it, it does.
    w.server.ctl('server', 'set', 'offload-recall-ms', '5000')
    secret('key', '77' * 32 + '\n')
    with expect_errno(errno.EIO):
        get(path)
    assert 'key' in s.status()['error'], s.status()
    secret('key', '77' * 32 + '\n' + '6b' * 32 + '\n')
    wait_for('the data comes', lambda: as_sum(path) == sha(content('f', MIB)))
    # Without the program, nobody waits for it for ever.
    program = f"{os.path.dirname(servers.tool('dittod'))}/{PROGRAM}"
    other = put(w.path('other'), content('other', MIB), 0o644)
    os.rename(program, f'{program}.away')
    s.kill_process()
    out = s.push(other, check=False)
    assert f'the program {PROGRAM}: No such file' in out, out
    os.rename(f'{program}.away', program)
    s.ready()
    eq(s.push(other)['done'], 1, 'done')
    # The process gives up its privileges.
    with open(f'/proc/{s.process()}/status', encoding='ascii') as f:
        status = dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)
    assert '0' not in status['Uid'].split(), status['Uid']
    eq(int(status['CapPrm'], 16), 0, 'capabilities')
    eq(status['NoNewPrivs'], '1', 'no_new_privs')


@test(smb=True, offload=True)
def directories_that_are_not_read(w):
    """Sums that lack a directory are told to do so."""
    s = Store(w)
    put(w.path('f'), b'data', 0o644)
    eq([e['failed'] for e in s.tool('status', w.path())], [0], 'failed')
    fd = os.open(w.path(), os.O_RDONLY)
    # Its path is longer than those of the kernel.
    for _ in range(20):
        os.mkdir('d' * 250, dir_fd=fd)
        below = os.open('d' * 250, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    status, said, errors = s.tool('status', w.path(), check=False)
    eq((status, [(e['resident'], e['failed'] > 0) for e in said]), (1, [(1, True)]))
    assert 'File name too long' in errors, errors
