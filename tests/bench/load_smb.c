// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of SMB 3.1.1 of the load generator ([MS-SMB2]), in a session and tree that user
 * space has made. Signing and encrypting them is in load_guard.c.
 *
 * An operation is a message of one or more related requests, as clients send them: CREATE and
 * CLOSE of what it opened, and what is asked between them.
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "load.h"

#define SMB_HEADER		64
#define SMB_RELATED		BIT(2)
/* Asked for with each message; what is used is given back by it. */
#define SMB_CREDITS		64
/* Bytes that one credit pays for (section 3.1.5.2). */
#define SMB_CREDIT_BYTES	65536

/* Access rights, dispositions and options of CREATE (section 2.2.13). */
#define READ_WRITE_DELETE	0x0013019f
#define READ_ATTRIBUTES		0x00000081
#define DELETE_ACCESS		0x00010080
#define SHARE_ALL		7
#define OPEN_EXISTING		1
#define CREATE_NEW		2
#define DELETE_ON_CLOSE		0x1000
#define DIRECTORY_FILE		1

/* Commands (section 2.2.1.2). */
#define SMB_CREATE		5
#define SMB_CLOSE		6
#define SMB_FLUSH		7
#define SMB_READ		8
#define SMB_WRITE		9
#define SMB_LOCK		10
#define SMB_ECHO		13
#define SMB_QUERY_DIRECTORY	14
#define SMB_QUERY_INFO		16
#define SMB_SET_INFO		17

/* Status of an interim response (section 3.3.4.2): the answer comes later. */
#define STATUS_PENDING		0x103

/* Flags of LOCK (section 2.2.26.1). */
#define EXCLUSIVE_AT_ONCE	0x12
#define UNLOCK			4

/* Classes of information of QUERY_INFO, SET_INFO and QUERY_DIRECTORY ([MS-FSCC] 2.4). */
#define FILE_RENAME_INFO	10
#define FILE_ALL_INFO		18
#define FILE_ID_BOTH_DIR_INFO	37
#define FILE_ID_FULL_DIR_INFO	38
#define LISTING_SIZE		65536

#define NUMBERED_MAX		(LOAD_NAME_MAX + 16)

/**
 * struct load_smb_part - one request of an operation
 * @command: of it
 * @encode: write its body at @p; returns the end. The last has none.
 */
struct load_smb_part {
	u16 command;
	u8 *(*encode)(const struct load_run *run, u32 n, bool own, u8 *p);
};

static u8 *put_16(u8 *p, u16 value)
{
	put_unaligned_le16(value, p);
	return p + sizeof(value);
}

static u8 *put_32(u8 *p, u32 value)
{
	put_unaligned_le32(value, p);
	return p + sizeof(value);
}

static u8 *put_64(u8 *p, u64 value)
{
	put_unaligned_le64(value, p);
	return p + sizeof(value);
}

static u8 *put_zeros(u8 *p, size_t len)
{
	memset(p, 0, len);
	return p + len;
}

/* The file that the run names, or the one that this message opened. */
static u8 *put_fid(const struct load_run *run, bool own, u8 *p)
{
	if (own)
		memset(p, 0xff, 16);
	else
		memcpy(p, run->fh, 16);
	return p + 16;
}

/* The name in UTF-16; those of a run are ASCII. */
static u8 *put_name(const char *name, u8 *p)
{
	for (; *name; name++)
		p = put_16(p, *name);
	return p;
}

static u8 *put_create(const char *name, u32 access, u32 disposition, u32 options, u8 *p)
{
	p = put_16(p, 57);
	p = put_zeros(p, 2);			/* no oplock */
	p = put_32(p, 2);			/* impersonation */
	p = put_zeros(p, 16);
	p = put_32(p, access);
	p = put_32(p, 0);
	p = put_32(p, SHARE_ALL);
	p = put_32(p, disposition);
	p = put_32(p, options);
	p = put_16(p, SMB_HEADER + 56);
	p = put_16(p, 2 * strlen(name));
	p = put_zeros(p, 8);			/* no contexts */
	return put_name(name, p);
}

static u8 *encode_open(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_create(run->name, READ_ATTRIBUTES, OPEN_EXISTING, 0, p);
}

static u8 *encode_open_dir(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_create(run->name, READ_ATTRIBUTES, OPEN_EXISTING, DIRECTORY_FILE, p);
}

/* The path of name @n in the folder that the run names. */
static const char *name_number(const struct load_run *run, u32 n, char name[NUMBERED_MAX])
{
	scnprintf(name, NUMBERED_MAX, "%s\\n%u", run->name, run->first + n);
	return name;
}

static u8 *encode_numbered(const struct load_run *run, u32 n, u32 access, u32 disposition,
			   u32 options, u8 *p)
{
	char name[NUMBERED_MAX];

	return put_create(name_number(run, n, name), access, disposition, options, p);
}

static u8 *encode_make(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return encode_numbered(run, n, READ_WRITE_DELETE, CREATE_NEW, 0, p);
}

static u8 *encode_delete(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return encode_numbered(run, n, DELETE_ACCESS, OPEN_EXISTING, DELETE_ON_CLOSE, p);
}

