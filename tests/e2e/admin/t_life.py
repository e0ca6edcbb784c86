# SPDX-License-Identifier: GPL-2.0-only
"""Life cycles: shares that are removed, modules that are reloaded, helpers that die."""
import contextlib
import copy
import errno
import os
import time
import uuid

import nfs3
import nfs4
import nlm
import rpc
import servers
import smb2
from checks import eq, expect_errno, one_of, wait_for
from files import get, pattern, put
from harness import test
from module_unload import others_come_and_go, stays
from namespaces import Ns
from nfs3 import sattr
from nfs4 import putfh
from nfs4_callback import ADDED, REMOVED
from nfs4_callers import Caller, files
from nfs4_dir_watcher import Watcher as DirWatcher
from nfs4_opens import V41, opened
from nlm import Nlm
from processes import Child, run, stop_process
from smb_cachers import key
from smb_contexts import durable_v2, lease_v2
from smb_durable import RWH, waiting
from smb_lasting import available, client
from smb_watchers import Watcher
from volumes import MNT_DETACH, frozen
from writers import progress, writer


@test(server='ditto', fs='ext4', nfs4='nfs4')
def share_del_with_cached_files(w):
    """A share with mounts and open files can be removed, and its file system unmounts."""
    w.server.ctl('server', 'set', 'file-idle-ms', '3600000')
    m = w.client.mount(opts='timeo=10,retrans=1')
    put(f'{m}/f', pattern(1, 100000))
    with open(f'{m}/f', 'r+b', buffering=0) as f:
        f.read(10)
        f.write(b'open for writing')
        assert w.server.setting('open_files') > 0, 'nothing is cached'
        os.listdir(m)
        w.server.delete('data')
        volume = w.volumes.pop()
        volume.umount()
        with expect_errno(errno.ESTALE):
            os.stat(f'{m}/new')
    w.client.umount(m, MNT_DETACH)
    eq((w.server.setting('nodes'), w.server.setting('open_files')), (0, 0))


