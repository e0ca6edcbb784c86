# SPDX-License-Identifier: GPL-2.0-only
"""A second server, for copies between servers."""
import contextlib
import os

import nfs4
import servers
from namespaces import Ns, ip
from nfs4 import putfh
from nfs4_copy import copy_notify, netloc
from nfs4_opens import last
from volumes import mount

FAR = netloc('destination')


def notified(c, fh, sid, far=FAR):
    return last(c.compound(putfh(fh), copy_notify(sid, far)), nfs4.OK)


class Second:
    """A second server in a namespace of its own, which the client and the first one reach."""

    addr, of_first = '192.168.99.1', '192.168.98.1'

    def __init__(self, w):
        self.w = w
        self.ns = Ns('e2e-s2', 'server2')
        self.export = f'{w.base}/second'
        ip(self.ns,
           f'link add eth0 type veth peer name eth9 netns {w.client.name}',
           f'link add eth1 type veth peer name second netns {w.server_ns.name}',
           f'addr add {self.addr}/24 dev eth0', 'addr add 192.168.98.2/24 dev eth1',
           'link set eth0 up', 'link set eth1 up',
           f'route add 192.168.1.0/24 via {self.of_first}')
        ip(w.client, 'addr add 192.168.99.2/24 dev eth9', 'link set eth9 up')
        ip(w.server_ns, f'addr add {self.of_first}/24 dev second', 'link set second up',
           'route add 192.168.99.0/24 via 192.168.98.2')
        w.volume(self.export, 'tmpfs')
        os.chmod(self.export, 0o777)

    def mount(self, path='/second'):
        """Mount its share on the client."""
        where = f'{self.w.base}/c.second'
        os.makedirs(where, exist_ok=True)
        with self.w.client:
            mount(f'{self.addr}:{path}', where, 'nfs', 0,
                  f'vers=4.2,addr={self.addr},proto=tcp,clientaddr=192.168.99.2,hard,timeo=20,'
                  'retrans=3,rsize=65536')
        self.w.client.mounts.append(where)
        return where

    def umount(self):
        for where in reversed(self.w.client.mounts[:]):
            self.w.client.umount(where)


def listeners_end(server):
    """Without the service a server gives up its mounts of sources."""
    for listener in server.json('listener', 'list'):
        server.ctl('listener', 'del', str(listener['id']))


class SecondDitto(Second):
    def __init__(self, w):
        super().__init__(w)
        self.server = servers.Ditto(w)
        self.server.ns = self.ns
        self.server.ctl('server', 'set', 'handle-key', 'ff' * 16)
        self.server.add('second', self.export, copy_from_servers=True)

    def end(self, destination):
        self.umount()
        for share in list(self.server.shares):
            self.server.delete(share)
        for server in destination, self.server:
            listeners_end(server)
        self.ns.remove()


@contextlib.contextmanager
def second(w, first_is_destination=False):
    other = SecondDitto(w)
    yield other
    other.end(w.server if first_is_destination else other.server)
