/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts of other servers by the kernel's NFS client, which can be given up.
 *
 * While the NFS client begins to talk to a server, it holds a lock for the whole machine, and waits
 * for that lock whatever signals are pending. So each mount has a thread of its own. A caller that
 * is to end leaves the thread to its fate. Until that thread has ended, it holds the module, so
 * that this cannot be unloaded, and it holds the network namespace, but nothing else; and no other
 * mount begins here. While the module is being unloaded no thread can be left any more.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_COPY_MOUNT_H
#define _DITTO_FS_NFS_V4_STATE_COPY_MOUNT_H

struct net;
struct sockaddr_storage;
struct vfsmount;

/**
 * dnfs4_copy_mount - mount the root of another server
 * @net: network namespace
 * @addr: address of the server
 *
 * Context: may sleep until the server answers, or for COPY_MOUNT_END_S after a fatal signal; while
 * the module is being unloaded, until the NFS client lets the thread end. One call at a time.
 * Return: the mount, ended with mntput(), or a negative errno.
 */
struct vfsmount *dnfs4_copy_mount(struct net *net, const struct sockaddr_storage *addr);

#endif
