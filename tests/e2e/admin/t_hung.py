# SPDX-License-Identifier: GPL-2.0-only
"""A file system that hangs does not hold up the others."""
import contextlib
import errno
import fcntl
import ipaddress
import os
import shutil
import struct
import subprocess
import threading

import netlink
import nfs3
import nlm
import servers
import smb2
import smbraw
from checks import eq, wait_for
from fault_points import Point
from files import get, pattern, put
from harness import test
from helper_files import RANGE, Reader, has_record, helper, offloaded, settled
from nlm_lockers import machines
from processes import process_stopped, run, sleepers
from recall_calls import read, status
from volumes import Volume, frozen, hanging

UNSTABLE = 0


def slow_volume(w):
    """Serve a volume whose disk is a file of the export: returns it, and a file to be written."""
    slow = Volume(f'{w.base}/slow', 'ext4', '64m', w.path('image'))
    w.server.add('slow', slow.where)
    n = w.client.nfs(path=slow.where)
    fh = n.create(n.root, 'f').fh
    eq(n.write(fh, 0, bytes(4096), UNSTABLE).status, nfs3.OK)
    return slow, fh


def hangs(count, call, *args, **kw):
    """The thread of a call that waits for a file system, where that many wait with it."""
    thread = threading.Thread(target=call, args=args, kwargs=kw, daemon=True)
    thread.start()
    wait_for('it waits', lambda: len(sleepers(pid='self/task/[0-9]*')) == count)
    return thread


def others_are_served(w):
    """Check that requests of netlink are served beside those that wait.

    To register a family waits for requests that hold the lock of generic netlink, and holds up all
    that come later.
    """
    def administer():
        for command in 'modprobe', 'rmmod':
            run(command, 'ditto_family')
        done.append(netlink.call(w.server_ns, 'GRACE_GET'))
    done = []
    other = threading.Thread(target=administer, daemon=True)
    other.start()
    wait_for('others are served', lambda: not other.is_alive())
    eq(len(done), 1)


@test(server='ditto', fs='ext4')
def others_end(w):
    """A share ends while data of another one, whose node is evicted, cannot be written."""
    slow, _ = slow_volume(w)
    quick = f'{w.base}/quick'
    os.mkdir(quick)
    w.server.add('quick', quick)
    # The newest node is the one that stays.
    other = w.client.nfs(path=quick)
    eq(other.create(other.root, 'newest').status, nfs3.OK)
    with frozen(w.export):
        w.server.ctl('server', 'set', 'node-limit', '1')
        wait_for('the node is evicted', lambda: w.server.setting('nodes') <= 1)
        end = threading.Thread(target=w.server.delete, args=('quick',), daemon=True)
        end.start()
        wait_for('the other share is removed', lambda: not end.is_alive())
    end.join()
    eq(get(f'{slow.where}/f'), bytes(4096), 'data')
    w.server.delete('slow')
    slow.umount()


@test(server='ditto', fs='ext4')
def others_come_beside_an_end(w):
    """File systems come and go while one is to be added again whose removal waits for its disk."""
    slow, fh = slow_volume(w)
    quick = f'{w.base}/quick'
    os.mkdir(quick)
    with frozen(w.export):
        end = threading.Thread(target=w.server.delete, args=('slow',), daemon=True)
        end.start()
        wait_for('its data is waited for', lambda: sleepers('+ditto'))
        again = threading.Thread(target=w.server.add, args=('again', slow.where), daemon=True)
        again.start()
        wait_for('both wait', lambda: len(sleepers(pid='self/task/[0-9]*')) == 2)
        share = threading.Thread(target=come_and_go, args=(w, quick), daemon=True)
        share.start()
        wait_for('the other share has come and gone', lambda: not share.is_alive())
    for thread in end, share, again:
        thread.join()
    eq(w.client.nfs(path=slow.where).getattr(fh).status, nfs3.OK, 'the same file')
    eq(get(f'{slow.where}/f'), bytes(4096), 'data')
    w.server.delete('again')
    slow.umount()


