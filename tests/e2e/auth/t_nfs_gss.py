# SPDX-License-Identifier: GPL-2.0-only
"""Contexts of RPCSEC_GSS: who a principal of NFS is, and what the log says about refused ones."""
import os
import threading
import time

import gss
import kdc
import nfs4
import nlm
import nsm
import rpc
from auth_stat import TOOWEAK, denied
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import test
from kdc import REALM
from krb_mounts import mount, write
from nlm import Nlm
from nlm_lockers import connect, file, nlm_port, status
from nsm import Nsm
from processes import as_user
from realm import add_shadow
from smb import UIDS, USERS

SECRET = 'Nobody at a11'
NOBODY = 65534


def realm_of(w, users=(), **kw):
    os.chmod(w.export, 0o777)
    w.server.set('data', sec=['krb5', 'sys'])
    return gss.Realm(w, dict(USERS, **{user: SECRET for user in users}), **kw)


def said(w, at, what):
    """The line in the log, from an offset on, that has some words."""
    wait_for(f'the log has "{what}"', lambda: what in w.server.helper_log()[at:])
    return next(line for line in w.server.helper_log()[at:].splitlines() if what in line)


def owner(w, realm, user, password=SECRET):
    """The owner of a file that a principal makes."""
    realm.ticket(w.client, user, password, UIDS['alice'])
    m = mount(w, w.client, 'krb5')
    as_user(UIDS['alice'], lambda: write(f'{m}/{user}', b'x'))
    w.client.umount(m)
    return os.stat(w.path(user)).st_uid


@test(smb=True, squash='root-to-admin', timeout=60)
def accounts_by_rule(w):
    """The rules for names of a realm are those of SMB; without an account a user is anonymous."""
    realm = realm_of(w, ('stranger',), rules=())
    at = len(w.server.helper_log())
    eq(owner(w, realm, 'alice', USERS['alice']), NOBODY, 'no rule')
    line = said(w, at, 'login over NFS is anonymous')
    eq(f"add 'user-map = {kdc.ALL_USERS}' to [server]" in line, True, line)
    realm.change([f'b*@{REALM} = carol', kdc.ALL_USERS])
    os.unlink(w.path('alice'))
    eq([owner(w, realm, user, USERS[user]) for user in USERS],
       [UIDS['alice'], UIDS['carol'], UIDS['carol']])
    eq(owner(w, realm, 'stranger'), NOBODY, 'no account')
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def accounts_not_given(w):
    """Root, accounts of the system, locked and denied ones get no context at all."""
    shadow = get('/etc/shadow')
    realm = realm_of(w, ('root', 'backup'), rules=(f'bob@{REALM} = none', kdc.ALL_USERS))
    add_shadow('carol', '!$y$j9T$salt$hash')
    try:
        for user, why in (('root', 'only a local user can be'), ('backup', 'below min-uid (1000)'),
                          ('bob', "denied by 'user-map"), ('carol', "'usermod -U carol'")):
            at = len(w.server.helper_log())
            cache = realm.tickets(w.client, user, USERS.get(user, SECRET))
            eq(gss.establish(w.client, kdc.gss_token(cache, gss.SERVICE)[0]), None, user)
            line = said(w, at, f'login over NFS refused: {user}@{REALM} ')
            eq(why in line, True, line)
        cache = realm.tickets(w.client, 'alice', USERS['alice'])
        token = kdc.gss_token(cache, gss.SERVICE)[0]
        eq(len(gss.establish(w.client, token)), 8)
        eq(gss.establish(w.client, token), None, 'the same again')
        # the kernel's client fails, too, and does not become somebody else
        realm.ticket(w.client, 'backup', SECRET, UIDS['alice'])
        m = mount(w, w.client, 'krb5')

        def refused():
            with expect_errno(13):
                write(f'{m}/f', b'x')
        as_user(UIDS['alice'], refused)
        w.client.umount(m)
        eq(os.listdir(w.export), [])
    finally:
        put('/etc/shadow', shadow)
        realm.stop()


