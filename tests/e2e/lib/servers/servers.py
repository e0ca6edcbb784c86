# SPDX-License-Identifier: GPL-2.0-only
"""The servers a test can run against: Ditto, and the kernel's nfsd as a second opinion."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import daemons
import netlink
import smb
from checks import wait_for
from files import put
from processes import run
from volumes import MNT_DETACH, mount, umount

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(f'{HERE}/../../../..')

# A key of the tests' own, so that handles survive a reload of the modules.
KEY = '000102030405060708090a0b0c0d0e0f'

# Seconds in which clients may reclaim after a restart.
GRACE = 10

# The helper records the clients that lock, and it knows the users of SMB. Where it has
# to run it brings the listeners.
LISTENERS = """[listener nfs]
[listener nfs]
transport = udp
"""
SMB_LISTENER = '[listener smb]\n'
LOCK_CONF = f"""[server]
grace-s = {GRACE}
{LISTENERS}"""


def tool(name):
    """The path of a program of this build or of the installed one; a copy, so that it stays."""
    copy = f'/run/e2e-{name}/{name}'
    if os.path.exists(copy):
        return copy
    for path in (f'{TOP}/userspace/{name}', shutil.which(name)):
        if path and os.access(path, os.X_OK):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            return shutil.copy(path, copy)
    raise AssertionError(f'{name} is neither built nor installed')


def loaded(module):
    return os.path.isdir(f'/sys/module/{module}')


def service_threads():
    """The states of the threads that serve NFS."""
    states = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError), open(f'/proc/{pid}/stat', encoding='ascii',
                                                errors='replace') as f:
            name, rest = f.read().split('(', 1)[1].rsplit(')', 1)
            if name == 'ditto_nfs':
                states.append(rest.split()[0])
    return states


class Ditto:
    """The modules of this build, driven by netlink, or by dittoctl where that is the subject."""

    name = 'ditto'
    port = mount_port = 2049
    # Settings for all tests, as words of the tool: run -o.
    settings = ()

    def __init__(self, world):
        self.world, self.ns = world, world.server_ns
        self.shares = {}
        self.helper = self.daemons = None
        self.conf = ''

    # the tool
    def ctl(self, *args, **kw):
        return self.ns.run(tool('dittoctl'), *args, **kw)

    def json(self, *args):
        return json.loads(self.ctl(*args, '--json'))

    def refused(self, *args):
        """Run a command that must fail; returns its output."""
        p = self.ctl(*args, check=False)
        if not p.returncode:
            raise AssertionError(f'dittoctl {" ".join(args)}: worked, should have been refused')
        return p.stdout

    def clients(self):
        """The names of the clients in the lock table."""
        return [x['name'] for x in self.json('lock', 'client', 'list')]

    def release_clients(self):
        """Release all that clients hold. One that just ended may go by itself meanwhile."""
        for name in self.clients():
            p = self.ctl('lock', 'client', 'release', name, check=False)
            if p.returncode and name in self.clients():
                raise AssertionError(p.stdout)

    def call(self, command, *attributes, **kw):
        """A request by netlink, see there."""
        return netlink.call(self.ns, command, *attributes, **kw)

    def told(self, key):
        """A number that the server tells of itself."""
        return self.call('SERVER_GET')[0].number(f'SERVER_{key}')

    def listeners(self):
        """The numbers of the listeners."""
        return [r.number('LISTENER_ID') for r in self.call('LISTENER_GET', dump=True)]

    # life
    def start(self):
        locks = self.world.spec['locks']
        if locks:
            self.daemons = daemons.Daemons(self.ns, f'{self.world.base}/server', statd=False)
        self.load()
        self.key()
        if self.world.spec['smb']:
            smb.make_users(self)
        if locks or self.world.spec['smb']:
            self.helper_start()
            # Its key of handles is no longer taken once there is a share.
            wait_for('the epoch', lambda: self.told('EPOCH'))

    def load(self):
        for module in ('ditto_nfs', *(['ditto_smb'] if self.world.spec['smb'] else [])):
            if not loaded(module):
                run('modprobe', module)

    @staticmethod
    def unload():
        for module in ('ditto_smb', 'ditto_nfs', 'ditto'):
            if loaded(module):
                run('rmmod', module)

    def key(self):
        """Set the key of file handles: the one of the helper's database, once there is one."""
        key, database = KEY, f'{self.world.base}/state/state.db'
        if os.path.exists(database):
            with contextlib.closing(sqlite3.connect(database)) as db:
                row = db.execute("SELECT hex(value) FROM meta WHERE name = 'handle-key'").fetchone()
            key = row[0] if row else KEY
        self.call('SERVER_SET', ('SERVER_HANDLE_KEY', bytes.fromhex(key)))
        if self.settings:
            self.ctl('server', 'set', *self.settings)

    def restart(self, order=None):
        """Unload and load the modules, then serve the same shares again."""
        shares, helper = self.shares, self.helper
        # it notifies clients of the restart, and they must find the shares then
        if helper:
            self.helper_stop()
        self.unload()
        self.load()
        self.key()
        self.shares = {}
        for share in order or shares:
            self.serve(share, shares[share][0], **shares[share][1])
        if helper:
            self.helper_start(self.conf)
        self.listen()
        if helper:
            wait_for('the records are read', lambda: self.grace()['state'] != 'loading')

    def stop(self):
        if self.daemons:
            # a client of 4.0 has no way to say that it is gone: it stays for its lease
            stays = {'owners'} if self.world.vers == '4.0' else set()
            wait_for('nothing is claimed', lambda: set(self.claims()) <= stays)
        for share in list(self.shares):
            self.delete(share)
        for listener in self.listeners():
            self.call('LISTENER_DEL', ('LISTENER_ID', listener))
        for what in ('NODES', 'OPEN_FILES'):
            if self.told(what):
                raise AssertionError(f'no share is left, but {self.told(what)} {what}')
        if self.daemons:
            if self.helper:
                self.helper_stop()
            self.daemons.stop()

    @staticmethod
    def released(volume):
        """Unload the modules: nothing may hold them, so the first attempt must work."""
        volume.umount()

    @classmethod
    def reset(cls):
        """Unload after a failure, when sockets may still keep a namespace alive."""
        for module in ('ditto_smb', 'ditto_nfs', 'ditto'):
            if loaded(module):
                run('rmmod', module, check=False)

    # shares
    @staticmethod
    def words(ro=None, squash=None, anon=None, sec=None, allow=(), manage_gids=None, id=None,
              users=(), groups=(), default_access=None, comment=None, xprtsec=None,
              protocols=None, **switches):
        out = ['xprtsec', ','.join(xprtsec)] if xprtsec else []
        if protocols:
            out += ['protocols', ','.join(protocols)]
        for switch in ('encrypt', 'guest', 'browse', 'local_locks', 'continuously_available',
                       'secure_ports', 'list_snapshots', 'security_labels',
                       'offload', 'utf8_names', 'dacl',
                       'delegated_times', 'trash'):
            if switch in switches:
                out += [switch.replace('_', '-'), 'on' if switches.pop(switch) else 'off']
        for choice in ('sec_first', 'nlm_callers', 'nested', 'trash_keep', 'trash_size',
                       'trash_exclude', 'scan', 'scan_time', 'scan_size', 'worm', 'worm_retention',
                       'worm_retention_max', 'worm_mode'):
            if choice in switches:
                out += [choice.replace('_', '-'), str(switches.pop(choice))]
        if switches:
            raise TypeError(f'unknown options of a share: {switches}')
        for user in users:
            out += ['user', user]
        for group in groups:
            out += ['group', group]
        if default_access:
            out += ['default-access', default_access]
        if comment:
            out += ['comment', comment]
        if ro is not None:
            out.append('ro' if ro else 'rw')
        if squash:
            out += ['squash', squash]
        if anon:
            out += ['anon', f'{anon[0]}:{anon[1]}']
        if sec:
            out += ['sec', ','.join(sec)]
        for rule in allow:
            out += ['allow', rule]
        if manage_gids is not None:
            out += ['manage-gids', 'on' if manage_gids else 'off']
        if id:
            out += ['id', id]
        return out

    def serve(self, name, path, squash='root-to-admin', **options):
        """Add a share for all machines; with allow=() it has no rule, as by default.

        Rules and users are texts, which only dittoctl reads.
        """
        numbers = {key.replace('_', '-'): value for key, value in options.items()}
        if set(numbers) <= set(netlink.OPTIONS):
            self.call('SHARE_NEW', ('SHARE_NAME', name), ('SHARE_PATH', path),
                      ('SHARE_RULES', [('RULES_RULE', [('RULE_SPEC', 'any')])]),
                      *[netlink.option(*one) for one in numbers.items()],
                      netlink.option('squash', squash))
        else:
            self.ctl('share', 'add', name, path,
                     *self.words(squash=squash, **{'allow': ('any',), **options}))
        self.shares[name] = (path, dict(options, squash=squash))

    def add(self, name, path, **options):
        self.serve(name, path, **options)
        self.listen()

    def set(self, name, **options):
        path, old = self.shares[name]
        self.ctl('share', 'set', name, *self.words(**options))
        self.shares[name] = (path, {**old, **options})

    def delete(self, name):
        self.call('SHARE_DEL', ('SHARE_NAME', name))
        del self.shares[name]

    def listen(self):
        if self.helper and self.with_listeners():
            wanted = 3 if self.world.spec['smb'] else 2
            wait_for('the listeners', lambda: len(self.listeners()) == wanted)
        elif not self.listeners():
            for transport in ('TCP', 'UDP'):
                number = netlink.NUMBERS[f'DITTO_TRANSPORT_TYPE_{transport}']
                # A helper of the test may be just adding them.
                with contextlib.suppress(FileExistsError):
                    self.call('LISTENER_NEW', ('LISTENER_PROTOCOL', 'nfs'),
                              ('LISTENER_TRANSPORT', number))

    def with_listeners(self):
        """True if the helper starts the listeners."""
        return self.world.spec['locks'] or self.world.spec['smb']

    def path4(self, path):
        """Path of a served directory in version 4: below the root over all shares."""
        for name, (top, _) in self.shares.items():
            if path == top or path.startswith(f'{top}/'):
                return f'/{name}{path[len(top):]}'
        return path if path.startswith('/') else f'/{path}'

    # what it tells
    def calls(self, group='nfs3'):
        """The number of calls of each operation."""
        return {r['op'].lower(): r['calls'] for r in self.json('stats', group)}

    def setting(self, key):
        return self.json('server', 'show')[key]

    def locks(self, *filters):
        """The claims and waiting requests that the tool lists."""
        return self.json('lock', 'list', *filters)

    def claims(self):
        """The number of claims and waiting requests of each kind, without those that are zero."""
        out = {}
        for client in self.call('LOCK_CLIENT_GET', dump=True):
            for kind in ('ranges', 'opens', 'leases', 'waits', 'owners'):
                count = client.number(f'LOCK_CLIENT_{kind.upper()}')
                if count:
                    out[kind] = out.get(kind, 0) + count
        return out

    def grace(self):
        return self.json('grace', 'status')

    def lengthen_grace(self):
        """Let clients reclaim after a restart for longer than the slowest machine needs."""
        self.conf = self.conf.replace(f'grace-s = {GRACE}', 'grace-s = 300')

    def end_grace(self):
        """Let a grace that was lengthened run out now."""
        self.ctl('server', 'set', 'grace-s', '1')
        wait_for('the grace ends', lambda: not self.grace()['active'])

    # the helper
    def helper_start(self, conf=None, by=()):
        """Run dittod in the foreground, below another program; returns its configuration's path."""
        if conf is None:
            conf = LOCK_CONF if self.daemons else ''
            if self.world.spec['smb']:
                conf += SMB_LISTENER if self.daemons else LISTENERS + SMB_LISTENER
        self.conf = conf
        path = f'{self.world.base}/ditto.conf'
        with open(path, 'w', encoding='utf-8') as f:
            f.write(conf)
        state = f'{self.world.base}/state'
        os.makedirs(state, exist_ok=True)
        log = open(f'{self.world.base}/dittod.log', 'ab')
        self.helper = self.ns.spawn(*by, tool('dittod'), '-c', path, '-s', state,
                                    stdout=log, stderr=subprocess.STDOUT)
        wait_for('the helper registers', lambda: self.helper.poll() is not None
                 or self.told('HELPER'))
        if self.helper.poll() is not None:
            raise AssertionError(f'dittod ended: {self.helper_log()}')
        return path

    def helper_log(self):
        with open(f'{self.world.base}/dittod.log', encoding='utf-8') as f:
            return f.read()

    def reload(self, conf):
        """Let dittod read another configuration."""
        read = self.helper_log().count('is read again')
        put(f'{self.world.base}/ditto.conf', conf)
        self.helper.send_signal(signal.SIGHUP)
        wait_for('the configuration is read again',
                 lambda: self.helper_log().count('is read again') > read)

    def helper_stop(self, name='TERM'):
        self.helper.send_signal(signal.Signals[f'SIG{name}'])
        self.helper.wait()
        self.helper = None


