# SPDX-License-Identifier: GPL-2.0-only
"""RPCSEC_GSS: the daemons that answer the kernels of server and clients about Kerberos."""
import os
import subprocess

import kdc
from harness import mount, put, wait_for
from kdc import HOST

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


class Realm(kdc.Kdc):
    """The KDC, gssproxy beside the server, and rpc.gssd on each client."""

    def __init__(self, world, users):
        super().__init__(world, users)
        self.daemons = []
        self.admin(f'addprinc -randkey nfs/{HOST}')
        self.admin(f'ktadd -k {self.keytab} nfs/{HOST}')
        put('/etc/krb5.conf', open(self.env['KRB5_CONFIG'], 'rb').read())
        self._proxy()
        for client in world.clients:
            self._gssd(client)

    def _start(self, ns, name, *args):
        log = open(f'{self.world.base}/{name}.log', 'ab')
        self.daemons.append(ns.spawn(*args, env=self.env, stdout=log, stderr=subprocess.STDOUT))

    def _proxy(self):
        conf = put(f'{self.dir}/gssproxy.conf', PROXY_CONF % {'socket': SOCKET,
                                                              'keytab': self.keytab})
        os.makedirs(f'{self.dir}/none')
        os.makedirs('/var/lib/gssproxy/clients', exist_ok=True)
        ns = self.world.server_ns
        self._start(ns, 'gssproxy', 'gssproxy', '-i', '-c', conf, '-C', f'{self.dir}/none', '-s',
                    f'{self.dir}/gssproxy.default')
        wait_for('gssproxy', lambda: ns.run('cat', '/proc/net/rpc/use-gss-proxy').strip() == '1')

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

    def ticket(self, client, user, password, uid):
        """Log a user of a client in, so that rpc.gssd finds the ticket."""
        cache = f'{self.dir}/{client.hostname}/tickets/krb5cc_{uid}'
        os.rename(self.login(client, user, password), cache)
        os.chown(cache, uid, uid)

    def stop(self):
        for daemon in self.daemons:
            daemon.terminate()
            daemon.wait()
        super().stop()
