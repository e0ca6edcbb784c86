// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reparse points: symbolic links, and devices, FIFOs and sockets in the form of the Windows server
 * for NFS. MS-FSCC sections 2.1.2.4, 2.1.2.6, 2.3.
 *
 * A reparse point is set by creating the new object under a temporary name and renaming it over the
 * file, because a file cannot change its type. The open goes on with the new object, as the FSCTL
 * changes the file of the open (MS-FSA section 2.1.5.10.37).
 */

#include <linux/ctype.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "../../fs/op/walk.h"
#include "../../fs/node/node.h"
#include "../../fs/open/instance.h"
#include "../../lockd/open.h"
#include "../open/durable.h"
#include "../open/nested.h"
#include "../open/open.h"
#include "../open/persist.h"
#include "../open/symlink_error.h"
#include "../transport/message.h"
#include "../wire/name.h"
#include "ioctl.h"

#define DSMB_SYMLINK_RELATIVE	1

/* ReparseTag, ReparseDataLength and Reserved. */
#define DSMB_REPARSE_HEAD	8
/* MS-FSCC section 2.1.2.1: the last of the tags that no file has, and the bit of Microsoft's. */
#define DSMB_REPARSE_TAG_RESERVED	1
#define DSMB_REPARSE_TAG_MICROSOFT	BIT(31)
/* MS-FSCC section 2.1.2: largest reparse point, in bytes. */
#define DSMB_REPARSE_MAX	16384

/* MS-FSCC section 2.1.2.6: characters read as a number. */
static const struct {
	u64 type;
	umode_t mode;
} dsmb_nfs_types[] = {
	{ 0x00524843, S_IFCHR },
	{ 0x004b4c42, S_IFBLK },
	{ 0x4f464946, S_IFIFO },
	{ 0x4b434f53, S_IFSOCK },
};

#define DSMB_NFS_LINK		0x014b4e4c

/* Convert the separators of a target. */
static void dsmb_swap_slashes(char *s, u32 len, char from, char to)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (s[i] == from)
			s[i] = to;
}

static u32 dsmb_encode_symlink(struct dsmb_ioctl *io)
{
	struct dsmb_builder *b = &io->out;
	u32 at = b->len, name_at, size, len;
	char *target;
	bool nt;
	int err;

	target = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!target)
		return STATUS_INSUFFICIENT_RESOURCES;
	err = ditto_readlink(&io->call->op, io->node, target, &len);
	if (err)
		goto out;
	nt = !io->open->posix && dsmb_target_is_nt(target, len);
	/* The client follows an absolute target itself, wherever it leads there. */
	if (!io->open->posix && !nt)
		dsmb_swap_slashes(target, len, '/', '\\');
	dsmb_encode_u64(b, 0);
	dsmb_encode_u32(b, nt ? 0 : DSMB_SYMLINK_RELATIVE);
	name_at = b->len;
	dsmb_encode_string(b, target, len);
	size = b->len - name_at;
	if (b->full)
		err = -ERANGE;
	/* Substitute name and print name are the same. */
	dsmb_fill_u16(b, at + 2, size);
	dsmb_fill_u16(b, at + 6, size);
out:
	kfree(target);
	return err == -ERANGE ? STATUS_BUFFER_TOO_SMALL : dsmb_op_status(io->call, err);
}

static u32 dsmb_encode_special(struct dsmb_ioctl *io, const struct dsmb_attrs *attrs)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(dsmb_nfs_types); i++)
		if (dsmb_nfs_types[i].mode == (attrs->mode & S_IFMT))
			dsmb_encode_u64(&io->out, dsmb_nfs_types[i].type);
	if (S_ISCHR(attrs->mode) || S_ISBLK(attrs->mode)) {
		dsmb_encode_u32(&io->out, MAJOR(attrs->rdev));
		dsmb_encode_u32(&io->out, MINOR(attrs->rdev));
	}
	return io->out.full ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;
}

