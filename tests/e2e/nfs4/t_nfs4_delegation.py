# SPDX-License-Identifier: GPL-2.0-only
"""Delegations of the kernel's NFSv4 client: how they are granted and recalled."""
import contextlib
import os
import struct
import time

import nfs3
import nfs4
import nlm
import smb2
from checks import eq, wait_for
from files import get, put
from harness import NFS4_VERSIONS, test
from lockers import READ, WRITE, Locker
from nfs4_holders import DATA, Holder, await_held, counts, held, slowly
from nlm_lockers import connect
from one_file import ALL
from processes import run
from smb2 import GENERIC_READ, GENERIC_WRITE, Smb2


def opens(w):
    return w.server.calls('nfs4')['open']


@contextlib.contextmanager
def holders(w, writes=False, versions=NFS4_VERSIONS):
    """One holder for each version, in turn, because a client has one mount at a time."""
    def each():
        for vers in versions:
            h = Holder(w, w.client, vers, writes)
            yield h
            h.end()
            w.client.umount(h.where)
            await_held(w, 0)
    gen = each()
    try:
        yield gen
    finally:
        gen.close()


@test(server='ditto')
def granted_for_reading(w):
    """Opens, reads and stats of a delegated file stay at the client."""
    os.chmod(w.export, 0o777)
    with holders(w) as each:
        for h in each:
            before = opens(w)
            for _ in range(20):
                eq(get(h.path), DATA)
                os.stat(h.path)
            eq(opens(w), before, 'opens')


@test(server='ditto')
def granted_for_writing(w):
    os.chmod(w.export, 0o777)
    with holders(w, writes=True) as each:
        for h in each:
            before = opens(w)
            for i in range(20):
                with open(h.path, 'r+b') as f:
                    f.write(b'%04d' % i)
                    eq(f.read(4), DATA[4:8])
            eq(opens(w), before, 'opens')
            os.fsync(h.fd)
            eq(get(w.path(h.name))[:4], b'0019')


def v3(w, client, name):
    n = client.nfs()
    return n, n.root, n.lookup(n.root, name).fh


# what somebody else does with a file that is delegated for reading, and for writing

def by_v3_write(w, other, h):
    n, _, fh = v3(w, other, h.name)
    eq(slowly(n.write, fh, 0, b'NEW'), nfs3.OK)
    return b'NEW' + DATA[3:10]


def by_v3_truncate(w, other, h):
    n, _, fh = v3(w, other, h.name)
    eq(slowly(n.setattr, fh, nfs3.sattr(size=4)), nfs3.OK)
    return DATA[:4]


def by_v3_chmod(w, other, h):
    n, _, fh = v3(w, other, h.name)
    eq(slowly(n.setattr, fh, nfs3.sattr(mode=0o640)), nfs3.OK)
    return DATA[:10]


def by_v3_rename(w, other, h):
    n, root, _ = v3(w, other, h.name)
    eq(slowly(n.rename, root, h.name, root, f'{h.name}.new'), nfs3.OK)
    return DATA[:10]


def by_v3_remove(w, other, h):
    n, root, _ = v3(w, other, h.name)
    eq(slowly(n.remove, root, h.name), nfs3.OK)
    return None


def by_v3_link(w, other, h):
    n, root, fh = v3(w, other, h.name)
    eq(slowly(n.link, fh, root, f'{h.name}.2'), nfs3.OK)
    return DATA[:10]


def by_local_write(w, _, h):
    put(w.path(h.name), b'local')
    return b'local'


def by_local_truncate(w, _, h):
    os.truncate(w.path(h.name), 5)
    return DATA[:5]


def by_local_chmod(w, _, h):
    os.chmod(w.path(h.name), 0o600)
    return DATA[:10]


def by_local_rename(w, _, h):
    os.rename(w.path(h.name), w.path(f'{h.name}.new'))
    return DATA[:10]


def by_local_unlink(w, _, h):
    os.unlink(w.path(h.name))
    return None


def by_smb_write(w, other, h):
    s = Smb2(other)
    fid = s.create(h.name, access=GENERIC_READ | GENERIC_WRITE)
    s.write(fid, b'SMB')
    s.close(fid)
    s.end()
    return b'SMB' + DATA[3:10]


def by_smb_delete(w, other, h):
    s = Smb2(other)
    fid = s.create(h.name, access=smb2.DELETE, options=smb2.DELETE_ON_CLOSE)
    s.close(fid)
    s.end()
    return None


def by_mount(vers):
    def work(w, other, h):
        def write():
            with open(f'{other.mount(vers=vers)}/{h.name}', 'r+b') as f:
                f.write(b'MNT')
        write()
        other.umount(other.mounts[-1])
        return b'MNT' + DATA[3:10]
    return work