@test(server='ditto', fs='ext4', timeout=60)
def share_del_while_writing(w):
    """Requests in flight finish, later ones are stale; handles are valid when it is back."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    m = w.client.mount(opts='timeo=10,retrans=1')
    done = f'{w.base}/done'
    child = writer(m, done, 100000)
    wait_for('the writer is at work', lambda: progress(done) >= 5)
    w.server.delete('data')
    volume = w.volumes[-1]
    volume.umount()
    with expect_errno(errno.ESTALE, errno.EIO):
        child.join()
    eq(n.getattr(f).status, nfs3.STALE)
    volume.mount()
    for i in range(progress(done)):
        eq(get(w.path(f'w{i}')) == pattern(i, 40000), True, f'acknowledged file {i}')
    w.server.add('data', w.export)
    eq(n.getattr(f).status, nfs3.OK, 'the handle from before')


@test(server='ditto', timeout=60, nfs4='nfs4')
def reload_while_writing(w):
    """A client that writes goes on over a reload of the modules and loses nothing."""
    m = w.client.mount()
    done = f'{w.base}/done'
    child = writer(m, done)
    for _ in range(2):
        at = progress(done)
        wait_for('the writer is at work', lambda at=at: progress(done) >= at + 3, 20)
        w.server.restart()
    at = progress(done)
    wait_for('the writer goes on', lambda: progress(done) >= at + 3, 20)
    put(f'{done}.stop')
    child.join()
    assert progress(done) > 8
    for i in range(progress(done)):
        eq(get(w.path(f'w{i}')) == pattern(i, 40000), True, f'file {i} on the server')
        eq(get(f'{m}/w{i}') == pattern(i, 40000), True, f'file {i} by the client')


@test(timeout=60, nfs4='nfs4')
def restart_with_open_files(w):
    """Data that was written but not committed reaches the restarted server."""
    m = w.client.mount()
    files = [open(f'{m}/o{i}', 'w+b', buffering=0) for i in range(5)]
    for i, f in enumerate(files):
        f.write(pattern(i, 150000))
    os.sync()
    for i, f in enumerate(files):
        f.write(pattern(i + 50, 150000))
    w.server.restart()
    for i, f in enumerate(files):
        f.write(pattern(i + 100, 1000))
        os.fsync(f.fileno())
        f.close()
        want = pattern(i, 150000) + pattern(i + 50, 150000) + pattern(i + 100, 1000)
        eq(get(w.path(f'o{i}')) == want, True, f'file {i}')


CONF = """[server]
threads = 4
[listener nfs]
[listener nfs]
transport = udp
[share data]
path = {path}
squash = root_to_admin
allow = any
"""


@test(server='ditto', share=False, timeout=60)
def helper_brings_all_back(w):
    """dittod restores key, share and listener from its file after a reload."""
    w.server.helper_start(CONF.format(path=w.export))
    wait_for('the share', lambda: w.server.json('share', 'list'))
    wait_for('the listener', lambda: w.server.json('listener', 'list'))
    m = w.client.mount()
    done = f'{w.base}/done'
    child = writer(m, done)
    wait_for('the writer is at work', lambda: progress(done) >= 3, 20)
    n = w.client.nfs()
    root = n.root
    w.server.unload()
    w.server.load()
    wait_for('the share is back', lambda: w.server.json('share', 'list'), 20)
    at = progress(done)
    wait_for('the writer goes on', lambda: progress(done) >= at + 3, 25)
    put(f'{done}.stop')
    child.join()
    for i in range(progress(done)):
        eq(get(w.path(f'w{i}')) == pattern(i, 40000), True, f'file {i}')
    n = w.client.nfs()
    eq(n.root, root, 'the handle of the root')
    # a restarted helper keeps the key and the shares
    w.server.helper_stop('KILL')
    eq(n.getattr(root).status, nfs3.OK, 'without the helper')
    applied = w.server.helper_log().count('shares configured')
    w.server.helper_start(CONF.format(path=w.export))
    # or it adds the share again after the end of the test has removed it
    wait_for('its configuration', lambda: w.server.helper_log().count(
        'shares configured') > applied)
    eq(n.getattr(root).status, nfs3.OK, 'with a new helper')
    w.server.shares['data'] = (w.export, {})


@test(server='ditto')
def helper_stopped_and_killed(w):
    """A helper that hangs or dies during a request delays it by the deadline at most."""
    put(w.path('f'))
    n = w.client.nfs()
    f = n.lookup(n.root, 'f').fh
    w.server.helper_start()
    w.server.ctl('server', 'set', 'upcall-ms', '1000')
    w.server.set('data', allow=['client1.e2e.test=rw'])
    wait_for('the helper answers', lambda: n.getattr(f).status == nfs3.OK)

    def answer():
        r = n.raw(nfs3.GETATTR, rpc.Enc().opaque(f).bytes())
        return 'auth' if r.stat == rpc.AUTH_ERROR else int.from_bytes(r.body[:4], 'big')
    stop_process(w.server.helper.pid)
    w.server.ctl('cache', 'flush')
    w.server.set('data', allow=['*.e2e.test=rw'])
    one_of(answer(), (nfs3.JUKEBOX, nfs3.ACCES, 'auth'), 'with a stopped helper')
    w.server.helper_stop('KILL')
    wait_for('the helper is gone', lambda: not w.server.setting('helper'))
    wait_for('a refusal without a helper', lambda: answer() in (nfs3.ACCES, 'auth'))
    w.server.helper_start()
    w.server.ctl('cache', 'flush')
    wait_for('the new helper answers', lambda: answer() == nfs3.OK)


@test(server='ditto')
def unload_with_everything_running(w):
    """The modules unload at once with mounts, writers, listeners and a helper."""
    w.server.helper_start()
    m = w.client.mount(opts='soft,timeo=5,retrans=1')
    n = w.client.nfs()
    done = f'{w.base}/done'
    child = writer(m, done, 100000)
    idle = [w.client.connect() for _ in range(10)]
    wait_for('the writer is at work', lambda: progress(done) >= 5)
    w.server.unload()
    volume = w.volumes.pop()
    volume.umount()
    child.kill()
    w.client.umount(m, MNT_DETACH)
    with expect_errno(errno.ECONNREFUSED, errno.ECONNRESET):
        w.client.connect()
    for c in idle:
        c.close()
    assert n
    w.server.load()
    w.server.shares = {}
    w.server.helper_stop()


def released(volume):
    def attempt():
        try:
            volume.umount()
            return True
        except OSError as e:
            eq(e.errno, errno.EBUSY)
            return False
    wait_for('the file system is released', attempt, 20)


def abandoned(w):
    """Delete a server's namespace with everything running; returns the served directory."""
    w.server.helper_start()
    n = w.client.nfs()
    m = w.client.mount(opts='soft,timeo=5,retrans=1')
    put(f'{m}/f', pattern(1, 50000))
    child = writer(m, f'{w.base}/done', 100000)
    wait_for('the writer is at work', lambda: progress(f'{w.base}/done') >= 3)
    w.server.helper_stop('KILL')
    w.server_ns.remove()
    child.kill()
    w.client.umount(m, MNT_DETACH)
    n.rpc.close()
    return w.volumes.pop()


