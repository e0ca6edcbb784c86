# SPDX-License-Identifier: GPL-2.0-only
"""Logins by Kerberos, with a KDC of the tests' own."""
import contextlib
import errno
import os
import time

from impacket import ntlm
from impacket.krb5 import asn1, crypto
from pyasn1.codec.der import decoder

import kdc
import negotiation
import servers
import smb2
from checks import eq, expect_errno, wait_for
from files import get, put
from harness import Skip, test
from kdc import HOST
from processes import process_stopped, run
from realm import Realm, add_shadow
from smb import UIDS, USERS
from smbraw import Link, ntlm_of


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


@test(smb=True, squash='none', timeout=60)
def kinds_of_logins(w):
    """A share takes only logins of the kinds of its option auth."""
    os.chmod(w.export, 0o777)
    put(w.path('f'), b'data', 0o666)
    ctl, realm = w.server.ctl, Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'])

    def check(*words):
        return w.server.json('access', 'check', *words, w.path('f'))

    def refused(auth, *words):
        ctl('share', 'set', 'data', 'auth', auth)
        return check(*words).get('refused')

    with realm.link(w.client, cache) as k, Link(w.client).negotiate() as n:
        eq(n.login(), 'SUCCESS')
        n.sign = True
        eq(n.connect_tree(), 'SUCCESS')
        eq(sorted(s['login'][0] for s in w.server.json('session', 'list')), ['kerberos', 'ntlm'])
        kf, nf = k.create('f'), n.create('f')
        ctl('share', 'set', 'data', 'auth', 'kerberos')
        eq((k.read(kf, 4), k.connect_tree()), (b'data', 'SUCCESS'))
        smb2.refused('NETWORK_NAME_DELETED', n.read, nf, 4)
        eq(n.connect_tree(), 'ACCESS_DENIED')
        wait_for('the line that says why', lambda: 'takes no logins by NTLM' in run('dmesg'))
        # a session that comes back by the other kind of login is of that kind from then on
        realm.service_ticket(w.client, cache)
        eq(k.login(), 'SUCCESS')
        smb2.refused('NETWORK_NAME_DELETED', k.read, kf, 4)
        eq([s['login'] for s in w.server.json('session', 'list')], [['ntlm']] * 2)
        ctl('share', 'set', 'data', 'auth', 'ntlm')
        eq((n.connect_tree(), k.connect_tree()), ('SUCCESS', 'SUCCESS'))
    ctl('share', 'set', 'data', 'guest', 'on')
    with Link(w.client).negotiate() as s:
        eq((s.anonymous(), s.connect_tree()), ('SUCCESS', 'ACCESS_DENIED'))
        ctl('share', 'set', 'data', 'auth', 'guest')
        eq(s.connect_tree(), 'SUCCESS')
        session, = (s for s in w.server.json('session', 'list') if s['guest'])
        eq(session['login'], ['guest'])
    smb, user = ('--protocol', 'smb'), ('--user', 'alice')
    eq(refused('ntlm,guest', '--protocol', 'smb-kerberos', *user), 'login')
    eq(refused('kerberos', '--protocol', 'smb-kerberos', *user), None)
    eq(refused('kerberos', '--protocol', 'smb-ntlm', *user), 'login')
    eq(refused('kerberos', '--guest', *smb), 'login')
    eq((refused('kerberos', *smb, *user), check(*smb, *user)['login']), (None, ['kerberos']))
    eq('takes logins by kerberos, not by ntlm' in ctl(
        'access', 'check', '--protocol', 'smb-ntlm', *user, w.path('f')), True)
    eq(refused('kerberos', *user), None, 'NFS has none')
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def services(w):
    """Logins that were meant for another service or channel are refused, which is logged."""
    realm = Realm(w)
    realm.admin(f'addprinc -randkey ldap/{HOST}')
    realm.admin(f'ktadd -k {realm.keytab} ldap/{HOST}')
    cache = realm.login(w.client, 'alice', USERS['alice'])
    for service in 'cifs', 'ldap':
        realm.service_ticket(w.client, cache, f'{service}/{HOST}')

    def by_ticket(service):
        with Link(w.client).negotiate() as s:
            return s.kerberos(cache, f'{service}/{HOST}')

    def by_ntlm(target, bindings=bytes(16)):
        return ntlm_of(w.client, {ntlm.NTLMSSP_AV_TARGET_NAME: target.encode('utf-16le'),
                                  ntlm.NTLMSSP_AV_CHANNEL_BINDINGS: bindings})

    eq((by_ticket('cifs'), by_ticket('ldap')), ('SUCCESS', 'LOGON_FAILURE'))
    eq(f"the service ldap/{HOST}, which is none of SMB" in w.server.helper_log(), True)
    eq([by_ntlm(target) for target in ('', 'cifs/192.168.1.1', 'HTTP/proxy')],
       ['SUCCESS', 'SUCCESS', 'LOGON_FAILURE'])
    eq(by_ntlm('cifs/a', bytes(15) + b'x'), 'LOGON_FAILURE')
    eq('is for a connection over TLS' in w.server.helper_log(), True)
    realm.change([kdc.ALL_USERS], f'service-names = ldap/* cifs/{HOST[:8].upper()}*')
    eq((by_ticket('cifs'), by_ticket('ldap')), ('SUCCESS', 'SUCCESS'))
    eq([by_ntlm(target) for target in ('', 'cifs/192.168.1.1', f'cifs/{HOST}')],
       ['SUCCESS', 'LOGON_FAILURE', 'SUCCESS'])
    realm.stop()


