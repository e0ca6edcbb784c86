// SPDX-License-Identifier: GPL-2.0-only
/*
 * Information classes of QUERY_INFO for files: MS-FSCC section 2.4, MS-FSA section 2.1.5.12. Each
 * function encodes one class; the table at the end says what a class needs.
 */

#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../../fs/op/shortname.h"
#include "../../fs/open/instance.h"
#include "../../fs/open/stream.h"
#include "../../net/helper/auth.h"
#include "../auth/session.h"
#include "../open/open.h"
#include "../share_options.h"
#include "../wire/name.h"
#include "../wire/posix.h"
#include "apple_stream.h"
#include "info.h"
#include "pipe.h"

/* AllocationSize of FileStandardInformation for a pipe, as other servers report it. */
#define DSMB_PIPE_ALLOCATION	4096

/* FileBasicInformation: MS-FSCC section 2.4.7 */
struct dsmb_basic {
	u8 times[DSMB_TIMES_BYTES];
	__le32 attributes;
	__le32 reserved;
} __packed;

/* FileStandardInformation: MS-FSCC section 2.4.47 */
struct dsmb_standard {
	__le64 allocation;
	__le64 end_of_file;
	__le32 links;
	u8 delete_pending;
	u8 directory;
	__le16 reserved;
} __packed;

/* FileAllInformation without the name: MS-FSCC section 2.4.2 */
struct dsmb_all {
	struct dsmb_basic basic;
	struct dsmb_standard standard;
	__le64 file_id;
	__le32 ea_size;
	__le32 access;
	__le64 position;
	__le32 mode;
	__le32 alignment;
} __packed;

static void dsmb_put_basic(struct dsmb_basic *basic, const struct dsmb_query *q)
{
	dsmb_put_times(basic->times, &q->attrs);
	basic->attributes = cpu_to_le32(q->attrs.flags);
	basic->reserved = 0;
}

static u32 dsmb_query_basic(struct dsmb_query *q)
{
	struct dsmb_basic *basic = dsmb_room(&q->out, sizeof(*basic));

	if (basic)
		dsmb_put_basic(basic, q);
	return STATUS_SUCCESS;
}

static void dsmb_put_standard(struct dsmb_standard *standard, const struct dsmb_query *q)
{
	/*
	 * Names that are being deleted do not count, and a file without any other one is delete
	 * pending (MS-FSA section 2.1.5.12.27).
	 */
	u32 links = ditto_instance_links(q->inst, q->attrs.links);

	standard->allocation = cpu_to_le64(q->attrs.allocation);
	standard->end_of_file = cpu_to_le64(q->attrs.size);
	standard->links = cpu_to_le32(links);
	standard->delete_pending = !links || ditto_instance_delete_pending(q->inst);
	standard->directory = q->attrs.is_dir;
	standard->reserved = 0;
}

static u32 dsmb_query_standard(struct dsmb_query *q)
{
	struct dsmb_standard *standard = dsmb_room(&q->out, sizeof(*standard));

	if (!standard)
		return STATUS_SUCCESS;
	if (q->inst)
		dsmb_put_standard(standard, q);
	else
		*standard = (struct dsmb_standard) {
			.allocation = cpu_to_le64(DSMB_PIPE_ALLOCATION),
			.links = cpu_to_le32(1),
			.delete_pending = true,
		};
	return STATUS_SUCCESS;
}

static u32 dsmb_query_standard_attrs(struct dsmb_query *q)
{
	int err;

	if (q->inst) {
		err = dsmb_open_attrs(&q->call->op, q->open, q->node, &q->attrs);
		if (err)
			return dsmb_op_status(q->call, err);
	}
	return dsmb_query_standard(q);
}

static u32 dsmb_query_internal(struct dsmb_query *q)
{
	dsmb_encode_u64(&q->out, q->attrs.file_id);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_ea(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, dsmb_ea_size(&q->call->op, ditto_instance_base(q->inst)));
	return STATUS_SUCCESS;
}

static u32 dsmb_query_access(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, q->open->rights);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_position(struct dsmb_query *q)
{
	dsmb_encode_u64(&q->out, READ_ONCE(q->open->position));
	return STATUS_SUCCESS;
}

static u32 dsmb_query_mode(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, READ_ONCE(q->open->mode));
	return STATUS_SUCCESS;
}

