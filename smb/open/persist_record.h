/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of a persistent open: the data needed to open the file again after a restart with the
 * state that its client left, and to recognize the client when it reconnects. The key of a record
 * is FileId.Persistent, 8 bytes. All numbers in key and record are little endian.
 *
 * Records outlive the version of the server that wrote them. The format changes only with
 * DSMB_RECORD_VERSION. Version 1, which ends before the entry, and version 2, which ends behind it,
 * are read, too; a record of any other version is rejected.
 */
#ifndef _DITTO_SMB_OPEN_PERSIST_RECORD_H
#define _DITTO_SMB_OPEN_PERSIST_RECORD_H

#include <linux/limits.h>
#include <linux/types.h>
#include <linux/uuid.h>

#include "../../fs/share/handle.h"
#include "../../lockd/range.h"
#include "../../net/helper/auth.h"
#include "../wire/oplock.h"
#include "durable.h"
#include "durable_app.h"
#include "open.h"

#define DSMB_RECORD_VERSION	3

/* Ranges of one open; more are refused, because the record must hold them all. */
#define DSMB_PERSIST_RANGES_MAX	256
/* Supplementary groups that are recorded; an open with more is closed with fewer permissions. */
#define DSMB_PERSIST_GROUPS_MAX	64
#define DSMB_PERSIST_NAME_MAX	255

#define DSMB_RECORD_WRITABLE	BIT(0)	/* as in struct dsmb_tree */
#define DSMB_RECORD_ADMIN	BIT(1)	/* the user has the administrator's privileges */
#define DSMB_RECORD_POSIX	BIT(2)
#define DSMB_RECORD_CLOSES	BIT(3)	/* the file goes when it is closed */
#define DSMB_RECORD_DELETE_PENDING \
	BIT(4) /* its deletion is pending, for which this open asked */
#define DSMB_RECORD_APP		BIT(5) /* @app is there */
#define DSMB_RECORD_SNAPSHOT	BIT(6) /* the file is in a snapshot */
#define DSMB_RECORD_OTHERS	BIT(7) /* the file has names besides the one that was opened */
#define DSMB_RECORD_FLAGS	GENMASK(7, 0)

/**
 * struct dsmb_record - a persistent open
 * @id: FileId.Persistent
 * @flags: DSMB_RECORD_*
 * @client: ClientGuid
 * @guid: CreateGuid
 * @share: id of the share
 * @handle: file handle
 * @dir: handle of the directory with the name that was opened; its length is 0 if that is not known
 * @entry: that name, not terminated
 * @entry_len: bytes of @entry
 * @name_hash: hash of the name by which the client knows the open, see struct dsmb_durable
 * @rights: GrantedAccess
 * @deny: denied access as DITTO_OPEN_* bits
 * @options: CreateOptions
 * @action: CreateAction
 * @timeout_ms: timeout of the disconnected open in milliseconds
 * @caching: granted caching: @level, and the other members for a lease
 * @user: uid of the only user who may reconnect to the open
 * @sid: SID of that user
 * @sid_len: bytes of @sid
 * @name: name of that user, for display
 * @uid: uid that operations run with, after squashing
 * @gid: gid that operations run with
 * @ngroups: number of @groups
 * @groups: supplementary groups
 * @app: application instance
 * @sequences: lock sequences, see struct dsmb_open
 * @nranges: number of @ranges
 * @ranges: byte-range locks of the open
 */
struct dsmb_record {
	u64 id;
	u8 flags;
	guid_t client;
	u8 guid[DSMB_GUID_SIZE];
	uuid_t share;
	struct ditto_handle handle;
	struct ditto_handle dir;
	char entry[NAME_MAX];
	u8 entry_len;
	u64 name_hash;
	u32 rights;
	u8 deny;
	u32 options;
	u8 action;
	u32 timeout_ms;
	struct dsmb_caching caching;
	u32 user;
	u8 sid[DITTO_SID_MAX];
	u8 sid_len;
	char name[DSMB_PERSIST_NAME_MAX + 1];
	u32 uid;
	u32 gid;
	u8 ngroups;
	u32 groups[DSMB_PERSIST_GROUPS_MAX];
	struct dsmb_app_ask app;
	u8 sequences[DSMB_LOCK_SEQUENCES];
	u16 nranges;
	struct ditto_range_held ranges[DSMB_PERSIST_RANGES_MAX];
};

u32 dsmb_record_encode(const struct dsmb_record *record, void *data);
bool dsmb_record_decode(struct dsmb_record *record, const void *data, u32 len);

#endif