@test(smb=True, timeout=90)
def refusals_are_explained(w):
    """The log says what to do about a ticket that is refused."""
    realm = realm_of(w)
    short = realm.tickets(w.client, 'bob', USERS['bob'], life='8s')
    until = time.monotonic() + 8 + kdc.SKEW + 1
    cache = realm.tickets(w.client, 'alice', USERS['alice'])

    def refused(cache, what, service=gss.SERVICE, skew=0):
        at = len(w.server.helper_log())
        eq(gss.establish(w.client, kdc.gss_token(cache, service, skew)[0]), None, what)
        line = said(w, at, 'login over NFS refused: ')
        eq(what in line, True, line)

    refused(cache, 'follow the same NTP server', skew=3600)
    refused(cache, 'follow the same NTP server', skew=-3600)
    other = 'nfs/other.e2e.test'
    realm.admin(f'addprinc -randkey {other}')
    refused(realm.tickets(w.client, 'alice', USERS['alice'], service=other),
            'the keytab has no key for the name', other)
    realm.admin(f'setstr {gss.SERVICE} session_enctypes arcfour-hmac')
    refused(realm.tickets(w.client, 'alice', USERS['alice'], '-e', 'arcfour-hmac'),
            'give the server keys of aes256')
    realm.admin(f'delstr {gss.SERVICE} session_enctypes')
    at = len(w.server.helper_log())
    for bad in b'', b'x', bytes(70000), kdc.gss_token(cache, gss.SERVICE)[0][:-1]:
        eq(gss.establish(w.client, bad), None)
    said(w, at, 'login over NFS refused: ')
    realm.admin(f'cpw -randkey {gss.SERVICE}')
    refused(realm.tickets(w.client, 'alice', USERS['alice']), 'write the keytab again')
    time.sleep(max(0, until - time.monotonic()))
    refused(short, 'needs a new ticket (kinit)')
    eq(len(gss.establish(w.client, kdc.gss_token(cache, gss.SERVICE)[0])), 8, 'it still works')
    realm.stop()


class Writer(threading.Thread):
    """Writes as a user until it is stopped."""

    def __init__(self, where, user):
        super().__init__()
        self.path, self.uid, self.count, self.error = f'{where}/{user}', UIDS[user], 0, None
        self.stopped = False

    def run(self):
        try:
            while not self.stopped:
                as_user(self.uid, lambda: write(f'{self.path}{self.count % 8}', b'x'))
                self.count += 1
        except BaseException as e:    # what the caller shows
            self.error = e


@test(smb=True, squash='root-to-admin', timeout=120)
def keytab_under_load(w):
    """No request fails while keys of the server are replaced and contexts are made anew."""
    realm = realm_of(w)
    for user in 'alice', 'bob':
        realm.ticket(w.client, user, USERS[user], UIDS[user])
    m = mount(w, w.client, 'krb5')
    writers = [Writer(m, user) for user in ('alice', 'bob')]

    def go_on(since=(0, 0)):
        return any(writer.error for writer in writers) or all(
            writer.count > count + 2 for writer, count in zip(writers, since))
    for writer in writers:
        writer.start()
    # a ticket for keys that the KDC has and the keytab not yet is refused, and nobody can help
    wait_for('both have tickets', go_on, 30)
    for _ in range(2):
        realm.admin(f'ktadd -k {realm.keytab} {gss.SERVICE}')
        realm.ticket(w.client, 'alice', USERS['alice'], UIDS['alice'])
        before = [writer.count for writer in writers]
        w.server_ns.run('sh', '-c', 'echo 1 >/proc/net/rpc/auth.rpcsec.context/flush')
        wait_for('both go on', lambda old=before: go_on(old), 30)
    for writer in writers:
        writer.stopped = True
        writer.join()
    eq([writer.error for writer in writers], [None, None])
    w.client.umount(m)
    realm.stop()


