// SPDX-License-Identifier: GPL-2.0-only
/*
 * Information classes of SET_INFO for files: MS-FSCC section 2.4, MS-FSA section 2.1.5.15. Each
 * function makes the change of one class; the table at the end says what a class needs.
 */

#include <linux/ctype.h>
#include <linux/limits.h>
#include <linux/slab.h>

#include "../../fs/node/node.h"
#include "../../fs/op/shortname.h"
#include "../../fs/op/space.h"
#include "../../fs/open/instance.h"
#include "../../fs/share/cred.h"
#include "../open/durable.h"
#include "../open/nested.h"
#include "../open/open.h"
#include "../open/persist.h"
#include "../server.h"
#include "../transport/conn.h"
#include "../transport/message.h"
#include "../wire/create.h"
#include "../wire/name.h"
#include "apple_stream.h"
#include "info.h"
#include "times.h"

/* Special values of the times in FileBasicInformation (MS-FSCC section 2.4.7). */
#define DSMB_TIME_KEEP		0
#define DSMB_TIME_STOP		((u64)-1)	/* changes through this open do not count */
#define DSMB_TIME_GO_ON		((u64)-2)

/* FileModeInformation: MS-FSCC section 2.4.31 */
#define DSMB_MODE_SYNC		(DSMB_OPTION_SYNC_ALERT | DSMB_OPTION_SYNC_NONALERT)
#define DSMB_MODES		(DSMB_MODE_WRITE_THROUGH | DSMB_OPTION_SEQUENTIAL | DSMB_MODE_SYNC)

/* Largest size of a file, which ends with a cluster. */
#define DSMB_SIZE_MAX		(S64_MAX - (DSMB_CLUSTER_MAX - 1))

/* FileDispositionInformationEx: MS-FSCC section 2.4.13 */
#define DSMB_DISPOSITION_DELETE		BIT(0)
#define DSMB_DISPOSITION_POSIX		BIT(1)
#define DSMB_DISPOSITION_IMAGE		BIT(2)
#define DSMB_DISPOSITION_ON_CLOSE	BIT(3)
#define DSMB_DISPOSITION_READONLY	BIT(4)

/* FileRenameInformationEx and FileLinkInformationEx: MS-FSCC sections 2.4.42.2 and 2.4.28.2 */
#define DSMB_RENAME_REPLACE		BIT(0)
#define DSMB_RENAME_POSIX		BIT(1)

/* Requested change of one time. */
struct dsmb_time_change {
	bool set;
	bool keep;
	bool go_on;
	struct timespec64 time;
};

/* Return: false if the value is not a valid time. */
static bool dsmb_get_time(struct dsmb_cursor *in, struct dsmb_time_change *change)
{
	u64 time = dsmb_get_u64(in);

	*change = (struct dsmb_time_change) {
		.keep = time != DSMB_TIME_KEEP && time != DSMB_TIME_GO_ON,
		.go_on = time == DSMB_TIME_GO_ON,
	};
	if (!change->keep || time == DSMB_TIME_STOP)
		return true;
	if (time > DSMB_TIME_MAX)
		return false;
	change->time = dsmb_timespec(time);
	change->set = true;
	return true;
}

/*
 * Apply the change of one of three times. @times has the times that the open leaves alone, and
 * those that are set. For a client with the POSIX extensions setting a time does not freeze it.
 */
static void dsmb_change_time(struct dsmb_change *c, const struct dsmb_time_change *change,
			     u8 which, struct dsmb_times *times, struct timespec64 *time)
{
	struct dsmb_open *open = c->open;

	if (change->set) {
		times->which |= which;
		*time = change->time;
	}
	spin_lock(&open->where);
	if (change->go_on)
		WRITE_ONCE(open->kept_times, open->kept_times & ~which);
	else if (change->keep && !(change->set && open->posix))
		WRITE_ONCE(open->kept_times, open->kept_times | which);
	spin_unlock(&open->where);
}

/*
 * Get the requested FileAttributes; @dosattr is set if they differ from the current ones. Those
 * that cannot be set are ignored (MS-FSA section 2.1.5.15.2): clients send what they have read
 * elsewhere.
 */
