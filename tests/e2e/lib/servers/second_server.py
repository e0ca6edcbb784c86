# SPDX-License-Identifier: GPL-2.0-only
"""A second Ditto, which a client mounts beside the first one."""
import os

import servers
from namespaces import Ns, ip
from volumes import mount


class Second:
    """A second Ditto in a namespace of its own, which the client reaches."""

    addr = '192.168.99.1'

    def __init__(self, w):
        self.ns = Ns('e2e-s2', 'server2')
        ip(self.ns, f'link add eth0 type veth peer name eth9 netns {w.client.name}',
           f'addr add {self.addr}/24 dev eth0', 'link set eth0 up')
        ip(w.client, 'addr add 192.168.99.2/24 dev eth9', 'link set eth9 up')
        self.export, self.mounted = f'{w.base}/second', f'{w.base}/c.second'
        w.volume(self.export, 'tmpfs')
        os.chmod(self.export, 0o777)
        self.server = servers.Ditto(w)
        self.server.ns = self.ns
        self.server.ctl('server', 'set', 'handle-key', 'ff' * 16)
        self.server.add('second', self.export)
        os.makedirs(self.mounted, exist_ok=True)
        with w.client:
            mount(f'{self.addr}:/second', self.mounted, 'nfs', 0,
                  f'vers=4.2,addr={self.addr},proto=tcp,clientaddr=192.168.99.2,hard,timeo=20')
        w.client.mounts.append(self.mounted)

    def end(self, w):
        w.client.umount(self.mounted)
        self.server.delete('second')
        for listener in self.server.json('listener', 'list'):
            self.server.ctl('listener', 'del', str(listener['id']))
        self.ns.remove()