static u32 dsmb_query_alignment(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, 0);
	return STATUS_SUCCESS;
}

/**
 * struct open_path - the path of an open within its share
 * @at: the path; in @usual or @more
 * @len: bytes of the path
 * @more: memory for a path that does not fit into @usual, or NULL; the caller frees it
 * @usual: memory for most paths. Memory for the longest one takes long to clear, which the kernel
 *	may be set to do with all that it allocates
 */
struct open_path {
	char *at;
	u32 len;
	char *more;
	char usual[256];
};

/* The path ends with the memory that it is written to. */
static int open_path_fill(const struct ditto_instance *inst, struct open_path *path, char *to,
			  size_t size)
{
	path->at = ditto_instance_path(inst, to, size);
	path->len = to + size - 1 - path->at;
	return PTR_ERR_OR_ZERO(path->at);
}

static int open_path_get(const struct ditto_instance *inst, struct open_path *path)
{
	int err;

	path->more = NULL;
	err = open_path_fill(inst, path, path->usual, sizeof(path->usual));
	if (likely(err != -ENAMETOOLONG))
		return err;
	path->more = kmalloc(PATH_MAX, GFP_KERNEL);
	return path->more ? open_path_fill(inst, path, path->more, PATH_MAX) : -ENOMEM;
}

/*
 * Encode a path with its length before it; the path of a stream has its name behind the last ':'.
 */
static void dsmb_encode_full_name(struct dsmb_query *q, const char *path, u32 len, bool rooted)
{
	struct dsmb_builder *b = &q->out;
	const char *stream = NULL;
	u32 at = b->len;

	if (ditto_instance_is_stream(q->inst))
		stream = strrchr(path, ':');
	dsmb_encode_u32(b, 0);
	if (rooted)
		dsmb_encode_u16(b, '\\');
	dsmb_encode_path(b, path, stream ? stream - path : len);
	if (stream) {
		dsmb_encode_u16(b, ':');
		dsmb_encode_string(b, stream + 1, strlen(stream + 1));
	}
	dsmb_fill_u32(b, at, b->len - at - 4);
}

static void dsmb_encode_all(struct dsmb_query *q)
{
	struct dsmb_all *all = dsmb_room(&q->out, sizeof(*all));

	if (!all)
		return;
	dsmb_put_basic(&all->basic, q);
	dsmb_put_standard(&all->standard, q);
	all->file_id = cpu_to_le64(q->attrs.file_id);
	all->ea_size = cpu_to_le32(dsmb_ea_size(&q->call->op, ditto_instance_base(q->inst)));
	all->access = cpu_to_le32(q->open->rights);
	all->position = cpu_to_le64(READ_ONCE(q->open->position));
	all->mode = cpu_to_le32(READ_ONCE(q->open->mode));
	all->alignment = 0;
}

/* Encode the path of the open; for FileAllInformation with all that is before it. */
static u32 dsmb_query_path(struct dsmb_query *q, bool all)
{
	/* Filled as far as it is used. */
	struct open_path path __uninitialized;
	u32 status = STATUS_SUCCESS, room;
	int err;

	err = open_path_get(q->inst, &path);
	if (err) {
		status = dsmb_status(err);
		goto free;
	}
	/* A byte becomes one unit of UTF-16 at most. */
	room = sizeof(struct dsmb_all) + 4 + 2 * (1 + path.len);
	if (unlikely(room > q->out.size))
		status = dsmb_query_room(q, room);
	if (status)
		goto free;
	if (all)
		dsmb_encode_all(q);
	dsmb_encode_full_name(q, path.at, path.len, all);
free:
	kfree(path.more);
	return status;
}

static u32 dsmb_query_all(struct dsmb_query *q)
{
	return dsmb_query_path(q, true);
}

static u32 dsmb_query_normalized_name(struct dsmb_query *q)
{
	return dsmb_query_path(q, false);
}