def mic(key, usage, flags, data):
    """The MIC of a first message (RFC 4121 section 4.2.6.1)."""
    head = bytes([4, 4, flags]) + b'\xff' * 5 + bytes(8)
    return head + crypto.make_checksum(crypto.Cksumtype.SHA1_AES256, key, usage, data + head)


def subkey_of(token, key):
    """The key in the AP-REP of a server, which knows the session key."""
    (_, body), = negotiation.values(token)
    rep = decoder.decode(body[11 + 2:], asn1Spec=asn1.AP_REP())[0]    # behind OID and TOK_ID
    part = crypto.decrypt(key, 12, bytes(rep['enc-part']['cipher']))  # RFC 4120 section 7.5.1
    part = decoder.decode(part, asn1Spec=asn1.EncAPRepPart())[0]
    return crypto.Key(int(part['subkey']['keytype']), bytes(part['subkey']['keyvalue']))


@test(smb=True, squash='none', timeout=60)
def signed_lists(w):
    """The list of mechanisms is signed if its first one is not used (RFC 4178 section 5)."""
    realm = Realm(w)
    cache = realm.login(w.client, 'alice', USERS['alice'])
    mechs = negotiation.NEGOEX, negotiation.MS_KERBEROS, negotiation.KERBEROS, negotiation.NTLM
    right = negotiation.mech_list(*mechs)
    completed = {negotiation.STATE: negotiation.COMPLETED}

    def begin(flags):
        realm.service_ticket(w.client, cache)
        s = Link(w.client).negotiate()
        s.setup_hash = s.hash
        eq(s.step(negotiation.init(mechs, b'NEGOEXTS'), {}), 'MORE_PROCESSING_REQUIRED')
        eq(negotiation.reply(s.token()), {negotiation.STATE: negotiation.REQUEST_MIC,
                                          negotiation.MECH: negotiation.MS_KERBEROS})
        token, key = kdc.gss_token(cache, f'cifs/{HOST}', flags=flags)
        return s, token, crypto.Key(crypto.Enctype.AES256, key)

    def usable(s, key):
        s.make_keys(key.contents)
        eq(s.connect_tree(sign=True), 'SUCCESS')

    # the last token is the client's, and has its signature
    for data, status in ((right, 'SUCCESS'), (right[:-1] + b'x', 'LOGON_FAILURE'),
                         (None, 'LOGON_FAILURE')):
        s, token, key = begin(kdc.INTEGRITY)
        with s:
            signature = mic(key, 25, 0, data) if data else b''
            eq(s.step(negotiation.resp(token, signature), {}), status)
            if status == 'SUCCESS':
                eq(negotiation.reply(s.token()).keys(), {negotiation.STATE, negotiation.MIC})
                usable(s, key)
    # the last one is the server's: the client signs in one more
    for data, status in ((right, 'SUCCESS'), (right[:-1] + b'x', 'LOGON_FAILURE')):
        s, token, key = begin(kdc.INTEGRITY | kdc.MUTUAL)
        with s:
            eq(s.step(negotiation.resp(token), {}), 'MORE_PROCESSING_REQUIRED')
            fields = negotiation.reply(s.token())
            eq(fields[negotiation.STATE], negotiation.INCOMPLETE)
            key = subkey_of(fields[negotiation.TOKEN], key)
            head = fields[negotiation.MIC][:16]
            eq(fields[negotiation.MIC][16:],
               crypto.make_checksum(crypto.Cksumtype.SHA1_AES256, key, 23, right + head))
            eq(s.connect_tree(), 'USER_SESSION_DELETED', 'not before the signature')
            eq(s.step(negotiation.resp(mic=mic(key, 25, 4, data)), {}), status)
            if status == 'SUCCESS':
                eq(negotiation.reply(s.token()), completed)
                usable(s, key)
    # without a wrapper, and with the truncated OID inside and outside
    realm.service_ticket(w.client, cache)
    for wrap in (bytes, lambda t: negotiation.init([negotiation.MS_KERBEROS], t),
                 lambda t: negotiation.init([negotiation.KERBEROS], t, b'\0\0\0\x3e')):
        for oid in negotiation.KERBEROS, negotiation.MS_KERBEROS:
            token, key = kdc.gss_token(cache, f'cifs/{HOST}')
            token = token.replace(negotiation.KERBEROS, oid)
            with Link(w.client).negotiate() as s:
                s.setup_hash = s.hash
                eq(s.step(wrap(token), {}), 'SUCCESS')
                usable(s, crypto.Key(crypto.Enctype.AES256, key))
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
def only_by_rule(w):
    """A principal is no account of the same name, unless a rule says so; the rules may change."""
    os.chmod(w.export, 0o777)
    realm = Realm(w, rules=())
    said = realm.account(w.client, 'alice', USERS['alice'])
    eq(f"'user-map = {kdc.ALL_USERS}' to [server] in ditto.conf" in said, True, said)
    eq(w.server.json('session', 'list'), [])
    with Link(w.client).negotiate() as s:
        eq(s.login(), 'SUCCESS', 'a local user needs no rule')
    realm.change([kdc.ALL_USERS])
    eq(realm.account(w.client, 'alice', USERS['alice']), UIDS['alice'])
    realm.change([f'alice@{kdc.REALM} = none', f'b*@{kdc.REALM} = carol', kdc.ALL_USERS])
    said = realm.account(w.client, 'alice', USERS['alice'])
    eq(f"denied by 'user-map = alice@{kdc.REALM} = none'" in said, True, said)
    eq(realm.account(w.client, 'bob', USERS['bob']), UIDS['carol'])
    eq(realm.account(w.client, 'carol', USERS['carol']), UIDS['carol'])
    said = w.server.ns.run(servers.tool('dittod'), '-c', f'{w.base}/ditto.conf', '--map-user',
                           f'bob@{kdc.REALM}')
    eq(said, f"bob@{kdc.REALM}: account 'carol' (uid {UIDS['carol']}), "
             f"by 'user-map = b*@{kdc.REALM} = carol'\n")
    realm.change([f'*@{kdc.REALM.lower()} = *'])
    eq('has no account' in realm.account(w.client, 'carol', USERS['carol']), True)
    realm.stop()