@test(server='ditto')
def others_close_their_files(w):
    """While open files of a frozen file system cannot be closed, those of another one are."""
    w.server.ctl('server', 'set', 'file-idle-ms', '3600000', 'file-limit', '64')
    slow = Volume(f'{w.base}/slow', 'xfs', '320m')
    w.server.add('slow', slow.where)
    n, other = w.client.nfs(path=slow.where), w.client.nfs()
    names = [f'f{i}' for i in range(500)]
    for name in names:
        put(w.path(name), b'x')
    shutil.copy('/bin/true', w.path('true'))
    # What is appended to a file of this size gets more blocks, which its close gives back.
    for name in names[:100]:
        fh = n.create(n.root, name).fh
        for i in range(2):
            eq(n.write(fh, i * 65536, bytes(65536), UNSTABLE).status, nfs3.OK)
    with frozen(slow.where):
        for name in names:
            eq(other.read(other.lookup(other.root, name).fh, 0, 1).data, b'x', name)
        fh = other.lookup(other.root, 'true').fh
        eq(other.write(fh, os.path.getsize(w.path('true')), b'x').status, nfs3.OK)
        eq(runs(w.path('true')), False, 'a program that is open for writing')
        w.server.ctl('server', 'set', 'file-idle-ms', '100')
        wait_for('its end', lambda: runs(w.path('true')))
        wait_for('no open file', lambda: not w.server.setting('open_files'))
        eq(sleepers('+ditto') != [], True, 'the frozen one hangs')
        flush = hangs(1, w.server.call, 'CACHE_FLUSH')
        others_are_served(w)
        eq(flush.is_alive(), True, 'it waits')
    flush.join()
    w.server.delete('slow')
    slow.umount()


@test(server='ditto', fs='ext4')
def administration_goes_on(w):
    """While shares are removed and added that wait for a disk, other requests of netlink are served."""
    slow, _ = slow_volume(w)
    with frozen(w.export):
        removal = hangs(1, w.server.delete, 'slow')
        addition = hangs(2, w.server.add, 'again', slow.where)
        others_are_served(w)
        assert '1 share' in w.server.ctl('status', check=False).stdout
        eq((removal.is_alive(), addition.is_alive()), (True, True), 'they wait')
    for thread in removal, addition:
        thread.join()
    w.server.delete('again')
    slow.umount()


@test(server='ditto')
def administration_goes_on_beside_a_path(w):
    """While claims of a file are listed whose file system hangs, other requests are served."""
    where = f'{w.base}/stuck'
    os.mkdir(where)
    fuse = hanging(where)

    def claims():
        try:
            netlink.call(w.server_ns, 'CLAIM_GET', ('CLAIM_PATH', f'{where}/f'), dump=True)
        except OSError as e:
            said.append(e.strerror)
    said = []
    listing = hangs(1, claims)
    others_are_served(w)
    eq(listing.is_alive(), True, 'it waits')
    os.close(fuse)
    listing.join()
    assert said and 'there is no such file' in said[0], said
    run('umount', '-l', where)


@test(server='ditto', fs='ext4', timeout=60)
def list_of_a_closed_socket(w):
    """A list whose socket is closed while it waits for a file system ends."""
    slow, _ = slow_volume(w)
    os.mkdir(f'{slow.where}/d')
    put(f'{slow.where}/d/f', b'')
    os.link(f'{slow.where}/d/f', f'{slow.where}/d/g')
    run('chattr', '+D', f'{slow.where}/d')

    def list_claims():
        with netlink.family_socket(w.server_ns) as (sock, family):
            sockets.append(sock)
            sock.send(netlink.datagram(family, ('CLAIM_GET', ('CLAIM_PATH', f'{slow.where}/d/g')),
                                       dump=True))
    sockets, used = [], module_uses()
    with open(f'{slow.where}/d/f', 'r+b') as f:
        # more than one part
        for i in range(500):
            fcntl.lockf(f, fcntl.LOCK_EX, 1, 2 * i)
        # the name that is looked up is not in memory, and its directory is locked
        put('/proc/sys/vm/drop_caches', b'2')
        with frozen(w.export):
            change = hangs(1, os.mkdir, f'{slow.where}/d/new')
            listing = hangs(2, list_claims)
            sockets[0].close()
        for thread in change, listing:
            thread.join()
    eq(module_uses(), used)
    w.server.delete('slow')
    slow.umount()


