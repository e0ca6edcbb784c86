# SPDX-License-Identifier: GPL-2.0-only
"""NFSv4 over Kerberos: RPCSEC_GSS with the kernel's client, and SP4_MACH_CRED."""
import errno
import fcntl
import os
import re
import socket
import struct
import threading

import nfs4
import pac
import volumes
from checks import eq, expect_errno, one_of, wait_for
from files import get, put
from gss import Realm
from harness import test
from kdc import HOST, REALM
from krb_mounts import mount, write
from nfs4_holders import counts
from nfs4_status import CLID_INUSE, CONN_NOT_BOUND_TO_SESSION, WRONG_CRED
from processes import Child, as_user, run
from smb import UIDS, USERS

# COMPOUND without a tag, of minor version 1, that begins with SEQUENCE: its session; and that
# begins with CREATE_SESSION: its client.
SEQUENCE = re.compile(rb'\x00{7}\x01\x00{3}.\x00{3}\x35(.{16})', re.S)
CREATE_SESSION = re.compile(rb'\x00{7}\x01\x00{3}.\x00{3}\x2b(.{8})', re.S)


def realm_of(w):
    os.chmod(w.export, 0o777)
    realm = Realm(w, USERS)
    for client in w.clients:
        for user in 'alice', 'bob':
            realm.ticket(client, user, USERS[user], UIDS[user])
    return realm


@test(smb=True, squash='root-to-admin', timeout=120)
def flavours(w):
    """Each flavour protects what it should, and the principal's account is used."""
    realm = realm_of(w)
    for vers in ('4.0', '4.1', '4.2'):
        for sec in ('krb5', 'krb5i', 'krb5p'):
            w.server.set('data', sec=[sec])
            m, name = mount(w, w.client, sec, vers), f'{vers}-{sec}'
            as_user(UIDS['alice'], lambda m=m, name=name: write(f'{m}/{name}', b'secret', 0o600))
            st = os.stat(w.path(name))
            eq((get(w.path(name)), st.st_uid, st.st_mode & 0o777),
               (b'secret', UIDS['alice'], 0o600), name)

            def refused(m=m, name=name):
                with expect_errno(errno.EACCES):
                    get(f'{m}/{name}')
            as_user(UIDS['bob'], refused)
            eq(as_user(UIDS['alice'], lambda m=m, name=name: get(f'{m}/{name}')), b'secret')
            w.client.umount(m)
    realm.stop()


@test(smb=True, squash='root-to-admin', timeout=120)
def version_3(w):
    """NFSv3 works with each flavour, which MOUNT lists although it is called by AUTH_SYS."""
    realm = realm_of(w)
    for sec in ('krb5', 'krb5i', 'krb5p'):
        w.server.set('data', sec=[sec])
        where = f'{w.base}/v3-{sec}'
        os.makedirs(where)
        with w.client:
            volumes.mount(f'{HOST}:{w.export}', where, 'nfs', 0,
                          f'vers=3,sec={sec},{w.client._options3("tcp")}')
        w.client.mounts.append(where)
        as_user(UIDS['alice'], lambda m=where, sec=sec: write(f'{m}/{sec}', b'secret', 0o600))
        st = os.stat(w.path(sec))
        eq((get(w.path(sec)), st.st_uid, st.st_mode & 0o777), (b'secret', UIDS['alice'], 0o600))

        def refused(m=where, sec=sec):
            with expect_errno(errno.EACCES):
                get(f'{m}/{sec}')
        as_user(UIDS['bob'], refused)
        w.client.umount(where)
    realm.stop()