/* MS-FSA section 2.1.5.12.2: a stream has the short name of its file. */
static u32 dsmb_query_alternate_name(struct dsmb_query *q)
{
	/* Filled as far as it is used. */
	struct open_path path __uninitialized;
	char made[DITTO_SHORT_MAX];
	struct ditto_shorts *shorts;
	struct ditto_name name = { };
	u32 at = q->out.len, len;
	struct dentry *parent;
	int err;

	err = open_path_get(q->inst, &path);
	if (!err) {
		name.name = kbasename(path.at);
		name.len = strlen(name.name);
		if (ditto_instance_is_stream(q->inst))
			name.len = strcspn(name.name, ":");
	}
	if (name.len && ditto_has_shortnames(q->call->op.share)) {
		parent = ditto_parent(q->call->op.share, ditto_instance_dentry(q->inst));
		if (IS_ERR(parent)) {
			shorts = NULL;
		} else {
			shorts = ditto_shorts_load(q->call->op.share, parent);
			dput(parent);
		}
		len = ditto_shorts_get(shorts, &name, made);
		kfree(shorts);
		if (len)
			name = (struct ditto_name) { .name = made, .len = len };
	}
	if (name.len && ditto_is_shortname(&name)) {
		dsmb_encode_u32(&q->out, 0);
		dsmb_fill_u32(&q->out, at, dsmb_encode_name(&q->out, name.name, name.len));
	}
	kfree(path.more);
	if (err == -ENOMEM)
		return STATUS_INSUFFICIENT_RESOURCES;
	return q->out.len > at ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
}

/**
 * struct dsmb_stream_list - FileStreamInformation that is being encoded
 * @b: buffer
 * @last: offset of the last entry
 * @any: the list has an entry
 * @apple: the share has Apple's extensions
 * @apple_client: the client has negotiated them
 */
struct dsmb_stream_list {
	struct dsmb_builder *b;
	u32 last;
	bool any;
	bool apple;
	bool apple_client;
};

static int dsmb_stream_encode(void *arg, const struct ditto_name *name, u64 size, u64 allocated)
{
	static const char type[] = ":$DATA";
	struct dsmb_stream_list *list = arg;
	struct dsmb_builder *b = list->b;
	u32 before = b->len, at, name_at;

	dsmb_encode_align(b, 8);
	at = b->len;
	dsmb_encode_u32(b, 0);
	dsmb_encode_u32(b, 0);
	dsmb_encode_u64(b, size);
	dsmb_encode_u64(b, allocated);
	name_at = b->len;
	dsmb_encode_u16(b, ':');
	dsmb_encode_string(b, name->name, name->len);
	dsmb_encode_string(b, type, sizeof(type) - 1);
	if (b->full) {
		dsmb_back(b, before);
		return -EMSGSIZE;
	}
	dsmb_fill_u32(b, at + 4, b->len - name_at);
	if (list->any)
		dsmb_fill_u32(b, list->last, at - list->last);
	list->last = at;
	list->any = true;
	return 0;
}

/* A named stream, unless it counts as missing. */
static int dsmb_stream_list_named(void *arg, const struct ditto_name *name, u64 size,
				  u64 allocated)
{
	struct dsmb_stream_list *list = arg;
	enum dsmb_apple_stream stream;

	if (!list->apple)
		return dsmb_stream_encode(list, name, size, allocated);
	stream = dsmb_apple_stream(name->name, name->len);
	if (size < dsmb_apple_stream_least(stream, list->apple_client))
		return 0;
	if (stream == DSMB_STREAM_AFP_INFO)
		size = DSMB_AFP_INFO_SIZE;
	return dsmb_stream_encode(list, name, size, allocated);
}

static u32 dsmb_query_stream(struct dsmb_query *q)
{
	struct ditto_node *base = ditto_instance_base(q->inst);
	static const struct ditto_name unnamed = { .name = "" };
	struct dsmb_stream_list list = {
		.b = &q->out,
		.apple = dsmb_share_is_apple(q->call->op.share),
		.apple_client = READ_ONCE(q->call->session->apple),
	};
	struct dsmb_attrs attrs;
	int err;

	err = dsmb_attrs_asked(&q->call->op, base, &attrs);
	if (err)
		return dsmb_op_status(q->call, err);
	if (!attrs.is_dir)
		err = dsmb_stream_encode(&list, &unnamed, attrs.size, attrs.allocation);
	if (!err)
		err = ditto_stream_list(&q->call->op, base, dsmb_stream_list_named, &list);
	if (err == -EMSGSIZE)
		return STATUS_BUFFER_OVERFLOW;
	/* A share without streams has an empty list. */
	return err == -EOPNOTSUPP ? STATUS_SUCCESS : dsmb_op_status(q->call, err);
}