static u8 *encode_movable(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return encode_numbered(run, n, DELETE_ACCESS, OPEN_EXISTING, 0, p);
}

static u8 *encode_hold(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return encode_numbered(run, n, READ_ATTRIBUTES, OPEN_EXISTING, 0, p);
}

static u8 *encode_rename(const struct load_run *run, u32 n, bool own, u8 *p)
{
	char name[NUMBERED_MAX];

	name_number(run, n + LOAD_RENAMED, name);
	p = put_16(p, 33);
	*p++ = 1;				/* of the file */
	*p++ = FILE_RENAME_INFO;
	p = put_32(p, 20 + 2 * strlen(name));
	p = put_16(p, SMB_HEADER + 32);
	p = put_zeros(p, 6);
	p = put_fid(run, own, p);
	p = put_zeros(p, 16);			/* it replaces nothing */
	p = put_32(p, 2 * strlen(name));
	return put_name(name, p);
}

/* One of @run->span files. */
static u8 *encode_pick(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return encode_numbered(run, load_pick(run, n), READ_ATTRIBUTES, OPEN_EXISTING, 0, p);
}

static u8 *encode_close(const struct load_run *run, u32 n, bool own, u8 *p)
{
	p = put_zeros(put_16(p, 24), 6);
	return put_fid(run, own, p);
}

static u8 *encode_echo(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_zeros(put_16(p, 4), 2);
}

static u8 *encode_flush(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_fid(run, own, put_zeros(put_16(p, 24), 6));
}

/*
 * A byte of its own for each call, so that none waits for another. Both requests name the file, as
 * ksmbd does not take the one of the request before.
 */
static u8 *put_lock(const struct load_run *run, u32 n, u32 flags, u8 *p)
{
	p = put_32(put_16(put_16(p, 48), 1), 0);
	p = put_fid(run, false, p);
	p = put_64(p, n);
	p = put_64(p, 1);
	return put_32(put_32(p, flags), 0);
}

static u8 *encode_lock(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_lock(run, n, EXCLUSIVE_AT_ONCE, p);
}

static u8 *encode_unlock(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_lock(run, n, UNLOCK, p);
}

static u8 *encode_query(const struct load_run *run, u32 n, bool own, u8 *p)
{
	p = put_16(p, 41);
	*p++ = 1;				/* of the file */
	*p++ = FILE_ALL_INFO;
	p = put_32(p, 4096);
	p = put_zeros(p, 16);
	p = put_fid(run, own, p);
	return put_zeros(p, 1);
}

static u8 *put_list(const struct load_run *run, u8 class, bool own, u8 *p)
{
	p = put_16(p, 33);
	*p++ = class;
	*p++ = 0;
	p = put_32(p, 0);
	p = put_fid(run, own, p);
	p = put_16(p, SMB_HEADER + 32);
	p = put_16(p, 2);
	p = put_32(p, LISTING_SIZE);
	return put_16(p, '*');
}

static u8 *encode_list(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_list(run, FILE_ID_FULL_DIR_INFO, own, p);
}

/* As Windows asks. */
static u8 *encode_list_both(const struct load_run *run, u32 n, bool own, u8 *p)
{
	return put_list(run, FILE_ID_BOTH_DIR_INFO, own, p);
}

static u8 *encode_read(const struct load_run *run, u32 n, bool own, u8 *p)
{
	p = put_16(p, 49);
	p = put_16(p, 80);			/* where data is to begin */
	p = put_32(p, run->size);
	p = put_64(p, load_io_offset(run, n));
	p = put_fid(run, own, p);
	return put_zeros(p, 17);
}

/* The payload follows. */
static u8 *encode_write(const struct load_run *run, u32 n, bool own, u8 *p)
{
	p = put_16(p, 49);
	p = put_16(p, SMB_HEADER + 48);
	p = put_32(p, run->size);
	p = put_64(p, load_io_offset(run, n));
	p = put_fid(run, own, p);
	return put_zeros(p, 16);
}

/* Bytes of payload that credits are needed for. */
static u32 smb_payload(const struct load_run *run)
{
	return run->op->proc == SMB_READ || run->op->proc == SMB_WRITE ? run->size : 1;
}

static u8 *put_header(const struct load_run *run, u16 command, u64 mid, u16 charge, bool related,
		      u8 *p)
{
	memcpy(p, "\xfeSMB", 4);
	p = put_16(p + 4, SMB_HEADER);
	p = put_16(p, charge);
	p = put_32(p, 0);
	p = put_16(p, command);
	p = put_16(p, SMB_CREDITS);
	p = put_32(p, related ? SMB_RELATED : 0);
	p = put_32(p, 0);			/* NextCommand, once it is known */
	p = put_64(p, mid);
	p = put_32(p, 0);
	p = put_32(p, run->tree);
	p = put_64(p, run->clientid);
	return put_zeros(p, 16);
}

