/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of other servers, as sources of copies (RFC 7862 section 4.6): this server is the
 * destination, and reads from the source as a client of NFSv4.2.
 *
 * The kernel's NFS client mounts the source in the server's network namespace, with AUTH_SYS, and
 * opens a file by its filehandle and a copy-notify stateid (linux/nfs_ssc.h). Without that client
 * there are no such copies.
 *
 * Connections to other machines are made only for shares with the option "copy-from-servers", to
 * addresses that the rules of that share admit as clients, and to port 2049. Never to a name, nor
 * to a loopback, link-local, multicast or broadcast address.
 *
 * A mount is shared by the copies from one address, and given up COPY_SOURCE_IDLE_S after the last
 * of them, or with the service. The NFS client may keep it nevertheless, see
 * Documentation/security.md. Such a mount stays here until the module goes, and later copies use
 * it: so the client keeps one for an address, and DNFS4_COPY_SOURCES_MAX at most.
 *
 * A source may leave a request without an answer, or delay it for as long as it likes. So all that
 * waits for a source runs on a thread that a fatal signal interrupts: that of the job, one that
 * mounts (copy_mount.h), and one that gives up the mount. Reads go on then, and are ended with the
 * file.
 *
 * One file of a source is copied at a time: the NFS client knows one stateid for a file and a user,
 * and a copy must not read by that of another one.
 *
 * Locking: copy_sources_lock (mutex) guards the list, the files that are open, and the users. One
 * lock is held while a source is waited for, and is taken killably: copy_source_mounting (mutex).
 *
 * Lifetime: a source is on the list until it has no users for a while, or its server goes; if the
 * NFS client keeps its mount, until the module goes.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_COPY_SOURCE_H
#define _DITTO_FS_NFS_V4_STATE_COPY_SOURCE_H

#include <linux/list.h>
#include <linux/nfs.h>
#include <linux/socket.h>
#include <linux/types.h>

#include "stateid.h"

struct cred;
struct ditto_job;
struct ditto_share;
struct dnfs4_copy_source;
struct dnfs4_netloc;
struct dnfs4_server;
struct file;
struct net;

/* Most sources of the machine, with those that the NFS client keeps. */
#define DNFS4_COPY_SOURCES_MAX	128

/**
 * struct dnfs4_copy_from - the file of another server to copy from
 * @addr: address of the server
 * @sid: copy-notify stateid
 * @fh: filehandle
 * @job: the copy, which is cancelled when the service ends
 * @link: in the source's list of open files; zero when it is not open
 */
struct dnfs4_copy_from {
	struct sockaddr_storage addr;
	struct dnfs4_stateid sid;
	struct nfs_fh fh;
	struct ditto_job *job;
	struct list_head link;
};

/**
 * dnfs4_copy_source_parse - get the address of a source server
 * @net: network namespace
 * @loc: the server
 * @addr: filled
 *
 * Context: any.
 * Return: false if it is not an address that may be connected to.
 */
bool dnfs4_copy_source_parse(struct net *net, const struct dnfs4_netloc *loc,
			     struct sockaddr_storage *addr);

/**
 * dnfs4_copy_source_open - open a file of another server
 * @server: NFSv4 state
 * @share: share of the destination, held; its rules must admit the source
 * @from: the file; not used otherwise until it is closed
 * @cred: user who reads
 * @file: set to the file; ended with dnfs4_copy_source_close()
 *
 * Context: may sleep, for as long as the source does not answer or until a fatal signal is pending;
 * not on a service thread.
 * Return: the source; ERR_PTR(-EJUKEBOX) while another copy of the file is under way; or
 * ERR_PTR(-EREMOTEIO) if it cannot be used, for whatever reason.
 */
struct dnfs4_copy_source *dnfs4_copy_source_open(struct dnfs4_server *server,
						 struct ditto_share *share,
						 struct dnfs4_copy_from *from,
						 const struct cred *cred, struct file **file);

/**
 * dnfs4_copy_source_close - close a file of another server
 * @source: from dnfs4_copy_source_open()
 * @from: the file
 * @file: the open file
 * @interrupted: a read of @file may have been interrupted
 *
 * Context: may sleep, for COPY_SOURCE_READS_MS if @interrupted.
 */
void dnfs4_copy_source_close(struct dnfs4_copy_source *source, struct dnfs4_copy_from *from,
			     struct file *file, bool interrupted);

/**
 * dnfs4_copy_sources_stop - end the copies from other servers, and give up the mounts
 * @server: NFSv4 state; it is not started any more
 *
 * A mount that a copy still uses goes with that copy, so this is called again before @server goes.
 *
 * Context: may sleep, for COPY_SOURCE_END_S and until fatal signals have ended what waits.
 */
void dnfs4_copy_sources_stop(struct dnfs4_server *server);

/**
 * dnfs4_copy_sources_cleanup - module exit: give up the mounts that the NFS client keeps
 *
 * Context: as dnfs4_copy_sources_stop().
 */
void dnfs4_copy_sources_cleanup(void);

#if IS_ENABLED(CONFIG_KUNIT)
/* The source of a file, which is not mounted yet, for dnfs4_copy_source_open(); and its end. */
struct dnfs4_copy_source *dnfs4_copy_source_get(struct dnfs4_server *server,
						struct dnfs4_copy_from *from);
void dnfs4_copy_source_put(struct dnfs4_copy_source *source, struct dnfs4_copy_from *from);
#endif

#endif