@test(smb=True, squash='root-to-admin', timeout=120)
def keytab_is_replaced(w):
    """A new key of the server is used without a restart; old tickets remain valid."""
    realm = realm_of(w)
    w.server.set('data', sec=['krb5i'])
    before = mount(w, w.client, 'krb5i')
    as_user(UIDS['alice'], lambda: write(f'{before}/f', b'before'))
    realm.admin(f'ktadd -k {realm.keytab} nfs/{HOST}')
    as_user(UIDS['alice'], lambda: write(f'{before}/f', b'beside', 0o666))
    realm.ticket(w.client, 'bob', USERS['bob'], UIDS['bob'])
    eq(as_user(UIDS['bob'], lambda: get(f'{before}/f')), b'beside')
    w.client.umount(before)
    after = mount(w, w.client, 'krb5i')
    as_user(UIDS['alice'], lambda: write(f'{after}/g', b'after'))
    eq(get(w.path('g')), b'after')
    w.client.umount(after)
    realm.stop()


class Listener:
    """Records the server's traffic, with the ids of sessions and clients in it."""

    def __init__(self, ns):
        with ns:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        # SO_RCVBUFFORCE: no packet is lost while other processes have the CPU
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        self.sock.settimeout(0.2)
        self.found, self.clients, self.open = set(), set(), True
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self):
        while True:
            try:
                data = self.sock.recv(65536)
                self.found.update(SEQUENCE.findall(data))
                self.clients.update(CREATE_SESSION.findall(data))
            except TimeoutError:
                # packets from before the end are still read
                if not self.open:
                    return

    def ids(self):
        self.open = False
        self.thread.join()
        self.sock.close()
        return self.found


@test(smb=True, squash='root-to-admin', timeout=90)
def machine_credential(w):
    """Only the client's machine may change and end its state with SP4_MACH_CRED."""
    realm = realm_of(w)
    w.server.set('data', sec=['krb5', 'sys'])
    wire = Listener(w.server_ns)
    m = mount(w, w.client, 'krb5', opts=',nconnect=2')
    as_user(UIDS['alice'], lambda: [write(f'{m}/f{i}', b'data') for i in range(8)])
    sid, = wire.ids()
    clientid, = struct.unpack('>Q', next(iter(wire.clients)))
    row, = w.server.json('session', 'list')
    eq((row['user'], row['signing']), (f'{realm.machine}@{REALM}', 'krb5i'))
    # the second connection did not come to the session by being used
    eq(w.server.calls('nfs4')['bind_conn_to_session'] >= 1, True)
    c = nfs4.Nfs4(nfs4.connect(w.client), 1)
    for op, want in ((nfs4.sequence(sid, 1, 60, 60), (CONN_NOT_BOUND_TO_SESSION,)),
                     (nfs4.bind_conn_to_session(sid), (WRONG_CRED,)),
                     (nfs4.destroy_session(sid), (CONN_NOT_BOUND_TO_SESSION,)),
                     (nfs4.create_session(clientid, 2), (WRONG_CRED, CLID_INUSE)),
                     (nfs4.destroy_clientid(clientid), (WRONG_CRED,))):
        one_of(c.compound(op).status, want)
    eq(as_user(UIDS['alice'], lambda: [get(f'{m}/f{i}') for i in range(8)]), [b'data'] * 8)
    w.client.umount(m)
    wait_for('the session is gone', lambda: not w.server.json('session', 'list'))
    realm.stop()


@test(smb=True, squash='root-to-admin', timeout=60)
def principals(w):
    """A principal acts as its account; a machine has none and acts as the anonymous user."""
    realm = realm_of(w)
    w.server.set('data', sec=['krb5i'])
    for user in 'alice', 'bob':
        m = mount(w, w.client, 'krb5i', '4.1')
        as_user(UIDS[user], lambda m=m, user=user: write(f'{m}/{user}', b'x'))
        eq(os.stat(w.path(user)).st_uid, UIDS[user])
        w.client.umount(m)
    m = mount(w, w.client, 'krb5i', '4.1')
    write(f'{m}/machine', b'x')
    eq(os.stat(w.path('machine')).st_uid, 65534)
    w.client.umount(m)
    realm.stop()


