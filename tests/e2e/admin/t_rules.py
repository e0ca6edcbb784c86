# SPDX-License-Identifier: GPL-2.0-only
"""Client rules: the access of machines, changed while they work."""
import os
import struct
import time

import nfs3
import rpc
import smb2
from accounts import accounts
from auth_stat import answer, status_of
from checks import eq, one_of, wait_for
from files import put
from harness import test
from nfs3 import sattr
from processes import as_user, process_stopped
from smb_acl import session
from smb_cachers import BATCH
from smb_watchers import ADDED, Watcher

SMB30 = 0x300
ASYNC_MAX = 511     # requests of a connection that wait


def level(n, fh):
    """A client's access to a file: 'rw', 'ro', 'none', or 'unknown' while the helper is asked."""
    status = answer(n, fh)
    if status in (nfs3.ACCES, nfs3.PERM, nfs3.STALE):
        return 'none'
    if status == nfs3.OK:
        status = status_of(n.setattr, fh, sattr(mode=0o644))
    # an answer may expire between the two calls
    levels_by_status = {nfs3.OK: 'rw', nfs3.ROFS: 'ro', nfs3.ACCES: 'ro', None: 'none',
                        nfs3.JUKEBOX: 'unknown'}
    one_of(status, tuple(levels_by_status), 'access')
    return levels_by_status[status]


def levels(w, clients, fh, rules):
    w.server.set('data', allow=rules)
    return [level(n, fh) for n in clients]


@test(clients=3, nfs4='nfs4')
def addresses(w):
    """Rules by address and by network: the first match decides, and changes apply at once."""
    put(w.path('f'))
    ns = [c.nfs() for c in w.clients]
    fh = ns[0].lookup(ns[0].root, 'f').fh
    one, two, three = (c.addr for c in w.clients)
    table = [([f'{one}=rw'], 'rw none none'),
             ([f'{one}=ro', f'{two}=rw'], 'ro rw none'),
             (['192.168.1.0/24=rw', '192.168.0.0/22=ro'], 'rw ro ro'),
             (['192.168.2.0/24=ro'], 'none ro none'),
             (['*=ro'], 'ro ro ro'),
             ([f'{three}=rw', '*=ro'], 'ro ro rw'),
             (['*=rw'], 'rw rw rw')]
    if w.server.name == 'ditto':
        table += [(['192.168.0.0/16=ro', f'{one}=rw'], 'ro ro ro'),
                  ([f'{two}=none', '*=rw'], 'rw none rw'),
                  ([f'{one}'], 'rw none none')]
    for rules, want in table:
        eq(' '.join(levels(w, ns, fh, rules)), want, f'rules {rules}')
    w.server.set('data', allow=[f'{one}=rw'])
    r = ns[1].mnt(w.export)
    one_of(r.status, (nfs3.ACCES, nfs3.NOENT), 'MNT by a client without a rule')


@test(clients=2, nfs4='nfs4')
def squash_by_rule(w):
    os.mkdir(w.path('pub'))
    os.chmod(w.path('pub'), 0o777)
    ns = [c.nfs() for c in w.clients]
    w.server.set('data', squash='root-to-guest',
                 allow=[f'{w.clients[0].addr}=rw,squash=root-to-admin', '*=rw'])
    for i, n in enumerate(ns):
        n.create(n.lookup(n.root, 'pub').fh, f'f{i}', nfs3.GUARDED)
    eq([os.stat(w.path(f'pub/f{i}')).st_uid for i in range(2)], [0, 65534])