def start_anew(w):
    """A server starts in another namespace."""
    w.server_ns = Ns('e2e-s', 'server')
    w.server.ns = w.server_ns
    w.server.shares = {}
    w.server.start()
    eq(w.server.json('share', 'list'), [])


@test(server='ditto')
def namespace_and_modules_go(w):
    """The modules release a deleted namespace that sockets of sunrpc keep alive."""
    volume = abandoned(w)
    servers.Ditto.unload()
    volume.umount()
    start_anew(w)


@test(server='ditto')
def namespace_goes(w):
    """Without listeners a namespace ends with its name, and its shares end with it."""
    n = w.client.nfs()
    eq(n.create(n.root, 'f').status, nfs3.OK)
    n.write(n.lookup(n.root, 'f').fh, 0, b'open')
    for listener in w.server.json('listener', 'list'):
        w.server.ctl('listener', 'del', str(listener['id']))
    n.rpc.close()
    w.server_ns.remove()
    released(w.volumes.pop())
    start_anew(w)


def held_by_clients(w):
    """Opens that outlive their listeners, and whose end removes a file."""
    available(w)
    c, s = V41.at(w), client(w)
    opened(c, 'nfs', how=nfs4.UNCHECKED)
    os.unlink(w.path('nfs'))
    s.lasting('persistent', options=smb2.DELETE_ON_CLOSE)
    eq(s.make('durable', lease_v2(key(2), RWH), durable_v2(2),
              options=smb2.DELETE_ON_CLOSE).durable, b'DH2Q')
    c.rpc.close()
    s.end()
    wait_for('two wait for their client', lambda: len(waiting(w)) == 2)


@test(smb=True, squash='none', fs='ext4', timeout=90)
def namespace_goes_before_its_disk(w):
    """A namespace ends with opens on a frozen disk, and others come and go; then all ends."""
    held_by_clients(w)
    w.server.ctl('server', 'set', 'drain-ms', '300')
    with frozen(w.export):
        for listener in w.server.json('listener', 'list'):
            w.server.ctl('listener', 'del', str(listener['id']))
        w.server.helper_stop('KILL')
        w.server_ns.remove()
        wait_for('the namespace ends', lambda: 'eth0' not in w.client.run('ip', 'link'))
        others_come_and_go()
        for module in 'ditto_smb', 'ditto_nfs':
            eq(servers.loaded(module), True)
        rmmod = [Child(lambda m=m: run('rmmod', m) and None) for m in ('ditto_smb', 'ditto_nfs')]
        wait_for('the unload', lambda: stays('ditto_smb') and stays('ditto_nfs'))
        others_come_and_go()
        eq(os.path.exists(w.path('durable')), True, 'it waits')
    for child in rmmod:
        child.join()
    wait_for('what was deleted goes', lambda: not os.path.exists(w.path('durable')))
    servers.Ditto.unload()
    w.volumes.pop().umount()
    start_anew(w)


@test(smb=True, squash='none', timeout=90)
def unload_beside_a_helper_that_hangs(w):
    """The modules are unloaded with opens of clients while the helper does not answer."""
    held_by_clients(w)
    stop_process(w.server.helper.pid)
    rmmod = Child(lambda: servers.Ditto.unload() and None)
    others_come_and_go()
    rmmod.join()
    eq([m for m in ('ditto_smb', 'ditto_nfs', 'ditto') if servers.loaded(m)], [])
    w.server.helper_stop('KILL')
    w.volumes.pop().umount()
    w.server.load()
    w.server.shares = {}


# The address of the second server.
SECOND = '192.168.99.1'