@test(smb=True, squash='root-to-guest', timeout=60)
def administrators(w):
    """A share user with admin is an administrator by Kerberos, and not by AUTH_SYS."""
    realm = realm_of(w)
    put(w.path('secret'), b'of root', 0o600)
    w.server.set('data', sec=['krb5', 'sys'], users=['alice=admin'])
    for sec, admin in (('krb5', True), ('sys', False)):
        m = mount(w, w.client, sec)

        def read(m=m):
            return get(f'{m}/secret')

        def refused(m=m):
            with expect_errno(errno.EACCES):
                get(f'{m}/secret')
        if admin:
            eq(as_user(UIDS['alice'], read), b'of root')
        else:
            as_user(UIDS['alice'], refused)
        as_user(UIDS['bob'], refused)
        w.client.umount(m)
    realm.stop()


def forget(w, realm, user):
    """Take the ticket of a user away, as if it had expired, and end all contexts."""
    os.unlink(f'{realm.dir}/{w.client.hostname}/tickets/krb5cc_{UIDS[user]}')
    w.server_ns.run('sh', '-c', 'echo 1 >/proc/net/rpc/auth.rpcsec.context/flush')


class Holder:
    """A process of alice that has a file open, and a byte of it locked."""

    def __init__(self, path):
        self.told, self.tell = os.pipe()
        self.ready, ready = os.pipe()

        def hold():
            os.setresgid(*[UIDS['alice']] * 3)
            os.setresuid(*[UIDS['alice']] * 3)
            fd = os.open(path, os.O_RDWR)
            fcntl.lockf(fd, fcntl.LOCK_EX, 1)
            os.write(ready, b'x')
            os.read(self.told, 1)
            # the kernel unlocks and closes by itself
        self.child = Child(hold)
        os.read(self.ready, 1)

    def end(self):
        os.write(self.tell, b'x')
        self.child.join()
        for fd in self.told, self.tell, self.ready:
            os.close(fd)


@test(smb=True, squash='root-to-admin', timeout=90)
def machine_frees(w):
    """The machine gives up what a user holds, also without a ticket or access to the share."""
    realm = realm_of(w)
    w.server.ctl('server', 'set', 'max-delegations', '0')
    # the second and third do not let the machine in, whose credential is one of krb5i
    for sec, opts in ('krb5', {}), ('krb5p', {}), ('krb5', dict(default_access='none',
                                                               users=['alice=write'])):
        realm.ticket(w.client, 'alice', USERS['alice'], UIDS['alice'])
        put(w.path('f'), b'data')
        os.chown(w.path('f'), UIDS['alice'], -1)
        w.server.set('data', sec=['krb5', 'krb5i'] if sec == 'krb5' else [sec])
        m = mount(w, w.client, sec)
        holder = Holder(f'{m}/f')
        if opts:
            w.server.set('data', **opts)
        claims = w.server.claims()
        eq((claims.get('opens'), claims.get('ranges')), (1, 1), sec)
        forget(w, realm, 'alice')
        holder.end()
        wait_for(f'all is given up with {sec} {opts}',
                 lambda: not any(w.server.claims().get(kind) for kind in ('opens', 'ranges')))
        w.client.umount(m)
    realm.stop()


@test(smb=True, squash='root-to-admin', clients=2, timeout=90)
def delegations(w):
    """Delegations are granted over Kerberos, and recalled over the session."""
    realm = realm_of(w)
    w.server.set('data', sec=['krb5i'])
    other = mount(w, w.clients[1], 'krb5i', '4.1')
    for vers in ('4.1', '4.2'):
        m = mount(w, w.client, 'krb5i', vers)
        put(w.path(vers), b'data', 0o666)

        # the first file that is opened may come before the way back to the client is proven
        def granted(path=f'{m}/{vers}'):
            as_user(UIDS['alice'], lambda: get(path))
            return w.server.claims().get('leases')
        wait_for(f'a delegation with {vers}', granted)
        before = counts(w)
        as_user(UIDS['bob'], lambda vers=vers: write(f'{other}/{vers}', b'more'))
        after = counts(w)
        eq((after['recalled'] - before['recalled'], after['revoked'] - before['revoked']), (1, 0))
        eq(as_user(UIDS['alice'], lambda: get(f'{m}/{vers}')), b'more', vers)
        w.client.umount(m)
    w.clients[1].umount(other)
    realm.stop()