static u32 dsmb_set_flags(struct dsmb_change *c, u32 flags, struct ditto_dosattr *dosattr)
{
	struct dsmb_attrs attrs;
	int err;

	if (!flags)
		return STATUS_SUCCESS;
	err = dsmb_attrs_of_node(c->call->op.share, ditto_instance_base(c->inst), &attrs);
	if (err)
		return dsmb_op_status(c->call, err);
	if (flags & DSMB_ATTR_DIRECTORY && !attrs.is_dir)
		return STATUS_INVALID_PARAMETER;
	if (flags & DITTO_FLAG_TEMPORARY && attrs.is_dir)
		return STATUS_INVALID_PARAMETER;
	/* The sparse attribute is set by an FSCTL. */
	dosattr->keep = DITTO_FLAG_SPARSE;
	if (attrs.is_offloaded)
		dosattr->keep |= DITTO_FLAG_OFFLINE;
	dosattr->flags = flags & DITTO_FLAGS_KEPT;
	if (!((dosattr->flags ^ attrs.dosattr.flags) & ~dosattr->keep))
		return STATUS_SUCCESS;
	dosattr->valid |= DITTO_DOSATTR_FLAGS;
	return STATUS_SUCCESS;
}

static u32 dsmb_set_basic(struct dsmb_change *c)
{
	struct dsmb_time_change created, accessed, written, changed;
	struct ditto_node *base = ditto_instance_base(c->inst);
	struct ditto_op *op = &c->call->op;
	struct ditto_dosattr dosattr = { };
	struct dsmb_times times;
	u32 status;
	int err = 0;

	if (!dsmb_get_time(&c->in, &created) || !dsmb_get_time(&c->in, &accessed) ||
	    !dsmb_get_time(&c->in, &written) || !dsmb_get_time(&c->in, &changed))
		return STATUS_INVALID_PARAMETER;
	status = dsmb_set_flags(c, dsmb_get_u32(&c->in), &dosattr);
	if (status)
		return status;
	if (created.set) {
		dosattr.btime = created.time;
		dosattr.valid |= DITTO_DOSATTR_BTIME;
	}
	dsmb_times_save(op, c->open, &times);
	dsmb_change_time(c, &accessed, DSMB_TIME_ACCESSED, &times, &times.accessed);
	dsmb_change_time(c, &written, DSMB_TIME_WRITTEN, &times, &times.written);
	dsmb_change_time(c, &changed, DSMB_TIME_CHANGED, &times, &times.changed);

	/* Attributes first: setting one changes the times in some file systems. */
	if (dosattr.valid)
		err = ditto_dosattr_set(op, base, &dosattr);
	if (!err && (dosattr.valid || accessed.set || written.set || changed.set))
		err = dsmb_times_set(op, base, &times);
	return dsmb_op_status(c->call, err);
}

static u32 dsmb_set_size(struct dsmb_change *c, u64 size)
{
	struct ditto_setattr set = { .valid = DITTO_SET_SIZE, .size = size };
	struct ditto_wcc wcc;
	int err = ditto_setattr(&c->call->op, c->node, &set, &wcc);

	if (!err)
		dsmb_times_note_change(&c->call->op, c->open);
	return dsmb_op_status(c->call, err);
}

/* AFP_AfpInfo has one size, and no other one is set. */
static u32 dsmb_set_afp_info_size(u64 size)
{
	return size > DSMB_AFP_INFO_SIZE ? STATUS_ALLOTTED_SPACE_EXCEEDED : STATUS_SUCCESS;
}

static u32 dsmb_set_end_of_file(struct dsmb_change *c)
{
	u64 size = dsmb_get_u64(&c->in);

	if (ditto_instance_is_dir(c->inst) || size > DSMB_SIZE_MAX)
		return STATUS_INVALID_PARAMETER;
	if (unlikely(c->open->stream == DSMB_STREAM_AFP_INFO))
		return dsmb_set_afp_info_size(size);
	return dsmb_set_size(c, size);
}

/*
 * A smaller size truncates the file, a larger one reserves space (MS-FSA section 2.1.5.15.1). As on
 * Windows, the change time moves also if there is nothing to do.
 */
