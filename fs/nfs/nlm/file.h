/* SPDX-License-Identifier: GPL-2.0-only */
/* What a request is about: a file, the host that asks, and one of its owners. */
#ifndef _DITTO_FS_NFS_NLM_FILE_H
#define _DITTO_FS_NFS_NLM_FILE_H

#include "../../../lockd/range.h"
#include "message.h"

struct ditto_file;
struct ditto_node;
struct ditto_share;
struct dnfs_call;
struct dnlm_client;
struct dnlm_host;
struct dnlm_server;

/**
 * struct dnlm_file - a file that is locked
 * @share: held
 * @node: held
 * @df: open, for the VFS to see the locks; held; NULL if it is not to see them
 */
struct dnlm_file {
	struct ditto_share *share;
	struct ditto_node *node;
	struct ditto_file *df;
};

/* The open file for requests to the lock table, or NULL. */
struct file *dnlm_filp(const struct dnlm_file *file);

/* The point that claims on a node hang on. */
struct ditto_lock_point *dnlm_point(struct ditto_node *node);

/**
 * dnlm_file_get - the file of a handle, for a caller
 * @call: who asks
 * @fh: the handle
 * @exclusive: it is to be locked for writing
 * @file: filled
 *
 * Clients send the requests of a share that wants Kerberos with other flavours,
 * because there is none for NLM: such a caller is not checked by its identity,
 * only by its address.
 *
 * Context: may sleep. Return: 0; -ESTALE, -EBADHANDLE; -EACCES; -EROFS (an
 * exclusive lock on a read-only share); -EISDIR or -EINVAL (not a regular
 * file); what ditto_file_get() says.
 */
int dnlm_file_get(struct dnfs_call *call, const struct dnlm_bytes *fh, bool exclusive,
		  struct dnlm_file *file);

/* The same without a caller, to give up what one held. */
int dnlm_file_find(struct dnlm_server *nlm, const struct dnlm_bytes *fh, struct dnlm_file *file);
void dnlm_file_put(struct dnlm_file *file);

/**
 * struct dnlm_asker - who asks
 * @host: held
 * @client: held
 * @owner: held
 */
struct dnlm_asker {
	struct dnlm_host *host;
	struct dnlm_client *client;
	struct ditto_owner *owner;
};

/**
 * dnlm_asker_get - the host of a call and its owner
 * @call: the call
 * @msg: names them
 * @create: a host that is new here is to be remembered
 * @asker: filled
 *
 * Return: 0; -ENOENT (nothing is held by that host, and nothing to be made);
 * what dnlm_host_get(), dnlm_host_client() and ditto_owner_get() say.
 */
int dnlm_asker_get(struct dnfs_call *call, const struct dnlm_msg *msg, bool create,
		   struct dnlm_asker *asker);
void dnlm_asker_put(struct dnlm_asker *asker);

/* An owner's key in the lock table: the process, then the opaque handle. */
#define DNLM_KEY_SVID	4

struct ditto_owner *dnlm_owner_get(struct dnlm_client *client, u32 svid,
				   const struct dnlm_bytes *oh);

#endif