/* Read a reparse point. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_get_reparse(struct dsmb_ioctl *io)
{
	struct dsmb_attrs attrs;
	u32 status;
	int err;

	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	if (!attrs.reparse_tag || ditto_instance_is_stream(io->inst))
		return STATUS_NOT_A_REPARSE_POINT;
	dsmb_encode_u32(&io->out, attrs.reparse_tag);
	dsmb_encode_u32(&io->out, 0);
	if (io->out.full)
		return STATUS_BUFFER_TOO_SMALL;
	status = attrs.reparse_tag == DSMB_REPARSE_TAG_SYMLINK ? dsmb_encode_symlink(io) :
		 dsmb_encode_special(io, &attrs);
	dsmb_fill_u16(&io->out, 4, io->out.len - DSMB_REPARSE_HEAD);
	return status;
}

/**
 * struct dsmb_special - the object that a file is replaced by
 * @type: S_IFLNK, S_IFREG, or the type of a device, socket or FIFO
 * @rdev: device number of a device
 * @target: target of a symbolic link
 */
struct dsmb_special {
	umode_t type;
	dev_t rdev;
	char *target;
};

/* Linux sends an absolute target without its first '/'. */
static char *dsmb_target_root(char *target)
{
	char *absolute;

	if (target[0] == '/')
		return target;
	absolute = kasprintf(GFP_KERNEL, "/%s", target);
	kfree(target);
	return absolute ?: ERR_PTR(-ENOMEM);
}

/* Targets of the POSIX extensions use '/'. */
static char *dsmb_get_posix_target(struct dsmb_cursor name, bool relative)
{
	char *target = dsmb_get_posix_string(name);

	return IS_ERR(target) || relative ? target : dsmb_target_root(target);
}

static char *dsmb_get_target(struct dsmb_cursor name, bool relative)
{
	char *target = dsmb_get_string(name);

	if (IS_ERR(target))
		return target;
	/* An NT path names a drive or a server of the client, and is kept for it as it is. */
	if (!relative && dsmb_target_is_nt(target, strlen(target)))
		return target;
	/* A drive without the prefix is no substitute name (MS-FSCC section 2.1.2.4). */
	if (!relative && isalpha(target[0]) && target[1] == ':') {
		kfree(target);
		return ERR_PTR(-EILSEQ);
	}
	dsmb_swap_slashes(target, strlen(target), '\\', '/');
	return relative ? target : dsmb_target_root(target);
}

/* The status for a target that could not be read. */
static u32 dsmb_target_status(const char *target)
{
	return PTR_ERR(target) == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES :
					    STATUS_IO_REPARSE_DATA_INVALID;
}

/* MS-FSCC section 2.1.2.4, behind the header. */
static u32 dsmb_get_symlink(struct dsmb_cursor *in, bool posix, struct dsmb_special *special)
{
	u32 offset, len, flags;
	struct dsmb_cursor name;
	char *target;

	offset = dsmb_get_u16(in);
	len = dsmb_get_u16(in);
	dsmb_skip(in, 4);
	flags = dsmb_get_u32(in);
	if (flags & ~DSMB_SYMLINK_RELATIVE || in->bad)
		return STATUS_IO_REPARSE_DATA_INVALID;
	name = dsmb_window(in, in->pos + offset, len);
	if (name.bad || !len)
		return STATUS_IO_REPARSE_DATA_INVALID;
	target = posix ? dsmb_get_posix_target(name, flags) : dsmb_get_target(name, flags);
	if (IS_ERR(target))
		return dsmb_target_status(target);
	special->type = S_IFLNK;
	special->target = target;
	return STATUS_SUCCESS;
}

static u32 dsmb_get_special(struct dsmb_cursor *in, struct dsmb_special *special)
{
	u64 type = dsmb_get_u64(in);
	u32 major, minor;
	char *target;
	int i;

	if (type == DSMB_NFS_LINK) {
		target = dsmb_get_string(dsmb_window(in, in->pos, dsmb_left(in)));
		if (IS_ERR(target))
			return dsmb_target_status(target);
		special->type = S_IFLNK;
		special->target = target;
		return *target ? STATUS_SUCCESS : STATUS_IO_REPARSE_DATA_INVALID;
	}
	for (i = 0; i < ARRAY_SIZE(dsmb_nfs_types); i++)
		if (dsmb_nfs_types[i].type == type)
			special->type = dsmb_nfs_types[i].mode;
	if (!special->type)
		return STATUS_IO_REPARSE_DATA_INVALID;
	if (S_ISCHR(special->type) || S_ISBLK(special->type)) {
		major = dsmb_get_u32(in);
		minor = dsmb_get_u32(in);
		if (major > MAJOR(~0U) || minor > MINORMASK)
			return STATUS_IO_REPARSE_DATA_INVALID;
		special->rdev = MKDEV(major, minor);
	}
	return in->bad ? STATUS_IO_REPARSE_DATA_INVALID : STATUS_SUCCESS;
}