@test(clients=2, timeout=60)
def anonymous_by_rule(w):
    """Those whom a rule squashes act as its own anonymous user, in both versions of NFS."""
    os.mkdir(w.path('pub'))
    os.chmod(w.path('pub'), 0o777)
    versions = ('3', '4.2') if w.server.name == 'ditto' else ('3',)
    mounts = [(vers, i, c.mount(vers=vers)) for vers in versions
              for i, c in enumerate(w.clients)]

    def owners(name, user):
        """Whom files belong to that a user of the first and of the second machine makes."""
        out = []
        for vers, i, m in mounts:
            as_user(user, lambda at=f'{m}/pub/{name}-{vers}-{i}': put(at, b'x'), user)
            st = os.stat(w.path(f'pub/{name}-{vers}-{i}'))
            out.append((st.st_uid, st.st_gid))
        eq(out[:2], out[-2:], 'the versions')
        return out[:2]
    one, two = '192.168.1.0/24=rw', '192.168.2.0/24=rw'
    w.server.set('data', squash='root-to-guest', anon=(1401, 1402),
                 allow=[f'{one},anon-uid=1501,anon-gid=1502', two])
    eq(owners('root', 0), [(1501, 1502), (1401, 1402)])
    eq(owners('user', 1001), [(1001, 1001)] * 2)
    w.server.set('data', allow=[f'{one},squash=all-to-guest,anon-uid=1501', two])
    eq(owners('all', 1001), [(1501, 1402), (1001, 1001)])
    w.server.set('data', allow=[one, f'{two},squash=all-to-guest,anon-gid=1502'])
    eq(owners('moved', 1001), [(1001, 1001), (1401, 1502)])


@test(server='ditto')
def ipv6(w):
    w.server.ctl('listener', 'add', 'nfs', 'tcp', '::', check=False)
    put(w.path('f'))
    n4 = w.client.nfs()
    fh = n4.lookup(n4.root, 'f').fh
    n6 = nfs3.Nfs3(rpc.Rpc(w.client, 'fd00:1::1', w.server.port))
    for rules, want in ((['fd00:1::2=rw'], ['none', 'rw']), (['fd00:1::/64=ro'], ['none', 'ro']),
                        (['192.168.1.2=rw', '::/0=ro'], ['rw', 'ro']),
                        (['0.0.0.0/0=ro', 'fd00::/16=rw'], ['ro', 'rw'])):
        eq(levels(w, [n4, n6], fh, rules), want, f'rules {rules}')


@test(server='ditto', clients=3, nfs4='nfs4')
def names_and_netgroups(w):
    """The helper resolves names and netgroups from /etc/hosts and /etc/netgroup."""
    put(w.path('f'))
    put('/etc/netgroup', 'trusted (client1.e2e.test,,)\nothers (client2.e2e.test,,)\n')
    ns = [c.nfs() for c in w.clients]
    fh = ns[0].lookup(ns[0].root, 'f').fh
    w.server.helper_start()

    def settled(rules, want):
        """Repeat while the answer is JUKEBOX, as long as the helper is asked."""
        w.server.set('data', allow=rules)
        for n in ns:
            wait_for('an answer', lambda n=n: level(n, fh) != 'unknown')
        eq(' '.join(level(n, fh) for n in ns), want, f'rules {rules}')
    settled(['client1.e2e.test=rw'], 'rw none none')
    settled(['CLIENT2.e2e.test=ro', '*.e2e.test=rw'], 'rw ro rw')
    settled(['client?.e2e.test=ro'], 'ro ro ro')
    settled(['*.example=rw'], 'none none none')
    settled(['@trusted=rw', '@others=ro'], 'rw ro none')
    settled(['@nosuchgroup=rw', '192.168.3.0/24=ro'], 'none none ro')
    # the helper's answers change with its files, once the kept ones are dropped
    with open('/etc/netgroup', 'a', encoding='ascii') as f:
        f.write('late (client3.e2e.test,,)\n')
    settled(['@late=rw'], 'none none rw')


