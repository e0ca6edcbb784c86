# SPDX-License-Identifier: GPL-2.0-only
"""Logins by Kerberos, with a KDC of the tests' own."""
import contextlib
import errno
import os
import time

import kdc
import smb2
from harness import Skip, eq, expect_errno, get, put, run, test, wait_for
from kdc import HOST
from smb import USERS
from smbraw import Link


class Realm(kdc.Realm):
    """A realm with one more user, and logins by it."""

    def __init__(self, w, keytab=True):
        super().__init__(w, dict(USERS, stranger='Nobody at a11'), keytab)

    def smbclient(self, client, cache, command, *args, share='data'):
        """Output of smbclient, which must use Kerberos."""
        p = self.run('smbclient', '-s', '/dev/null', f'//{HOST}/{share}',
                     '--use-kerberos=required', f'--use-krb5-ccache={cache}', *args, '-c',
                     command, ns=client, check=False, env={'KRB5CCNAME': cache})
        return p.stdout

    def link(self, client, cache, dialect=0x311):
        """A raw connection that is logged in by Kerberos."""
        self.service_ticket(client, cache)
        s = Link(client).negotiate(dialect)
        eq(s.kerberos(cache), 'SUCCESS')
        s.sign = True
        eq(s.connect_tree(), 'SUCCESS')
        return s


@test(smb=True, squash='none', timeout=60)
def login(w):
    """Logins are signed and encrypted, and act as the account of the principal."""
    os.chmod(w.export, 0o777)
    realm = Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'])
    put(f'{w.base}/in', b'by Kerberos')
    realm.smbclient(w.client, cache, f'put {w.base}/in f')
    st = os.stat(w.path('f'))
    eq((get(w.path('f')), st.st_uid), (b'by Kerberos', 3000))
    realm.smbclient(w.client, cache, f'get f {w.base}/out', '--client-protection=encrypt')
    eq(get(f'{w.base}/out'), b'by Kerberos')
    for dialect in (0x210, 0x302, 0x311):
        with realm.link(w.client, cache, dialect) as s:
            session, = w.server.json('session', 'list')
            eq((session['user'].split('@')[0], session['guest']), ('alice', False))
            fid = s.create('f')
            s.write(fid, b'signed')
            eq(s.is_signed_right(), True)
            if dialect >= 0x300:
                s.sign, s.seal = False, True
                eq((s.read(fid, 6), s.was_sealed), (b'signed', True))
        wait_for('the session is gone', lambda: not w.server.json('session', 'list'))
    w.server.ctl('server', 'set', 'encryption', 'required')
    realm.smbclient(w.client, cache, f'get f {w.base}/out2')
    eq(get(f'{w.base}/out2'), b'signedberos')
    w.server.ctl('server', 'set', 'encryption', 'offered')
    realm.stop()


UPCALL_CONF = '/etc/request-key.d/cifs.spnego.conf'


@contextlib.contextmanager
def upcall(realm, cache):
    """The kernel client's upcall finds the realm, and the tickets of a cache."""
    conf, old = f'{realm.dir}/upcall.conf', get(UPCALL_CONF)
    text = get(realm.env['KRB5_CONFIG']).decode()
    put(conf, text.replace('[libdefaults]\n', f'[libdefaults]\ndefault_ccache_name = {cache}\n'))
    put(UPCALL_CONF, f'create cifs.spnego * * /usr/sbin/cifs.upcall -k {conf} %k\n')
    try:
        yield
    finally:
        put(UPCALL_CONF, old)