@test(smb=True, squash='none', timeout=60)
def accounts_not_given(w):
    """No rule gives an account of the system, or one that is locked or expired."""
    os.chmod(w.export, 0o777)
    password = 'Nobody at a11'
    shadow = get('/etc/shadow')
    realm = Realm(w, users={'backup': password})
    try:
        said = realm.account(w.client, 'backup', password)
        eq('below min-uid (1000)' in said, True, said)
        realm.change([kdc.ALL_USERS], 'min-uid = 3001')
        said = realm.account(w.client, 'alice', USERS['alice'])
        eq('below min-uid (3001)' in said, True, said)
        realm.change([kdc.ALL_USERS])
        add_shadow('alice', '!$y$j9T$salt$hash')
        add_shadow('bob', '!')
        add_shadow('carol', '!', 1)
        said = realm.account(w.client, 'alice', USERS['alice'])
        eq("'usermod -U alice'" in said, True, said)
        eq(realm.account(w.client, 'bob', USERS['bob']), UIDS['bob'], 'without a password')
        said = realm.account(w.client, 'carol', USERS['carol'])
        eq("'chage -E -1 carol'" in said, True, said)
        with Link(w.client).negotiate() as s:
            eq(s.login(), 'SUCCESS', 'root gave a password to the local user')
    finally:
        put('/etc/shadow', shadow)
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


@test(smb=True, squash='none', timeout=60)
def expires_with_names_to_come(w):
    """A request that waits for names is refused if the ticket expires meanwhile."""
    put(w.path('f'), b'data', 0o666)
    os.chmod(w.export, 0o777)
    realm = Realm(w)
    w.server.ctl('server', 'set', 'upcall-ms', '60000')
    cache = realm.login(w.client, 'alice', USERS['alice'], life='6s')
    with realm.link(w.client, cache) as s:
        fid = s.create('f')
        w.server.set('data', manage_gids=True)
        w.server.ctl('cache', 'flush')
        with process_stopped(w.server.helper.pid):
            number = s.send(smb2.READ, smb2.read_body(fid, 9, 0))
            assert s.silent(), 'longer than a thread waits'
            wait_for('the end of the ticket',
                     lambda: s.connect_tree('IPC$') == 'NETWORK_SESSION_EXPIRED', 30)
        eq(smb2.NAMES[s.answer(number)[0]], 'NETWORK_SESSION_EXPIRED')
    realm.stop()
