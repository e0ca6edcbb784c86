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

/**
 * dnlm_filp - the open file to pass to the lock table
 * @file: file
 *
 * Return: the open file, borrowed from @file, or NULL.
 */
struct file *dnlm_filp(const struct dnlm_file *file);

/**
 * dnlm_point - the lock point of a node
 * @node: node
 *
 * Return: its lock point, which lives as long as the node.
 */
struct ditto_lock_point *dnlm_point(struct ditto_node *node);

/**
 * dnlm_file_get - find the file of a filehandle and check the caller's permission to lock it
 * @call: the call
 * @fh: filehandle
 * @exclusive: an exclusive lock is requested
 * @fresh: something is requested that the machine did not have before
 * @file: filled; to be put with dnlm_file_put()
 *
 * Clients send NLM requests with AUTH_SYS also for a share that requires Kerberos. Such a
 * caller is checked by its address and its reserved port, not by its identity; and if @fresh by
 * whether a user of the machine came with Kerberos, unless the share's option "nlm-callers" says
 * otherwise.
 *
 * Return: 0; -ESTALE, -EBADHANDLE; -EACCES; -EROFS (an exclusive lock on a read-only share);
 * -EISDIR or -EINVAL (not a regular file); an errno of ditto_file_get().
 */
int dnlm_file_get(struct dnfs_call *call, const struct dnlm_bytes *fh, bool exclusive, bool fresh,
		  struct dnlm_file *file);

/* Count a call for a share, if its caller was admitted or is known. Takes a reference. */
void dnlm_call_set_share(struct dnfs_call *call, struct ditto_share *share);

/**
 * dnlm_file_to_release - find the file of a filehandle for a caller that gives up a lock
 * @call: the call
 * @fh: filehandle
 * @file: filled; to be put with dnlm_file_put()
 *
 * A lock can be given up whatever has become of the permissions that allowed it: of the mode of the
 * file, or of the options of the share. Host and owner of the request bind it to their own locks,
 * and the owner to whoever speaks for it.
 * A share with "secure-ports" wants a reserved port, because any program can name its machine.
 *
 * The file is found also if it was moved out of the share.
 *
 * Return: 0; -EACCES (the port); or an errno of dnfs_handle_decode().
 */
int dnlm_file_to_release(struct dnfs_call *call, const struct dnlm_bytes *fh,
			 struct dnlm_file *file);

/**
 * dnlm_file_may_release - check whether a caller may release what its machine has of a file
 * @call: the call
 * @fh: filehandle
 *
 * A share with "secure-ports" wants a reserved port, because any program can name its machine. What
 * is left of a file or share that is gone may be released by all.
 *
 * Return: 0 if it may; -EACCES; an errno of dnfs_handle_decode() that does not last.
 */
int dnlm_file_may_release(struct dnfs_call *call, const struct dnlm_bytes *fh);

/**
 * dnlm_file_find - find the file of a filehandle without a caller, to release a lock
 * @nlm: the server
 * @fh: filehandle
 * @file: filled; to be put with dnlm_file_put()
 *
 * The file is found also if it was moved out of the share.
 *
 * Return: 0, or an errno of ditto_handle_decode().
 */
int dnlm_file_find(struct dnlm_server *nlm, const struct dnlm_bytes *fh, struct dnlm_file *file);

/**
 * dnlm_file_put - drop the references of a file
 * @file: filled by dnlm_file_get(), dnlm_file_to_release() or dnlm_file_find()
 */
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

/**
 * dnlm_asker_get - find the host of a call and its lock owner
 * @call: the call
 * @msg: names host and owner
 * @create: create a host or client that does not exist yet
 * @asker: filled; to be put with dnlm_asker_put()
 *
 * Return: 0; -ENOENT (the host holds nothing, and @create is false); an errno of
 * dnlm_host_get(), dnlm_host_client() or ditto_owner_get().
 */
int dnlm_asker_get(struct dnfs_call *call, const struct dnlm_msg *msg, bool create,
		   struct dnlm_asker *asker);

/**
 * dnlm_asker_put - drop the references of a caller
 * @asker: filled by dnlm_asker_get()
 */
void dnlm_asker_put(struct dnlm_asker *asker);

/* An owner's key: process id and speaker; the opaque handle follows. */
#define DNLM_KEY_SPEAKER	4
#define DNLM_KEY_OH		12

#endif
