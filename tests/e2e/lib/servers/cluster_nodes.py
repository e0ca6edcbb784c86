# SPDX-License-Identifier: GPL-2.0-only
"""The nodes of tests/vm/cluster, each with a server of its own for the same folder."""
import contextlib
import os
import subprocess
import types

import nfs3
import rpc
import servers
import smb
from checks import wait_for
from harness import Skip
from processes import run
from truth import Actor, Held, Part, Refused

VM = f'{servers.TOP}/tests/vm'
FOLDER = '/mnt/cluster/share'
CONF = f"""{servers.LOCK_CONF}{servers.SMB_LISTENER}[share data]
path = {FOLDER}
squash = none
allow = any
"""
# In the guest of a node; it ends with the node.
START = f"""set -e
mkdir -p {FOLDER} /etc/ditto /run/rpcbind /run/state
chmod 777 {FOLDER}
rpcbind
modprobe -a ditto_nfs ditto_smb
i=3000
for user in {' '.join(smb.USERS)}; do
	echo "$user:x:$i:$i::/nonexistent:/bin/false" >>/etc/passwd
	echo "$user:x:$i:" >>/etc/group
	i=$((i + 1))
done
{chr(10).join(f"echo '{password}' | dittoctl user add {name} --password-stdin"
              for name, password in smb.USERS.items())}
setsid dittod -c "$0" -s /run/state >>/run/dittod.log 2>&1 </dev/null &
"""
LOCK = """import fcntl, signal, sys
f = open(sys.argv[1], 'r+b')
how = fcntl.LOCK_EX if sys.argv[2] == 'exclusive' else fcntl.LOCK_SH
fcntl.lockf(f, how | fcntl.LOCK_NB, int(sys.argv[4]), int(sys.argv[3]))
print('locked', flush=True)
if sys.argv[5:]:
    signal.pause()
"""


class Node(contextlib.nullcontext):
    """A node, and what clients of the harness need to reach its server from this guest."""

    world = types.SimpleNamespace(server=types.SimpleNamespace(port=2049, name='ditto'))

    def __init__(self, number, address):
        super().__init__(self)
        self.number, self.server_addr, self.hostname = number, address, f'node{number}'
        self.addr, self.name = '10.77.0.254', 'command'

    def command(self, *args):
        return [f'{VM}/node', str(self.number), *args]

    def run(self, *args, **kw):
        return run(*self.command(*args), **kw)

    def start(self):
        """Start the server, once for all tests."""
        conf = '/run/ditto.conf'
        if self.run('pgrep', 'dittod', check=False).returncode:
            self.run('bash', '-c', f"cat >{conf} <<'END'\n{CONF}END\n")
            self.run('bash', '-c', START, conf)
        wait_for('three listeners',
                 lambda: self.run('dittoctl', 'listener', 'list', '--json').count('"id"') == 3)

    def fence(self):
        run(f'{VM}/fence', str(self.number))

    def path(self, name):
        return f'{FOLDER}/{name}'

    def put(self, name, data, mode=0o666):
        self.run('python3', '-c', 'import os, sys; f = open(sys.argv[1], "wb");'
                 'f.write(sys.argv[2].encode()); os.fchmod(f.fileno(), int(sys.argv[3]))',
                 self.path(name), data, str(mode))

    def connect(self, proto='tcp', port=None, **kw):
        return rpc.Rpc(self, self.server_addr, port or self.world.server.port, proto, **kw)

    def nfs(self, **kw):
        n = nfs3.Nfs3(self.connect(**kw), rpc.ROOT)
        n.root = n.mnt(FOLDER).fh
        return n


class Process(Actor):
    """Processes on a node, as the actor of truth_actors.py that is local."""

    name, exact = 'local', False

    def _lock(self, name, how, start, *keep):
        args = self.client.command('python3', '-c', LOCK, self.client.path(name), how, str(start),
                                   '10', *keep)
        return subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)

    def hold(self, claim, name):
        p = self._lock(name, claim.partition(' ')[2], 0, 'keep')
        if p.stdout.readline() != b'locked\n':
            raise Refused('no lock')

        def end():
            # The node ends the process when nobody waits for it any more.
            p.kill()
            p.wait()
        return Held([Part(f'POSIX range, {claim.partition(" ")[2]}')], end=end)

    def do(self, intent, name):
        p = self._lock(name, intent.partition(' ')[2], 5)
        if p.communicate()[0] != b'locked\n':
            raise Refused('no lock')


def nodes(count):
    """The first nodes, with servers."""
    addresses = os.environ.get('DITTO_NODES', '').split()
    if len(addresses) < count:
        raise Skip('only in tests/vm/cluster')
    out = [Node(i + 1, address) for i, address in enumerate(addresses[:count])]
    for node in out:
        node.start()
    return out