/*
 * Read the tag, and the length of the data. Tags of other makers than Microsoft come with a GUID
 * (MS-FSCC section 2.1.2.3).
 */
static u32 dsmb_get_tag(struct dsmb_cursor *in, u32 *tag, u16 *len)
{
	*tag = dsmb_get_u32(in);
	*len = dsmb_get_u16(in);
	dsmb_skip(in, 2);
	if (in->bad)
		return STATUS_IO_REPARSE_DATA_INVALID;
	if (*tag <= DSMB_REPARSE_TAG_RESERVED)
		return STATUS_IO_REPARSE_TAG_INVALID;
	if (!(*tag & DSMB_REPARSE_TAG_MICROSOFT) && dsmb_left(in) < sizeof(uuid_t))
		return STATUS_IO_REPARSE_DATA_INVALID;
	return STATUS_SUCCESS;
}

static u32 dsmb_get_reparse(struct dsmb_cursor *in, bool posix, struct dsmb_special *special)
{
	struct dsmb_cursor data;
	u32 tag, status;
	u16 len;

	status = dsmb_get_tag(in, &tag, &len);
	if (status)
		return status;
	if (in->size > DSMB_REPARSE_MAX ||
	    len != dsmb_left(in) - (tag & DSMB_REPARSE_TAG_MICROSOFT ? 0 : sizeof(uuid_t)))
		return STATUS_IO_REPARSE_DATA_INVALID;
	data = dsmb_window(in, in->pos, len);
	switch (tag) {
	case DSMB_REPARSE_TAG_SYMLINK:
		return dsmb_get_symlink(&data, posix, special);
	case DSMB_REPARSE_TAG_NFS:
		return dsmb_get_special(&data, special);
	}
	return STATUS_NOT_SUPPORTED;
}

static int dsmb_make_special(struct dsmb_ioctl *io, struct ditto_node *dir,
			     const struct ditto_name *name, const struct dsmb_special *special,
			     struct ditto_node **node)
{
	struct ditto_setattr set = { };
	const struct ditto_create_args args = {
		.type = special->type, .how = DITTO_CREATE_GUARDED, .rdev = special->rdev,
		.target = special->target, .set = &set,
	};
	struct ditto_wcc wcc;

	if (!S_ISLNK(special->type) && !S_ISREG(special->type)) {
		set.valid = DITTO_SET_MODE;
		set.mode = 0644;
	}
	return ditto_create_entry(&io->call->op, dir, name, &args, node, NULL, &wcc);
}

/* Open the object in the same way as the file. */
static int dsmb_open_special(struct dsmb_ioctl *io, struct ditto_node *node,
			     struct ditto_opened *opened)
{
	const struct ditto_open_request req = {
		.node = node,
		.how = DITTO_OPEN_EXISTING,
		.flags = DITTO_OPENF_GRANTED | DITTO_OPENF_FOLLOW_NOT |
			 (io->open->posix ? DITTO_OPENF_ONLY_EXACT : 0) |
			 (ditto_instance_deletes_at_close(io->inst) ? DITTO_OPENF_DELETE_ON_CLOSE :
								      0),
		.rights = ditto_instance_rights(io->inst),
		.deny = ditto_open_deny(ditto_instance_claim(io->inst)),
	};

	return ditto_instance_open(&io->call->op, &req, opened);
}

/*
 * Create the object beside the file and rename it over it, so that a failure keeps the file. It is
 * opened before others find it.
 */
static int dsmb_replace_in(struct dsmb_ioctl *io, const struct ditto_walk *walk,
			   const struct dsmb_special *special)
{
	struct ditto_name old = { .name = walk->found, .len = strlen(walk->found) };
	struct ditto_op *op = &io->call->op;
	struct ditto_opened opened;
	struct ditto_wcc wcc;
	struct ditto_node *node;
	struct ditto_name name;
	char buf[32];
	int err;

	name.name = buf;
	name.len = scnprintf(buf, sizeof(buf), ".ditto-%016llx", get_random_u64());
	err = dsmb_make_special(io, walk->parent, &name, special, &node);
	if (err)
		return err;
	err = dsmb_open_special(io, node, &opened);
	if (err) {
		ditto_remove(op, walk->parent, &name, false, &wcc);
		goto put;
	}
	/* Clients make a directory for a link to one, and others may move what has the name. */
	err = ditto_rename_over(op, node, walk->parent, &old, walk->node);
	if (!err) {
		dsmb_open_move(io->open, opened.inst);
	} else {
		ditto_instance_take_back(op, opened.inst, false);
		ditto_instance_close(op, opened.inst);
	}
put:
	ditto_node_put(node);
	return err;
}

