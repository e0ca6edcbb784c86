# SPDX-License-Identifier: GPL-2.0-only
"""Servers with a mount of the kernel's client for each way to speak to them."""

import os
import subprocess
import time

import files
import guest
import guest_krb
import smb_peers
import volumes

TOP = "/mnt/mounted"
# Words of the protocol: (mount options, delegations, security).
NFS = {
    "nfs3": ("vers=3", False, "sys"),
    "nfs4.0": ("vers=4.0", False, "sys"),
    "nfs4.1": ("vers=4.1", False, "sys"),
    "nfs4.2": ("vers=4.2", False, "sys"),
    "nfs4.2+delegations": ("vers=4.2", True, "sys"),
    "nfs4.2+krb5p": ("vers=4.2", False, "krb5p"),
}
SMB = {"smb3.1.1": "plain", "smb3.1.1+signed": "signed", "smb3.1.1+encrypted": "encrypted"}
PROTOCOLS = (*NFS, *SMB)
NFS_SYSTEMS = ("knfsd", "ganesha", "ditto")
SMB_SYSTEMS = {"ksmbd": smb_peers.Ksmbd, "samba": smb_peers.Samba, "ditto": smb_peers.Ditto}
# Who can be asked with Kerberos, and who can be told to give no delegations.
KERBEROS = DELEGATIONS = ("knfsd", "ditto")
START_LIMIT = 20


class Nfs(guest.Server):
    """A server of NFS in its name space, and its mounts."""

    def __init__(self, kind):
        super().__init__(kind, kind, f"/bench/{kind}")
        self.tops = {}

    def _make_files(self):
        os.chmod(self.directory, 0o777)

    def find_files(self):
        """Nothing is asked without a mount."""

    def prepare(self, protocol):
        """Mount it so; returns the folder to work in, or None if the server cannot do that."""
        options, delegations, security = NFS[protocol]
        if security != "sys":
            if self.kind not in KERBEROS:
                return None
            guest_krb.serve(self)
        if delegations and self.kind not in DELEGATIONS:
            return None
        if protocol not in self.tops:
            self._mount(protocol, options, security)
        return self.tops[protocol]

    def turn(self, protocol):
        """Its turn: nobody else is asked anything meanwhile."""
        given = NFS[protocol][1]
        if self.kind == "ditto":
            subprocess.run(["nsenter", f"--net={self.net}", "dittoctl", "server", "set",
                            "delegations", "on" if given else "off"], check=True)
        # Without leases knfsd has nothing to give.
        files.put("/proc/sys/fs/leases-enable",
                  str(int(given or self.kind != "knfsd")))

    def _mount(self, protocol, options, security):
        where = f"{TOP}/{self.kind}/{protocol}"
        os.makedirs(where)
        three = options == "vers=3"
        if three:
            options += f",mountproto=tcp,mountport={self.mount_port},nolock"
        # A mount with Kerberos is another client than one without, and is so by its name.
        options += (f",proto=tcp,port=2049,rsize=1048576,wsize=1048576,actimeo=0,"
                    f"sec={security}")
        share = self.share if three else "/" if self.kind == "knfsd" else "/bench"
        host = guest_krb.HOST if security != "sys" else "127.0.0.1"
        command = ["nsenter", f"--net={self.net}", "unshare", "--uts", "sh", "-c",
                   'hostname "$0" && exec mount "$@"', f"{self.kind}-{security}",
                   "-t", "nfs", "-o", options, f"{host}:{share}", where]
        patiently(lambda: subprocess.run(command, check=True))
        self.tops[protocol] = f"{where}/{protocol}"
        os.mkdir(self.tops[protocol])


class Smb:
    """A server of SMB and its mounts."""

    def __init__(self, peer):
        self.peer = peer
        self.kind = self.label = peer.name

    def start(self):
        """Start the server; it may not listen yet."""
        self.peer.start()

    def turn(self, protocol):
        """There is nothing to set."""

    def prepare(self, protocol):
        """Mount it so; returns the folder to work in."""
        protection = SMB[protocol]
        if protection not in self.peer.mounts:
            where = f"{smb_peers.BASE}/m-{self.kind}-{protection}"

            def again():
                if os.path.isdir(where):
                    os.rmdir(where)
                self.peer.mount(protection)
            patiently(again)
            os.mkdir(f"{self.peer.mounts[protection]}/{protection}")
        return f"{self.peer.mounts[protection]}/{protection}"


def patiently(action):
    """Do it again until it is done: a server that was just started may not listen, or wait."""
    end = time.monotonic() + START_LIMIT
    while True:
        try:
            return action()
        except (OSError, subprocess.CalledProcessError):
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def servers(protocols, systems):
    """{protocol: servers}; each server is started once, when its first protocol is asked for."""
    nfs = [Nfs(kind) for kind in NFS_SYSTEMS if kind in systems]
    smb = []
    if any(p in SMB for p in protocols):
        os.makedirs(smb_peers.BASE)
        volumes.mount("bench-smb", smb_peers.BASE, "tmpfs", 0, "mode=755")
        files.put("/sys/module/cifs/parameters/enable_oplocks", "N")
        smb_peers.make_user()
        smb = [Smb(kind()) for name, kind in SMB_SYSTEMS.items() if name in systems]
    return {p: smb if p in SMB else nfs for p in protocols}
