# SPDX-License-Identifier: GPL-2.0-only
"""Users of admitted machines that try to use what belongs to other users over NFS.

alice is the victim, on client1; bob is another user, mostly of client2, whom the share admits, too.
"""
import os

import nfs3
import nfs4
import rpc
from harness import eq, put, test
from nfs4 import Nfs4, putfh
from t_rquota import ALICE, BOB, EPERM, MIB, NO_QUOTA, OK, USER, ask, fill, limit, limited

AS_ALICE, AS_BOB = rpc.auth_sys(ALICE, ALICE), rpc.auth_sys(BOB, BOB)


def owned(path, uid, mode):
    os.chown(path, uid, uid)
    os.chmod(path, mode)


@test(server='ditto')
def links_to_others(w):
    """A user gives other names only to his files and to those that he may read and write."""
    os.chmod(w.export, 0o755)
    os.mkdir(w.path('bobs'))
    owned(w.path('bobs'), BOB, 0o755)
    modes = {'secret': 0o600, 'public': 0o644, 'writable': 0o666, 'suid': 0o4777,
             'sgid': 0o2777, 'locking': 0o2666, 'appended': 0o222}
    for name, mode in modes.items():
        put(w.path(name), b'#!')
        owned(w.path(name), ALICE, mode)
    os.symlink('secret', w.path('link'))
    os.mknod(w.path('fifo'), 0o010666)
    put(w.path('mine'), b'x')
    owned(w.path('mine'), BOB, 0o4700)
    allowed = {'writable', 'locking', 'mine'}
    n = w.client.nfs()
    root, d = n.root, n.lookup(n.root, 'bobs').fh
    as_bob, v4 = n.as_user(AS_BOB), Nfs4(nfs4.connect(w.client), 0, AS_BOB)
    for name in (*modes, 'link', 'fifo', 'mine'):
        fh = n.lookup(root, name).fh
        want = name in allowed
        eq(as_bob.link(fh, d, f'3{name}').status, nfs3.OK if want else nfs3.PERM, name)
        r = v4.compound(nfs4.putrootfh(), nfs4.lookup('data'), nfs4.lookup(name), nfs4.savefh(),
                        nfs4.putrootfh(), nfs4.lookup('data'), nfs4.lookup('bobs'),
                        nfs4.link(f'4{name}'))
        eq(r.status, nfs4.OK if want else nfs4.PERM, name)
    eq(sorted(os.listdir(w.path('bobs'))), sorted(v + name for v in '34' for name in allowed))
    # who owns a file may do with it what he wants
    owned(w.path('bobs'), BOB, 0o777)
    eq(n.as_user(AS_ALICE).link(n.lookup(root, 'suid').fh, d, 'own').status, nfs3.OK)


@test(server='ditto', timeout=60)
def quota_oracle(w):
    """By RQUOTA from any port, who claims to be a user learns nothing of that user's directories."""
    where, device = limited(w, 'ext4')
    limit(device, USER, ALICE, 3 * MIB, 4 * MIB, files=100)
    fill(f'{where}/f', ALICE, MIB)
    os.makedirs(f'{where}/private/project-x')
    put(f'{where}/private/a-file', b'')
    owned(f'{where}/private', ALICE, 0o700)
    os.mkdir(f'{where}/home')
    owned(f'{where}/home', ALICE, 0o700)
    c = w.client.connect(src_port=0)
    eq(c.port() > 1023, True)
    for path in ('project-x', 'none', 'a-file'):
        for uid in (ALICE, BOB):
            eq(ask(c, f'{where}/private/{path}', uid).status, NO_QUOTA, f'{path} as {uid}')
    # quota(1) of a user: the share, and what everybody may look up, as its own directory
    for path in ('', '/', '/home', '/private'):
        eq(ask(c, where + path, ALICE).hard, 4096, path)
    eq(ask(c, where, ALICE, cred=AS_BOB).status, EPERM, 'the usage of another user')
    # the machine itself may ask for its users wherever they may go
    machine = w.client.connect()
    eq(ask(machine, f'{where}/private/project-x', ALICE).status, OK)
    for path in ('project-x', 'none', 'a-file'):
        eq(ask(machine, f'{where}/private/{path}', BOB).status, NO_QUOTA, path)
    # a share that trusts every port believes every user
    w.server.set('limited', secure_ports=False)
    eq(ask(c, f'{where}/private/project-x', ALICE).status, OK)


@test(server='ditto', clients=2)
def mounts_of_others(w):
    """DUMP lists the mounts of the machine that asks, and EXPORT what admits it."""
    def dump(client):
        return client.connect().call(nfs3.MOUNT, 3, 2).body

    a, b = w.clients
    for client in (a, b):
        eq(client.nfs().mnt(w.export).status, nfs3.OK)
    for client, other in ((a, b), (b, a)):
        body = dump(client)
        assert client.addr.encode() in body, 'its own mount'
        assert other.addr.encode() not in body, 'the mount of another machine'
    # while it is not known whether a share admits the machine, it sees nothing
    w.server.set('data', allow=['@nobody-knows=rw'])
    eq(dump(a), bytes(4))
    w.server.set('data', allow=['*=rw'])
    assert a.addr.encode() in dump(a)