def recalled(w, act, writes, versions=NFS4_VERSIONS):
    """A conflicting operation recalls the delegation, is done, and is seen by the holder."""
    os.chmod(w.export, 0o777)
    with holders(w, writes, versions) as each:
        for h in each:
            before = counts(w)
            if writes:
                # Kept back at the client, also beyond the close, and not to be lost. While it
                # has the file open to write, the client takes every change for its own.
                os.pwrite(h.fd, b'kept', 500)
                h.end()
            want = act(w, w.clients[-1], h)
            after = counts(w)
            eq(after['recalled'] - before['recalled'], 1, 'recalled')
            eq(after['revoked'], before['revoked'], 'revoked')
            eq(held(w), 0, 'delegations')
            if want is None:
                continue
            path = h.path if os.path.exists(w.path(h.name)) else f'{h.path}.new'
            data = get(path)
            eq(data[:10], want, 'data')
            eq(os.stat(path).st_mode, os.stat(w.path(os.path.basename(path))).st_mode, 'mode')
            if writes and len(want) == 10:
                eq(data[500:504], b'kept', 'what was kept back')


def register(name, act, smb):
    for writes in (False, True):
        def run(w, act=act, writes=writes):
            recalled(w, act, writes)
        run.__module__ = __name__
        run.__name__ = f'{name}_{"write" if writes else "read"}'
        test(server='ditto', clients=2, smb=smb, squash='none' if smb else 'root-to-admin',
             timeout=90)(run)


for each_act in (by_v3_write, by_v3_truncate, by_v3_chmod, by_v3_rename, by_v3_remove, by_v3_link,
                 by_local_write, by_local_truncate, by_local_chmod, by_local_rename,
                 by_local_unlink):
    register(f'recalled_{each_act.__name__}', each_act, False)
for each_act in (by_smb_write, by_smb_delete):
    register(f'recalled_{each_act.__name__}', each_act, True)
for each_vers in NFS4_VERSIONS:
    register(f'recalled_by_v{each_vers.replace(".", "")}', by_mount(each_vers), False)


@test(smb=True, locks=True, clients=2, squash='none', timeout=90)
def locks_survive_recall(w):
    """A lock taken under a delegation is a lock of the server after the recall."""
    os.chmod(w.export, 0o777)
    # owners of 4.0 are kept for a while after their last use, and the end waits for all owners
    with holders(w, writes=True, versions=NFS4_VERSIONS[1:]) as each:
        for h in each:
            mine = Locker(h.path, flags=os.O_RDWR)
            mine.lock(WRITE, 0, 10)
            eq(w.server.claims().get('ranges', 0), 0, 'locks of the server')
            n, _, fh = v3(w, w.clients[-1], h.name)
            nobody = connect(w.clients[-1], fh)
            # the holder is asked first, so the first answer may be to come again
            wait_for('NLM sees it', lambda n=nobody: n.lock((0, 10)).status == nlm.DENIED)
            eq(w.server.claims()['ranges'], 1)
            eq(nobody.lock((10, 10)).status, nlm.OK)
            eq(nobody.unlock((10, 10)).status, nlm.OK)
            s = Smb2(w.clients[-1])
            fid = s.create(h.name)
            smb2.refused('LOCK_NOT_GRANTED', s.lock, fid, 5, 1)
            s.end()
            where = w.clients[-1].mount(vers=h.vers)
            other = Locker(f'{where}/{h.name}', flags=os.O_RDWR)
            other.refused('lock', READ, 0, 1)
            other.lock(WRITE, 10, 10)
            mine.unlock()
            other.lock(READ, 0, 1)
            other.end()
            mine.end()
            w.clients[-1].umount(where)
            eq(n.read(fh, 0, 4).data, DATA[:4])


@test(clients=2, smb=True, squash='none')
def size_is_asked_for(w):
    """The size that a holder has cached is returned to others without a recall."""
    os.chmod(w.export, 0o777)
    w.server.ctl('server', 'set', 'break-wait-ms', '9000')
    with holders(w, writes=True) as each:
        for h in each:
            recalls = counts(w)['recalled']
            s = nfs4.Session.make(nfs4.connect(w.clients[-1]))
            fh = s.fh('data', h.name)
            before = s.patiently(nfs4.putfh(fh), nfs4.getattr('size', 'change')).ok()[-1].attrs
            eq(before['size'], len(DATA))
            os.pwrite(h.fd, b'more', len(DATA))
            eq(os.stat(w.path(h.name)).st_size, len(DATA))
            after = s.patiently(nfs4.putfh(fh), nfs4.getattr('size', 'change')).ok()[-1].attrs
            eq(after['size'], len(DATA) + 4)
            smb = Smb2(w.clients[-1])
            fid = smb.create(h.name, access=smb2.READ_ATTRIBUTES)
            eq(struct.unpack_from('<Q', smb.query(fid, 5), 8)[0], len(DATA) + 4, 'over SMB')
            smb.end()
            if after['change'] <= before['change']:
                raise AssertionError(f'change {before["change"]}, then {after["change"]}')
            eq(counts(w)['recalled'], recalls, 'recalls')
            eq(w.server.calls('nfs4-delegations')['getattr'] > 0, True)
            os.fsync(h.fd)
            eq(os.stat(w.path(h.name)).st_size, len(DATA) + 4)
            s.destroy()


