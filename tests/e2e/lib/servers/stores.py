# SPDX-License-Identifier: GPL-2.0-only
"""An object store for tests of offloaded data: Ceph RGW or Swift, behind the proxy of s3proxy.py.

They take long to start, so they are kept for all tests of a run; each has a bucket of its own.
"""
import contextlib
import hashlib
import hmac
import http.client
import os
import re
import shutil
import signal
import subprocess
import time

import servers
import uncounted
from checks import wait_for
from files import get, put
from harness import Skip
from leftovers import KEEP
from processes import run

HERE = os.path.dirname(os.path.abspath(__file__))
RGW_PORT, SWIFT_PORT, PROXY_PORT = 7480, 7481, 9000
ACCESS, SECRET = 'TESTAK', 'TESTSECRETKEY000'
# Of each kind: a program that it needs, its port and access key.
KINDS = {
    'rgw': ('radosgw', RGW_PORT, ACCESS),
    'swift': ('swift-proxy-server', SWIFT_PORT, 'test:tester'),
}
PROGRAM = 'ditto-offload'
# Bytes of memory that a store has grown to when it begins anew.
FULL = 800 << 20
KEY = '6b' * 32
INDEX = '/var/lib/ditto/offload.db'
# What dittoctl offload run remembers.
DONE = '/var/lib/ditto/offload-schedule'
PACES = '/var/lib/ditto/offload-policies'

CONF = """[store main]
endpoint = {endpoint}
bucket = {bucket}
credentials-file = {folder}/credentials
timeout-s = {timeout}
probe-s = {probe}
packing = {packing}
{more}
"""


def resident(folder):
    """The bytes of memory that the daemons of a store use."""
    pages = 0
    for pid in get(f'{folder}/pids').split():
        pages += int(get(f'/proc/{int(pid)}/statm').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE')


def start(kind, name):
    """Start a store for the test of this name, or find it running.

    One that is about to be full of the objects of earlier tests begins anew: RGW does not answer
    writes when it is full.
    """
    program, port, _ = KINDS[kind]
    folder, script = f'{KEEP}/{kind}', f'{servers.TOP}/tests/s3/{kind}'
    if not shutil.which(program):
        raise Skip(f'there is no {program}')
    with uncounted.time():
        if (os.path.exists(f'{folder}/user') and get(f'{folder}/user').decode() != name and
                resident(folder) > FULL):
            run(script, 'stop', folder)
        if not os.path.exists(f'{folder}/user'):
            os.makedirs(KEEP, exist_ok=True)
            run(script, 'start', folder, str(port), timeout=600)
    put(f'{folder}/user', name)


def make_bucket(name):
    """Make a bucket in RGW."""
    run('curl', '-sSf', '-X', 'PUT', '--aws-sigv4', 'aws:amz:us-east-1:s3',
        '--user', f'{ACCESS}:{SECRET}', '-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD',
        f'http://127.0.0.1:{RGW_PORT}/{name}')


def forget_index():
    """Remove the index of dittoctl."""
    for end in ('', '-wal', '-shm'):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f'{INDEX}{end}')


def collect(s, *words):
    """Delete all garbage of whatever age. Returns the number of objects."""
    return s.tool('gc', '--grace', '0', '--force', *words)['deleted']


def deletions(s):
    """The paths of requests that delete, one or many objects, since the last forget()."""
    return s.requests('DELETE') + s.requests('POST')


def add_program():
    """Put the program of stores beside dittod, which finds it there."""
    helper = os.path.dirname(servers.tool('dittod'))
    if not os.path.exists(f'{helper}/{PROGRAM}'):
        shutil.copy(f'{servers.TOP}/userspace/{PROGRAM}', helper)


def start_disk_store(ns, folder, objects, keys=KEY):
    """Run a store whose objects are files, with credentials and keys in another folder."""
    os.makedirs(folder)
    put(f'{folder}/credentials', f'access-key = {ACCESS}\nsecret-key = {SECRET}\n', 0o600)
    put(f'{folder}/key', f'{keys}\n', 0o600)
    ns.spawn('/usr/bin/python3', '-B', f'{HERE}/disk_store.py', objects, str(PROXY_PORT))
    wait_for('the store listens', lambda: f':{PROXY_PORT} ' in ns.run('ss', '-Hltn'))
    add_program()


