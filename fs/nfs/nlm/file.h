/* SPDX-License-Identifier: GPL-2.0-only */
/* The objects of an NLM request: a file, the calling host, and its lock owner. */
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
 * struct dnlm_file - a file to be locked
 * @share: a reference
 * @node: a reference
 * @df: open file through which the VFS sees the locks, a reference; NULL if the share keeps its
 *	locks from the VFS, or if locks are only released
 */
struct dnlm_file {
	struct ditto_share *share;
	struct ditto_node *node;
	struct ditto_file *df;
};

struct file *dnlm_filp(const struct dnlm_file *file);
struct ditto_lock_point *dnlm_point(struct ditto_node *node);
int dnlm_file_get(struct dnfs_call *call, const struct dnlm_bytes *fh, bool exclusive, bool fresh,
		  struct dnlm_file *file);
void dnlm_call_set_share(struct dnfs_call *call, struct ditto_share *share);
int dnlm_file_to_release(struct dnfs_call *call, const struct dnlm_bytes *fh,
			 struct dnlm_file *file);
int dnlm_file_may_release(struct dnfs_call *call, const struct dnlm_bytes *fh);
int dnlm_file_find(struct dnlm_server *nlm, const struct dnlm_bytes *fh, struct dnlm_file *file);
void dnlm_file_put(struct dnlm_file *file);

/**
 * struct dnlm_asker - the caller of a request
 * @host: a reference
 * @client: a reference
 * @owner: a reference
 * @speaker: who speaks for the owner: 0 for the machine, or a hash of the user
 */
struct dnlm_asker {
	struct dnlm_host *host;
	struct dnlm_client *client;
	struct ditto_owner *owner;
	u64 speaker;
};

int dnlm_asker_get(struct dnfs_call *call, const struct dnlm_msg *msg, bool create,
		   struct dnlm_asker *asker);
void dnlm_asker_put(struct dnlm_asker *asker);

/* An owner's key: process id and speaker; the opaque handle follows. */
#define DNLM_KEY_SPEAKER	4
#define DNLM_KEY_OH		12

#endif
