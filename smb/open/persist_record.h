/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of a persistent open: what must be known to open the file again after
 * a restart, as its client left it, and to tell the client when it comes back. Its
 * key is FileId.Persistent, 8 bytes, little endian, as all numbers in it.
 *
 * Records outlive the version of the server that wrote them: what is here changes
 * with DSMB_RECORD_VERSION only, and what has another version is not understood.
 */
#ifndef _DITTO_SMB_OPEN_PERSIST_RECORD_H
#define _DITTO_SMB_OPEN_PERSIST_RECORD_H

#include <linux/types.h>
#include <linux/uuid.h>

#include "../../fs/node/handle.h"
#include "../../lockd/range.h"
#include "../../net/helper/auth.h"
#include "durable.h"
#include "durable_app.h"
#include "open.h"
#include "oplock.h"

#define DSMB_RECORD_VERSION	1

/* More ranges are refused: the record has to hold them all. */
#define DSMB_PERSIST_RANGES_MAX	256
/* Supplementary groups that are kept; beyond them whoever closes it has fewer rights. */
#define DSMB_PERSIST_GROUPS_MAX	64
#define DSMB_PERSIST_NAME_MAX	255

#define DSMB_RECORD_WRITABLE	BIT(0)	/* as of struct dsmb_tree */
#define DSMB_RECORD_ADMIN	BIT(1)	/* who acts has the administrator's privileges */
#define DSMB_RECORD_POSIX	BIT(2)
#define DSMB_RECORD_CLOSES	BIT(3)	/* the file goes when it is closed */
#define DSMB_RECORD_DELETE_PENDING \
	BIT(4) /* its deletion is pending, for which this open asked */
#define DSMB_RECORD_APP		BIT(5) /* @app is there */
#define DSMB_RECORD_FLAGS	GENMASK(5, 0)

/**
 * struct dsmb_record - a persistent open
 * @id: FileId.Persistent
 * @flags: DSMB_RECORD_*
 * @client: ClientGuid
 * @guid: CreateGuid
 * @share: its id
 * @handle: of the file
 * @rights: GrantedAccess
 * @deny: DITTO_OPEN_* bits that it denies
 * @options: CreateOptions
 * @action: CreateAction
 * @timeout_ms: how long it waits
 * @caching: what it caches by: @level, and of a lease the rest
 * @user: to whom alone it comes back: uid, SID and name
 * @sid: of the user
 * @sid_len: bytes
 * @name: of the user, for people
 * @uid: who acts, after squashing
 * @gid: the same
 * @ngroups: supplementary ones
 * @groups: those
 * @app: application instance
 * @sequences: as of struct dsmb_open
 * @nranges: how many
 * @ranges: that it has locked
 */
struct dsmb_record {
	u64 id;
	u8 flags;
	guid_t client;
	u8 guid[DSMB_GUID_SIZE];
	uuid_t share;
	struct ditto_handle handle;
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

/* Bytes of the record in @data, which has DITTO_RECORD_DATA_MAX. */
u32 dsmb_record_put(const struct dsmb_record *record, void *data);

/* Fills all but the id. False if it is no record of this version, or a damaged one. */
bool dsmb_record_get(struct dsmb_record *record, const void *data, u32 len);

#endif