@test(server='ditto', clients=1)
def too_long(w):
    """Rules that do not fit into a message are refused, and not left out of it."""
    s = w.server
    s.ctl('share', 'set', 'data', 'allow', '192.0.2.1=none')
    words = ['allow', 'n' * 255] * 256
    for command in (('set', 'data'), ('add', 'more', w.export)):
        said = s.refused('share', *command, *words)
        assert 'put the clients into a netgroup' in said, said
    eq([(x['name'], len(x['rules'])) for x in s.json('share', 'list')], [('data', 1)])
    # the longest that the kernel takes
    os.mkdir(w.path('d'))
    s.ctl('share', 'add', 'more', w.path('d'), *words[:2 * 226])
    eq(len(s.json('share', 'list', 'more')[0]['rules']), 226)
    s.ctl('share', 'del', 'more')
    s.ctl('share', 'set', 'data', 'allow-all')


@test(server='ditto', clients=1, nfs4='nfs4')
def without_helper(w):
    """Rules that need the helper admit nobody without it, at once; others work."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    w.server.ctl('cache', 'flush')
    w.server.set('data', allow=['client1.e2e.test=rw'])
    eq(level(n, fh), 'none')
    w.server.set('data', allow=['client1.e2e.test=rw', '*=ro'])
    one_of(level(n, fh), ('none', 'ro'))
    w.server.set('data', allow=['192.168.1.2=rw', 'client1.e2e.test=ro'])
    eq(level(n, fh), 'rw', 'a rule before it')


@test(server='ditto', nfs4='nfs4')
def manage_gids(w):
    """Users have more than 16 groups, which the helper looks up."""
    n_groups = 30
    with open('/etc/passwd', 'a', encoding='ascii') as f:
        f.write('many:x:7001:7001::/:/bin/false\n'
                'many:x:7003:7003::/:/bin/false\n')
    with open('/etc/group', 'a', encoding='ascii') as f:
        f.write('many:x:7001:\n')
        f.writelines(f'many{i}:x:{7100 + i}:many\n' for i in range(n_groups))
    for i in (0, 29):
        put(w.path(f'g{i}'), b'group')
        os.chown(w.path(f'g{i}'), 0, 7100 + i)
        os.chmod(w.path(f'g{i}'), 0o640)
    n = w.client.nfs(rpc.auth_sys(7001, 7001, [7100]))
    files = [n.lookup(n.root, f'g{i}').fh for i in (0, 29)]

    def readable(client):
        for fh in files:
            wait_for('an answer', lambda fh=fh: client.read(fh, 0, 9).status != nfs3.JUKEBOX)
        return [client.read(fh, 0, 9).status == nfs3.OK for fh in files]
    eq(readable(n), [True, False], 'by the groups of the request')
    w.server.helper_start()
    w.server.set('data', manage_gids=True)
    eq(readable(n), [True, True], 'by the groups of the account')
    liar = n.as_user(rpc.auth_sys(7002, 7002, [7100, 7129]))
    eq(readable(liar), [False, False], 'somebody who claims the groups')
    namesake = n.as_user(rpc.auth_sys(7003, 7003, [7100]))
    eq(readable(namesake), [False, False], 'somebody whose name is that of another user')
    w.server.set('data', manage_gids=False)
    eq(readable(liar), [True, True], 'believed again')
    w.server.set('data', manage_gids=True)
    w.server.helper_stop('KILL')
    w.server.ctl('cache', 'flush')
    eq(readable(n), [True, False], 'without a helper the groups of the request count')


@test(server='ditto')
def groups_end(w):
    """A user who lost a group while away does not come back with it."""
    put(w.path('f'), b'for the group')
    os.chown(w.path('f'), 0, 7312)
    os.chmod(w.path('f'), 0o640)
    n = w.client.nfs(rpc.auth_sys(7311, 7311, []))
    fh = n.lookup(n.root, 'f').fh
    with accounts('leaver:x:7311:7311::/:/bin/false\n', ''):
        with accounts('', 'some:x:7312:leaver\n'):
            w.server.helper_start()
            w.server.ctl('server', 'set', 'name-ttl-s', '1', 'name-negative-ttl-s', '1')
            w.server.set('data', manage_gids=True)
            wait_for('the groups', lambda: n.read(fh, 0, 9).status == nfs3.OK)
        # twice the time for which they count, and the credential
        time.sleep(3.5)
        answers = [n.read(fh, 0, 9).status for _ in range(2)]
        wait_for('the answer', lambda: n.read(fh, 0, 9).status == nfs3.ACCES)
        eq(nfs3.OK in answers, False, answers)


@test(server='ditto', nfs4='nfs4')
def answers_expire(w):
    """Resolved names expire after name-ttl-s and name-negative-ttl-s."""
    put(w.path('f'))
    n = w.client.nfs()
    fh = n.lookup(n.root, 'f').fh
    w.server.helper_start()
    w.server.ctl('server', 'set', 'name-ttl-s', '1', 'name-negative-ttl-s', '1')
    w.server.set('data', allow=['@changing=rw'])
    for member, want in (('client2', 'none'), ('client1', 'rw'), ('client2', 'none')):
        with open('/etc/netgroup', 'w', encoding='ascii') as f:
            f.write(f'changing ({member}.e2e.test,,)\n')
        wait_for(f'{want} for a group of {member}', lambda want=want: level(n, fh) == want)


@test(smb=True)
def names_by_smb(w):
    """A request by SMB waits for the helper's names and groups, and keeps nobody else waiting."""
    put(w.path('f'), b'data', 0o666)
    s = session(w)
    fid = s.create('f', access=smb2.GENERIC_READ, how=smb2.OPEN)
    path = f'\\\\{w.client.server_addr}\\data'.encode('utf-16-le')
    body = struct.pack('<HHHH', 9, 0, 72, len(path)) + path

    def asked():
        return [s.send(smb2.TREE_CONNECT, body), s.send(smb2.READ, smb2.read_body(fid, 9, 0))]
    # the SIDs of those who act as others are wanted, too, but not needed
    w.server.set('data', squash='all-to-guest')
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    w.server.ctl('cache', 'flush')
    with process_stopped(w.server.helper.pid):
        numbers = asked()
        s.call(smb2.ECHO, smb2.EMPTY_BODY)
        assert s.silent(), 'longer than a thread waits'
    eq([s.answer(number)[0] for number in numbers], [smb2.OK, smb2.OK])
    w.server.ctl('server', 'set', 'upcall-ms', '200')
    w.server.set('data', comment='other')
    w.server.ctl('cache', 'flush')
    with process_stopped(w.server.helper.pid):
        eq([s.answer(number)[0] for number in asked()], [smb2.OK, smb2.OK])
    w.server.set('data', squash='none')
    for option in ({'manage_gids': True}, {'allow': ['client1.e2e.test=rw']}):
        w.server.ctl('server', 'set', 'upcall-ms', '60000')
        w.server.set('data', **option)
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            numbers = asked()
            s.call(smb2.ECHO, smb2.EMPTY_BODY)
            assert s.silent(), 'longer than a thread waits'
        eq([s.answer(number)[0] for number in numbers], [smb2.OK, smb2.OK], option)
        w.server.ctl('server', 'set', 'upcall-ms', '200')
        w.server.set('data', comment=str(option))
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            for number in asked():
                eq(smb2.NAMES[s.answer(number)[0]], 'FILE_NOT_AVAILABLE', 'not without an end')
        w.server.ctl('server', 'set', 'upcall-ms', '60000')
        wait_for('the helper is asked again', lambda: s.answer(asked()[1])[0] == smb2.OK)
    # what waits ends with its session
    w.server.set('data', comment='other')
    w.server.ctl('cache', 'flush')
    with process_stopped(w.server.helper.pid):
        asked()
        s.call(smb2.ECHO, smb2.EMPTY_BODY)
        s.end()
        wait_for('the session is gone', lambda: not w.server.json('lock', 'client', 'list'))


