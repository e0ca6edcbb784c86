# SPDX-License-Identifier: GPL-2.0-only
"""The history of conflicts: who was refused or waited, because of whom, and what came of it."""
import nfs3
import smb2
from checks import eq, wait_for
from files import put
from harness import test
from lockers import SOON, WRITE, Locker, end, pair
from one_file import setup
from servers import tool
from smb2 import Smb2, refused
from smb_cachers import H, R, W, key, two


def history(w, *words):
    return w.server.json('lock', 'history', *words)


@test(server='ditto', locks=True, clients=2)
def mounts_lock(w):
    """Linux's clients: refusals are counted, and a wait tells how long it lasted."""
    a, b = pair(w)
    a.lock(WRITE, 0, 10)
    for _ in range(3):
        b.refused('lock', WRITE, 5, 1)
    no, = history(w)
    eq((no['operation'], no['outcome'], no['count'], no['share'], no['path']),
       ('lock-exclusive', 'refused', 3, 'data', w.path('f')))
    asked, held = no['asked'], no['held']
    eq((asked['protocol'], asked['address'], asked['first'], asked['last']),
       ('nlm', w.clients[1].addr, 5, 5))
    eq((held['protocol'], held['address'], held['type'], held['first'], held['last'],
        held['exclusive']), ('nlm', w.clients[0].addr, 'range', 0, 9, True))
    assert no['time'] and no['last'] >= no['time'], no
    b.start('wait', WRITE, 7, 1).waits()
    wait_for('the wait', lambda: [x['outcome'] for x in history(w)] == ['refused', 'waiting'])
    a.unlock()
    b.result(SOON)
    got = history(w)[1]
    eq((got['outcome'], got['asked']['first']), ('granted', 7))
    assert 'ms' in got, got
    # which are told by share, by machine and by words
    eq(len(history(w, '--share', 'data')), 2)
    eq(history(w, '--share', 'other'), [])
    eq(len(history(w, '--client', w.clients[0].addr)), 2)
    eq(history(w, '--client', '192.0.2.1'), [])
    eq([x['outcome'] for x in history(w, 'granted', '7-7')], ['granted'])
    text = w.server.ctl('lock', 'history')
    for word in ('refused 3 times, last ', 'lock-exclusive 5-5', 'write 0-9', 'granted after ',
                 w.clients[0].addr, w.clients[1].addr, w.path('f')):
        assert word in text, f'{word} is not in:\n{text}'
    eq(w.server.ctl('lock', 'history', '--share', check=False).returncode, 2)
    end(a, b)
    # only the administrator sees them
    p = w.server.ns.run('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups',
                        tool('dittoctl'), 'lock', 'history', check=False)
    eq((p.returncode, w.path('f') in p.stdout), (1, False), p.stdout)


@test(server='ditto', locks=True, clients=2)
def covered_file(w):
    """A request that waits was not refused, also on a file with many locks."""
    a, b = pair(w)
    a.many(WRITE, [(100 + 2 * i, 1) for i in range(40)])
    a.lock(WRITE, 0, 10)
    b.start('wait', WRITE, 7, 1).waits()
    wait_for('the wait', lambda: [x['outcome'] for x in history(w)] == ['waiting'])
    a.unlock(0, 10)
    b.result(SOON)
    eq([(x['outcome'], x['held']['first']) for x in history(w)], [('granted', 0)])
    end(a, b)


@test(server='ditto', locks=True)
def local_lock(w):
    """The process on the server whose lock refused a client is named."""
    put(w.path('f'), b'0123456789' * 10)
    a, s = Locker(f'{w.client.mount()}/f', w.client), Locker(w.path('f'))
    s.lock(WRITE, 10, 10)
    a.refused('lock', WRITE, 15, 1)
    no, = history(w)
    held = no['held']
    eq((no['outcome'], no['asked']['protocol'], held['protocol'], held['client'], held['first'],
        held['last']), ('refused', 'nlm', 'local', f'process {s.pid}', 10, 19))
    end(a, s)


