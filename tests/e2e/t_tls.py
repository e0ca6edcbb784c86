# SPDX-License-Identifier: GPL-2.0-only
"""NFS over TLS (RFC 9289) with the kernel's client; dittod is the agent of both sides."""
import errno
import os
import subprocess

import harness
import rpc
import servers
from harness import eq, expect_errno, get, pattern, put, run, test, wait_for
from t_attack_nfs import budget

HOST = 'server.example'
AUTH_TLS = 7
NFS, GETATTR, ACCESS = 100003, 1, 4
TOOWEAK = 5

EXTENSIONS = """[server]
subjectAltName = DNS:server.example
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
"""


class Certificates:
    """Two roots, a server's certificate, and a client's of either."""

    def __init__(self, w):
        self.dir = f'{w.base}/tls'
        os.makedirs(self.dir)
        put(f'{self.dir}/ext', EXTENSIONS.encode())
        for root in 'root', 'other':
            self._openssl('req', '-x509', *self._key(root), '-subj', f'/CN={root}', '-out',
                          self.pem(root))
        self._signed('server', 'root', 'server')
        self._signed('client', 'root', 'client')
        self._signed('foreign', 'other', 'client')

    def _openssl(self, *args):
        subprocess.run(('openssl',) + args, check=True, cwd=self.dir, stderr=subprocess.DEVNULL)

    def _key(self, name):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                f'{self.dir}/{name}.key')

    def pem(self, name):
        return f'{self.dir}/{name}.pem'

    def _signed(self, name, root, kind):
        self._openssl('req', *self._key(name), '-subj', f'/CN={name}', '-out', f'{name}.csr')
        self._openssl('x509', '-req', '-in', f'{name}.csr', '-CA', self.pem(root), '-CAkey',
                      f'{root}.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext',
                      '-extensions', kind, '-out', self.pem(name))

    def section(self, name=None):
        """The section [tls] of a side with a certificate, or none."""
        own = ''
        if name:
            own = f'certificate = {self.pem(name)}\nprivate-key = {self.dir}/{name}.key\n'
        return f'[tls]\nagent = on\n{own}trust = {self.pem("root")}\n'


class Agent:
    """dittod --tls-agent on a client."""

    def __init__(self, client, conf):
        path = f'{client.world.base}/agent{client.number}.conf'
        put(path, conf.encode())
        with open(f'{path}.log', 'ab') as log:
            self.daemon = client.spawn(servers.tool('dittod'), '--tls-agent', '-c', path,
                                       stdout=log, stderr=subprocess.STDOUT)

        def listens():
            with open(f'{path}.log', encoding='utf-8') as f:
                return 'TLS handshakes are done' in f.read()
        wait_for('the agent listens', listens)

    def stop(self):
        run('kill', str(self.daemon.pid))
        self.daemon.wait()


def mount(w, client, vers, xprtsec, where=None):
    where = where or f'{w.base}/tls{len(client.mounts)}-{vers}'
    os.makedirs(where, exist_ok=True)
    path = '/data' if vers.startswith('4') else w.export
    opts = client._options4() if vers.startswith('4') else client._options3('tcp')
    with client:
        harness.mount(f'{HOST}:{path}', where, 'nfs', 0,
                      f'vers={vers},sec=sys,xprtsec={xprtsec},{opts}')
    client.mounts.append(where)
    return where


def sessions(ns):
    """TLS sessions that the kernel encrypts, of a namespace."""
    out = ns.run('cat', '/proc/net/tls_stat')
    return {k: int(v) for k, v in (line.split() for line in out.splitlines())}['TlsCurrRxSw']


def refused(w, vers, xprtsec):
    """A mount fails, or what is mounted cannot be read."""
    client = w.client
    with expect_errno(errno.EACCES, errno.EPERM, errno.EIO, errno.ECONNRESET, errno.ETIMEDOUT,
                      errno.ECONNREFUSED):
        where = mount(w, client, vers, xprtsec)
        try:
            os.listdir(where)
        finally:
            client.umount(where)


@test(server='ditto', timeout=180)
def kinds_of_connections(w):
    """Each share takes the connections that its xprtsec names, in all versions."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    agent = Agent(w.client, certs.section('client'))
    data = pattern(3, 3 << 20)
    for accepted, works, fails in ((['tls', 'mtls'], ['tls', 'mtls'], ['none']),
                                   (['mtls'], ['mtls'], ['none', 'tls']),
                                   (['none'], ['none'], ['tls', 'mtls'])):
        w.server.set('data', xprtsec=accepted)
        for vers in '3', '4.0', '4.2':
            for xprtsec in works:
                where = mount(w, w.client, vers, xprtsec)
                put(f'{where}/f', data)
                eq(get(w.path('f')), data, f'{vers} {xprtsec}')
                assert xprtsec == 'none' or sessions(w.server_ns) > 0, 'no TLS'
                w.client.umount(where)
            for xprtsec in fails:
                refused(w, vers, xprtsec)
    agent.stop()


@test(server='ditto', timeout=120)
def certificates(w):
    """A certificate of another root is refused, and so is a server with another name."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    agent = Agent(w.client, certs.section('foreign'))
    refused(w, '4.2', 'mtls')
    where = mount(w, w.client, '4.2', 'tls')
    put(f'{where}/f', b'anonymous')
    w.client.umount(where)
    agent.stop()


@test(server='ditto', timeout=60)
def without_tls(w):
    """A call in plaintext is AUTH_TOOWEAK in version 3; MOUNT is answered."""
    w.server.set('data', xprtsec=['tls', 'mtls'])
    n = w.client.nfs()
    reply = n.raw(ACCESS, rpc.Enc().opaque(n.root).u32(1).bytes())
    eq((reply.stat, reply.why), (rpc.AUTH_ERROR, TOOWEAK))
    eq(rpc.Dec(n.raw(GETATTR, rpc.Enc().opaque(n.root).bytes()).body).u32(), errno.EACCES)


def probe(client):
    """Ask for TLS on a new connection (RFC 9289 section 4.1)."""
    conn = client.connect()
    conn.send(rpc.call_bytes(NFS, 4, 0, cred=(AUTH_TLS, b'')))
    return conn


@test(server='ditto', clients=2, timeout=120)
def stalled_handshakes(w):
    """Clients that begin handshakes and stay silent cost their own budget only."""
    certs = Certificates(w)
    w.server.helper_start(certs.section('server'))
    silent = [probe(w.clients[1]) for _ in range(100)]
    wait_for('handshakes are counted', lambda: 'handshakes' in budget(w, 1))
    used, limit = budget(w, 1)['handshakes']
    assert 0 < used <= limit < 64, (used, limit)
    agent = Agent(w.clients[0], certs.section())
    where = mount(w, w.clients[0], '4.2', 'tls')
    put(f'{where}/f', b'in time')
    w.clients[0].umount(where)
    wait_for('the kernel has given them up', lambda: 'handshakes' not in budget(w, 1), seconds=30)
    for conn in silent:
        conn.close(abort=True)
    agent.stop()