def second_server(w):
    """A server in a namespace of its own, which the client reaches by another address."""
    ns = Ns('e2e-s2', 'server2')
    run('ip', 'link', 'add', 'v2', 'netns', ns.name, 'type', 'veth', 'peer', 'name', 'eth9',
        'netns', w.client.name)
    run('ip', '-n', ns.name, 'addr', 'add', f'{SECOND}/24', 'dev', 'v2')
    run('ip', '-n', w.client.name, 'addr', 'add', '192.168.99.2/24', 'dev', 'eth9')
    run('ip', '-n', ns.name, 'link', 'set', 'v2', 'up')
    run('ip', '-n', w.client.name, 'link', 'set', 'eth9', 'up')
    other = servers.Ditto(w)
    other.ns = ns
    # It has no dittod, which would give the key of file handles.
    other.ctl('server', 'set', 'handle-key', 'bb' * 16)
    return other


@test(server='ditto')
def two_servers(w):
    """Two namespaces have two servers with their own shares, settings and clients."""
    other = second_server(w)
    eq(other.json('share', 'list'), [], 'the second server begins without shares')
    os.mkdir(f'{w.base}/other')
    put(f'{w.base}/other/f', b'other')
    put(w.path('f'), b'first')
    other.add('data', f'{w.base}/other')
    n = w.client.nfs()
    n2 = nfs3.Nfs3(rpc.Rpc(w.client, SECOND, 2049))
    root2 = n2.mnt('data').fh
    eq(n.read(n.lookup(n.root, 'f').fh, 0, 9).data, b'first')
    eq(n2.read(n2.lookup(root2, 'f').fh, 0, 9).data, b'other')
    one_of(n.getattr(root2).status, (nfs3.STALE, nfs3.BADHANDLE), 'a handle of the other server')
    other.delete('data')
    other.ns.remove()
    eq(n.getattr(n.root).status, nfs3.OK, 'the first goes on')


@contextlib.contextmanager
def served_twice(w):
    """A second server serves the same directory; yields the client as it reaches that one."""
    other = second_server(w)
    try:
        other.add('data', w.export, squash='root-to-admin')
        there = copy.copy(w.client)
        there.server_addr = SECOND
        yield there
        other.delete('data')
    finally:
        other.ns.remove()


def taken_back(holder, change, sid, fh):
    """A change waits until its holder has returned a delegation."""
    eq(change(), False, 'while it is held')
    eq(holder.recall().stateid, sid)
    holder.give_back(sid, fh)
    wait_for('the change', change)


@test(server='ditto', squash='root-to-admin')
def two_servers_of_one_directory(w):
    """What clients of one server cache is taken back before clients of another change it."""
    files(w, 'f', 'g', 'h')
    with served_twice(w) as there:
        holder, n = Caller(w, client=there), w.client.nfs()

        def call(name, *args):
            def done():
                status = getattr(n, name)(*args).status
                one_of(status, (nfs3.OK, nfs3.JUKEBOX))
                return status == nfs3.OK
            return done
        f = n.lookup(n.root, 'f').fh
        taken_back(holder, call('setattr', f, sattr(mode=0o640)), *holder.delegated('f'))
        taken_back(holder, call('write', n.lookup(n.root, 'g').fh, 0, b'NEW'),
                   *holder.delegated('g'))
        taken_back(holder, call('remove', n.root, 'h'), *holder.delegated('h'))
        eq(holder.compound(putfh(holder.s.fh('data', 'g')), nfs4.read(nfs4.ANON, 0, 3)).ok()[-1]
           .data, b'NEW')
        holder.cb.none(holder.conn)


@test(smb=True, squash='none')
def smb_beside_another_server(w):
    """SMB is refused what another server's client caches, and allowed it when that is given up."""
    files(w, 'f')
    with served_twice(w) as there:
        holder, s = Caller(w, client=there), smb2.Smb2(w.client)
        sid, fh = holder.delegated('f')
        file = s.create('f', how=smb2.OPEN)

        def written():
            try:
                return s.write(file, b'NEW') or True
            except smb2.Status as e:
                eq(e.name, 'FILE_NOT_AVAILABLE')
                return False
        taken_back(holder, written, sid, fh)
        eq(get(w.path('f'))[:3], b'NEW')
        s.end()


