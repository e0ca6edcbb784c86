/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open instances: a file that somebody has open, with the rights granted then,
 * an OPEN claim in the lock table, and the name it was opened by.
 *
 * What is done through an instance was allowed when it was opened: chmod and
 * chown do not take it back. A file whose deletion is pending goes when its last
 * instance is closed; until then it cannot be opened again.
 *
 * A file that lost its last name, by whomever, stays as long as an instance of it
 * is open, and its handle leads to it from everywhere (RFC 8881 section 18.16.3,
 * OPEN4_RESULT_PRESERVE_UNLINKED): it can be opened again by node, but not for
 * deletion.
 *
 * An instance pins neither mount nor share: when its share is removed, or its
 * claims are taken away by the administrator, it is revoked, lets go of the
 * file, and everything done through it fails with -ESTALE. Its memory stays
 * until it is closed.
 *
 * Locking: ditto_node.lock guards which instances a node has and whether its
 * deletion is pending. An instance is changed by its holder only.
 */
#ifndef _DITTO_FS_OPEN_INSTANCE_H
#define _DITTO_FS_OPEN_INSTANCE_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "../name/walk.h"
#include "../op/dosattr.h"
#include "../op/op.h"
#include "../op/rights.h"

struct ditto_instance;
struct ditto_open;
struct ditto_watch;

/* How what is there already, or not, is treated. */
enum ditto_disposition {
	DITTO_OPEN_SUPERSEDE,	/* replace its data and attributes; make it if need be */
	DITTO_OPEN_EXISTING,	/* -ENOENT */
	DITTO_OPEN_CREATE,	/* -EEXIST */
	DITTO_OPEN_OR_CREATE,
	DITTO_OPEN_OVERWRITE,	/* empty it; -ENOENT */
	DITTO_OPEN_OVERWRITE_OR_CREATE,
};

/* What was done. */
enum ditto_open_action {
	DITTO_WAS_SUPERSEDED,
	DITTO_WAS_OPENED,
	DITTO_WAS_CREATED,
	DITTO_WAS_OVERWRITTEN,
};

#define DITTO_OPENF_DIRECTORY		BIT(0)	/* must be, or is made as, a directory: -ENOTDIR */
#define DITTO_OPENF_FILE		BIT(1)	/* must not be a directory: -EISDIR */
#define DITTO_OPENF_MAXIMUM		BIT(2)	/* besides @rights, all that the caller has */
#define DITTO_OPENF_DELETE_ON_CLOSE	BIT(3)	/* needs DITTO_RIGHT_DELETE: -EACCES */
/* A symbolic link itself, not -ELOOP; a device, FIFO or socket, not -ENXIO. */
#define DITTO_OPENF_FOLLOW_NOT		BIT(4)
/*
 * The case of names counts, also of those that are given by the instance; what it deletes
 * at its close goes then, though others have it open.
 */
#define DITTO_OPENF_ONLY_EXACT		BIT(5)
/*
 * The file's owner may read and write whatever the mode says: he made it just now, or had
 * it open.
 */
#define DITTO_OPENF_OWNER		BIT(6)
/* That it is read-only by its extra attributes does not count, nor at a change. */
#define DITTO_OPENF_MODE_ONLY		BIT(7)
/* The rights were granted before a restart: they are not checked again. */
#define DITTO_OPENF_GRANTED		BIT(8)
/* The stream is an attribute of its file: to read or write it needs the right to those. */
#define DITTO_OPENF_XATTRS		BIT(9)

/**
 * struct ditto_open_request - an open that is asked for
 * @path: as for ditto_walk(); below the share's root
 * @path_len: of @path
 * @stream: name of a stream of the file, NULL for the file itself
 * @stream_len: of @stream
 * @how: see enum ditto_disposition
 * @flags: DITTO_OPENF_*
 * @rights: DITTO_RIGHT_* that are needed
 * @deny: DITTO_OPEN_* bits (matrix.h) that others must not have
 * @mode: permission bits of a new object that inherits no list; the umask does not apply
 * @own: owner, group and list of a new object, and a mode that counts though it inherits a list:
 *	what of these @own->valid has; or NULL
 * @size: space to reserve in a new or emptied file, 0 for none
 * @dosattr: attributes of a new or emptied object; @dosattr.valid says which
 * @reclaim: takes back what was held before a restart
 */