@test(smb=True)
def names_by_smb_and_then(w):
    """Requests that wait for names can be cancelled and closed, and wait for others afterwards."""
    for name, mode in (('f', 0o666), ('g', 0o666), ('other', 0o640)):
        put(w.path(name), b'data', mode)
    os.chown(w.path('other'), 0, 7999)
    os.chmod(w.export, 0o777)
    s, holder = Watcher(w.client, dialect=SMB30), Watcher(w.client, dialect=SMB30)
    fid, closing, top = s.create('f'), s.create('f'), s.directory('')
    held = holder.open('g', level=BATCH)
    eq(held.level, BATCH)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    w.server.set('data', manage_gids=True)
    w.server.ctl('cache', 'flush')
    read = smb2.read_body(fid, 9, 0)
    with process_stopped(w.server.helper.pid):
        opens = [s.send(smb2.CREATE, s.ask(name)) for name in ('f', 'g', 'other')]
        lock = s.send(smb2.LOCK, s.lock_body(fid, (0, 1, smb2.EXCLUSIVE | smb2.AT_ONCE)))
        watch = s.notify(top)
        unwanted, behind = s.send(smb2.READ, read), s.send(smb2.READ, smb2.read_body(closing, 9, 0))
        s.cancel_sent(unwanted)
        eq(s.ended(unwanted), 'CANCELLED')
        s.close(closing)
        # as a lock that waits
        one_of(s.ended(behind), ['RANGE_NOT_LOCKED', 'CANCELLED'], 'its open is closed')
        assert s.silent(), 'longer than a thread waits'
    eq([s.answer(number)[0] for number in (opens[0], lock)], [smb2.OK, smb2.OK])
    eq(s.ended(opens[2]), 'ACCESS_DENIED', 'the groups are known, and not his')
    eq(s.answer(watch, pending=True)[0], smb2.PENDING)
    eq(s.answer(opens[1], pending=True)[0], smb2.PENDING)
    s.cancel(opens[1])
    eq(s.ended(opens[1]), 'CANCELLED')
    holder.close(holder.create('new'))
    eq(s.ended(watch), [(ADDED, 'new')])
    # what the names decide against is refused then, and what only releases something is not
    w.server.set('data', allow=['client9.e2e.test=rw'])
    w.server.ctl('cache', 'flush')
    with process_stopped(w.server.helper.pid):
        number = s.send(smb2.READ, read)
        s.unlock(fid, 0, 1)
        assert s.silent(), 'longer than a thread waits'
    eq(s.ended(number), 'NETWORK_NAME_DELETED')
    s.close(fid)


