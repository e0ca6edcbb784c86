# SPDX-License-Identifier: GPL-2.0-only
"""The administrator and locks of raw NLM clients: limits, lists, releases, removed shares."""
import contextlib

import nlm
import servers
from checks import eq, one_of, wait_for
from files import get
from harness import test
from nlm import READ, WRITE, Granted
from nlm_lockers import connect, file, free, machines, status, taken


@test(server='ditto', locks='raw', clients=2)
def limits_are_settings(w):
    a, b = machines(w)
    w.server.ctl('server', 'set', 'waits-per-node', '2')
    status(a.lock((0, 10)), nlm.OK)
    for svid in range(2):
        status(b.lock((0, 10), svid=svid, block=True), nlm.BLOCKED)
    status(b.lock((0, 10), svid=2, block=True), nlm.NOLOCKS)
    b.free_all()
    w.server.ctl('server', 'set', 'claims-per-client', '5')
    for i in range(5):
        one_of(a.lock((100 + 2 * i, 1)).status, (nlm.OK, nlm.NOLOCKS))
    status(a.lock((200, 1)), nlm.NOLOCKS, 'one claim too many')
    status(b.lock((200, 1)), nlm.OK, 'another client')
    status(a.unlock((0, 0)), nlm.OK)
    status(a.lock((300, 1)), nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def without_a_helper(w):
    """A client that cannot be recorded may not lock; recorded clients go on."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.helper_stop('KILL')
    wait_for('the helper is gone', lambda: not w.server.setting('helper'))
    status(a.lock((20, 10)), nlm.OK, 'recorded already')
    one_of(b.lock((40, 10)).status, (nlm.NOLOCKS, nlm.GRACE), 'not recorded')
    status(b.test((0, 10)), nlm.DENIED)
    status(b.nm_lock((40, 10)), nlm.OK, 'not to be recorded')
    w.server.helper_start()
    wait_for('locks again', lambda: b.lock((60, 10)).status == nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def kept_while_the_record_stays(w):
    """The administrator gives locks of a machine to others only after its record is gone."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((20, 10)), nlm.OK)
    name, = {x['client'] for x in w.server.locks() if w.clients[0].hostname in x['client']}
    w.server.helper_stop('KILL')
    assert 'record' in w.server.refused('lock', 'client', 'release', name)
    status(b.lock((0, 10)), nlm.DENIED)
    # The record may be gone nevertheless, so it gets no others before it is recorded again.
    one_of(a.lock((40, 10)).status, (nlm.NOLOCKS, nlm.GRACE))
    w.server.helper_start(w.server.conf)
    wait_for('it goes on', lambda: a.lock((40, 10)).status == nlm.OK)
    taken(b, (0, 10))
    w.server.ctl('lock', 'client', 'release', name)
    free(b, (0, 10))
    # its record was removed, and the next lock is recorded again
    wait_for('it begins anew', lambda: a.lock((40, 10)).status == nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def listed(w):
    """The tool lists holders and waiters with their files."""
    a, b = machines(w)
    other = file(w, 'g')
    status(a.lock((0, 10), svid=7), nlm.OK)
    status(a.lock((5, 0), svid=8, fh=other, exclusive=False), nlm.OK)
    status(b.lock((3, 1), svid=9, block=True), nlm.BLOCKED)
    s = w.server
    rows = s.locks()
    eq(len(rows), 3)
    eq({x['protocol'] for x in rows}, {'nlm'})
    held, = [x for x in rows if x['state'] == 'held' and x['exclusive']]
    eq((held['first'], held['last'], held['path'], held['type']),
       (0, 9, w.path('f'), 'range'))
    assert 'client1' in held['client'], held
    assert held['since'], held
    waiting, = [x for x in rows if x['state'] == 'waiting']
    assert 'client2' in waiting['client'], waiting
    eq((waiting['first'], waiting['last']), (3, 3))
    reader, = [x for x in rows if not x['exclusive']]
    eq((reader['first'], reader['last'], reader['path']), (5, None, w.path('g')))
    eq([x['path'] for x in s.locks('--file', w.path('g'))], [w.path('g')])
    eq(len(s.locks('--file', w.path('f'))), 2)
    eq(s.locks('--client', waiting['client']), [waiting])
    eq(s.locks('--client', 'nobody'), [])
    table = s.ctl('lock', 'list')
    for word in (w.path('f'), 'write 0-9', 'read 5-end', 'waiting', 'held'):
        assert word in table, f'{word} is not in\n{table}'
    clients = {x['name']: x for x in s.json('lock', 'client', 'list')}
    eq((clients[held['client']]['ranges'], clients[waiting['client']]['waits']), (2, 1))
    b.free_all()
    a.free_all()
    eq(s.locks(), [])


@test(server='ditto', locks='raw', clients=2)
def released_by_hand(w):
    """The administrator releases one claim, or a client; waiters get the locks."""
    a, b = machines(w)
    s = w.server
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(a.lock((20, 10)), nlm.OK)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        ident, = [x['id'] for x in s.locks() if x['state'] == 'held' and x['first'] == 0]
        s.ctl('lock', 'release', str(ident))
        eq(g.take().where, (0, 10))
        taken(b, (20, 1))
        s.refused('lock', 'release', str(ident))
        status(b.lock((20, 10), block=True), nlm.BLOCKED)
        name = [x['client'] for x in s.locks() if x['first'] == 20 and x['state'] == 'held'][0]
        s.ctl('lock', 'client', 'release', name)
        eq(g.take().where, (20, 10))
        s.refused('lock', 'client', 'release', 'nobody')
        status(a.lock((40, 10)), nlm.OK, 'a released client begins anew')
    a.free_all()
    b.free_all()


@test(server='ditto', locks='raw', clients=2)
def disconnected(w):
    """A disconnected client keeps its locks and can connect again."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.ctl('client', 'disconnect', w.clients[0].addr)
    with contextlib.suppress(OSError, EOFError):
        a.raw(nlm.NULL)
        raise AssertionError('the connection is still there')
    taken(b)
    a = connect(w.clients[0], a.fh)
    status(a.unlock((0, 10)), nlm.OK)
    free(b)


@test(server='ditto', locks='raw', clients=2, fs='ext4')
def share_goes(w):
    """A removed share takes its locks and waiters along, and its file system unmounts."""
    a, b = machines(w)
    with Granted(w.clients[1], b) as g:
        status(a.lock((0, 10)), nlm.OK)
        status(a.lock((0, 0), svid=2, exclusive=False), nlm.DENIED)
        status(b.lock((0, 10), block=True), nlm.BLOCKED)
        status(b.share(3, WRITE, READ), nlm.OK)
        w.server.delete('data')
        volume = w.volumes[-1]
        volume.umount()
        w.volumes.pop()
        status(a.unlock((0, 10)), nlm.STALE_FH)
        status(b.cancel((0, 10)), nlm.STALE_FH)
        g.none()
    eq(w.server.locks(), [])
    status(b.unshare(3), nlm.OK)
    wait_for('nothing is claimed', lambda: not w.server.claims())


@test(server='ditto', locks='raw', clients=2)
def events(w):
    """The event stream reports conflicts and releases."""
    a, b = machines(w)
    with open(f'{w.base}/events.log', 'wb') as log:
        stream = w.server_ns.spawn(servers.tool('dittoctl'), 'events', stdout=log)
    with Granted(w.clients[1], b):
        wait_for('the stream is open', lambda: told(w, a, b))
    a.free_all()
    b.free_all()
    stream.terminate()
    stream.wait()


def told(w, a, b):
    status(a.lock((0, 10)), nlm.OK)
    status(b.lock((0, 10)), nlm.DENIED)
    status(a.unlock((0, 10)), nlm.OK)
    return 'lock' in get(f'{w.base}/events.log').decode()