@test(smb=True, squash='root-to-admin', clients=2, timeout=120)
def delegations_40(w):
    """A client of 4.0 is called back as the principal of its SETCLIENTID (RFC 7530, 3.3.3)."""
    realm = realm_of(w)
    w.server.set('data', sec=['krb5', 'krb5i', 'krb5p'])
    realm.acceptor(w.client)
    other = mount(w, w.clients[1], 'krb5i', '4.1')

    def granted(m, name='f'):
        as_user(UIDS['alice'], lambda: get(f'{m}/{name}'))
        return w.server.claims().get('leases')

    for name in 'f', 'krb5', 'krb5i', 'krb5p':
        put(w.path(name), b'data', 0o666)

    m = mount(w, w.client, 'krb5i', '4.0')
    eq(granted(m), None)
    wait_for('the reason', lambda: 'rpc.gssd does not run here' in run('dmesg'))
    eq(granted(m), None)
    eq('rpc.gssd does not run' in w.server.ctl('status'), True)
    realm.caller()
    eq('rpc.gssd does not run' in w.server.ctl('status'), False)
    w.client.umount(m)
    for sec in 'krb5', 'krb5i', 'krb5p':
        m = mount(w, w.client, sec, '4.0')
        wait_for(f'a delegation with {sec}', lambda m=m, sec=sec: granted(m, sec), 30)
        before = counts(w)
        as_user(UIDS['bob'], lambda sec=sec: write(f'{other}/{sec}', b'more'))
        after = counts(w)
        eq((after['recalled'] - before['recalled'], after['revoked'] - before['revoked']), (1, 0))
        eq(as_user(UIDS['alice'], lambda m=m, sec=sec: get(f'{m}/{sec}')), b'more', sec)
        w.client.umount(m)
    w.clients[1].umount(other)
    realm.stop()


TEAM, DOMAIN = 3105, 'S-1-5-21-1-2-3'
IDMAP = '/etc/ditto/idmap'


@test(smb=True, squash='root-to-admin', timeout=120)
def groups_of_a_ticket(w):
    """The groups that a domain controller wrote into the ticket count."""
    put(IDMAP, f'{DOMAIN}-1105 gid {TEAM} EXAMPLE\\team\n')
    realm = realm_of(w)
    os.mkdir(w.path('team'))
    os.chown(w.path('team'), 0, TEAM)
    os.chmod(w.path('team'), 0o770)
    w.server.set('data', sec=['krb5i'])
    for user, groups in ('alice', [f'{DOMAIN}-1105']), ('bob', [f'{DOMAIN}-1106']):
        cache = realm.tickets(w.client, user, USERS[user])
        pac.add(cache, realm.keytab, pac.logon_info(f'{DOMAIN}-{UIDS[user]}', groups),
                service='nfs')
        realm.use(w.client, cache, UIDS[user])
    m = mount(w, w.client, 'krb5i')
    as_user(UIDS['alice'], lambda: write(f'{m}/team/f', b'by the group'))
    st = os.stat(w.path('team/f'))
    eq((get(w.path('team/f')), st.st_uid), (b'by the group', UIDS['alice']))

    def refused():
        with expect_errno(errno.EACCES):
            os.listdir(f'{m}/team')
    as_user(UIDS['bob'], refused)
    w.client.umount(m)
    os.unlink(IDMAP)
    realm.stop()