@test(server='ditto', smb=True)
def smb_lock_waits(w):
    """A lock of SMB that waits for another one was not refused."""
    s, _, _ = setup(w)
    fid, other = s.create('f'), Smb2(w.client)
    s.lock(fid, 0, 4)
    waiting = other.wait_lock(other.create('f'), 0, 4)
    wait_for('the wait', lambda: [x['outcome'] for x in history(w)] == ['waiting'])
    s.unlock(fid, 0, 4)
    eq(other.answer(waiting)[0], smb2.OK)
    eq([x['outcome'] for x in history(w)], ['granted'])
    other.end()
    s.end()


@test(server='ditto', smb=True, squash='none')
def directory_is_cached(w):
    """Changes of a directory that a client caches are no conflicts, as nobody waits for that."""
    s, other, n, _ = two(w)
    g = s.open('', key=key(1), state=R | H, epoch=0, access=smb2.GENERIC_READ,
               options=smb2.DIRECTORY_FILE)
    eq(g.state, R | H)
    n.create(n.root, 'new')
    eq(s.broken()[:4], (key(1), R | H, 0, True))
    n.create(n.root, 'another')
    s.ack(key(1), 0)
    eq(history(w), [])
    other.end()
    s.end()


@test(server='ditto', smb=True, squash='none')
def open_file_is_deleted(w):
    """A deletion by NFS names the user of SMB who has the file open, and how."""
    s, n, _ = setup(w)
    fid = s.create('f', share=1)
    n.remove(n.root, 'f')
    no, = history(w, '--client', w.client.addr)
    asked, held = no['asked'], no['held']
    eq((no['operation'], no['outcome'], no['path']), ('remove', 'refused', w.path('f')))
    eq((asked['address'], asked['user'][:4]), (w.client.addr, 'uid '))
    assert 'client' not in asked, asked
    eq((held['protocol'], held['user'], held['address'], held['type'], held['deny']),
       ('smb', 'alice', w.client.addr, 'open', ['write', 'delete']))
    assert 'open read' in w.server.ctl('lock', 'history', 'alice')
    s.close(fid)
    s.end()


@test(server='ditto', smb=True, squash='none')
def share_modes(w):
    """A sharing violation tells both opens."""
    s, _, _ = setup(w)
    fid, other = s.create('f', share=0), Smb2(w.client)
    refused('SHARING_VIOLATION', other.create, 'f')
    no, = history(w)
    eq((no['operation'], no['outcome'], no['count']), ('open', 'refused', 1))
    assert no['asked']['access'] and no['asked']['user'] == 'alice', no
    eq(no['held']['deny'], ['read', 'write', 'delete'])
    s.close(fid)
    other.end()
    s.end()


@test(server='ditto', smb=True, squash='none')
def leases_break(w):
    """A break names the reader, and says that the holder returned its lease."""
    s, _, n, fh = two(w)
    g = s.open('f', key=key(1), state=R | H | W, epoch=0)
    claim, = [x for x in w.server.locks() if x['type'] == 'lease']
    # the client of a lease is all sessions of a machine
    eq((claim['user'], claim['address']), ('alice', w.client.addr))
    assert claim['client'].startswith('client '), claim
    eq(n.read(fh, 0, 4).status, nfs3.JUKEBOX)
    eq(s.broken()[1:3], (R | H | W, R | H))
    breaking, = history(w)
    eq((breaking['operation'], breaking['outcome'], breaking['asked']['address']),
       ('read', 'breaking', w.client.addr))
    eq((breaking['held']['type'], breaking['held']['user'], breaking['held']['lease']),
       ('lease', 'alice', ['read', 'handle', 'write']))
    s.ack(key(1), R | H)
    over, = history(w)
    eq((over['outcome'], over['number']), ('returned', breaking['number']))
    s.close(g.fid)
    s.end()
