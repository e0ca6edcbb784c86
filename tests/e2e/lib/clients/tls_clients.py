# SPDX-License-Identifier: GPL-2.0-only
"""Clients of NFS over TLS (RFC 9289), with certificates and agents."""
import os
import ssl
import subprocess

import nfs4
import rpc
import servers
import volumes
from checks import eq, wait_for
from files import put
from processes import run

HOST = 'server.example'
AUTH_TLS = 7
NFS, GETATTR, ACCESS, WRITE, MOUNT = 100003, 1, 4, 7, 100005
STARTTLS = (rpc.AUTH_NONE, b'STARTTLS')
EXTENSIONS = """[server]
subjectAltName = DNS:server.example
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
[build]
subjectAltName = DNS:build-7.example
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
        self._signed('build', 'root', 'build')
        self._signed('expired', 'root', 'client', days=-1)
        self._signed('foreign', 'other', 'client')

    def _openssl(self, *args):
        subprocess.run(('openssl',) + args, check=True, cwd=self.dir, stderr=subprocess.DEVNULL)

    def _key(self, name):
        return ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout',
                f'{self.dir}/{name}.key')

    def pem(self, name):
        return f'{self.dir}/{name}.pem'

    def renew(self):
        """Replace the server's certificate in its files."""
        self._signed('server', 'root', 'server')

    def revoke(self, name):
        """A list of the root with a certificate; returns its path."""
        put(f'{self.dir}/index', b'')
        put(f'{self.dir}/ca', f'[ca]\ndefault_ca = x\n[x]\ndatabase = {self.dir}/index\n'
            'default_md = sha256\ndefault_crl_days = 2\n'.encode())
        ca = ('ca', '-config', 'ca', '-cert', self.pem('root'), '-keyfile', 'root.key')
        self._openssl(*ca, '-revoke', self.pem(name))
        self._openssl(*ca, '-gencrl', '-out', f'{self.dir}/crl.pem')
        return f'{self.dir}/crl.pem'

    def _signed(self, name, root, kind, days=2):
        self._openssl('req', *self._key(name), '-subj', f'/CN={name}', '-out', f'{name}.csr')
        self._openssl('x509', '-req', '-in', f'{name}.csr', '-CA', self.pem(root), '-CAkey',
                      f'{root}.key', '-CAcreateserial', '-days', str(days), '-extfile', 'ext',
                      '-extensions', kind, '-out', self.pem(name))

    def section(self, name=None, agent='on'):
        """The section [tls] of a side with a certificate, or none."""
        own = ''
        if name:
            own = f'certificate = {self.pem(name)}\nprivate-key = {self.dir}/{name}.key\n'
        return f'[tls]\nagent = {agent}\n{own}trust = {self.pem("root")}\n'


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
        volumes.mount(f'{HOST}:{path}', where, 'nfs', 0,
                      f'vers={vers},sec=sys,xprtsec={xprtsec},{opts}')
    client.mounts.append(where)
    return where


def asking(vers=4, prog=NFS, proc=0, cred=b'', verf=rpc.NOBODY_CLAIMED):
    """The call that asks for TLS (RFC 9289 section 4.1)."""
    return rpc.call_bytes(prog, vers, proc, cred=(AUTH_TLS, cred), verf=verf)


def probe(client):
    """Ask for TLS on a new connection."""
    conn = client.connect()
    conn.send(asking())
    return conn


def starttls(conn, certs, name=None):
    """Begin TLS where the server has agreed, with a certificate or without."""
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_verify_locations(certs.pem('root'))
    if name:
        ctx.load_cert_chain(certs.pem(name), f'{certs.dir}/{name}.key')
    conn.sock = ctx.wrap_socket(conn.sock, server_hostname=HOST)


def tls(client, certs, name=None):
    """A connection with TLS, over which the server may call back."""
    conn = nfs4.connect(client)
    conn.send(asking())
    eq(conn.recv().verf, STARTTLS)
    starttls(conn, certs, name)
    return conn