static u32 dsmb_set_allocation(struct dsmb_change *c)
{
	u64 size = dsmb_get_u64(&c->in);
	struct dsmb_attrs attrs;
	int err;

	if (ditto_instance_is_dir(c->inst) || size > DSMB_SIZE_MAX)
		return STATUS_INVALID_PARAMETER;
	if (unlikely(c->open->stream == DSMB_STREAM_AFP_INFO))
		return dsmb_set_afp_info_size(size);
	err = dsmb_attrs_get(&c->call->op, c->inst, c->node, &attrs);
	if (err)
		return dsmb_op_status(c->call, err);
	if (size < attrs.size)
		return dsmb_set_size(c, size);
	if (size > attrs.allocation)
		err = ditto_allocate(&c->call->op, c->node, DITTO_SPACE_RESERVE_KEEP, 0, size);
	/* If the file system cannot reserve space, that is ignored. */
	if (err && err != -EOPNOTSUPP)
		return dsmb_op_status(c->call, err);
	dsmb_times_move_changed(&c->call->op, c->open);
	return STATUS_SUCCESS;
}

/*
 * All data of a file is valid, so its size is the only value that is not smaller than the present
 * one and not beyond the end (MS-FSA section 2.1.5.15.17).
 */
static u32 dsmb_set_valid_data_length(struct dsmb_change *c)
{
	u64 length = dsmb_get_u64(&c->in);
	struct dsmb_attrs attrs;
	int err;

	if (ditto_instance_is_dir(c->inst))
		return STATUS_INVALID_PARAMETER;
	if (!c->call->op.cred->admin)
		return STATUS_PRIVILEGE_NOT_HELD;
	err = dsmb_attrs_get(&c->call->op, c->inst, c->node, &attrs);
	if (err)
		return dsmb_op_status(c->call, err);
	return length == attrs.size ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

static u32 dsmb_set_delete(struct dsmb_change *c, u32 flags)
{
	struct ditto_op *op = &c->call->op;
	int err;

	if (flags & DITTO_DELETE_ON) {
		err = dsmb_persist_delete_pending(op, c->open, flags);
		return err == -EPERM ? STATUS_CANNOT_DELETE : dsmb_op_status(c->call, err);
	}
	if (!c->call->message->records && dsmb_persist_deletes(c->open))
		return DSMB_TO_BE_RECORDED;
	err = flags & DITTO_DELETE_AT_CLOSE ? dsmb_persist_cancel_delete_at_close(op, c->open) :
					      dsmb_persist_cancel_delete(op, c->open);
	return err ? STATUS_INSUFFICIENT_RESOURCES : STATUS_SUCCESS;
}

static u32 dsmb_set_disposition(struct dsmb_change *c)
{
	u32 how = dsmb_get_u8(&c->in) ? DITTO_DELETE_ON : 0;

	if (how && c->open->posix)
		how |= DITTO_DELETE_NOW;
	return dsmb_set_delete(c, how);
}

static u32 dsmb_set_disposition_ex(struct dsmb_change *c)
{
	u32 flags = dsmb_get_u32(&c->in), how = 0;

	if (flags & ~(DSMB_DISPOSITION_DELETE | DSMB_DISPOSITION_POSIX | DSMB_DISPOSITION_IMAGE |
		      DSMB_DISPOSITION_ON_CLOSE | DSMB_DISPOSITION_READONLY))
		return STATUS_INVALID_PARAMETER;
	if (flags & DSMB_DISPOSITION_DELETE)
		how |= DITTO_DELETE_ON;
	if (flags & DSMB_DISPOSITION_POSIX)
		how |= DITTO_DELETE_NOW;
	if (flags & DSMB_DISPOSITION_READONLY)
		how |= DITTO_DELETE_READONLY;
	if (flags & DSMB_DISPOSITION_ON_CLOSE)
		how |= DITTO_DELETE_AT_CLOSE;
	return dsmb_set_delete(c, how);
}

/**
 * struct dsmb_target - new name of a rename or link
 * @replace: a file that has the name is replaced
 * @posix: POSIX semantics
 * @path: parsed path
 */
struct dsmb_target {
	bool replace;
	bool posix;
	struct dsmb_path path;
};

/*
 * Check the name that a stream is to have, ':' included (MS-FSA section 2.1.5.15.12.1). Characters
 * that are not named here are checked as in the name of a stream that is opened.
 */
static u32 dsmb_stream_name_check(const struct dsmb_change *c, struct dsmb_cursor name)
{
	const char *type = ditto_instance_is_dir(c->inst) ? "$INDEX_ALLOCATION" : "$DATA";
	bool typed = false, other = false;
	u32 units = 0, unit;

	dsmb_skip(&name, sizeof(__le16));
	do {
		unit = dsmb_get_u16(&name);
		if (unit == ':' && typed)
			return STATUS_INVALID_PARAMETER;
		if (unit == ':')
			typed = true;
		else if (typed && (unit >= 0x80 || !*type || toupper(unit) != *type++))
			other = true;
		else if (!typed)
			units++;
		if (unit == '\\' || unit == '/' || units > NAME_MAX)
			return STATUS_INVALID_PARAMETER;
	} while (dsmb_left(&name));
	/* The last character is ':', which has nothing behind it. */
	if (name.bad || unit == ':')
		return STATUS_INVALID_PARAMETER;
	if (other || (typed && *type))
		return STATUS_OBJECT_TYPE_MISMATCH;
	/* A directory has no data without a name, and its entries are no data. */
	if (ditto_instance_is_dir(c->inst) ||
	    (!units && S_ISDIR(ditto_instance_base(c->inst)->inode->i_mode)))
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

/* The classes of MS-FSCC sections 2.4.28 and 2.4.42; those that end in Ex begin with flags. */
static u32 dsmb_target_get(struct dsmb_change *c, struct dsmb_target *target)
{
	bool ex = c->class == DSMB_FILE_RENAME_EX || c->class == DSMB_FILE_LINK_EX;
	bool link = c->class == DSMB_FILE_LINK || c->class == DSMB_FILE_LINK_EX;
	u32 flags, len, status;
	struct dsmb_cursor name;
	u64 root;
	int err;

	if (ex) {
		flags = dsmb_get_u32(&c->in);
		target->replace = flags & DSMB_RENAME_REPLACE;
		target->posix = flags & DSMB_RENAME_POSIX || c->open->posix;
	} else {
		target->replace = dsmb_get_u8(&c->in);
		target->posix = c->open->posix;
		dsmb_skip(&c->in, 3);
	}
	dsmb_skip(&c->in, 4);
	root = dsmb_get_u64(&c->in);
	len = dsmb_get_u32(&c->in);
	name = dsmb_window(&c->in, c->in.pos, len);
	/* RootDirectory must be 0 (MS-SMB2 section 3.3.5.21.1). */
	if (root || !len || len % sizeof(__le16) || name.bad)
		return STATUS_INVALID_PARAMETER;
	/*
	 * Clients may write the path from the root of the share with its '\\' (MS-FSCC section
	 * 2.4.42).
	 */
	if (!c->open->posix && len > 2 && get_unaligned_le16(name.data) == '\\')
		name = dsmb_window(&name, 2, len - 2);
	if (!c->open->posix && !link && get_unaligned_le16(name.data) == ':') {
		status = dsmb_stream_name_check(c, name);
		if (status)
			return status;
	}
	if (c->open->posix)
		err = dsmb_path_parse_posix(&target->path, name);
	else
		err = dsmb_path_parse(&target->path, name);
	return dsmb_path_status(err);
}

/* Errors of the new name's directory, not of the file that was opened. */
static u32 dsmb_target_status(struct dsmb_change *c, int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -ESTALE:	/* removed after the walk had passed it */
		return STATUS_OBJECT_PATH_NOT_FOUND;
	case -ELOOP:
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	}
	return dsmb_op_status(c->call, err);
}

static int dsmb_rename_stream(struct dsmb_change *c, const struct dsmb_target *target)
{
	const struct dsmb_path *path = &target->path;
	char *name;
	int err;

	name = kasprintf(GFP_KERNEL, ":%s", path->stream);
	if (!name)
		return -ENOMEM;
	err = ditto_instance_rename(&c->call->op, c->inst, name, path->stream_len + 1,
				    target->replace, target->posix);
	kfree(name);
	return err;
}

/* The path of the new name is from the root of the tree connect. */
static int dsmb_rename_file(struct dsmb_change *c, const struct dsmb_target *target)
{
	const struct dsmb_path *path = &target->path;
	int skip = dsmb_nested_skip(c->call, path->path, path->len, path->posix);

	if (skip < 0)
		return skip;
	return ditto_instance_rename(&c->call->op, c->inst, path->path + skip, path->len - skip,
				     target->replace, target->posix);
}

static int dsmb_link_file(struct dsmb_change *c, const struct dsmb_target *target)
{
	const struct dsmb_path *path = &target->path;
	int skip = dsmb_nested_skip(c->call, path->path, path->len, path->posix);

	if (skip < 0)
		return skip;
	return ditto_instance_link(&c->call->op, c->inst, path->path + skip, path->len - skip,
				   target->replace);
}

static u32 dsmb_set_rename(struct dsmb_change *c)
{
	bool is_stream = ditto_instance_is_stream(c->inst);
	struct dsmb_target target;
	struct dsmb_path *path = &target.path;
	u32 status;

	status = dsmb_target_get(c, &target);
	if (status)
		return status;
	/* A stream stays with its file. The data of the file itself cannot change its name. */
	if (is_stream && path->len)
		status = STATUS_SHARING_VIOLATION;
	else if (is_stream && path->data && !target.replace)
		status = STATUS_OBJECT_NAME_COLLISION;
	else if (is_stream != !!path->stream || path->data || path->directory)
		status = path->len ? STATUS_INVALID_PARAMETER : STATUS_NOT_SUPPORTED;
	else if (is_stream)
		status = dsmb_op_status(c->call, dsmb_rename_stream(c, &target));
	else if (!path->len || (path->slash && !ditto_instance_is_dir(c->inst)))
		status = STATUS_OBJECT_NAME_INVALID;
	else
		status = dsmb_target_status(c, dsmb_rename_file(c, &target));
	/* Without a record of the new name, the open has no name after a restart. */
	if (status == STATUS_SUCCESS) {
		dsmb_durables_rename(c->open, is_stream ? NULL : path);
		dsmb_persist_save(c->open);
	}
	dsmb_path_free(path);
	return status;
}

static u32 dsmb_set_link(struct dsmb_change *c)
{
	struct dsmb_target target;
	struct dsmb_path *path = &target.path;
	u32 status;

	if (ditto_instance_is_dir(c->inst))
		return STATUS_FILE_IS_A_DIRECTORY;
	if (ditto_instance_is_stream(c->inst))
		return STATUS_INVALID_PARAMETER;
	status = dsmb_target_get(c, &target);
	if (status)
		return status;
	if (path->stream || path->data || path->directory || path->slash || !path->len)
		status = STATUS_OBJECT_NAME_INVALID;
	else
		status = dsmb_target_status(c, dsmb_link_file(c, &target));
	dsmb_path_free(path);
	return status;
}

/* FileShortNameInformation: MS-FSCC section 2.4.44 */
static u32 dsmb_set_short_name(struct dsmb_change *c)
{
	u32 len = dsmb_get_u32(&c->in);
	struct dsmb_cursor utf16 = dsmb_window(&c->in, c->in.pos, len);
	struct ditto_name name = { };
	char *buf;
	u32 i;
	int err;

	if (utf16.bad || len % sizeof(__le16) || ditto_instance_is_stream(c->inst))
		return STATUS_INVALID_PARAMETER;
	if (c->open->options & DSMB_OPTION_DELETE_ON_CLOSE)
		return STATUS_ACCESS_DENIED;
	if (!c->call->op.cred->admin || !(c->open->options & DSMB_OPTION_BACKUP_INTENT))
		return STATUS_PRIVILEGE_NOT_HELD;
	if (!ditto_has_shortnames(c->call->op.share))
		return STATUS_SHORT_NAMES_NOT_ENABLED_ON_VOLUME;
	buf = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	if (!buf)
		return STATUS_INSUFFICIENT_RESOURCES;
	name.name = buf;
	err = len ? dsmb_get_name(utf16, buf, &name.len) : 0;
	for (i = 0; !err && i < name.len; i++)
		buf[i] = toupper(buf[i]);
	if (!err)
		err = ditto_instance_set_shortname(&c->call->op, c->inst, &name);
	kfree(buf);
	/* Whatever is wrong with the name, it is no parameter. */
	if (err == -EILSEQ || err == -ENAMETOOLONG)
		err = -EINVAL;
	return dsmb_op_status(c->call, err);
}

static u32 dsmb_set_position(struct dsmb_change *c)
{
	u64 position = dsmb_get_u64(&c->in);

	if (position > S64_MAX)
		return STATUS_INVALID_PARAMETER;
	WRITE_ONCE(c->open->position, position);
	return STATUS_SUCCESS;
}

static u32 dsmb_set_mode(struct dsmb_change *c)
{
	u32 mode = dsmb_get_u32(&c->in), now = READ_ONCE(c->open->mode);

	/* An open stays synchronous or asynchronous (MS-FSA section 2.1.5.15.8). */
	if (mode & ~DSMB_MODES || (mode & DSMB_MODE_SYNC) == DSMB_MODE_SYNC ||
	    !(mode & DSMB_MODE_SYNC) != !(now & DSMB_MODE_SYNC))
		return STATUS_INVALID_PARAMETER;
	WRITE_ONCE(c->open->mode, (now & ~DSMB_MODES) | mode);
	return STATUS_SUCCESS;
}

/* Read mode and completion mode of a pipe are fixed, so valid requests are ignored. */
static u32 dsmb_set_pipe(struct dsmb_change *c)
{
	u32 read_mode = dsmb_get_u32(&c->in), completion = dsmb_get_u32(&c->in);

	return read_mode > 1 || completion > 1 ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
}

/* What MS-FSCC has for SET_INFO, but MS-SMB2 section 2.2.39 has not, is not supported. */
const struct dsmb_set_class dsmb_set_file_classes[] = {
	{ DSMB_FILE_BASIC, DSMB_CLASS_TIMES, 40, DITTO_RIGHT_WRITE_ATTRS, dsmb_set_basic },
	{ DSMB_FILE_RENAME, 0, 20, DITTO_RIGHT_DELETE, dsmb_set_rename },
	{ DSMB_FILE_LINK, 0, 20, 0, dsmb_set_link },
	{ DSMB_FILE_DISPOSITION, 0, 1, DITTO_RIGHT_DELETE, dsmb_set_disposition },
	{ DSMB_FILE_POSITION, 0, 8, 0, dsmb_set_position },
	{ DSMB_FILE_FULL_EA, 0, 0, DITTO_RIGHT_WRITE_XATTRS, dsmb_set_full_ea },
	{ DSMB_FILE_MODE, 0, 4, 0, dsmb_set_mode },
	{ DSMB_FILE_ALLOCATION, 0, 8, DITTO_RIGHT_WRITE_DATA, dsmb_set_allocation },
	{ DSMB_FILE_END_OF_FILE, 0, 8, DITTO_RIGHT_WRITE_DATA, dsmb_set_end_of_file },
	{ DSMB_FILE_PIPE, DSMB_CLASS_PIPE, 8, 0, dsmb_set_pipe },
	{ DSMB_FILE_VALID_DATA_LENGTH, 0, 8, DITTO_RIGHT_WRITE_DATA,
	  dsmb_set_valid_data_length },
	{ DSMB_FILE_SHORT_NAME, 0, 4, DITTO_RIGHT_DELETE, dsmb_set_short_name },
	{ DSMB_FILE_DISPOSITION_EX, 0, 4, DITTO_RIGHT_DELETE, dsmb_set_disposition_ex },
	{ DSMB_FILE_RENAME_EX, 0, 20, DITTO_RIGHT_DELETE, dsmb_set_rename },
	{ DSMB_FILE_LINK_EX, 0, 20, 0, dsmb_set_link },
	{ DSMB_FILE_PIPE_REMOTE, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FILE_MAILSLOT_SET, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FILE_OBJECT_ID, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FILE_QUOTA, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FILE_SFIO_RESERVE, 0, 0, 0, dsmb_set_unsupported },
	{ DSMB_FILE_CASE_SENSITIVE, 0, 0, 0, dsmb_set_unsupported },
	{ }
};
