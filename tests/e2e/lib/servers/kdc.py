# SPDX-License-Identifier: GPL-2.0-only
"""A Kerberos realm of the tests' own: MIT's KDC, beside the server."""
import datetime
import os
import shutil
import struct
import subprocess

from impacket import spnego
from impacket.krb5 import asn1, constants, types
from impacket.krb5.ccache import CCache
from pyasn1.codec.der import decoder, encoder
from pyasn1.type.univ import noValue

from checks import wait_for
from files import put
from processes import run

REALM = 'EXAMPLE.TEST'
PORT = 88
HOST = 'server1.e2e.test'
# Seconds that an acceptor grants beyond the end of a ticket.
SKEW = 4

KRB5_CONF = f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
clockskew = {SKEW}
allow_rc4 = true
default_keytab_name = FILE:%(keytab)s
[realms]
{REALM} = {{
kdc = 192.168.1.1:{PORT}
}}
[domain_realm]
.e2e.test = {REALM}
"""

KDC_CONF = f"""[kdcdefaults]
kdc_listen = {PORT}
kdc_tcp_listen = {PORT}
[realms]
{REALM} = {{
database_name = %(dir)s/principal
key_stash_file = %(dir)s/stash
acl_file = %(dir)s/acl
max_life = 1h
}}
"""


class Kdc:
    """The realm; users: name and password of its principals."""

    def __init__(self, world, users):
        self.world, self.dir = world, f'{world.base}/kdc'
        self.keytab = f'{self.dir}/keytab'
        shutil.rmtree(self.dir, ignore_errors=True)    # of an earlier one
        os.makedirs(self.dir)
        conf = put(f'{self.dir}/krb5.conf', KRB5_CONF % {'keytab': self.keytab})
        self.env = dict(os.environ, KRB5_CONFIG=conf,
                        KRB5_KDC_PROFILE=put(f'{self.dir}/kdc.conf', KDC_CONF % {'dir': self.dir}))
        self.run('kdb5_util', 'create', '-s', '-r', REALM, '-P', 'master')
        for user, password in users.items():
            self.admin(f'addprinc -pw "{password}" {user}')
        self.admin(f'addprinc -randkey cifs/{HOST}')
        with world.server_ns:
            self.daemon = subprocess.Popen(['krb5kdc', '-n'], env=self.env,
                                           stdin=subprocess.DEVNULL,
                                           stdout=open(f'{self.dir}/kdc.log', 'ab'),
                                           stderr=subprocess.STDOUT)
        wait_for('the KDC', lambda: f':{PORT} ' in world.server_ns.run('ss', '-ltn'))

    def run(self, *args, check=True, env=None, **kw):
        return run(*args, check=check, env=dict(self.env, **(env or {})), **kw)

    def admin(self, command):
        out = self.run('kadmin.local', '-r', REALM, '-q', command)
        if 'error' in out.lower() or 'while' in out:
            raise AssertionError(f'kadmin.local {command}: {out}')

    def make_keytab(self):
        """Write the keytab of the server."""
        self.admin(f'ktadd -k {self.keytab} cifs/{HOST}')

    def login(self, client, user, password, life='1h'):
        """Get a ticket for a user on a client; returns the path of its cache."""
        cache = f'{self.dir}/cache-{user}-{len(os.listdir(self.dir))}'
        with client:
            p = subprocess.run(['kinit', '-l', life, '-c', cache, user], env=self.env,
                               input=f'{password}\n', stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        if p.returncode:
            raise AssertionError(f'kinit {user}: {p.stdout}')
        return cache

    def service_ticket(self, client, cache, service=f'cifs/{HOST}', *args):
        """Get a ticket for a service and put it into the cache."""
        self.run('kvno', *args, '-c', cache, service, ns=client)

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()


# Names of the realm are those of accounts.
ALL_USERS = f'*@{REALM} = *'


class Realm(Kdc):
    """The KDC, and the server's helper with its configuration; rules: its user-map."""

    def __init__(self, world, users, keytab=True, rules=(ALL_USERS,)):
        super().__init__(world, users)
        if keytab:
            self.make_keytab()
        world.server.helper_stop()
        os.environ['KRB5_CONFIG'] = self.env['KRB5_CONFIG']
        world.server.helper_start(self.with_rules(rules))

    def with_rules(self, rules, *more):
        """The server's configuration with these rules for names, and more lines for [server]."""
        old = [line for line in self.world.server.conf.splitlines(keepends=True)
               if line.split(' ')[0] not in ('user-map', 'min-uid', 'nfs-gss', 'service-names',
                                             '[server]\n')]
        new = [f'user-map = {rule}\n' for rule in rules] + [f'{line}\n' for line in more]
        return ''.join(['[server]\n', *new, *old])

    def change(self, rules, *more):
        """Let the helper read its configuration again, with these rules and lines."""
        server = self.world.server
        server.conf = self.with_rules(rules, *more)
        server.reload(server.conf)