@test(smb=True, squash='root-to-admin', timeout=60)
def gssproxy_serves(w):
    """Where gssproxy serves, its mapping applies, and the log says so; dittod follows it."""
    realm = realm_of(w, proxy=True, rules=())
    eq(owner(w, realm, 'alice', USERS['alice']), UIDS['alice'], 'by auth_to_local')
    realm.proxy = False
    at = len(w.server.helper_log())
    realm.change(())
    said(w, at, 'another program, such as gssproxy, serves')
    os.unlink(w.path('alice'))
    eq(owner(w, realm, 'alice', USERS['alice']), UIDS['alice'], 'gssproxy was there first')
    realm.daemons[0].terminate()
    realm.daemons[0].wait()
    at = len(w.server.helper_log())
    realm.change(())
    said(w, at, 'principals of NFS get accounts by the same rules')
    os.unlink(w.path('alice'))
    eq(owner(w, realm, 'alice', USERS['alice']), NOBODY, 'by user-map')
    realm.stop()


@test(server='ditto')
def flavours_in_order(w):
    """MOUNT and SECINFO name the strongest flavour first, or the one that the share prefers."""
    krb5, krb5i, krb5p = 390003, 390004, 390005    # RFC 2623 section 2.2.1

    def named():
        n = w.client.nfs()
        by_mount = n.mnt(w.export).flavors
        n.rpc.close()
        r = nfs4.Nfs4(nfs4.connect(w.client), 0).compound(
            nfs4.putrootfh(), nfs4.secinfo('data'))
        # RPCSEC_GSS comes with its service: none, integrity or privacy
        by_secinfo = [krb5 - 1 + flavor[3] if isinstance(flavor, tuple) else flavor
                      for flavor in r.of('secinfo').flavors]
        eq(by_mount, by_secinfo)
        return by_mount

    w.server.set('data', sec=['sys', 'krb5', 'krb5i', 'krb5p'])
    eq(named(), [krb5p, krb5i, krb5, rpc.AUTH_SYS])
    w.server.set('data', sec_first='krb5')
    eq(named(), [krb5, krb5p, krb5i, rpc.AUTH_SYS])
    w.server.set('data', sec_first='sys')
    eq(named(), [rpc.AUTH_SYS, krb5p, krb5i, krb5])
    w.server.set('data', sec_first='none')
    eq(named(), [krb5p, krb5i, krb5, rpc.AUTH_SYS], 'it is not accepted')
    w.server.set('data', sec_first='strongest')
    eq(named(), [krb5p, krb5i, krb5, rpc.AUTH_SYS])


@test(smb=True, locks='raw', squash='root-to-admin', clients=2, timeout=90)
def machines_that_lock(w):
    """NLM has AUTH_SYS alone: on a share for Kerberos a machine locks that had a user with it."""
    fh = file(w)
    realm = realm_of(w)
    first, second = (connect(client, fh) for client in w.clients[:2])

    def refused(n, where):
        eq(n.lock(where).status in (nlm.OK, nlm.DENIED, nlm.GRACE), False)

    status(second.lock((8, 1)), nlm.OK, 'the share accepts AUTH_SYS')
    w.server.set('data', sec=['krb5'])
    refused(first, (0, 1))
    refused(second, (1, 1))
    status(second.unlock((8, 1)), nlm.OK, 'what it has it may release')
    realm.ticket(w.client, 'alice', USERS['alice'], UIDS['alice'])
    m = mount(w, w.client, 'krb5')
    eq(as_user(UIDS['alice'], lambda: len(get(f'{m}/f'))), 10)
    status(first.lock((0, 1)), nlm.OK, 'alice came from there')
    refused(second, (1, 1))
    w.server.set('data', nlm_callers='machine')
    status(second.lock((1, 1)), nlm.OK)
    w.server.set('data', nlm_callers='sec')
    refused(first, (2, 1))
    for n, where in (first, (0, 1)), (second, (1, 1)):
        status(n.unlock(where), nlm.OK)
    w.client.umount(m)
    realm.stop()


