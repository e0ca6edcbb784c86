# SPDX-License-Identifier: GPL-2.0-only
"""The tools and locks: lists, releases, events, settings; restarts of server and helper."""
import errno
import fcntl
import json
import os
import shutil

import netlink
import nlm
import servers
from checks import eq, wait_for
from files import put
from harness import test
from lockers import WRITE, Locker
from nlm_lockers import free, machines, status
from server_events import listening


def epoch(w):
    wait_for('an epoch', lambda: w.server.setting('epoch'))
    return w.server.setting('epoch')


@test(server='ditto', locks=True, clients=2)
def lists(w):
    """Lists show holders and waiters with their files, and filter by either."""
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    status(a.lock((100, 0), exclusive=False), nlm.OK)
    status(b.lock((5, 10), block=True), nlm.BLOCKED)
    path = w.path('f')
    rows = w.server.locks()
    eq(sorted((r['state'], r['first'], r['last'], r['exclusive']) for r in rows),
       [('held', 0, 9, True), ('held', 100, None, False), ('waiting', 5, 14, True)])
    for r in rows:
        eq((r['type'], r['protocol'], r['share'], r['path'], r['discipline']),
           ('range', 'nlm', 'data', path, 'posix'))
        assert r['owner'] and r['owner_name'] and r['since'], r
    eq(len({r['id'] for r in rows}), 3, 'numbers')
    eq(len({r['client'] for r in rows}), 2, 'clients')
    waiting, = [r for r in rows if r['state'] == 'waiting']
    first, = [r for r in rows if r['first'] == 0]
    eq([r.get('waits_for') for r in rows if r is not waiting], [None, None])
    eq(waiting['waits_for'], [first['id']], 'who is in the way')
    eq(w.server.locks('--client', waiting['client']), [waiting])
    eq(w.server.locks('--client', 'nobody'), [])
    eq(w.server.locks('WAITING'), [waiting])
    eq(w.server.locks('--file', path, first['client'], 'write 0-9'), [first])
    eq(sorted(r['id'] for r in w.server.locks('--file', path)), sorted(r['id'] for r in rows))
    put(w.path('g'))
    eq(w.server.locks('--file', w.path('g')), [])
    assert 'no such file' in w.server.refused('lock', 'list', '--file', w.path('none'))
    text = w.server.ctl('lock', 'list')
    for word in ('write 0-9', 'read 100-end', 'write 5-14', path,
                 f'waiting for {first["id"]} of {first["client"]} '):
        assert word in text, f'{word} is not in:\n{text}'
    clients = w.server.json('lock', 'client', 'list')
    eq(sorted((c['ranges'], c['waits']) for c in clients), [(0, 1), (2, 0)])
    server = w.server.json('server', 'show')
    eq((server['ranges'], server['opens'], server['leases'], server['waits']), (2, 0, 0, 1))
    ops = {r['op']: r['calls'] for r in w.server.json('stats', 'locks')}
    assert ops['granted'] >= 2 and ops['conflict'] >= 1 and ops['waited'] == 1, ops
    b.free_all()
    a.free_all()


@test(server='ditto', locks=True)
def lists_local_processes(w):
    a, = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    with open(w.path('f'), 'r+b') as f:
        fcntl.lockf(f, fcntl.LOCK_EX, 10, 20)
        local, = [r for r in w.server.locks('--file', w.path('f')) if r['protocol'] == 'local']
        eq((local['client'], local['first'], local['last'], local['path']),
           (f'process {os.getpid()}', 20, 29, w.path('f')))
        assert 'id' not in local, local
        eq([r['protocol'] for r in w.server.locks()], ['nlm'])
    eq([r['protocol'] for r in w.server.locks('--file', w.path('f'))], ['nlm'])
    a.free_all()