# Flags of a context (RFC 4121 section 4.1.1.1).
MUTUAL, INTEGRITY = 0x02, 0x20


def ap_req(cache, service, skew=0, flags=None):
    """
    An AP-REQ with the cache's ticket for a service, and its session key; skew: of our clock, flags:
    of the context, if they are sent.
    """
    ccache = CCache.loadFile(cache)
    tgs = ccache.getCredential(f'{service}@{REALM}').toTGS()
    ticket, rep = types.Ticket(), decoder.decode(tgs['KDC_REP'], asn1Spec=asn1.TGS_REP())[0]
    ticket.from_asn1(rep['ticket'])
    who = types.Principal(ccache.principal.components[0]['data'].decode(),
                          type=constants.PrincipalNameType.NT_PRINCIPAL.value)
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=skew)
    auth = asn1.Authenticator()
    auth['authenticator-vno'] = 5
    auth['crealm'] = REALM
    asn1.seq_set(auth, 'cname', who.components_to_asn1)
    auth['cusec'] = now.microsecond
    auth['ctime'] = types.KerberosTime.to_asn1(now)
    if flags is not None:
        auth['cksum'] = noValue
        auth['cksum']['cksumtype'] = 0x8003
        auth['cksum']['checksum'] = struct.pack('<I16sI', 16, b'', flags)
    req = asn1.AP_REQ()
    req['pvno'] = 5
    req['msg-type'] = int(constants.ApplicationTagNumbers.AP_REQ.value)
    mutual = [constants.APOptions.mutual_required.value] if flags and flags & MUTUAL else []
    req['ap-options'] = constants.encodeFlags(mutual)
    asn1.seq_set(req, 'ticket', ticket.to_asn1)
    req['authenticator'] = noValue
    req['authenticator']['etype'] = tgs['cipher'].enctype
    req['authenticator']['cipher'] = tgs['cipher'].encrypt(
        tgs['sessionKey'], 11, encoder.encode(auth), None)  # key usage 11: RFC 4120 section 7.5.1
    return encoder.encode(req), tgs['sessionKey'].contents


def gss_token(cache, service, skew=0, flags=None):
    """The first token of Kerberos (RFC 4121 section 4.1), and the session key."""
    req, key = ap_req(cache, service, skew, flags)
    return struct.pack('B', spnego.ASN1_AID) + spnego.asn1encode(
        struct.pack('B', spnego.ASN1_OID)
        + spnego.asn1encode(spnego.TypesMech['KRB5 - Kerberos 5']) + b'\x01\x00' + req), key


def ticket_token(cache, service=f'cifs/{HOST}'):
    """The first SPNEGO token, and the session key, from a cache with a ticket for the server."""
    token, key = gss_token(cache, service)
    blob = spnego.SPNEGO_NegTokenInit()
    blob['MechTypes'] = [spnego.TypesMech['KRB5 - Kerberos 5']]
    blob['MechToken'] = token
    return blob.getData(), key