@test(smb=True, squash='none', timeout=90)
def kernel_client(w):
    """The kernel's client with a ticket: plain, signed and encrypted; refused without one."""
    run('modprobe', 'cifs', check=False)
    if b'UPCALL(SPNEGO)' not in get('/proc/fs/cifs/DebugData'):
        raise Skip('the client of a kernel without CONFIG_CIFS_UPCALL has no Kerberos')
    os.chmod(w.export, 0o777)
    realm = Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'])
    realm.service_ticket(w.client, cache)
    with upcall(realm, cache):
        for vers in ('2.1', '3.0', '3.1.1'):
            for opts in ('sec=krb5', 'sec=krb5i', 'sec=krb5,seal'):
                if vers == '2.1' and 'seal' in opts:
                    continue
                where = w.client.mount_smb(vers=vers, opts=opts, host=HOST)
                session, = w.server.json('session', 'list')
                eq((session['user'].split('@')[0], session['guest']), ('alice', False))
                put(f'{where}/f', f'{vers} {opts}')
                st = os.stat(w.path('f'))
                eq((get(w.path('f')).decode(), st.st_uid), (f'{vers} {opts}', 3000))
                eq(get(f'{where}/f').decode(), f'{vers} {opts}')
                w.client.umount(where)
                wait_for('the session is gone', lambda: not w.server.json('session', 'list'))
    with upcall(realm, f'{realm.dir}/none'), expect_errno(errno.ENOKEY, errno.EACCES):
        w.client.mount_smb(opts='sec=krb5', host=HOST)
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def no_account(w):
    """A principal without an account is refused, which is logged."""
    realm = Realm(w)
    cache = realm.login(w.client, 'stranger', 'Nobody at a11')
    out = realm.smbclient(w.client, cache, 'ls')
    eq('NT_STATUS_LOGON_FAILURE' in out or 'NT_STATUS_ACCESS_DENIED' in out, True, out)
    eq('stranger' in w.server.helper_log(), True, w.server.helper_log())
    eq(w.server.json('session', 'list'), [])
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def root_is_no_principal(w):
    """A ticket for "root" does not make its user root of the server."""
    realm = Realm(w)
    realm.admin('addprinc -pw "Root at a11" root')
    cache = realm.login(w.client, 'root', 'Root at a11')
    out = realm.smbclient(w.client, cache, 'ls')
    eq('NT_STATUS_LOGON_FAILURE' in out or 'NT_STATUS_ACCESS_DENIED' in out, True, out)
    eq('only a local user' in w.server.helper_log(), True, w.server.helper_log())
    eq(w.server.json('session', 'list'), [])
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def keytab_comes(w):
    """Without a keytab only NTLM is offered; Kerberos is added with the keytab."""
    realm = Realm(w, keytab=False)
    cache = realm.login(w.client, 'alice', USERS['alice'])
    realm.service_ticket(w.client, cache)
    out = realm.smbclient(w.client, cache, 'ls')
    eq('NT_STATUS' in out, True, out)
    realm.make_keytab()

    def works():
        return 'blocks of size' in realm.smbclient(w.client, realm.login(
            w.client, 'alice', USERS['alice']), 'ls')
    wait_for('Kerberos', works, 20)
    with Link(w.client).negotiate() as s:
        eq(s.login(), 'SUCCESS', 'by NTLM')
    realm.stop()


@test(smb=True, squash='none', timeout=90)
def ticket_ends(w):
    """A session expires with its ticket until it is renewed (sections 3.3.5.2.9, 3.3.5.5)."""
    os.chmod(w.export, 0o777)
    realm = Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'], life='8s')
    s = realm.link(w.client, cache)
    fid = s.create('f')
    s.write(fid, b'before')
    end = time.monotonic() + 8 + kdc.SKEW + 20
    while True:
        try:
            eq(s.read(fid, 6), b'before')
        except smb2.Status as e:
            eq(e.name, 'NETWORK_SESSION_EXPIRED')
            break
        if time.monotonic() > end:
            raise AssertionError('the session outlives its ticket')
        time.sleep(0.5)
    eq(s.is_signed_right(), True)
    eq(s.connect_tree(), 'NETWORK_SESSION_EXPIRED')
    with Link(w.client, s.guid).negotiate() as t:
        eq(t.bind(s), 'NETWORK_SESSION_EXPIRED')
    # the old ticket renews nothing; it would end the session, so another one tries
    with Link(w.client).negotiate() as t:
        one = t.kerberos(cache)
        eq(one in ('LOGON_FAILURE', 'NETWORK_SESSION_EXPIRED'), True, one)
    fresh = realm.login(w.client, 'alice', USERS['alice'])
    realm.service_ticket(w.client, fresh)
    eq(s.kerberos(fresh, sign=True), 'SUCCESS')
    eq(s.read(fid, 6), b'before', 'the open was kept')
    s.end()
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def expired_ticket_closes(w):
    """CLOSE, LOGOFF and acknowledgments work with an expired ticket."""
    os.chmod(w.export, 0o777)
    realm = Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'], life='6s')
    with realm.link(w.client, cache) as s:
        fid, tree = s.create('f', share=0), s.tree
        s.lock(fid, 0, 10)
        wait_for('the end of the ticket',
                 lambda: s.connect_tree() == 'NETWORK_SESSION_EXPIRED', 20)
        s.tree = tree
        s.unlock(fid, 0, 10)
        smb2.refused('NETWORK_SESSION_EXPIRED', s.lock, fid, 0, 10)
        s.close(fid)
        eq(s.logoff(), 'SUCCESS')
    eq(w.server.json('session', 'list'), [])
    realm.stop()
