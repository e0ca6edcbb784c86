/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that survive a restart: the hosts that hold locks, and the monitoring
 * requests (MON). The helper keeps them, see net/helper/record.h.
 */
#ifndef _DITTO_FS_NFS_NLM_RECORD_H
#define _DITTO_FS_NFS_NLM_RECORD_H

#include <linux/in6.h>
#include <linux/types.h>

#include "../../../net/helper/recorder.h"
#include "proto.h"

struct ditto_server;

enum dnlm_record_kind {
	DNLM_RECORD_HOST,	/* a host that locks: notified of our restart, and may reclaim */
	DNLM_RECORD_MONITOR,	/* a MON request: notified of a host's restart and of ours */
};

/**
 * struct dnlm_record - a host to be notified
 * @kind: kind of record
 * @addr: address of the host, IPv4 mapped
 * @local: our address that the host uses, IPv4 mapped
 * @scope: scope id of a link-local @addr
 * @udp: the host uses UDP
 * @state: of a HOST: its NSM state as far as known
 * @program: of a MONITOR: RPC program of the callback
 * @version: of a MONITOR: version of @program
 * @procedure: of a MONITOR: procedure of @program
 * @priv: of a MONITOR: private data for the callback
 * @name_len: bytes of @name
 * @my_name_len: bytes of @my_name
 * @name: of a HOST: its name; of a MONITOR: name of the host it monitors
 * @my_name: of a MONITOR: name of the requester
 *
 * A HOST is identified by @addr and @name; a MONITOR by @addr, both names, @program, @version
 * and @procedure.
 */
struct dnlm_record {
	enum dnlm_record_kind kind;
	struct in6_addr addr;
	struct in6_addr local;
	u32 scope;
	bool udp;
	u32 state;
	u32 program;
	u32 version;
	u32 procedure;
	u8 priv[NSM_PRIV_SIZE];
	u16 name_len;
	u16 my_name_len;
	u8 name[NSM_STRING_MAX];
	u8 my_name[NSM_STRING_MAX];
};

struct ditto_recorder *dnlm_record_recorder(struct ditto_recorders *recorders,
					    const struct dnlm_record *rec);
int dnlm_record_set(struct ditto_recorder *recorder, u64 owner, const struct dnlm_record *rec);
int dnlm_record_restore(struct ditto_recorder *recorder, u64 owner, const struct dnlm_record *rec);
int dnlm_record_list(struct ditto_server *srv,
		     int (*fn)(const struct dnlm_record *rec, void *arg), void *arg);

/* Bytes of a record's data: our address, scope, UDP, state, priv. */
#define DNLM_RECORD_DATA	(16 + 4 + 1 + 4 + NSM_PRIV_SIZE)

/* A record as it is stored, see record.c. */
struct dnlm_record_bytes {
	u16 key_len;
	u16 data_len;
	u8 key[DITTO_RECORD_KEY_MAX];
	u8 data[DNLM_RECORD_DATA];
};

bool dnlm_record_pack(const struct dnlm_record *rec, struct dnlm_record_bytes *bytes);
bool dnlm_record_unpack(const u8 *key, size_t key_len, const u8 *data, size_t data_len,
			struct dnlm_record *rec);

#endif
