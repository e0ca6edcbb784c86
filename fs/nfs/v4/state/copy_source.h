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
 * of them, or with the service. Its requests are given up after some time, so that nothing waits
 * forever for a server.
 *
 * One file of a source is copied at a time: the NFS client knows one stateid for a file and a user,
 * and a copy must not read by that of another one.
 *
 * Locking: sources->lock (mutex) guards the list, and the files that are open. source->lock (mutex)
 * makes one copy mount for all. Nobody takes the first while he has the second.
 *
 * Lifetime: a source is on the list until it has no users for a while, or its server goes.
 */
#ifndef _DITTO_FS_NFS_V4_STATE_COPY_SOURCE_H
#define _DITTO_FS_NFS_V4_STATE_COPY_SOURCE_H

#include <linux/list.h>
#include <linux/nfs.h>
#include <linux/socket.h>
#include <linux/types.h>

#include "stateid.h"

struct cred;
struct ditto_share;
struct dnfs4_copy_source;
struct dnfs4_netloc;
struct dnfs4_server;
struct file;
struct net;

/**
 * struct dnfs4_copy_from - the file of another server to copy from
 * @addr: address of the server
 * @sid: copy-notify stateid
 * @fh: filehandle
 * @link: in the source's list of open files; zero when it is not open
 */
struct dnfs4_copy_from {
	struct sockaddr_storage addr;
	struct dnfs4_stateid sid;
	struct nfs_fh fh;
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
 * Context: may sleep, for as long as the source does not answer; not on a service thread.
 * Return: the source; ERR_PTR(-EJUKEBOX) while another copy of the file is under way; or
 * ERR_PTR(-EREMOTEIO) if it cannot be used, for whatever reason.
 */
struct dnfs4_copy_source *dnfs4_copy_source_open(struct dnfs4_server *server,
						 struct ditto_share *share,
						 struct dnfs4_copy_from *from,
						 const struct cred *cred, struct file **file);

/**
 * dnfs4_copy_source_close - close a file of another server
 * @server: NFSv4 state
 * @source: from dnfs4_copy_source_open()
 * @from: the file
 * @file: the open file
 *
 * Context: may sleep.
 */
void dnfs4_copy_source_close(struct dnfs4_server *server, struct dnfs4_copy_source *source,
			     struct dnfs4_copy_from *from, struct file *file);

/* Set up the sources of a server; give up the mounts that no copy uses; free them all. */
int dnfs4_copy_sources_init(struct dnfs4_server *server);
void dnfs4_copy_sources_stop(struct dnfs4_server *server);
void dnfs4_copy_sources_exit(struct dnfs4_server *server);

#endif
