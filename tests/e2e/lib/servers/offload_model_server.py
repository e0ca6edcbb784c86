# SPDX-License-Identifier: GPL-2.0-only
"""Steps of administrators, and what goes wrong, for t_offload_model.py."""
import contextlib
import errno
import os
import shutil
import signal
import subprocess
import threading
import time

import servers
from fault_points import Point
from checks import eq, wait_for
from files import put
from processes import run
from offload_model import LOCAL, MIB, SHOWN, Defect, File, differs, is_stub, read
from stores import KEY, forget_index

DAY = 86400
# What the proxy does for a while (s3proxy.py), and points at which the kernel stops or fails.
MODES = ('500', '500 3', 'down', 'hang', 'slow 0.3', 'wrong', 'short', 'page', 'throttle 300000',
         'stall 100000', 'no-bulk', 'old-lists', 'deny chunks/', 'deny manifests/', 'deny packs/')
POINTS = ('release-record', 'stored-replaced', 'release-recorded', 'release-freed', 'fill-owned',
          'fill-write', 'fill-checked', 'fill-written', 'flush-data', 'flush-done', 'commit-data',
          'commit-record', 'stored-written', 'commit-recorded', 'cut-record', 'cut-stored',
          'cut-written', 'load-record')
CHECKERS = {'ext4': ('e2fsck', '-fn'), 'xfs': ('xfs_repair', '-n'),
            'btrfs': ('btrfs', 'check', '--readonly')}


class Trouble:
    """What goes wrong: until Run.calm(), steps may fail."""

    def __init__(self, run):
        self.run, self.dice, self.s = run, run.dice, run.s
        self.timers, self.fillers = [], []

    def later(self, do):
        t = threading.Timer(self.dice.uniform(0.1, 3), do)
        t.daemon = True
        t.start()
        self.timers.append(t)

    def store(self):
        mode = self.dice.choice(MODES)
        self.run.expect_trouble(f'the store: {mode}')
        self.s.mode(mode)
        self.later(lambda: self.s.mode('ok'))

    def kill_store(self):
        self.run.expect_trouble('the store process is killed')
        pid = self.s.process()
        if pid:
            os.kill(pid, signal.SIGKILL)

    def kill_dittod(self):
        self.run.expect_trouble('dittod is killed')
        w = self.run.w
        w.server.helper_stop('KILL')
        w.server.helper_start(w.server.conf)

    def stop_store(self):
        pid = self.s.process()
        if not pid:
            return
        self.run.expect_trouble('the store process stops for a while')
        os.kill(pid, signal.SIGSTOP)

        def go_on():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.later(go_on)

    def delay(self):
        """Whatever comes to a point of the kernel stops there for a while, which harms nothing."""
        point = self.dice.choice(POINTS)
        self.run.log(f'operations stop at {point}')
        with contextlib.suppress(OSError):
            Point.order(f'{point} stop')
            self.later(lambda: Point.order('off'))

    def fail(self):
        point = self.dice.choice(POINTS)
        number = self.dice.choice([errno.EIO, errno.ENOSPC, errno.ENOMEM])
        self.run.expect_trouble(f'operations fail at {point} with {number}')
        with contextlib.suppress(OSError):
            Point.order(f'{point} {number}')
            self.later(lambda: Point.order('off'))

    def fill(self):
        """Fill a disk but for a little."""
        disk = self.dice.choice(self.run.disks)
        name = f'{disk.volume.where}/filler'
        if name in self.fillers:
            return
        room = self.dice.choice([0, 2, 5, 12]) * MIB + self.dice.randrange(MIB)
        self.run.expect_trouble(f'{disk.name} has {room} bytes of room')
        self.fillers.append(name)
        f = os.statvfs(disk.where)
        with contextlib.suppress(OSError), open(name, 'wb') as filler:
            os.posix_fallocate(filler.fileno(), 0, max(f.f_bavail * f.f_bsize - room, 1))

    def end(self):
        """Nothing more goes wrong."""
        for t in self.timers:
            t.cancel()
            t.join()
        self.timers.clear()
        with contextlib.suppress(OSError):
            Point.order('off')
        self.s.mode('ok')
        if pid := self.s.process():
            os.kill(pid, signal.SIGCONT)
        for name in self.fillers:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        self.fillers.clear()