@test(smb=True, locks='raw', squash='root-to-admin', timeout=90)
def locks_released_with_a_ticket(w):
    """A user with Kerberos releases what he locked, and nothing of his machine or another user."""
    fh = file(w)
    os.chmod(w.path('f'), 0o666)
    realm = realm_of(w)

    def user(name):
        context = gss.Context(w.client, realm.tickets(w.client, name, USERS[name]))
        conn = rpc.Rpc(w.client, w.client.server_addr, nlm_port(w.client), src_port=0)
        return Nlm(context.on(conn), fh, caller=machine.caller)

    machine = connect(w.client, fh)
    other = connect(w.client, fh, caller='other')
    alice, bob = user('alice'), user('bob')
    status(machine.lock((0, 5)), nlm.OK)
    status(alice.lock((5, 5)), nlm.OK)
    status(other.lock((0, 5), block=True), nlm.BLOCKED)
    status(machine.lock((5, 1), svid=3, block=True), nlm.BLOCKED)
    status(machine.share(4, nlm.WRITE, nlm.READ), nlm.OK)
    status(alice.share(5, nlm.NONE, nlm.READ), nlm.OK)
    for thief in (alice, bob):
        # it names the process and the handle of the victim
        for svid in (1, 3):
            status(thief.unlock((0, 5), svid=svid), nlm.OK, 'there is none of his')
            status(thief.cancel((5, 1), svid=svid), nlm.DENIED, 'there is none of his')
        status(thief.unshare(4), nlm.OK, 'there is none of his')
    status(bob.unshare(5), nlm.OK, 'there is none of his')
    status(other.lock((0, 5), svid=9), nlm.DENIED, 'the lock of the machine')
    status(other.lock((5, 5), svid=9), nlm.DENIED, 'the lock of alice')
    status(other.share(9, nlm.NONE, nlm.WRITE), nlm.DENIED, 'the reservation of the machine')
    status(other.share(9, nlm.READ, nlm.NONE), nlm.DENIED, 'the reservations of both')
    status(machine.unshare(4), nlm.OK)
    status(other.share(9, nlm.READ, nlm.NONE), nlm.DENIED, 'the reservation of alice')
    status(alice.unshare(5), nlm.OK)
    status(other.share(9, nlm.READ, nlm.NONE), nlm.OK)
    status(other.unshare(9), nlm.OK)
    status(other.cancel((0, 5)), nlm.OK, 'it still waits')
    status(machine.cancel((5, 1), svid=3), nlm.OK, 'it still waits')
    status(alice.unlock((5, 5)), nlm.OK)
    status(machine.unlock((0, 0)), nlm.OK)
    status(other.lock((0, 0)), nlm.OK)
    status(other.unlock((0, 0)), nlm.OK)
    realm.stop()


@test(smb=True, locks='raw', squash='root-to-admin', timeout=90)
def locks_dropped_with_a_ticket(w):
    """A user with Kerberos is not root of his machine: its locks stay without a reserved port."""
    fh = file(w)
    realm = realm_of(w)
    user = gss.Context(w.client, realm.tickets(w.client, 'alice', USERS['alice']))

    def asking(ns=w.client, addr=w.client.server_addr, src_port=0):
        return user.on(rpc.Rpc(ns, addr, nlm_port(w.client), src_port=src_port))

    holder = connect(w.client, fh)
    status(holder.lock((0, 0)), nlm.OK)
    thief = Nlm(asking(), fh, caller=holder.caller)
    status(thief.lock((0, 0), svid=2), nlm.DENIED, 'the user is known')
    denied(thief.free_all, TOOWEAK, 'FREE_ALL')
    news = rpc.Enc().opaque(holder.caller).u32(99).bytes()
    denied(lambda: Nsm(asking()).raw(nsm.NOTIFY, news), TOOWEAK, 'NOTIFY')
    denied(lambda: Nsm(asking(w.server_ns, '127.0.0.1')).simu_crash(), TOOWEAK, 'SIMU_CRASH')
    status(holder.lock((0, 0), svid=2), nlm.DENIED, 'it holds the lock')
    # root may be anybody
    eq(Nlm(asking(src_port=None), fh, caller=holder.caller).free_all().stat, rpc.SUCCESS)
    status(holder.lock((0, 0), svid=2), nlm.OK)
    status(holder.unlock((0, 0), svid=2), nlm.OK)
    realm.stop()