def ends(what, call, *args, **kw):
    """What a call returns that does not wait for the file system that hangs."""
    def run_it():
        said.append(call(*args, **kw))
    said = []
    thread = threading.Thread(target=run_it, daemon=True)
    thread.start()
    wait_for(f'{what} ends', lambda: not thread.is_alive())
    return said[0]


def lists(w):
    """The number of entries of each list of who is served, made while a file system hangs."""
    return {name: len(ends(f'the list {name}', w.server.call, f'{name}_GET', dump=True))
            for name in ('LISTENER', 'CLIENT', 'CONNECTION', 'SESSION', 'TREE', 'OPEN')}


@test(server='ditto', smb=True, squash='none', timeout=60)
def administration_goes_on_beside_a_session(w):
    """While a session is closed that waits for a disk, others are listed, closed and served."""
    slow = w.served_volume('slow')
    put(w.path('f'), b'x', 0o666)
    other = smb2.Smb2(w.client)
    other.create('f', access=smb2.GENERIC_READ, how=smb2.OPEN)
    kept, = w.server.json('session', 'list')
    # What is signed is not the point here, and sessions share the link.
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    link = smbraw.Link(w.client).negotiate(0x210)
    eq(link.login(), 'SUCCESS')
    eq(link.connect_tree('slow'), 'SUCCESS')
    link.create('gone', access=smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
    slow_one, = (x for x in w.server.json('session', 'list') if x['id'] != kept['id'])
    before = lists(w)
    address = ipaddress.ip_address(w.client.addr).packed
    threads_setting = [('SETTING_CHANGE_NAME', 'threads'), ('SETTING_CHANGE_VALUE', 5)]

    def close(session):
        w.server.call('SESSION_CLOSE', ('SESSION_ID', struct.pack('=Q', session['id'])))
    with frozen(slow):
        thread = hangs(1, close, slow_one)
        others_are_served(w)
        # the one that ends is not listed any more
        for name, count in lists(w).items():
            gone = name in ('SESSION', 'TREE', 'OPEN')
            eq(count >= before[name] - 1 if gone else count == before[name], True, name)
        eq([x['id'] for x in ends('a list', w.server.json, 'session', 'list')], [kept['id']])
        ends('a change', w.server.call, 'SERVER_SET', ('SERVER_SETTING', threads_setting))
        ends('another close', close, kept)
        eq(lists(w)['SESSION'], 0)
        ends('a disconnect', w.server.call, 'CLIENT_DISCONNECT', ('CLIENT_ADDRESS', address))
        eq(thread.is_alive(), True, 'it waits')
    thread.join()
    eq(os.path.exists(f'{slow}/gone'), False)
    for s in other, link:
        s.end()


@test(server='ditto', smb=True, squash='none', timeout=60)
def administration_goes_on_beside_a_stop(w):
    """While NFS stops and waits for a disk, all is listed, and other requests are served."""
    slow = w.served_volume('slow')
    # What is signed is not the point here, and sessions share the link.
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    link = smbraw.Link(w.client).negotiate(0x210)
    eq(link.login(), 'SUCCESS')
    eq(link.connect_tree('data'), 'SUCCESS')
    n = w.client.nfs(path=slow, timeout=300)
    fh = n.create(n.root, 'f').fh
    of_nfs = [x for x in w.server.json('listener', 'list') if x['protocol'] == 'nfs']
    last, = (x['id'] for x in of_nfs if x['transport'] == 'tcp')
    for number in {x['id'] for x in of_nfs} - {last}:
        w.server.call('LISTENER_DEL', ('LISTENER_ID', number))
    before = lists(w)
    threads_setting = [('SETTING_CHANGE_NAME', 'threads'), ('SETTING_CHANGE_VALUE', 5)]

    def change():
        with contextlib.suppress(OSError, EOFError):
            n.setattr(fh, nfs3.sattr(mode=0o600))
    with frozen(slow):
        request = threading.Thread(target=change, daemon=True)
        request.start()
        wait_for('the request hangs', lambda: 'D' in servers.service_threads())
        stop = threading.Thread(target=w.server.call, daemon=True,
                                args=('LISTENER_DEL', ('LISTENER_ID', last)))
        stop.start()
        wait_for('the other threads have ended', lambda: servers.service_threads() == ['D'])
        threads = [stop, hangs(1, w.server.call, 'SERVER_SET', ('SERVER_SETTING', threads_setting))]
        others_are_served(w)
        eq(lists(w), before)
        eq([x for x in threads if not x.is_alive()], [], 'they wait')
    for thread in (*threads, request):
        thread.join()
    eq([x['protocol'] for x in w.server.json('listener', 'list')], ['smb'])
    link.end()


def module_uses():
    """References to the server's module, of dumps that have not ended among others."""
    return int(get('/sys/module/ditto/refcnt'))


@test(server='ditto', locks='raw', clients=2)
def administration_goes_on_beside_the_helper(w):
    """While the helper is to remove the record of a client that is released, others are served."""
    one, _ = machines(w)
    eq(one.lock((0, 10)).status, nlm.OK)
    name, = {x['client'] for x in w.server.locks()}
    with process_stopped(w.server.helper.pid):
        release = hangs(1, w.server.call, 'LOCK_CLIENT_RELEASE', ('LOCK_CLIENT_NAME', name))
        others_are_served(w)
        eq(release.is_alive(), True, 'it waits')
    release.join()
    eq(w.server.locks(), [])


def runs(program):
    try:
        return not subprocess.call([program])
    except OSError as e:
        eq(e.errno, errno.ETXTBSY)
        return False


def may_open(s, name):
    try:
        s.close(s.create(name, access=smb2.GENERIC_READ, how=smb2.OPEN))
    except smb2.Status as e:
        eq(e.name, 'SHARING_VIOLATION')
        return False
    return True


@test(server='ditto', smb=True, squash='none', timeout=60)
def others_of_the_connection_end(w):
    """While the end of a session waits for a frozen file system, others of its connection end."""
    slow = w.served_volume('slow')
    put(w.path('f'), b'x', 0o666)
    other = smb2.Smb2(w.client)
    # What is signed is not the point here, and sessions share the link.
    w.server.ctl('server', 'set', 'require-ntlm-signing', 'off')
    link = smbraw.Link(w.client).negotiate(0x210)

    def log_in(share):
        link.session = 0
        eq(link.login(), 'SUCCESS')
        eq(link.connect_tree(share), 'SUCCESS')
        return link.session
    first = log_in('slow')
    link.create('gone', access=smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
    # sessions end in the order of their ids, which are random
    while log_in('data') < first:
        pass
    link.create('f', share=0)
    eq(may_open(other, 'f'), False)
    with frozen(slow):
        link.end()
        wait_for('the other session ends', lambda: may_open(other, 'f'))
        eq(sleepers('+ditto') != [], True, 'the frozen one hangs')
    wait_for('both end', lambda: len(w.server.json('session', 'list')) == 1)
    eq(os.path.exists(f'{slow}/gone'), False)
    other.end()


@test(server='ditto', fs='ext4', offload=True)
def others_come_and_go(w):
    """While the release of a file is stuck, file systems are added and removed."""
    other = f'{w.base}/other'
    os.mkdir(other)
    put(w.path('f'), pattern(1, RANGE))
    with helper(w) as h:
        point = Point('release-record', None)
        try:
            release = threading.Thread(target=h.fill.release, args=(w.path('f'), b'f'))
            release.start()
            point.wait()
            share = threading.Thread(target=come_and_go, args=(w, other), daemon=True)
            share.start()
            wait_for('the share has come and gone', lambda: not share.is_alive())
        finally:
            point.go_on()
        release.join()
        share.join()
        eq(has_record(w, 'f'), True, 'it is released')


@test(server='ditto', fs='ext4', offload=True)
def others_go_beside_a_recall(w):
    """A file system is removed while data that came back into another one cannot be recorded."""
    other = f'{w.base}/other'
    os.mkdir(other)
    with helper(w) as h:
        data = offloaded(w, h, 'f')
        point = Point('commit-record', None)
        try:
            reader = Reader(w.path('f'))
            point.wait()
            share = threading.Thread(target=come_and_go, args=(w, other), daemon=True)
            share.start()
            wait_for('the share has come and gone', lambda: not share.is_alive())
        finally:
            point.go_on()
        share.join()
        eq(reader.join() == data, True, 'data')


def come_and_go(w, path):
    w.server.add('other', path)
    w.server.delete('other')


@test(server='ditto', offload=True, share=False)
def others_are_read(w):
    """While a file is stuck in its first read, other files are read for the first time."""
    with helper(w) as h:
        w.server.add('data', w.export, offload=True)
        offloaded(w, h, 'f')
        w.server.delete('data')
        # Its record, which is longer now, is written again when it is read.
        os.truncate(w.path('f'), RANGE + 5)
        names = [f'f{i}' for i in range(200)]
        for name in names:
            put(w.path(name), b'x')
        w.server.add('data', w.export, offload=True)
        n, other = (w.client.nfs() for _ in range(2))
        fh = n.lookup(n.root, 'f').fh
        point = Point('cut-stored', None)
        try:
            n.rpc.send(read(1, fh))
            point.wait()
            for name in names:
                eq(other.read(other.lookup(other.root, name).fh, 0, 1).data, b'x', name)
        finally:
            point.go_on()
        eq(status(n.rpc.recv().body), nfs3.JUKEBOX, 'the first one')


@test(server='ditto', offload=True)
def others_come_back(w):
    """While data for one file system keeps all turns of its recalls, another one has its own."""
    second = Volume(f'{w.base}/second', 'tmpfs', '64m')
    w.server.add('second', second.where, offload=True)
    w.server.ctl('server', 'set', 'offload-recalls', '1')
    w.server.ctl('server', 'set', 'offload-read-ahead', '0')
    with helper(w, lambda request: 'hold') as h:
        slow = [offloaded(w, h, name) for name in 'ab']
        data = b'x' * 5000
        put(f'{second.where}/c', data)
        h.store[b'store\nc'] = data
        h.fill.release(f'{second.where}/c', b'store\nc')
        n, other = w.client.nfs(), w.client.nfs(path=second.where)
        fhs = [n.lookup(n.root, name).fh for name in 'ab']
        for fh in fhs:
            eq(n.read(fh, 0, 1).status, nfs3.JUKEBOX)
        wait_for('one request', lambda: len(h.held) == 1)
        fh = other.lookup(other.root, 'c').fh
        eq(other.read(fh, 0, 1).status, nfs3.JUKEBOX)
        wait_for('the request for the other one', lambda: len(h.held) == 2)
        eq(sorted(x.share for x in h.held), ['data', 'second'])
        eq(len({x.file_system for x in h.held}), 2, 'file systems')
        h.go()
        eq(settled(other.read, fh, 0, 1).data, b'x')
        for fh, data in zip(fhs, slow):
            eq(settled(n.read, fh, 0, 9).data, data[:9])
    w.server.delete('second')
    second.umount()