@test(server='ditto', squash='root-to-admin')
def two_servers_of_one_cached_directory(w):
    """The changes that clients of one server make are delivered to clients of another."""
    os.chmod(w.export, 0o777)
    with served_twice(w) as there:
        holder, n = DirWatcher(w, client=there), w.client.nfs()
        eq(n.create(n.root, 'f').status, nfs3.OK)
        eq(n.remove(n.root, 'f').status, nfs3.OK)
        eq(holder.told(2), [(ADDED, b'f'), (REMOVED, b'f')])
        holder.give_back(holder.sid, holder.root)


@contextlib.contextmanager
def held_up(w):
    """A request over NFS hangs; the share is gone for clients, and for good when it ends."""
    n = w.client.nfs(timeout=20)
    f = n.create(n.root, 'f').fh
    w.server.ctl('server', 'set', 'drain-ms', '300')
    with frozen(w.export):
        stuck = Child(lambda: n.setattr(f, sattr(mode=0o600)).status)
        wait_for('the request hangs', lambda: 'D' in servers.service_threads())
        yield w.server.refused('share', 'del', 'data')
    one_of(stuck.join(), (nfs3.OK, nfs3.STALE))
    del w.server.shares['data']
    released(w.volumes.pop())


@test(server='ditto', fs='ext4')
def drain_limit(w):
    """The removal of a share reports a request that hangs for longer than drain-ms."""
    with held_up(w) as said:
        assert '1' in said and 'data' in said, said
        eq(w.server.json('share', 'list'), [], 'gone for clients all the same')


@test(smb=True, fs='ext4')
def smb_unloaded_before_its_share_is_gone(w):
    """SMB, which had a watch on a share, waits for the end of that share when it is unloaded."""
    os.chmod(w.export, 0o777)
    s = Watcher(w.client, dialect=0x300)
    s.watch(s.directory(''))
    with held_up(w):
        s.end()
        rmmod = Child(lambda: run('rmmod', 'ditto_smb') and None)
        wait_for('the unload', lambda: stays('ditto_smb') or not servers.loaded('ditto_smb'))
        time.sleep(0.5)
        eq(stays('ditto_smb'), True, 'SMB waits')
    rmmod.join()
    eq(servers.loaded('ditto_smb'), False, 'SMB is loaded')


@test(server='ditto', timeout=60)
def shares_come_and_go(w):
    """Shares are added and removed many times while clients use them."""
    n = w.client.nfs()
    f = n.create(n.root, 'f').fh
    c = w.client.nfs()

    def fire():
        seen = set()
        while not os.path.exists(f'{w.base}/stop'):
            for r in (c.getattr(f), c.read(f, 0, 10), c.lookup(n.root, 'f'), c.readdirplus(n.root),
                      c.write(f, 0, b'x'), c.create(n.root, 'g')):
                seen.add(r.status)
        return seen
    child = Child(fire)
    for _ in range(15):
        w.server.delete('data')
        w.server.add('data', w.export)
        time.sleep(0.02)
    put(f'{w.base}/stop')
    seen = child.join()
    eq(seen - {nfs3.OK, nfs3.STALE}, set(), 'answers under fire')
    eq(n.getattr(f).status, nfs3.OK)


@test(server='ditto', fs='ext4')
def first_share_read_only(w):
    """Locks that outlive their share do not pin its mount when the first share is read-only."""
    put(w.path('f'))
    where = {name: f'{w.base}.{name}' for name in ('ro', 'gone', 'stays')}
    w.server.delete('data')
    for name, d in where.items():
        os.makedirs(d, exist_ok=True)
        run('mount', '--bind', w.export, d)
    run('mount', '-o', 'remount,bind,ro', where['ro'])
    try:
        for name, d in where.items():
            w.server.add(name, d, id=str(uuid.uuid4()))
        locks = {}
        for svid, name in enumerate(('gone', 'stays')):
            n = w.client.nfs(path=f'/{name}')
            locks[name] = Nlm(w.client.connect(), n.lookup(n.root, 'f').fh)
            eq(locks[name].nm_lock((10 * svid, 10), svid=svid).status, nlm.OK, name)
        w.server.delete('gone')
        run('umount', where.pop('gone'))
        eq(locks['stays'].nm_lock((10, 10), svid=5).status, nlm.DENIED)
        eq(locks['stays'].unlock((10, 10), svid=1).status, nlm.OK)
    finally:
        for name, d in where.items():
            if name in w.server.shares:
                w.server.delete(name)
            run('umount', d)
        w.server.add('data', w.export)