CLD = """mkdir /run/pipefs /run/cld && mount -t rpc_pipefs pipefs /run/pipefs &&
exec nfsdcld -F -p /run/pipefs -s /run/cld
"""


class Knfsd:
    """The kernel's nfsd, to prove that a test expects what other NFS servers do."""

    name = 'knfsd'
    port, mount_port = 2049, 20048
    proc = '/proc/fs/nfsd'

    def __init__(self, world):
        self.world, self.ns = world, world.server_ns
        self.shares = {}
        self.daemons = None

    def write(self, name, text):
        fd = os.open(f'{self.proc}/{name}', os.O_WRONLY)
        with self.ns:
            os.write(fd, f'{text}\n'.encode())
        os.close(fd)

    def start(self):
        with self.ns:
            mount('nfsd', self.proc, 'nfsd')
        for name in ('nlm_timeout', 'nlm_grace_period'):
            put(f'/proc/sys/fs/nfs/{name}', '3')
        self.daemons = daemons.Daemons(self.ns, f'{self.world.base}/server')
        if self.world.spec['locks']:
            # its records have no NFSv4 clients, so it needs no grace time
            self.daemons.spawn('sh', '-c', CLD)
        self.write('versions', '+3 -4.0 -4.1 -4.2')
        self.write('max_block_size', str(1 << 20))
        self.ns.run('rpc.nfsd', '-N', '4', '-V', '3', '--tcp', '--udp', '8')
        self.daemons.spawn('rpc.mountd', '-F', '-p', '20048')
        wait_for('rpc.mountd', lambda: '20048' in self.ns.run('rpcinfo', '-p', '127.0.0.1'))
        if self.world.spec['locks']:
            self.end_grace()

    def end_grace(self):
        with self.ns:
            put('/proc/fs/lockd/nlm_end_grace', 'Y')

    def restart(self, order=None):
        locks = self.world.spec['locks']
        if locks:
            self.daemons.kill_statd()  # else the kernel ends the monitoring of all
        self.write('threads', '0')
        self.write('portlist', 'tcp 2049')
        self.write('portlist', 'udp 2049')
        self.write('threads', '8')
        if locks:
            self.daemons.statd()
            self.ns.run(*self.daemons.inside('sm-notify', '-f'))

    def stop(self):
        self.shares = {}
        self._exports()
        self.write('threads', '0')
        self.daemons.stop()
        umount(self.proc, MNT_DETACH)

    @staticmethod
    def released(volume):
        for _ in range(40):
            with contextlib.suppress(OSError):
                volume.umount()
                return
            time.sleep(0.1)
        raise AssertionError(f'{volume.where} stays busy')

    @classmethod
    def reset(cls):
        with contextlib.suppress(OSError):
            while True:
                umount(cls.proc, MNT_DETACH)

    squashes = {'root-to-guest': 'root_squash', 'root-to-admin': 'no_root_squash',
                'all-to-guest': 'all_squash', 'all-to-admin': 'all_squash,anonuid=0,anongid=0'}

    def _line(self, number, path, ro=None, squash='root-to-guest', anon=None, sec=None, allow=(),
              id=None):
        common = f'fsid={id or number},insecure,sync,no_subtree_check'
        if anon:
            common += f',anonuid={anon[0]},anongid={anon[1]}'
        if sec:
            common += ',sec=' + ':'.join(sec)
        out = []
        for rule in allow or ('*',):
            spec, *words = rule.split(',')
            spec, _, access = spec.partition('=')
            mode, own = squash, ''
            for key, value in (w.split('=') for w in words):
                if key == 'squash':
                    mode = value
                else:
                    own += f',{key.replace("-", "")}={value}'
            if access == 'none':
                continue
            rw = 'ro' if ro or access == 'ro' else 'rw'
            out.append(f'{spec}({rw},{self.squashes[mode]},{common}{own})')
        return f'{path} ' + ' '.join(out) + '\n'

    def _exports(self):
        with open('/etc/exports', 'w', encoding='ascii') as f:
            for i, (path, options) in enumerate(self.shares.values()):
                f.write(self._line(i + 1, path, **options))
        for word in ('-ra', '-f'):
            self.ns.run(*self.daemons.inside('exportfs', word))

    def add(self, name, path, squash='root-to-admin', **options):
        self.shares[name] = (path, dict(options, squash=squash))
        self._exports()

    def set(self, name, **options):
        path, old = self.shares[name]
        self.shares[name] = (path, {**old, **options})
        self._exports()

    def delete(self, name):
        del self.shares[name]
        self._exports()


SERVERS = {s.name: s for s in (Ditto, Knfsd)}


def rpcbind(w):
    """Run an rpcbind in the server's namespace."""
    if w.server.name == 'knfsd':
        return None
    os.makedirs('/run/rpcbind', exist_ok=True)
    daemon = w.server_ns.spawn('rpcbind', '-f', '-w')
    wait_for('rpcbind', lambda: w.server_ns.run('rpcinfo', '-p', '127.0.0.1',
                                                check=False).returncode == 0)
    return daemon