@test(smb=True)
def names_by_smb_for_many(w):
    """Only so many requests of a connection wait for names, and it still receives others."""
    put(w.path('f'), b'data', 0o666)
    s = session(w)
    fid = s.create('f', access=smb2.GENERIC_READ, how=smb2.OPEN)
    for _ in range(30):
        s.call(smb2.ECHO, smb2.EMPTY_BODY)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    w.server.set('data', manage_gids=True)
    w.server.ctl('cache', 'flush')
    with process_stopped(w.server.helper.pid):
        with s.together():
            numbers = [s.send(smb2.READ, smb2.read_body(fid, 9, 0)) for _ in range(ASYNC_MAX + 50)]
        refused = {}
        for _ in range(50):
            frame = s.receive()
            refused[struct.unpack_from('<Q', frame, 24)[0]] = struct.unpack_from('<I', frame, 8)[0]
        eq({smb2.NAMES[status] for status in refused.values()}, {'INSUFFICIENT_RESOURCES'})
        waiting = sorted(set(numbers) - set(refused))
        s.cancel_sent(waiting[0])
        eq(smb2.NAMES[s.answer(waiting[0])[0]], 'CANCELLED')
        assert s.silent(), 'longer than a thread waits'
    eq({s.answer(number)[0] for number in waiting[1:]}, {smb2.OK})