static size_t smb_call(struct load_run *run, struct load_slot *slot, u32 n, void *data)
{
	u16 charge = DIV_ROUND_UP(max(smb_payload(run), 1U), SMB_CREDIT_BYTES);
	const struct load_smb_part *part;
	u8 *p = data, *start;

	slot->mid = run->mid;
	slot->xid = 1;
	for (part = run->op->parts; ; part++) {
		start = p;
		p = put_header(run, part->command, run->mid, charge, part != run->op->parts, p);
		run->mid += charge;
		p = part->encode(run, n, part != run->op->parts, p);
		if (!part[1].encode)
			return p - (u8 *)data;
		p = put_zeros(p, -(p - start) & 7);
		put_unaligned_le32(p - start, start + 20);
	}
}

static struct load_slot *smb_slot(struct load_run *run, struct load_slot *slots, u64 mid)
{
	u32 i;

	for (i = 0; i < run->outstanding; i++) {
		if (slots[i].xid && slots[i].mid == mid)
			return &slots[i];
	}
	return NULL;
}

/* Count the entries of a listing, which begins at @p. */
static int smb_count_entries(struct load_run *run, const u8 *p, size_t len)
{
	u32 next;

	while (len >= 4) {
		run->entries++;
		next = get_unaligned_le32(p);
		if (!next)
			return 0;
		if (next > len)
			break;
		p += next;
		len -= next;
	}
	return -EBADMSG;
}

/* One response of a message. */
static int smb_part(struct load_run *run, const u8 *p, size_t len)
{
	u32 status = get_unaligned_le32(p + 8);
	u16 command = get_unaligned_le16(p + 12);
	u32 offset;

	if (status) {
		run->status = status;
		return 1;
	}
	switch (command) {
	case SMB_READ:
	case SMB_WRITE:
		if (len < SMB_HEADER + 16)
			return -EBADMSG;
		run->bytes += get_unaligned_le32(p + SMB_HEADER + 4);
		break;
	case SMB_QUERY_DIRECTORY:
		if (len < SMB_HEADER + 8)
			return -EBADMSG;
		offset = get_unaligned_le16(p + SMB_HEADER + 2);
		return offset < len ? smb_count_entries(run, p + offset, len - offset) : -EBADMSG;
	}
	return 0;
}

static int smb_reply(struct load_run *run, struct load_slot *slots, const void *data, size_t len)
{
	struct load_slot *slot = NULL;
	const u8 *p = data;
	bool failed = false;
	u32 next;
	int err;

	do {
		if (len < SMB_HEADER || memcmp(p, "\xfeSMB", 4))
			return -EBADMSG;
		if (!slot && get_unaligned_le32(p + 8) == STATUS_PENDING)
			return -EINPROGRESS;
		if (!slot)
			slot = smb_slot(run, slots, get_unaligned_le64(p + 24));
		next = get_unaligned_le32(p + 20);
		if (!slot || next > len)
			return -EBADMSG;
		err = smb_part(run, p, next ?: len);
		if (err < 0)
			return err;
		failed |= err;
		p += next;
		len -= next;
	} while (next);
	run->errors += failed;
	slot->xid = 0;
	return slot->index;
}

const struct load_proto load_proto_smb = { .call = smb_call, .reply = smb_reply };

#define PARTS(...) ((const struct load_smb_part[]) { __VA_ARGS__, {} })
#define CLOSED	{ SMB_CLOSE, encode_close }

const struct load_op load_ops_smb[] = {
	{ .name = "smb_echo", .proc = SMB_ECHO, .parts = PARTS({ SMB_ECHO, encode_echo }) },
	{ .name = "smb_query", .proc = SMB_QUERY_INFO,
	  .parts = PARTS({ SMB_QUERY_INFO, encode_query }) },
	{ .name = "smb_stat", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_open }, { SMB_QUERY_INFO, encode_query }, CLOSED) },
	{ .name = "smb_open", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_open }, CLOSED) },
	{ .name = "smb_hold", .proc = SMB_CREATE, .parts = PARTS({ SMB_CREATE, encode_hold }) },
	{ .name = "smb_pick", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_pick }, CLOSED) },
	{ .name = "smb_create", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_make }, CLOSED) },
	{ .name = "smb_remove", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_delete }, CLOSED) },
	{ .name = "smb_rename", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_movable }, { SMB_SET_INFO, encode_rename },
			 CLOSED) },
	{ .name = "smb_flush", .proc = SMB_FLUSH, .parts = PARTS({ SMB_FLUSH, encode_flush }) },
	{ .name = "smb_lock", .proc = SMB_LOCK,
	  .parts = PARTS({ SMB_LOCK, encode_lock }, { SMB_LOCK, encode_unlock }) },
	{ .name = "smb_list", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_open_dir }, { SMB_QUERY_DIRECTORY, encode_list },
			 CLOSED) },
	{ .name = "smb_list_both", .proc = SMB_CREATE,
	  .parts = PARTS({ SMB_CREATE, encode_open_dir },
			 { SMB_QUERY_DIRECTORY, encode_list_both }, CLOSED) },
	{ .name = "smb_read", .proc = SMB_READ, .parts = PARTS({ SMB_READ, encode_read }) },
	{ .name = "smb_write", .proc = SMB_WRITE, .parts = PARTS({ SMB_WRITE, encode_write }),
	  .writes = true },
	{}
};