struct ditto_open_request {
	const char *path;
	u32 path_len;
	const char *stream;
	u32 stream_len;
	enum ditto_disposition how;
	u32 flags;
	u32 rights;
	u8 deny;
	umode_t mode;
	const struct ditto_setattr *own;
	u64 size;
	struct ditto_dosattr dosattr;
	bool reclaim;
};

/**
 * ditto_instance_open - open a file, or make it
 * @op: who; @op->actor has client and owner. @op->park is used: -EJUKEBOX parks,
 *	if it says that it does
 * @req: what
 * @out: the instance, to be closed with ditto_instance_close()
 * @action: what was done
 * @walk_passed: bytes of the path before what ended the walk; with -ENOTDIR it is all of them
 *	if the path led to something that is no directory and should be, less if it led nowhere
 *
 * Everything is decided before anything is changed: rights, the OPEN claim,
 * and only then is the file made or emptied. Access of an OPEN claim is made
 * from the rights: data rights read and write, EXECUTE reads, DELETE deletes;
 * an instance with attribute rights only meets no deny bits. An existing file
 * that is read-only by @dosattr refuses rights to write with -EACCES, and one that
 * is hidden or a system file refuses to be emptied by who does not say that it is.
 *
 * Context: may sleep.
 * Return: 0; -ENOENT (the name), -ENOTDIR (the path, or not a directory),
 * -EISDIR, -EEXIST, -EACCES, -EROFS, -ELOOP (with @passed in @walk_passed),
 * -ETXTBSY (deny mode: sharing violation), -EJUKEBOX, -EKEYREVOKED (deletion is
 * pending), -EILSEQ, -ENAMETOOLONG, -ENOSPC, -EDQUOT, -ENOLCK (a limit),
 * -ESHUTDOWN (the client was released), -ESTALE.
 */
int ditto_instance_open(struct ditto_op *op, const struct ditto_open_request *req,
			struct ditto_instance **out, enum ditto_open_action *action,
			u32 *walk_passed);

/* The same by node: for handles and ids. The name is any that it has. */
int ditto_instance_open_node(struct ditto_op *op, struct ditto_node *node,
			     const struct ditto_open_request *req, struct ditto_instance **out);

/**
 * ditto_instance_close - close it; frees it
 * @op: who; no rights are needed, @op->share may be NULL if the share is gone
 * @inst: no operation runs through it any more
 *
 * The claim goes, and all ranges of its owner on the node; with the last instance of a node
 * whose deletion is pending the file goes, too, with the credential of whom asked for it.
 */
void ditto_instance_close(struct ditto_op *op, struct ditto_instance *inst);

/**
 * ditto_instance_begin - start an operation through an instance
 * @inst: held by the caller
 * @op: @op->srv, @op->cred, @op->actor set; filled with the share, a reference
 *	of which is held until ditto_instance_end(), and with the rights granted
 * @node: filled, borrowed until ditto_instance_end()
 *
 * Return: 0 or -ESTALE (revoked).
 */
int ditto_instance_begin(struct ditto_instance *inst, struct ditto_op *op,
			 struct ditto_node **node);
void ditto_instance_end(struct ditto_instance *inst, struct ditto_op *op);