/* FileCompressionInformation (MS-FSCC section 2.4.9): the compressed size is unknown here. */
static u32 dsmb_query_compression(struct dsmb_query *q)
{
	dsmb_encode_u64(&q->out, q->attrs.size);
	dsmb_encode_u16(&q->out, dsmb_compression(&q->attrs));
	dsmb_builder_reserve(&q->out, 6);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_network_open(struct dsmb_query *q)
{
	dsmb_encode_attrs(&q->out, &q->attrs);
	dsmb_encode_u32(&q->out, 0);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_attribute_tag(struct dsmb_query *q)
{
	dsmb_encode_u32(&q->out, q->attrs.flags);
	dsmb_encode_u32(&q->out, q->attrs.reparse_tag);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_id(struct dsmb_query *q)
{
	dsmb_encode_u64(&q->out, q->attrs.volume_id);
	dsmb_encode_u64(&q->out, q->attrs.file_id);
	dsmb_encode_u64(&q->out, 0);
	return STATUS_SUCCESS;
}

static u32 dsmb_query_posix(struct dsmb_query *q)
{
	dsmb_encode_times(&q->out, &q->attrs);
	dsmb_encode_u64(&q->out, q->attrs.size);
	dsmb_encode_u64(&q->out, q->attrs.allocation);
	dsmb_encode_u32(&q->out, q->attrs.flags);
	dsmb_encode_posix(&q->out, &q->attrs);
	return STATUS_SUCCESS;
}

/* The access of the open stands for EffectiveAccess. Files keep no attributes of WSL. */
static u32 dsmb_query_stat(struct dsmb_query *q)
{
	dsmb_encode_u64(&q->out, q->attrs.file_id);
	dsmb_encode_attrs(&q->out, &q->attrs);
	dsmb_encode_u32(&q->out, q->attrs.reparse_tag);
	dsmb_encode_u32(&q->out, ditto_instance_links(q->inst, q->attrs.links));
	dsmb_encode_u32(&q->out, q->open->rights);
	if (q->class == DSMB_FILE_STAT_LX)
		dsmb_builder_reserve(&q->out, 24);
	return STATUS_SUCCESS;
}

/* Quotas have an InfoType of their own. */
static u32 dsmb_query_file_quota(struct dsmb_query *q)
{
	return STATUS_INVALID_PARAMETER;
}

/* FilePipeInformation (MS-FSCC section 2.4.37): message mode, non-blocking. */
static u32 dsmb_query_pipe(struct dsmb_query *q)
{
	if (q->inst)
		return STATUS_INVALID_PARAMETER;
	dsmb_encode_u32(&q->out, 1);
	dsmb_encode_u32(&q->out, 0);
	return STATUS_SUCCESS;
}

/* FilePipeLocalInformation (MS-FSCC section 2.4.38) */
static u32 dsmb_query_pipe_local(struct dsmb_query *q)
{
	if (q->inst)
		return STATUS_INVALID_PARAMETER;
	dsmb_encode_u32(&q->out, 1);		/* NamedPipeType: message */
	dsmb_encode_u32(&q->out, 2);		/* NamedPipeConfiguration: full duplex */
	dsmb_encode_u32(&q->out, U32_MAX);		/* MaximumInstances */
	dsmb_encode_u32(&q->out, 1);		/* CurrentInstances */
	dsmb_encode_u32(&q->out, DITTO_PIPE_MAX);	/* InboundQuota */
	dsmb_encode_u32(&q->out, dsmb_pipe_left(q->open));
	dsmb_encode_u32(&q->out, DITTO_PIPE_MAX);	/* OutboundQuota */
	dsmb_encode_u32(&q->out, DITTO_PIPE_MAX);	/* WriteQuotaAvailable */
	dsmb_encode_u32(&q->out, 3);		/* NamedPipeState: connected */
	dsmb_encode_u32(&q->out, 1);		/* NamedPipeEnd: server */
	return STATUS_SUCCESS;
}

/*
 * Lists and names are cut off at the end of the client's buffer. The least sizes include a name of
 * one character and the padding, as clients expect them. Classes for listings and for SET_INFO only
 * are STATUS_INVALID_INFO_CLASS like unknown ones; others of MS-FSCC that are not listed in MS-SMB2
 * section 2.2.37 are STATUS_NOT_SUPPORTED (section 3.3.5.20.1).
 */
const struct dsmb_query_class dsmb_query_file_classes[] = {
	/* Linux clients ask nothing else for attributes. */
	{ DSMB_FILE_ALL, DSMB_CLASS_ATTRS, 104, DITTO_RIGHT_READ_ATTRS, 0, dsmb_query_all },
	{ DSMB_FILE_BASIC, DSMB_CLASS_ATTRS, 40, DITTO_RIGHT_READ_ATTRS, 0, dsmb_query_basic },
	{ DSMB_FILE_STANDARD, DSMB_CLASS_PIPE, 24, 0, 0, dsmb_query_standard_attrs },
	{ DSMB_FILE_INTERNAL, DSMB_CLASS_ATTRS, 8, 0, 0, dsmb_query_internal },
	{ DSMB_FILE_EA, 0, 4, 0, 0, dsmb_query_ea },
	{ DSMB_FILE_ACCESS, DSMB_CLASS_PIPE, 4, 0, 0, dsmb_query_access },
	{ DSMB_FILE_POSITION, 0, 8, 0, 0, dsmb_query_position },
	{ DSMB_FILE_FULL_EA, DSMB_CLASS_LIST, 0, DITTO_RIGHT_READ_XATTRS,
	  DSMB_INFO_LIST_ROOM, dsmb_query_full_ea },
	{ DSMB_FILE_MODE, DSMB_CLASS_PIPE, 4, 0, 0, dsmb_query_mode },
	{ DSMB_FILE_ALIGNMENT, 0, 4, 0, 0, dsmb_query_alignment },
	{ DSMB_FILE_ALTERNATE_NAME, 0, 8, 0, 0, dsmb_query_alternate_name },
	{ DSMB_FILE_STREAM, DSMB_CLASS_LIST, 32, 0, DSMB_INFO_LIST_ROOM, dsmb_query_stream },
	{ DSMB_FILE_PIPE, DSMB_CLASS_PIPE, 8, 0, 0, dsmb_query_pipe },
	{ DSMB_FILE_PIPE_LOCAL, DSMB_CLASS_PIPE, 40, 0, 0, dsmb_query_pipe_local },
	{ DSMB_FILE_COMPRESSION, DSMB_CLASS_ATTRS, 16, 0, 0, dsmb_query_compression },
	{ DSMB_FILE_NETWORK_OPEN, DSMB_CLASS_ATTRS, 56, DITTO_RIGHT_READ_ATTRS, 0,
	  dsmb_query_network_open },
	{ DSMB_FILE_ATTRIBUTE_TAG, DSMB_CLASS_ATTRS, 8, DITTO_RIGHT_READ_ATTRS, 0,
	  dsmb_query_attribute_tag },
	{ DSMB_FILE_NORMALIZED_NAME, DSMB_CLASS_311, 8, 0, 0, dsmb_query_normalized_name },
	{ DSMB_FILE_ID, DSMB_CLASS_ATTRS, 24, 0, 0, dsmb_query_id },
	{ DSMB_FILE_STAT, DSMB_CLASS_ATTRS, 72, DITTO_RIGHT_READ_ATTRS, 0, dsmb_query_stat },
	{ DSMB_FILE_STAT_LX, DSMB_CLASS_ATTRS, 96, DITTO_RIGHT_READ_ATTRS, 0, dsmb_query_stat },
	{ DSMB_FILE_POSIX, DSMB_CLASS_ATTRS | DSMB_CLASS_POSIX, 80, 0, 0, dsmb_query_posix },
	{ DSMB_FILE_QUOTA, 0, 0, 0, 0, dsmb_query_file_quota },
	{ DSMB_FILE_NAME, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_PIPE_REMOTE, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_MAILSLOT_QUERY, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_OBJECT_ID, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_REPARSE_POINT, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_SFIO_RESERVE, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_HARD_LINK, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_STANDARD_LINK, 0, 0, 0, 0, dsmb_query_unsupported },
	{ DSMB_FILE_CASE_SENSITIVE, 0, 0, 0, 0, dsmb_query_unsupported },
	{ }
};