class Store:
    """A bucket, the proxy in front of it, and a server that is configured to use it."""

    # Seconds without data after which a request is sent again, which tests count, too; with a
    # store that fails, errors come after twice that time.
    timeout = 30
    # Tests count requests, so the store is not asked whether it is there.
    probe = 0

    def __init__(self, world, more='key-file = {folder}/key', packing='off',
                 kind='rgw', timeout=None):
        start(kind, world.name)
        self.packing, self.timeout = packing, timeout or self.timeout
        _, self.port, self.access = KINDS[kind]
        # The index knows the file systems of earlier tests, and misses them.
        forget_index()
        for path in DONE, PACES:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.world, self.server = world, world.server
        self.folder = f'{world.base}/store'
        self.bucket = world.name.replace('_', '-').replace('.', '-')
        os.makedirs(self.folder)
        put(f'{self.folder}/credentials', f'access-key = {self.access}\nsecret-key = {SECRET}\n',
            0o600)
        put(f'{self.folder}/key', f'{KEY}\n', 0o600)
        put(f'{self.folder}/requests')
        self.mode('ok')
        self.call('PUT')
        self.spawn_proxy(PROXY_PORT)
        add_program()
        self.conf = self.server.conf or servers.LISTENERS
        self.configure(more)
        if self.server.helper:
            self.ready()

    def configure(self, more='', endpoint=f'http://127.0.0.1:{PROXY_PORT}'):
        """Use other keys in the section of the store."""
        more = more.format(folder=self.folder)
        conf = self.conf + CONF.format(endpoint=endpoint, bucket=self.bucket, folder=self.folder,
                                       packing=self.packing, timeout=self.timeout, probe=self.probe,
                                       more=more)
        if not self.server.helper:
            self.server.helper_start(conf)
            self.ready()
            return
        self.server.conf = conf
        put(f'{self.world.base}/ditto.conf', conf)
        self.server.helper.send_signal(signal.SIGHUP)

    def status(self):
        """What dittod says about the store, or {} while there is no answer."""
        p = self.server.ctl('--json', 'offload', 'status', check=False)
        if p.returncode:
            return {}
        import json
        return (json.loads(p.stdout) or [{}])[0]

    def ready(self):
        wait_for('the store is ready', lambda: self.status().get('ready'))

    # the proxy
    def spawn_proxy(self, port, *certificate):
        self.server.ns.spawn('/usr/bin/python3', '-B', f'{HERE}/s3proxy.py', self.folder,
                             str(port), str(self.port), *certificate)
        wait_for('the proxy listens', lambda: f':{port} ' in self.server.ns.run('ss', '-Hltn'))

    def mode(self, words):
        put(f'{self.folder}/mode.new', words)
        os.rename(f'{self.folder}/mode.new', f'{self.folder}/mode')

    def requests(self, method=None, part=''):
        """The paths of requests since the last forget()."""
        with open(f'{self.folder}/requests', encoding='ascii') as f:
            lines = [line.split() for line in f]
        return [path for m, path, _ in lines if method in (None, m) and part in path]

    def forget(self):
        put(f'{self.folder}/requests')

    # the tool
    def push(self, *paths, check=True):
        """Returns the totals, or the output if @check is off."""
        if check:
            self.wait_for_closes()
        return self._do('push', paths, check)

    def wait_for_closes(self):
        """Wait until no client has a file open.

        NFSv4 clients may send CLOSE later than the process that read has ended. Linux's client of
        SMB keeps directories open for half a minute.
        """
        def files():
            return [o for o in self.server.json('open', 'list')
                    if not os.path.isdir(f'{self.server.shares[o["share"]][0]}/{o["path"]}')]
        wait_for('the end of opens', lambda: not files(), 30)

    def recall(self, *paths, check=True):
        return self._do('recall', paths, check)

    def _do(self, verb, paths, check):
        import json
        with self.server.ns:
            p = subprocess.run([servers.tool('dittoctl'), '--json', 'offload', verb, *paths],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, check=False, timeout=300)
        if not check:
            return p.stderr
        if p.returncode:
            raise AssertionError(f'dittoctl offload {verb}: {p.stdout}{p.stderr}')
        return json.loads(p.stdout)

    def tool(self, *words, check=True):
        """Run dittoctl offload. Returns its JSON, or (status, JSON or None, errors)."""
        import json
        with self.server.ns:
            p = subprocess.run([servers.tool('dittoctl'), '--json', 'offload', *words],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, check=False, timeout=300)
        if check and p.returncode:
            raise AssertionError(f'dittoctl offload {words}: {p.stdout}{p.stderr}')
        said = json.loads(p.stdout) if p.stdout else None
        return said if check else (p.returncode, said, p.stderr)

    def call(self, method, name='', body=b'', more=(), query=''):
        """A request to the store behind the back of all others. Returns the body of the answer.

        @more: other headers that are signed; @query: a subresource.

        Signed as "Signature Version 4" of Amazon says; curl cannot, as an access key may have a
        colon.
        """
        now = time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())
        words = (now[:8], 'us-east-1', 's3', 'aws4_request')
        headers = {'host': f'127.0.0.1:{self.port}', 'x-amz-date': now,
                   'x-amz-content-sha256': hashlib.sha256(body).hexdigest(), **dict(more)}
        path, signed = f'/{self.bucket}' + (f'/{name}' if name else ''), ';'.join(sorted(headers))
        asked = query if '=' in query or not query else f'{query}='
        lines = [method, path, asked, *(f'{h}:{headers[h]}' for h in sorted(headers)), '', signed,
                 headers['x-amz-content-sha256']]
        key = f'AWS4{SECRET}'.encode()
        for word in (*words, '\n'.join(('AWS4-HMAC-SHA256', now, '/'.join(words),
                                        hashlib.sha256('\n'.join(lines).encode()).hexdigest()))):
            key = hmac.new(key, word.encode(), hashlib.sha256).digest()
        headers['authorization'] = (
            f'AWS4-HMAC-SHA256 Credential={self.access}/{"/".join(words)}, '
            f'SignedHeaders={signed}, Signature={key.hex()}')
        there = http.client.HTTPConnection('127.0.0.1', self.port, timeout=120)
        headers['content-type'] = 'application/octet-stream'
        there.request(method, f'{path}?{query}' if query else path, body or None, headers)
        answer = there.getresponse()
        data = answer.read()
        there.close()
        assert answer.status < 300, (method, path, answer.status, data)
        return data

    def delete(self, name):
        """Delete an object."""
        self.call('DELETE', name)

    def fetch(self, name=''):
        """An object, or the list of the bucket."""
        return self.call('GET', name)

    def copy(self, folder):
        """Copy a bucket of at most 1000 objects."""
        for name in re.findall('<Key>(.*?)</Key>', self.fetch().decode()):
            os.makedirs(os.path.dirname(f'{folder}/{name}'), exist_ok=True)
            put(f'{folder}/{name}', self.fetch(name))

    def put(self, name, text):
        """Write an object."""
        self.call('PUT', name, text.encode())

    def spawn_push(self, *paths):
        """A push in the background."""
        return self.server.ns.spawn(servers.tool('dittoctl'), 'offload', 'push', *paths,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def states(self, *paths):
        """The number of files in each state, of the whole share without paths."""
        import json
        rows = json.loads(self.server.ctl('--json', 'offload', 'status',
                                          *(paths or [self.world.export])))
        return {key: sum(row[key] for row in rows)
                for key in ('resident', 'partial', 'offloaded', 'recalling')}

    # the store process
    @staticmethod
    def process():
        """The store process, or None."""
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as f:
                    name, rest = f.read().split('(', 1)[1].rsplit(')', 1)
                # The dead wait for the runner, which inherits them.
                if name == PROGRAM and rest.split()[0] != 'Z':
                    return int(pid)
            except OSError:
                continue
        return None

    def kill_process(self):
        """Kill the store process; returns when it is gone."""
        pid = self.process()
        os.kill(pid, signal.SIGKILL)
        wait_for('the store process is gone', lambda: self.process() != pid)
