# SPDX-License-Identifier: GPL-2.0-only
"""RPCSEC_GSS: the daemons that answer the kernels of server and clients about Kerberos."""
import contextlib
import os
import struct
import subprocess

from impacket.krb5 import crypto

import kdc
import rpc
from checks import wait_for
from files import put
from kdc import HOST
from volumes import mount

SERVICE = f'nfs/{HOST}'

# Where the kernel finds gssproxy.
SOCKET = '/run/gssproxy.sock'

PROXY_CONF = """[gssproxy]
debug_level = 1
[service/nfs-server]
mechs = krb5
socket = %(socket)s
cred_store = keytab:%(keytab)s
trusted = yes
kernel_nfsd = yes
euid = 0
"""


def opened(pid, path, end=''):
    """Does a process have a file open whose name begins and ends so?"""
    fds = f'/proc/{pid}/fd'
    for fd in os.listdir(fds):
        with contextlib.suppress(FileNotFoundError):    # it was closed meanwhile
            name = os.readlink(f'{fds}/{fd}')
            if name.startswith(path) and name.endswith(end):
                return True
    return False


class Realm(kdc.Realm):
    """The KDC, and rpc.gssd on each client; proxy: gssproxy beside the server, and not dittod."""

    def __init__(self, world, users, proxy=False, rules=(kdc.ALL_USERS,)):
        self.proxy, self.daemons = proxy, []
        super().__init__(world, users, rules=rules)
        put('/etc/krb5.conf', open(self.env['KRB5_CONFIG'], 'rb').read())
        if proxy:
            self._proxy()
        for client in world.clients:
            self._gssd(client)

    def make_keytab(self):
        super().make_keytab()
        self.admin(f'addprinc -randkey nfs/{HOST}')
        self.admin(f'ktadd -k {self.keytab} nfs/{HOST}')

    def with_rules(self, rules, *more):
        return super().with_rules(rules, f'nfs-gss = {"gssproxy" if self.proxy else "dittod"}',
                                  *more)

    def _start(self, ns, name, *args, env=None):
        log = open(f'{self.world.base}/{name}.log', 'ab')
        self.daemons.append(ns.spawn(*args, env=dict(self.env, **(env or {})), stdout=log,
                                     stderr=subprocess.STDOUT))

    def _proxy(self):
        conf = put(f'{self.dir}/gssproxy.conf', PROXY_CONF % {'socket': SOCKET,
                                                              'keytab': self.keytab})
        os.makedirs(f'{self.dir}/none')
        os.makedirs('/var/lib/gssproxy/clients', exist_ok=True)
        ns = self.world.server_ns
        self._start(ns, 'gssproxy', 'gssproxy', '-i', '-c', conf, '-C', f'{self.dir}/none', '-s',
                    f'{self.dir}/gssproxy.default')
        wait_for('gssproxy', lambda: SOCKET in ns.run('ss', '-xH', 'state', 'established'))

    def _gssd(self, client):
        """Start rpc.gssd with a machine's key and a directory for the tickets of its users."""
        base = f'{self.dir}/{client.hostname}'
        os.makedirs(f'{base}/pipes')
        os.makedirs(f'{base}/tickets', mode=0o1777)
        os.chmod(self.world.base, 0o755)
        self.machine = f'nfs/{client.hostname}.e2e.test'
        self.admin(f'addprinc -randkey {self.machine}')
        self.admin(f'ktadd -k {base}/keytab {self.machine}')
        with client:
            mount('rpc_pipefs', f'{base}/pipes', 'rpc_pipefs')
        self._start(client, client.hostname, 'rpc.gssd', '-f', '-vv', '-p', f'{base}/pipes', '-k',
                    f'{base}/keytab', '-d', f'{base}/tickets')
        # the kernel refuses to mount without a reader of its pipe
        wait_for('rpc.gssd', lambda: opened(self.daemons[-1].pid, f'{base}/pipes/gssd/'))

    def acceptor(self, client):
        """Start rpc.svcgssd on a client, so that its kernel is called back with Kerberos."""
        self._start(client, f'{client.hostname}.svcgssd', 'rpc.svcgssd', '-f', '-v', '-n',
                    env={'KRB5_KTNAME': f'{self.dir}/{client.hostname}/keytab'})
        wait_for('rpc.svcgssd', lambda: opened(self.daemons[-1].pid, '/proc/', 'init/channel'))

    def caller(self):
        """Start rpc.gssd beside the server, which calls clients back in the server's name."""
        base = f'{self.dir}/server'
        os.makedirs(f'{base}/pipes')
        ns = self.world.server_ns
        with ns:
            mount('rpc_pipefs', f'{base}/pipes', 'rpc_pipefs')
        self._start(ns, 'server.gssd', 'rpc.gssd', '-f', '-vv', '-p', f'{base}/pipes', '-k',
                    self.keytab, '-d', base)
        wait_for('rpc.gssd', lambda: opened(self.daemons[-1].pid, f'{base}/pipes/gssd/'))

    def ticket(self, client, user, password, uid):
        """Log a user of a client in, so that rpc.gssd finds the ticket."""
        self.use(client, self.login(client, user, password), uid)

    def use(self, client, cache, uid):
        """Let rpc.gssd of a client use the tickets of a cache for a user."""
        path = f'{self.dir}/{client.hostname}/tickets/krb5cc_{uid}'
        os.chown(cache, uid, uid)
        os.rename(cache, path)

    def tickets(self, client, user, password, *args, life='1h', service=SERVICE):
        """A cache with a ticket for the server's NFS; args: of kvno."""
        cache = self.login(client, user, password, life)
        self.service_ticket(client, cache, service, *args)
        return cache

    def stop(self):
        for daemon in self.daemons:
            daemon.terminate()
            daemon.wait()
        super().stop()


