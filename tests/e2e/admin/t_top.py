# SPDX-License-Identifier: GPL-2.0-only
"""What shares and clients do per second, by all protocols."""
import contextlib
import json
import os
import threading

import json_schema
import netlink
import nfs4
import nlm
import nlm_lockers
import smb2
from checks import eq, wait_for
from files import get, put
from harness import test
from nested_mounts import cover, entered, handle, uncover
from nfs4 import getattr, getfh, lookup, putfh, putrootfh
from nfs4_raw import last, open_nfs
from servers import tool
from smb import SmbClient
from smb2 import Smb2, refused

SIZE = 256 * 1024
COUNTERS = ('REQUESTS', 'READ', 'WRITTEN')


@contextlib.contextmanager
def always(work):
    """Do something again and again, from before the body begins until it ends."""
    begun, end, failed = threading.Event(), threading.Event(), []

    def repeat():
        try:
            while not end.is_set():
                work()
                begun.set()
        except Exception as e:  # pylint: disable=broad-except
            failed.append(e)
            begun.set()
    worker = threading.Thread(target=repeat)
    worker.start()
    begun.wait()
    try:
        yield
    finally:
        end.set()
        worker.join()
    if failed:
        raise failed[0]


def seen(w, by):
    """What is printed for an interval, and its rows."""
    out = w.server_ns.run(tool('dittoctl'), 'top', 'count', '1', '--by', by, '--json')
    told = json.loads(out)
    command = f'top --by {by}'
    json_schema.check(told, json_schema.load('dittoctl.json')['$defs'][command], command)
    return told, told[f'{by}s']


def check_busy(w, by, name, work):
    """Only the one that works is shown. On a busy machine the work may stall for an interval."""
    def busy():
        told, rows = seen(w, by)
        assert {x[by] for x in rows} <= {name}, rows
        for rate in 'requests_per_s', 'read_bytes_per_s', 'written_bytes_per_s':
            eq(told[rate], sum(x[rate] for x in rows), rate)
        return [x for x in rows if x['read_bytes_per_s'] and x['written_bytes_per_s']]
    with always(work):
        row, = wait_for(f'{name} works', busy, 60)
    assert row['requests_per_s'] > 0 and row['average_us'] > 0, row
    # There is no limit for requests of more than two seconds.
    assert by == 'client' or row['slowest_us'] > 8 or not row['slowest_us'], row


def rewrite(path):
    """Write and read a file past the client's cache."""
    data = b'x' * SIZE
    with open(path, 'wb') as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    eq(get(path), data)


@test(server='ditto', smb=True, squash='none', clients=2)
def used_and_idle(w):
    """Each protocol counts for the share and the client that are used, and for no others."""
    os.chmod(w.export, 0o777)
    w.served_volume('idle', 'tmpfs')
    # A client that has used no share.
    conn = w.clients[1].connect()
    eq(conn.call(100003, 3, 0).stat, 0)
    for vers in ('3', '4.2'):
        where = w.client.mount(vers=vers)
        for by, name in (('share', 'data'), ('client', w.client.addr)):
            check_busy(w, by, name, lambda: rewrite(f'{where}/nfs'))  # noqa: B023
        w.client.umount(where)
    where = w.client.mount_smb(opts='cache=none')
    for by, name in (('share', 'data'), ('client', w.client.addr)):
        check_busy(w, by, name, lambda: rewrite(f'{where}/smb'))
    w.client.umount(where)
    local = put(f'{w.base}/local', b'y' * SIZE)
    commands = f'put {local} f; get f {w.base}/back'
    check_busy(w, 'share', 'data', lambda: SmbClient(w.client).do(commands))
    conn.close()


def counted(w, name='data'):
    """Requests of a share, and bytes that were read and written."""
    for r in w.server.call('SHARE_TRAFFIC_GET', dump=True):
        if r.attrs[netlink.NUMBERS['DITTO_A_TRAFFIC_SHARE']] == name.encode() + b'\0':
            return tuple(r.number(f'TRAFFIC_{x}') for x in COUNTERS)
    raise AssertionError(f'no share {name}')


def more(w, before, name='data'):
    return tuple(now - was for now, was in zip(counted(w, name), before, strict=True))


def of_clients(w):
    """The sum over all clients."""
    rows = w.server.call('CLIENT_TRAFFIC_GET', dump=True)
    return tuple(sum(r.number(f'TRAFFIC_{x}') for r in rows) for x in COUNTERS)


@test(server='ditto', smb=True, squash='none')
def payload_of_smb(w):
    """Bytes are those of successful READs and WRITEs; a command that waited is one request."""
    os.chmod(w.export, 0o777)
    a, b = Smb2(w.client), Smb2(w.client)
    fid, other = a.create('f'), b.create('f')
    before, clients = counted(w), of_clients(w)
    a.write(fid, b'x' * 5000)
    eq(len(a.read(fid, 3000)), 3000)
    eq(len(a.read(fid, 3000, 4000)), 1000)
    refused('END_OF_FILE', a.read, fid, 100, 5000)
    a.query(fid, 5)
    eq(more(w, before), (5, 4000, 5000))
    a.lock(fid, 0, 10)
    number = b.wait_lock(other, 0, 10)
    eq(more(w, before), (6, 4000, 5000))
    a.unlock(fid, 0, 10)
    eq(b.answer(number)[0], smb2.OK)
    eq(more(w, before), (8, 4000, 5000))
    eq(tuple(now - was for now, was in zip(of_clients(w), clients, strict=True)),
       (8, 4000, 5000))


