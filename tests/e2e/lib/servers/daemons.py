# SPDX-License-Identifier: GPL-2.0-only
"""The daemons that NFSv3 locking needs on every machine: rpcbind and rpc.statd.

Each machine runs its own in a mount namespace with a /run and a state of NSM
of its own. There is no /run/rpcbind.sock outside of these, so the kernel
finds the rpcbind of a network namespace by its loopback address.
"""
import os
import signal
import struct
import subprocess

import rpc
from checks import wait_for
from files import put
from rpc import Dec, Enc

PORTMAP = 100000
NSM_STATE = 101

SETUP = """mount -t tmpfs run /run && mkdir /run/rpcbind || exit
mount --bind "$0" /var/lib/nfs && exec "$@"
"""


def getport(conn, prog, vers, proto):
    """The port of a program; 0 if it is not registered. conn goes to an rpcbind."""
    number = {'tcp': 6, 'udp': 17}[proto]
    return Dec(conn.call(PORTMAP, 2, 3, Enc().u32(prog, vers, number, 0).bytes()).body).u32()


def setport(ns, prog, vers, proto, port):
    """Register a program with the rpcbind of a namespace, or with port 0 unregister it."""
    conn = local(ns, 'tcp')
    number = {'tcp': 6, 'udp': 17}[proto]
    args = Enc().u32(prog, vers, number, port).bytes()
    done = Dec(conn.call(PORTMAP, 2, 1 if port else 2, args).body).u32()
    conn.close(abort=True)
    if port and not done:
        raise AssertionError(f'rpcbind does not take program {prog} version {vers}')


def local(ns, proto='tcp', **kw):
    """A connection to the rpcbind of a namespace."""
    return rpc.Rpc(ns, '127.0.0.1', 111, proto, **kw)


def answers(ns):
    try:
        conn = local(ns)
    except OSError:
        return False
    conn.call(PORTMAP, 2, 0)
    conn.close()
    return True


class Daemons:
    """The daemons of one machine. folder keeps their state and outlives them."""

    def __init__(self, ns, folder, statd=True, notify=False):
        self.ns, self.folder, self.running, self.monitor = ns, folder, [], None
        if not os.path.isdir(folder):
            for name in ('sm', 'sm.bak'):
                os.makedirs(f'{folder}/{name}')
            # The kernel keeps one state for all namespaces: so all begin with the same.
            put(f'{folder}/state', struct.pack('i', NSM_STATE))
            for name in ('etab', 'rmtab'):
                put(f'{folder}/{name}')
        self.log = open(f'{folder}/daemons.log', 'ab')
        self._spawn('unshare', '-m', 'sh', '-c', SETUP, folder, 'rpcbind', '-f', '-w')
        wait_for(f'rpcbind of {ns.hostname}', lambda: answers(ns))
        if statd:
            self.statd(notify)

    def _spawn(self, *args):
        daemon = self.ns.spawn(*args, stdout=self.log, stderr=subprocess.STDOUT)
        self.running.append(daemon)
        return daemon

    def inside(self, *args):
        """A command line that runs the command in the machine's mount namespace."""
        return ('nsenter', f'--mount=/proc/{self.running[0].pid}/ns/mnt', *args)

    def spawn(self, *args):
        return self._spawn(*self.inside(*args))

    def statd(self, notify=False):
        """Start rpc.statd; notify: the machine was booted and tells those where it held locks."""
        self.monitor = self.spawn('rpc.statd', '-F', *([] if notify else ['--no-notify']))
        conn = local(self.ns)
        wait_for(f'rpc.statd of {self.ns.hostname}',
                 lambda: getport(conn, 100024, 1, 'udp'))
        conn.close()

    def kill_statd(self):
        self.monitor.kill()
        self.monitor.wait()
        self.running.remove(self.monitor)

    def stop(self, name='TERM'):
        # rpc.statd takes the lock of its registrations in its handler of TERM: where that comes
        # while it registers, it waits for itself for ever.
        if self.monitor in self.running:
            self.kill_statd()
        for daemon in reversed(self.running):
            daemon.send_signal(signal.Signals[f'SIG{name}'])
            daemon.wait()
        self.running = []
        self.log.close()