/**
 * ditto_instance_change - other rights and deny bits for an open instance
 * @op: begun
 * @inst: begun; nothing else changes it meanwhile
 * @rights: DITTO_RIGHT_* bits that it has from now on
 * @deny: DITTO_OPEN_* bits that others must not have from now on
 *
 * What is new is checked and checked as by an open, what it had is not; the claim
 * becomes the other in one step. Operations that began before go on with what
 * was granted then.
 *
 * Context: may sleep.
 * Return: 0, or nothing was changed: -EACCES, -EROFS, -ETXTBSY (deny mode),
 * -EJUKEBOX (come again), -EKEYREVOKED (deletion is pending), -ESHUTDOWN.
 */
int ditto_instance_change(struct ditto_op *op, struct ditto_instance *inst, u32 rights, u8 deny);

/* What was granted. */
u32 ditto_instance_rights(const struct ditto_instance *inst);
struct ditto_open *ditto_instance_claim(const struct ditto_instance *inst);
bool ditto_instance_is_dir(const struct ditto_instance *inst);
/* It is a stream; its node is the stream's. The file's own node with ditto_instance_base(). */
bool ditto_instance_is_stream(const struct ditto_instance *inst);
/* The node of the file, also for a stream; borrowed, between begin and end. */
struct ditto_node *ditto_instance_base(const struct ditto_instance *inst);

/* Between begin and end: */

/**
 * ditto_instance_path - the path from the share's root, now
 * @inst: begun
 * @buf: filled from its end, as d_path() does
 * @size: of @buf
 *
 * Renames of it and of directories above it count. With ":stream" for a stream.
 * Return: the path without a leading '/', terminated; empty for the root. ERR_PTR(-ENAMETOOLONG).
 */
char *ditto_instance_path(const struct ditto_instance *inst, char *buf, size_t size);

/* Is the deletion of the node pending? Of a hard link count that people expect, see there. */
bool ditto_instance_delete_pending(const struct ditto_instance *inst);
/* Does it go when this instance is closed? */
bool ditto_instance_deletes_at_close(const struct ditto_instance *inst);

#define DITTO_DELETE_ON		BIT(0)	/* else: take it back */
#define DITTO_DELETE_NOW	BIT(1)	/* the name goes at once, whoever has it open (POSIX) */
#define DITTO_DELETE_READONLY	BIT(2)	/* though it is read-only by its extra attributes */
#define DITTO_DELETE_AT_CLOSE	BIT(3)	/* changes what was asked at the open, instead */

/* Return: 0; -EPERM (read-only, or the share's root), -ENOTEMPTY, -EACCES, -EJUKEBOX. */
int ditto_instance_set_delete(struct ditto_op *op, struct ditto_instance *inst, u32 flags);

/**
 * ditto_instance_rename - give it another name, maybe in another directory
 * @op: begun; DITTO_RIGHT_DELETE was granted
 * @inst: begun
 * @path: of the new name, from the share's root, parent without regard to case
 * @len: of @path
 * @replace: a file or (empty) directory of that name goes
 * @posix: as rename(2): whoever has the replaced file open keeps it
 *
 * Return: 0; -EEXIST, -EACCES (others have something below the directory open,
 * or the replaced file), -ENOENT, -ENOTDIR, -EXDEV, -EJUKEBOX and others. A
 * stream is renamed if @path is ":NAME".
 */
int ditto_instance_rename(struct ditto_op *op, struct ditto_instance *inst,
			  const char *path, u32 len, bool replace, bool posix);
/* One name more. */
int ditto_instance_link(struct ditto_op *op, struct ditto_instance *inst,
			const char *path, u32 len, bool replace);

/**
 * ditto_instance_watch - hear what happens in a directory (watch.h)
 * @inst: begun; nobody else gives it a watch at the same time
 * @watch: filled by its owner; used until the instance is closed or revoked
 *
 * Context: may sleep. Return: 0, -EINVAL (no directory, or it has one already), -ENOMEM.
 */
int ditto_instance_watch(struct ditto_instance *inst, struct ditto_watch *watch);

/* The share is removed: all its instances are revoked. For fs/share/share.c; may sleep. */
void ditto_instances_revoke(struct ditto_share *share);

#endif