def establish(client, token):
    """Ask for a context by hand (RFC 2203 section 5.2.2); its handle, or None if it is refused."""
    cred = rpc.Enc().u32(1, 1, 0, 1).opaque(b'').bytes()
    conn = rpc.Rpc(client, client.server_addr, client.world.server.port)
    try:
        reply = conn.call(100003, 4, 0, rpc.Enc().opaque(token).bytes(), cred=(rpc.AUTH_GSS, cred))
    except (ConnectionError, EOFError):
        return None    # all that sunrpc tells
    finally:
        conn.close()
    d = rpc.Dec(reply.body)
    handle, major = d.opaque(), d.u32()
    if major:
        raise AssertionError(f'major status {major:#x}')
    return handle


class Context:
    """A user's context, with which calls are made by hand from any port."""

    def __init__(self, client, cache):
        ticket, key = kdc.gss_token(cache, SERVICE)
        self.handle, self.seq = establish(client, ticket), 0
        self.key = crypto.Key(crypto.Enctype.AES256, key)

    def mic(self, data):
        """The MIC of the one who asked for the context (RFC 4121 section 4.2.6.1)."""
        head = b'\4\4\0' + b'\xff' * 5 + struct.pack('>Q', self.seq)
        usage = 25    # KG-USAGE-INITIATOR-SIGN, section 2
        return head + crypto.make_checksum(crypto.Cksumtype.SHA1_AES256, self.key, usage,
                                           data + head)

    def on(self, conn):
        """A connection whose calls are the user's."""
        return Secured(conn, self)


class Secured:
    """Makes calls with RPCSEC_GSS, service none (RFC 2203 section 5.3.1)."""

    def __init__(self, conn, context):
        self.conn, self.context = conn, context

    def call(self, prog, vers, proc, args=b'', xid=None):
        context = self.context
        context.seq += 1
        cred = rpc.Enc().u32(1, 0, context.seq, 1).opaque(context.handle).bytes()
        # the header up to the verifier, which proves it
        message = rpc.call_bytes(prog, vers, proc, cred=(rpc.AUTH_GSS, cred), xid=xid)[:-8]
        verf = rpc.Enc().u32(rpc.AUTH_GSS).opaque(context.mic(message)).bytes()
        self.conn.send(message + verf + args)
        while True:
            reply = self.conn.recv()
            if struct.pack('>I', reply.xid) == message[:4]:
                return reply