@test(server='ditto')
def of_its_own_files(w):
    """The holder's own operations recall nothing, and a removed file leaves nothing behind."""
    os.chmod(w.export, 0o777)
    for writes in (False, True):
        with holders(w, writes) as each:
            for h in each:
                recalls = counts(w)['recalled']
                os.chmod(h.path, 0o644)
                os.rename(h.path, f'{h.path}.new')
                os.unlink(f'{h.path}.new')
                eq(os.pread(h.fd, 4, 0), DATA[:4])
                h.end()
                await_held(w, 0)
                eq(counts(w)['recalled'], recalls, 'recalls')
                eq(w.server.claims().get('opens', 0), 0, 'opens')


@test(server='ditto', clients=2)
def not_beside_others(w):
    """No delegation for reading beside a writer, and none for writing beside any open."""
    os.chmod(w.export, 0o777)
    a, b = (c.mount(vers='4.2') for c in w.clients)
    Holder(w, w.clients[0], '4.2', name='proof').end()
    await_held(w, 1)
    put(w.path('f'), DATA, ALL)
    with open(f'{a}/f', 'rb') as mine:
        await_held(w, 2)
        with open(f'{b}/f', 'rb') as theirs:
            wait_for('both have one', lambda: held(w) >= 2)
            eq((mine.read(4), theirs.read(4)), (DATA[:4],) * 2)
    with open(w.path('g'), 'wb') as local:
        local.write(DATA)
        local.flush()
        before = held(w)
        with open(f'{a}/g', 'rb') as mine:
            eq(mine.read(4), DATA[:4])
            eq(held(w), before, 'delegations beside a local writer')


@test(server='ditto')
def switched_off(w):
    """The limit on delegations is kept, and a limit of 0 grants none."""
    os.chmod(w.export, 0o777)
    where = w.client.mount(vers='4.1')
    Holder(w, w.client, '4.1', name='proof').end()
    w.server.ctl('server', 'set', 'max-delegations', '0')
    granted = counts(w)['granted']
    put(w.path('f'), DATA, ALL)
    eq(get(f'{where}/f'), DATA)
    eq(counts(w)['granted'], granted)
    w.server.ctl('server', 'set', 'max-delegations', '2')
    for i in range(4):
        put(w.path(f'f{i}'), DATA, ALL)
        eq(get(f'{where}/f{i}'), DATA)
        # the client may be asked for others in exchange
        eq(held(w) <= 2, True, 'no more than two')


@test(server='ditto', clients=2, timeout=90)
def lost_for_a_while(w):
    """A client that cannot be reached keeps its delegation until the deadline."""
    os.chmod(w.export, 0o777)
    for vers in NFS4_VERSIONS:
        h = Holder(w, w.client, vers, writes=True)
        os.pwrite(h.fd, b'kept', 500)
        h.end()
        run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{w.client.number}', 'down')
        n, _, fh = v3(w, w.clients[-1], h.name)
        eq(n.write(fh, 0, b'NEW').status, nfs3.JUKEBOX)
        time.sleep(2)
        eq(n.write(fh, 0, b'NEW').status, nfs3.JUKEBOX)
        run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{w.client.number}', 'up')
        eq(slowly(n.write, fh, 0, b'NEW'), nfs3.OK)
        eq(counts(w)['revoked'], 0, 'revoked')
        data = get(h.path)
        eq((data[:3], data[500:504]), (b'NEW', b'kept'))
        w.client.umount(h.where)
        await_held(w, 0)


@test(server='ditto', clients=2, timeout=120)
def never_returned(w):
    """A delegation that is not returned in time is revoked, and the client recovers."""
    os.chmod(w.export, 0o777)
    w.server.ctl('server', 'set', 'lease-time-s', '10')
    for vers in NFS4_VERSIONS:
        h = Holder(w, w.client, vers)
        eq(get(h.path), DATA)
        run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{w.client.number}', 'down')
        n, _, fh = v3(w, w.clients[-1], h.name)
        eq(slowly(n.write, fh, 0, b'NEW'), nfs3.OK)
        run('ip', '-n', w.server_ns.name, 'link', 'set', f'veth{w.client.number}', 'up')
        h.end()
        before = opens(w)

        def noticed(h=h, before=before):
            return get(h.path) and opens(w) > before
        # TCP has its own idea of when to try again. What it has in its cache the client keeps
        # in spite of all that; but it asks again when it opens the file.
        wait_for(f'it is noticed with {vers}', noticed, seconds=30)
        w.client.umount(h.where)
        await_held(w, 0)
