/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outlives a restart: which hosts hold locks, and who wants to be told of
 * whose restart. Kept by the helper, see net/helper/record.h.
 */
#ifndef _DITTO_FS_NFS_NLM_RECORD_H
#define _DITTO_FS_NFS_NLM_RECORD_H

#include <linux/in6.h>
#include <linux/types.h>

#include "../../../net/helper/record.h"
#include "proto.h"

struct ditto_server;

enum dnlm_record_kind {
	DNLM_RECORD_HOST,	/* locks, so it is told of our restart and may reclaim */
	DNLM_RECORD_MONITOR,	/* asked by MON to be told of the restart of another, and of ours */
};

/**
 * struct dnlm_record - a host to be told
 * @kind: see there
 * @addr: the host, IPv4 mapped
 * @local: our address that it speaks to
 * @scope: of a link-local @addr
 * @udp: it speaks UDP
 * @state: of HOST: its NSM state as far as known
 * @program: of MONITOR: what is called there
 * @version: of @program
 * @procedure: of @program
 * @priv: of MONITOR: given back to it
 * @name_len: bytes of @name
 * @my_name_len: bytes of @my_name
 * @name: of HOST: how it calls itself; of MONITOR: whom it watches
 * @my_name: of MONITOR: how it calls itself
 *
 * A HOST is the same by @addr and @name; a MONITOR by @addr, both names,
 * @program, @version and @procedure.
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

/**
 * dnlm_record_add - keep a record; it replaces the same one
 * @srv: the server
 * @rec: what
 *
 * Context: may sleep. Return: 0 when it is on stable storage; -EINVAL (the names
 * are too long to be kept); what ditto_record_put() says.
 */
int dnlm_record_add(struct ditto_server *srv, const struct dnlm_record *rec);

/* Forget a record; one that there is not is forgotten already. Returns as dnlm_record_add(). */
int dnlm_record_del(struct ditto_server *srv, const struct dnlm_record *rec);

/**
 * dnlm_record_list - the records of the time before the restart
 * @srv: the server
 * @fn: called for each; may sleep; an error ends the list
 * @arg: passed to @fn
 *
 * Context: may sleep. Return: 0, what @fn returned, or -ENOMEM.
 */
int dnlm_record_list(struct ditto_server *srv,
		     int (*fn)(const struct dnlm_record *rec, void *arg), void *arg);

/* Our address, scope, UDP, state, priv. */
#define DNLM_RECORD_DATA	(16 + 4 + 1 + 4 + NSM_PRIV_SIZE)

/* A record as it is kept. */
struct dnlm_record_bytes {
	u16 key_len;
	u16 data_len;
	u8 key[DITTO_RECORD_KEY_MAX];
	u8 data[DNLM_RECORD_DATA];
};

/* False if the names are too long. */
bool dnlm_record_pack(const struct dnlm_record *rec, struct dnlm_record_bytes *bytes);
/* @rec is all zero. False if it was not written by this version or one before. */
bool dnlm_record_unpack(const u8 *key, size_t key_len, const u8 *data, size_t data_len,
			struct dnlm_record *rec);

#endif