@test(server='ditto', locks=True, clients=2)
def released_by_number(w):
    a, b = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    status(a.lock((20, 10)), nlm.OK)
    status(b.lock((25, 1), block=True), nlm.BLOCKED)
    first, second = sorted(w.server.locks('--client', w.server.locks()[0]['client']),
                           key=lambda r: r['first'])
    eq((first['first'], second['first']), (0, 20))
    w.server.ctl('lock', 'release', str(first['id']))
    free(b, (0, 10))
    assert str(first['id']) in w.server.refused('lock', 'release', str(first['id']))
    waiting, = [r for r in w.server.locks() if r['state'] == 'waiting']
    w.server.ctl('lock', 'release', str(waiting['id']))
    eq([r['id'] for r in w.server.locks()], [second['id']])
    a.free_all()
    b.free_all()


@test(server='ditto', locks=True, clients=2)
def client_released(w):
    a, b = machines(w)
    for x, where in ((a, (0, 10)), (a, (20, 10)), (b, (40, 10))):
        status(x.lock(where), nlm.OK)
    name, = {r['client'] for r in w.server.locks() if r['first'] == 0}
    with listening(w) as told:
        eq(w.server.json('lock', 'client', 'release', name, 'nlm'), {'released': 1})
        wait_for('the event', lambda: told('lock-client-released', name))
        eq([r['first'] for r in w.server.locks()], [40])
        status(b.lock((0, 10)), nlm.OK)
        status(a.lock((0, 10)), nlm.DENIED)
        other = w.server.locks()[0]['client']
        wait_for('the event', lambda: told('lock-conflict', other))
    assert name in w.server.refused('lock', 'client', 'release', name, 'smb')
    status(a.lock((60, 10)), nlm.OK)
    a.free_all()
    b.free_all()


@test(server='ditto', locks=True, clients=2)
def setting_waits_per_node(w):
    a, b = machines(w)
    w.server.ctl('server', 'set', 'waits-per-node', '2')
    status(a.lock((0, 0)), nlm.OK)
    for i in range(2):
        status(b.lock((i, 1), svid=100 + i, block=True), nlm.BLOCKED)
    status(b.lock((7, 1), svid=107, block=True), nlm.NOLOCKS)
    w.server.ctl('server', 'set', 'waits-per-node', '3')
    status(b.lock((7, 1), svid=107, block=True), nlm.BLOCKED)
    b.free_all()
    a.free_all()


@test(server='ditto', locks=True)
def setting_claims_per_client(w):
    a, = machines(w)
    w.server.ctl('server', 'set', 'claims-per-client', '3')
    for i in range(3):
        status(a.lock((10 * i, 1)), nlm.OK)
    status(a.lock((90, 1)), nlm.NOLOCKS)
    w.server.ctl('server', 'set', 'claims-per-client', '4')
    status(a.lock((90, 1)), nlm.OK)
    a.free_all()


@test(server='ditto', locks=True, clients=1, timeout=60)
def setting_grace(w):
    """The grace time is that of the setting, or one lease time."""
    a, = machines(w)
    status(a.lock((0, 10)), nlm.OK)
    w.server.helper_stop()
    w.server.helper_start(servers.LOCK_CONF.replace(f'grace-s = {servers.GRACE}',
                                                    'grace-s = 0\nlease-time-s = 77'))

    def left_s():
        return w.server.grace()['left_ms'] / 1000
    w.server.restart()
    wait_for('the grace', lambda: w.server.grace()['active'])
    wait_for('a lease', lambda: 65 < left_s() <= 77)
    # it is changed while it lasts, as it is when the configuration is applied
    w.server.ctl('server', 'set', 'lease-time-s', '300')
    assert 280 < left_s() <= 300, left_s()
    with listening(w) as told:
        w.server.ctl('server', 'set', 'grace-s', '1')
        wait_for('the event', lambda: told('grace-ended', ''))
    eq(w.server.grace()['active'], False)
    # nothing is wrong with a grace that is not there
    w.server.ctl('grace', 'end')


@test(server='ditto', locks=True)
def without_a_helper(w):
    """Locks that must survive a restart are refused until the helper is back."""
    a, = machines(w)
    w.server.helper_stop('KILL')
    status(a.lock((0, 10)), nlm.NOLOCKS)
    w.server.helper_start()
    status(a.lock((0, 10)), nlm.OK)
    a.free_all()


def reload(w):
    w.server.unload()
    w.server.load()