class Administrator:
    """What administrators do with offloaded data."""

    def __init__(self, run):
        self.run, self.dice, self.s, self.w = run, run.dice, run.s, run.w
        self.job, self.job_words = None, ()
        self.keys, self.taken = [KEY], 0

    def tool(self, *words, may_fail=False):
        """Run dittoctl offload, which has to succeed unless something goes wrong meanwhile."""
        # One run of gc ends another.
        if self.job and self.job_words[0] not in ('push', 'recall'):
            self.join()
        self.run.log(f'dittoctl offload {" ".join(words)}')
        status, said, errors = self.s.tool(*words, check=False)
        self.judge(words, status, errors, may_fail)
        return status, said

    def judge(self, words, status, errors, may_fail=False):
        if status == 1 and words[0] == 'undelete' and all(
                'no such object is condemned' in line for line in errors.splitlines()):
            return
        if status < 0 or status and not may_fail and not self.run.trouble:
            raise Defect(f'dittoctl offload {" ".join(words)}: {status}: {errors}')
        if status:
            self.run.log(f'  status {status}: {errors.strip()[-400:]}')

    def some(self):
        """Paths of a few files or of directories."""
        disk = self.dice.choice(self.run.disks)
        if not disk.files or self.dice.random() < 0.3:
            return [disk.path(self.dice.choice(['d0', 'd1', 'd2', '']))]
        names = sorted(disk.files)
        return [disk.path(name) for name in self.dice.sample(names, min(len(names), 4))]

    # commands; a push fails where somebody has a file open
    def push(self):
        self.tool('push', *self.some(), may_fail=True)

    def recall(self):
        self.tool('recall', *self.some())

    def policies(self):
        self.tool('policy', 'run', may_fail=True)

    def mark(self):
        one = self.run.steps.choose()
        if not one:
            return
        disk, name, file = one
        verb = self.dice.choice(['pin', 'never', 'auto', 'auto'])
        status, _ = self.tool(verb, disk.path(name))
        file.pinned = verb == 'pin' and not status
        disk.note(file)

    def collect(self):
        if self.dice.random() < 0.5:
            self.tool('gc', '--grace', '0', '--force')
            return
        self.tool('gc')
        # The clock never goes back before the end.
        self.run.days += 8
        self.run.log('8 days later')
        time.clock_settime(time.CLOCK_REALTIME, time.time() + 8 * DAY)
        self.tool('gc', '--force')

    def undelete(self):
        self.tool('undelete', 'main')

    def rekey(self):
        key = self.dice.randbytes(32).hex()
        self.keys.insert(0, key)
        put(f'{self.s.folder}/key.new', '\n'.join(self.keys) + '\n', 0o600)
        os.rename(f'{self.s.folder}/key.new', f'{self.s.folder}/key')
        self.run.log('a new key')
        self.w.server.helper.send_signal(signal.SIGHUP)
        wait_for('the store is ready', lambda: self.s.status().get('ready'))
        if self.dice.random() < 0.7:
            self.tool('rekey')

    def repack(self):
        self.tool('repack', may_fail=True)

    def scrub(self):
        self.tool('scrub', *self.dice.choice([[], ['--quick'], ['--repair'], ['--percent', '30']]))

    def lose_index(self):
        self.run.log('the index is lost')
        self.join()
        forget_index()
        if self.dice.random() < 0.7:
            self.tool('rebuild')

    # snapshots
    def take_snapshot(self, disk=None):
        """Make a snapshot of a share; returns its name."""
        disk = disk or self.dice.choice(self.run.disks)
        if any(f.doubt is not None for f in disk.inodes()):
            return None
        self.taken += 1
        name = f's{self.taken}'
        status, _ = self.tool('snapshot', 'create', disk.name, name)
        if not status:
            twins = {file: file.copy() for file in disk.inodes()}
            disk.snapshots[name] = {path: twins[file] for path, file in disk.files.items()}
        return name

    def remove_snapshot(self):
        disk = self.dice.choice(self.run.disks)
        if disk.snapshots:
            name = self.dice.choice(sorted(disk.snapshots))
            status, _ = self.tool('snapshot', 'delete', f'{disk.name}/{name}')
            # It may be gone although the command has failed.
            del disk.snapshots[name]

    def restore(self):
        """Bring back a file of a snapshot in the place of what is there."""
        disk = self.dice.choice(self.run.disks)
        if not disk.snapshots or self.run.trouble:
            return
        snapshot = self.dice.choice(sorted(disk.snapshots))
        if not (files := disk.snapshots[snapshot]):
            return
        name = self.dice.choice(sorted(files))
        self.tool('snapshot', 'restore', f'{disk.name}/{snapshot}', '--replace', name)
        if name in disk.files:
            old = disk.files[name]
            disk.remove(name)
            self.run.steps.noted(disk, old)
        file = File(files[name].data)
        file.attributes = files[name].attributes
        disk.add(name, file)

    def expose(self):
        """Show a snapshot to users, and hide it again."""
        disk = self.dice.choice(self.run.disks)
        if not disk.snapshots or self.run.trouble:
            return
        name = self.dice.choice(sorted(disk.snapshots))
        status, said = self.tool('snapshot', 'expose', f'{disk.name}/{name}')
        if status:
            return
        at = f'{disk.where}/{SHOWN}/{said["path"]}'
        for path, file in disk.snapshots[name].items():
            got = self.run.persist(lambda path=path: read(f'{at}/{path}', LOCAL))
            if got != file.data:
                raise Defect(f'{disk.name}/{name}: {path}: {differs(got, file.data)}')
        self.tool('snapshot', 'hide', f'{disk.name}/{name}')

    # in the background
    def begin(self):
        """A command that goes on while other steps are done."""
        self.join()
        words = self.dice.choice([('push', *self.some()), ('push', *self.some()),
                                  ('recall', *self.some()), ('gc', '--grace', '0', '--force'),
                                  ('policy', 'run'), ('repack',), ('scrub',), ('rekey',)])
        self.run.log(f'in the background: dittoctl offload {" ".join(words)}')
        self.job_words = words
        self.job = self.w.server.ns.spawn(servers.tool('dittoctl'), 'offload', *words,
                                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                          text=True)

    def kill(self):
        if self.job:
            self.run.log('the command in the background is killed')
            self.job.kill()
            self.job.communicate()
            self.job = None

    def join(self):
        if self.job:
            _, errors = self.job.communicate(timeout=300)
            # Others changed files meanwhile, and may have had them open.
            self.judge(self.job_words, self.job.returncode, errors, True)
            self.job = None

    # file systems and modules that go and come
    def away(self):
        """A file system is unmounted, and mounted again."""
        self.run.calm()
        disk = self.dice.choice(self.run.disks)
        self.run.log(f'{disk.name} is unmounted')
        disk.disconnect()
        self.w.server.delete(disk.name)
        # By the module, or by the guard: which of them is asked first is a matter of chance.
        disk.is_refused(errno.EIO, errno.EPERM)
        disk.volume.umount()
        p = run(*CHECKERS[disk.kind], disk.volume.image, check=False)
        eq(p.returncode, 0, p.stdout)
        disk.volume.mount()
        wait_for('the guard', lambda: self.guards(disk))
        disk.is_refused(errno.EPERM)
        disk.serve()
        disk.connect()

    @staticmethod
    def guards(disk):
        """Whether the guard refuses stubs, if there are any: what is mounted is seen a little later."""
        for name in disk.stubs():
            try:
                open(disk.path(name), 'rb').close()
            except OSError as e:
                return e.errno == errno.EPERM
            return False
        return True

    def reload(self):
        """The modules are unloaded and loaded; in between, ditto-guard refuses stubs."""
        self.run.calm()
        self.run.log('the modules are unloaded')
        for disk in self.run.disks:
            disk.disconnect()
        server = self.w.server
        for share in list(server.shares):
            server.delete(share)
        for listener in server.listeners():
            server.call('LISTENER_DEL', ('LISTENER_ID', listener))
        server.helper_stop()
        server.unload()
        for disk in self.run.disks:
            disk.is_refused(errno.EPERM)
            self.change_unguarded(disk)
        server.load()
        server.key()
        server.helper_start(server.conf)
        self.s.ready()
        self.run.limits()
        for disk in self.run.disks:
            disk.serve()
            disk.connect()

    def change_unguarded(self, disk):
        """Local programs may change whole files, and names of others, while no module is loaded."""
        for name in list(disk.files):
            file, path = disk.files[name], disk.path(name)
            if is_stub(path):
                if self.dice.random() < 0.2:
                    # This opens nothing, so nobody is asked.
                    file.data = file.data[:self.dice.randint(1, len(file.data))]
                    self.run.log(f'{disk.name}/{name} is cut to {len(file.data)} without the module')
                    os.truncate(path, len(file.data))
                    disk.note(file)
                elif self.dice.random() < 0.2:
                    self.run.log(f'{disk.name}/{name} is removed without the module')
                    os.unlink(path)
                    disk.remove(name)
                    self.run.steps.noted(disk, file)
            elif self.dice.random() < 0.3:
                self.run.log(f'{disk.name}/{name} is written without the module')
                file.data += b'unserved'
                with open(path, 'ab') as f:
                    f.write(b'unserved')
                disk.note(file)

    def adopt(self):
        """The server burns with its disks; another one goes on with the bucket and the key."""
        self.run.calm()
        self.run.log('another server')
        server, gone = self.w.server, []
        for disk in self.run.disks:
            self.take_snapshot(disk)
            disk.disconnect()
        known = {fs['path']: fs['id'] for fs in self.s.tool('filesystem', 'list')}
        for disk in self.run.disks:
            server.delete(disk.name)
            disk.volume.umount()
            self.w.volumes.remove(disk.volume)
            os.unlink(disk.volume.image)
            gone += [known[disk.volume.where]] if disk.volume.where in known else []
        server.helper_stop('KILL')
        shutil.rmtree(f'{self.w.base}/state')
        for name in os.listdir('/var/lib/ditto'):
            with contextlib.suppress(OSError):
                os.unlink(f'/var/lib/ditto/{name}')
        server.helper_start(server.conf)
        self.s.ready()
        for disk in self.run.disks:
            disk.make()
            disk.serve()
        self.tool('adopt', 'main')
        for disk in self.run.disks:
            for file in disk.inodes():
                file.pinned = False
            disk.connect()
        for one in gone:
            self.tool('filesystem', 'forget', one)
        self.tool('gc', '--grace', '0', '--force')