static int dsmb_replace_locked(struct dsmb_ioctl *io, const struct dsmb_special *special)
{
	struct ditto_node *root;
	struct ditto_walk walk;
	char *buf, *path;
	int err, skip;

	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	path = ditto_instance_path(io->inst, buf, PATH_MAX);
	err = PTR_ERR_OR_ZERO(path);
	if (err)
		goto free;
	skip = dsmb_nested_skip(io->call, path, strlen(path), true);
	err = min(skip, 0);
	if (err)
		goto free;
	path += skip;
	root = ditto_node_get_root(io->call->op.share);
	err = PTR_ERR_OR_ZERO(root);
	if (err)
		goto free;
	err = ditto_walk(&io->call->op, root, path, strlen(path), &walk);
	if (!err) {
		/* The name may belong to another file by now. */
		if (walk.node == io->node && walk.parent)
			err = dsmb_replace_in(io, &walk, special);
		else
			err = -ESTALE;
		ditto_walk_end(&walk);
	}
	ditto_node_put(root);
free:
	kfree(buf);
	return err;
}

static u32 dsmb_replace(struct dsmb_ioctl *io, const struct dsmb_special *special)
{
	struct dsmb_open_rare *rare;
	u32 status;

	if (ditto_instance_delete_pending(io->inst))
		return STATUS_DELETE_PENDING;
	/* Other workers must not wait until the new file is recorded. */
	if (!io->call->message->records && dsmb_durable_is_persistent(io->open))
		return DSMB_TO_BE_RECORDED;
	rare = dsmb_open_rare(io->open);
	if (!rare)
		return STATUS_INSUFFICIENT_RESOURCES;
	mutex_lock(&rare->lock);
	/* The open keeps both files until it is closed, so it does not get a third one. */
	if (rare->moved_from)
		status = STATUS_NOT_SUPPORTED;
	else
		status = dsmb_op_status(io->call, dsmb_replace_locked(io, special));
	mutex_unlock(&rare->lock);
	/* Without a record of the new file, the open ends with this run of the server. */
	if (status == STATUS_SUCCESS)
		dsmb_persist_save(io->open);
	return status;
}

/* Turn an empty file or directory into a reparse point. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_set_reparse(struct dsmb_ioctl *io)
{
	struct dsmb_special special = { };
	struct dsmb_attrs attrs;
	u32 status;
	int err;

	if (ditto_instance_is_stream(io->inst))
		return STATUS_NOT_SUPPORTED;
	status = dsmb_get_reparse(&io->in, io->open->posix, &special);
	if (status)
		goto free;
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	status = dsmb_op_status(io->call, err);
	if (err)
		goto free;
	/* Only an empty file or directory can become a reparse point. */
	status = STATUS_IO_REPARSE_DATA_INVALID;
	if (attrs.size)
		goto free;
	status = STATUS_NOT_SUPPORTED;
	if (S_ISDIR(attrs.mode) && special.type != S_IFLNK)
		goto free;
	status = dsmb_replace(io, &special);
free:
	kfree(special.target);
	return status;
}

/* Turn a reparse point into an empty file. Return: a status or DSMB_PARKED. */
u32 dsmb_fsctl_delete_reparse(struct dsmb_ioctl *io)
{
	const struct dsmb_special plain = { .type = S_IFREG };
	struct dsmb_attrs attrs;
	u32 tag, status;
	u16 len;
	int err;

	status = dsmb_get_tag(&io->in, &tag, &len);
	if (status)
		return status;
	err = dsmb_attrs_get(&io->call->op, io->inst, io->node, &attrs);
	if (err)
		return dsmb_op_status(io->call, err);
	/* A file that is no reparse point has no tag, which is another one, too. */
	if (attrs.reparse_tag != tag || ditto_instance_is_stream(io->inst))
		return STATUS_IO_REPARSE_TAG_MISMATCH;
	if (len)
		return STATUS_IO_REPARSE_DATA_INVALID;
	return dsmb_replace(io, &plain);
}
