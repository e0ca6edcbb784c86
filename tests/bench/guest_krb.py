# SPDX-License-Identifier: GPL-2.0-only
"""Kerberos for a server of NFS and its clients, all in the network namespace of the server."""

import os
import subprocess
import time

import guest
import kdc

HOST = kdc.HOST
# Where KRB5_CONF of kdc.py expects the KDC.
ADDRESS = "192.168.1.1"
BASE = "/run/bench-krb"
LIMIT = 30
CIPHERS = ("aesni_intel", "sha1_ssse3", "sha256_ssse3", "sha512_ssse3")


class Place:
    """A network namespace with a folder, as kdc.Kdc wants it."""

    def __init__(self, server):
        self.net = server.net
        self.base = f"{BASE}/{server.kind}"
        self.server_ns = self
        self._inside = None

    def __enter__(self):
        self._inside = guest.namespace(self.net)
        self._inside.__enter__()

    def __exit__(self, *why):
        self._inside.__exit__(*why)

    def run(self, *args, env=None, **more):
        """Run a command in the namespace; returns what it prints."""
        return subprocess.run(["nsenter", f"--net={self.net}", *args], check=True, text=True,
                              stdout=subprocess.PIPE, env=env, **more).stdout

    def spawn(self, name, *args, env):
        """Start a program that stays."""
        with open(f"{self.base}/{name}.log", "ab") as log:
            return subprocess.Popen(["nsenter", f"--net={self.net}", *args], env=env,
                                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def wait_until(what, happened):
    """Wait for something, or fail."""
    end = time.monotonic() + LIMIT
    while not happened():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: nothing for {LIMIT} s")
        time.sleep(0.1)


def has_open(process, path):
    """Does a process have a file open whose name begins so?"""
    fds = f"/proc/{process.pid}/fd"
    names = (os.path.join(fds, fd) for fd in os.listdir(fds))
    return any(os.readlink(name).startswith(path) for name in names if os.path.lexists(name))


def serve(server):
    """Give a server and its clients a realm; once."""
    if getattr(server, "realm", None):
        return
    if not os.path.isdir(BASE):
        os.makedirs(BASE)
        with open("/etc/hosts", "a", encoding="ascii") as f:
            f.write(f"{ADDRESS} {HOST}\n")
    place = Place(server)
    os.makedirs(place.base)
    place.run("ip", "address", "add", f"{ADDRESS}/32", "dev", "lo")
    realm = kdc.Kdc(place, {})
    realm.admin(f"addprinc -randkey nfs/{HOST}")
    realm.admin(f"ktadd -k {realm.keytab} nfs/{HOST}")
    with open(realm.env["KRB5_CONFIG"], "rb") as f, open("/etc/krb5.conf", "wb") as out:
        out.write(f.read())
    env = dict(realm.env, KRB5_KTNAME=realm.keytab)
    # What uses the CPU's instructions is loaded by udev on a machine; here there is none.
    subprocess.run(["modprobe", "-aq", *CIPHERS], check=False)
    subprocess.run(["modprobe", "-a", "auth_rpcgss", "rpcsec_gss_krb5"], check=True)
    _accept(server, place, env)
    _begin(place, realm, env)
    server.realm = realm


def _begin(place, realm, env):
    """The client's side. Its one principal is the key of the server."""
    pipes = f"{place.base}/pipes"
    os.makedirs(pipes)
    place.run("mount", "-t", "rpc_pipefs", "rpc_pipefs", pipes)
    # Its tickets are those of another KDC than a second server's.
    gssd = place.spawn("gssd", "rpc.gssd", "-f", "-p", pipes, "-k", realm.keytab, "-d", place.base,
                       env=env)
    wait_until("rpc.gssd", lambda: has_open(gssd, f"{pipes}/gssd/"))


def _accept(server, place, env):
    """The server's side."""
    if server.kind == "knfsd":
        acceptor = place.spawn("svcgssd", "rpc.svcgssd", "-f", "-n", env=env)
        wait_until("rpc.svcgssd", lambda: has_open(acceptor, "/proc/"))
        place.run("exportfs", "-o", "rw,sync,insecure,no_root_squash,no_subtree_check,fsid=0,"
                  "sec=sys:krb5p", f"*:{server.directory}")
        return
    conf = f"{place.base}/ditto.conf"
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"[server]\nuser-map = {kdc.ALL_USERS}\nnfs-gss = dittod\n")
    os.makedirs(f"{place.base}/state")
    daemon = place.spawn("dittod", "dittod", "-c", conf, "-s", f"{place.base}/state", env=env)
    wait_until("dittod", lambda: daemon.poll() is None and
               ["helper", "yes"] in map(str.split, place.run("dittoctl", "server",
                                                             "show").splitlines()))
    place.run("dittoctl", "share", "set", "bench", "sec", "sys,krb5p")