@test(server='ditto', share=False)
def epochs(w):
    """A restarted helper continues the epoch; reloaded modules begin another."""
    s = w.server
    eq(s.setting('epoch'), 0, 'no helper told it')
    s.helper_start()
    eq(epoch(w), 1)
    for signal in ('KILL', 'TERM'):
        s.helper_stop(signal)
        s.helper_start()
        eq(epoch(w), 1, signal)
    # the helper goes on, and finds the module again
    for n in (2, 3):
        reload(w)
        wait_for('the helper', lambda: s.setting('helper'))
        eq(epoch(w), n)
    assert 'did not end cleanly' not in s.helper_log(), s.helper_log()
    # no word of the module's end
    s.helper_stop('KILL')
    reload(w)
    s.helper_start()
    eq(epoch(w), 4)
    wait_for('the log', lambda: 'did not end cleanly' in s.helper_log())
    # a signal, and then the module's end
    s.helper_stop()
    reload(w)
    s.helper_start()
    eq(epoch(w), 5)
    wait_for('the log', lambda: 'epoch 5' in s.helper_log())
    eq(s.helper_log().count('did not end cleanly'), 1)
    s.helper_stop()


@test(server='ditto', share=False)
def another_database(w):
    """A helper with an empty database takes the epoch over, so none is used twice."""
    s = w.server
    for n in (1, 2):
        s.helper_start()
        eq(epoch(w), n)
        s.helper_stop()
        reload(w)
    s.helper_start()
    eq(epoch(w), 3)
    s.helper_stop()
    shutil.rmtree(f'{w.base}/state')
    s.helper_start()
    eq(epoch(w), 3)
    wait_for('the log', lambda: 'another database' in s.helper_log())
    s.helper_stop()
    reload(w)
    s.helper_start()
    eq(epoch(w), 4)
    s.helper_stop()


@test(server='ditto', locks=True, clients=1, timeout=60)
def shares_come_before_reclaims(w):
    """The helper creates its shares before it notifies clients of the restart."""
    s = w.server
    s.helper_stop()
    s.lengthen_grace()
    s.helper_start(f'{s.conf}\n[share data]\npath = {w.export}\nsquash = root-to-admin\n'
                   'allow = any\n')
    put(w.path('f'), b'0123456789')
    a = Locker(f'{w.client.mount()}/f', w.client)
    a.lock(WRITE, 2, 3)
    reload(w)
    wait_for('the lock is taken back', s.locks)
    row, = s.locks()
    eq((row['first'], row['last'], row['state']), (2, 4, 'held'))
    s.end_grace()
    eq(s.grace()['known'], 1)
    a.unlock()
    a.end()


@test(server='ditto')
def who_may(w):
    """Any user may read the grace state; the rest is shown to the administrator only."""
    tool = servers.tool('dittoctl')

    def as_nobody(*words):
        return w.server_ns.run('setpriv', '--reuid=1001', '--regid=1001', '--clear-groups', tool,
                               *words, check=False)
    eq(json.loads(as_nobody('grace', 'status', '--json').stdout)['active'], False)
    for words in (('share', 'list'), ('share', 'show', 'data'), ('listener', 'list'),
                  ('server', 'show'), ('lock', 'list'), ('lock', 'release', '1'), ('lock', 'client', 'list'),
                  ('lock', 'client', 'release', 'x'), ('grace', 'end')):
        p = as_nobody(*words)
        assert p.returncode and 'root' in p.stdout, f'{words}: {p.stdout}'
    with netlink.family_socket(w.server_ns) as (sock, family):
        os.seteuid(1001)
        try:
            sock.send(netlink.datagram(family, ('NESTED_GET',), dump=True))
        finally:
            os.seteuid(0)
        eq(netlink.acknowledgments(sock, 1), [(1, errno.EPERM)], 'what is mounted in shares')
    for words, says in ((('lock', 'lst'), 'list'), (('lock', 'release'), 'number'),
                        (('lock', 'release', 'x'), 'x'), (('lock', 'list', '--file'), '--file'),
                        (('lock', 'client', 'release', 'nobody'), 'nobody'),
                        (('server', 'set', 'lease-time-s', '4'), '5'),
                        (('server', 'set', 'waits-per-node', '0'), '1')):
        assert says in w.server.refused(*words), words