@test(server='ditto')
def payload_of_nfs(w):
    """Bytes are those of READs and WRITEs, of no listing; of replays nothing is counted."""
    fh = nlm_lockers.file(w, data=bytes(5000))
    os.chmod(w.path('f'), 0o666)
    n = w.client.nfs()
    before = counted(w)
    eq(n.write(fh, 0, b'y' * 700).status, 0)
    eq(len(n.read(fh, 0, 3000).data), 3000)
    n.readdir(n.root)
    eq(more(w, before), (3, 3000, 700))
    for _ in range(2):
        eq(n.remove(n.root, 'f', xid=4711).status, 0)
    eq(more(w, before), (4, 3000, 700))
    s = nfs4.Session.make(nfs4.connect(w.client))
    fh = s.fh('data')
    before = counted(w)
    last(s.compound(putfh(fh), nfs4.readdir()), nfs4.OK)
    # Two shares in one COMPOUND: it counts for that of its last filehandle.
    w.served_volume('other', 'tmpfs')
    other = s.fh('other')
    idle = counted(w, 'other')
    last(s.compound(putfh(other), getattr('type'), putfh(fh), getattr('type')), nfs4.OK)
    eq(more(w, idle, 'other'), (0, 0, 0))
    eq(more(w, before), (2, 0, 0))
    last(s.compound(putfh(fh), putfh(other), getattr('type')), nfs4.OK)
    eq(more(w, idle, 'other'), (1, 0, 0))
    eq(more(w, before), (2, 0, 0))


@test(server='ditto')
def too_weak(w):
    """Who does not come as a share wants is counted neither for it nor as its client."""
    os.mkdir(f'{w.base}/strong')
    put(f'{w.base}/strong/file')
    w.server.add('strong', f'{w.base}/strong')
    c = open_nfs(w)
    fh = c.fh('strong')
    w.server.set('strong', sec=['krb5'])
    before, clients = counted(w, 'strong'), of_clients(w)
    last(c.compound(putfh(fh)), nfs4.OK)
    last(c.compound(putrootfh(), lookup('strong'), getfh()), nfs4.WRONGSEC)
    last(c.compound(putfh(fh), nfs4.secinfo('file')), nfs4.OK)
    eq(more(w, before, 'strong'), (0, 0, 0))
    eq(of_clients(w), clients)


@test(server='ditto', locks='raw', clients=2)
def locks(w):
    """All requests of NLM about a file count for its share."""
    a, b = nlm_lockers.machines(w)
    before = counted(w)
    nlm_lockers.status(a.lock((0, 10)), nlm.OK)
    nlm_lockers.status(b.test((0, 10)), nlm.DENIED)
    nlm_lockers.status(b.lock((0, 10)), nlm.DENIED)
    nlm_lockers.status(a.unlock((0, 10)), nlm.OK)
    nlm_lockers.status(a.share(1, nlm.NONE, nlm.READ), nlm.OK)
    nlm_lockers.status(a.unshare(1), nlm.OK)
    requests, *payload = more(w, before)
    # A first lock is repeated while its machine is being recorded.
    assert requests >= 6, requests
    eq(payload, [0, 0])


@test(server='ditto', smb=True, squash='none')
def nested(w):
    """A file system within a share counts for the share."""
    cover(w, 'in', b'below', f=b'12345')
    n = w.client.nfs()
    entered(w, n, 'in')
    before = counted(w)
    eq(n.read(handle(n, 'in/f'), 0, 100).data, b'12345')
    requests, *payload = more(w, before)
    assert requests >= 2, requests
    eq(payload, [5, 0])
    uncover(w, 'in')


@test(server='ditto')
def removed_and_added(w):
    """A share that is added again counts from zero under another number."""
    def number():
        r, = w.server.call('SHARE_TRAFFIC_GET', dump=True)
        return r.number('TRAFFIC_NUMBER')
    n = w.client.nfs()
    n.getattr(n.root)
    assert counted(w)[0], counted(w)
    first = number()
    w.server.delete('data')
    w.server.add('data', w.export)
    assert number() > first, (first, number())
    eq(counted(w), (0, 0, 0))


@test(server='ditto', clients=0)
def words_and_rights(w):
    """Anybody may see shares, the administrator also clients; other words are refused."""
    ctl, user = tool('dittoctl'), ('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups')
    text = w.server.ctl('top', '--by', 'share', '1', 'count', '1')
    assert '0 requests/s' in text and 'SHARE' in text and 'data' not in text, text
    assert '99 % BELOW' not in w.server.ctl('top', '--by', 'client', 'count', '1')
    w.server_ns.run(*user, ctl, 'top', 'count', '1', '--by', 'share')
    p = w.server_ns.run(*user, ctl, 'top', 'count', '1', '--by', 'client', check=False)
    eq(p.returncode, 1, p.stdout)
    assert 'this needs root (CAP_NET_ADMIN)' in p.stdout, p.stdout
    eq(list(w.server.json('top', '--by', 'operation', 'count', '1')),
       ['seconds', 'ops', 'calls_per_s'])
    for words in (['--by'], ['--by', 'colour'], ['1', '2'], ['count'], ['x'],
                  ['--by', 'share', '--by', 'operation'], ['count', '1', 'count', '2']):
        eq(w.server.ctl('top', *words, check=False).returncode, 2, words)
