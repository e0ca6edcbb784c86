/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records for the audit log, which the helper writes. Nobody waits for it: records wait in a
 * bounded queue in which each user has his own turn. What does not fit, or finds no helper, is
 * lost; the number of lost records is reported with the next one.
 */
#ifndef _DITTO_NET_HELPER_AUDIT_H
#define _DITTO_NET_HELPER_AUDIT_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct ditto_server;

/* What happened. The values match the netlink enum "audit-kind". */
enum ditto_audit_event {
	DITTO_AUDIT_OPEN,
	DITTO_AUDIT_DELETE,
};

/* Bytes of the longest path in a record; of a longer one, the end is kept. */
#define DITTO_AUDIT_PATH_MAX	4095

/**
 * struct ditto_audit_record - an access
 * @event: what happened
 * @granted: it was granted
 * @anonymous: the user is anonymous
 * @uid: the user who acted, after squashing; with force-user the one who has logged in
 * @access: DITTO_RIGHT_* bits that were granted or denied
 * @share: name of the share
 * @path: of the file in the share; "" if it is not known
 * @client: name of the client; "" if it is not known
 * @protocol: its protocol; "" if it is not known
 */
struct ditto_audit_record {
	enum ditto_audit_event event;
	bool granted;
	bool anonymous;
	kuid_t uid;
	u32 access;
	const char *share;
	const char *path;
	const char *client;
	const char *protocol;
};

void ditto_audit_tell(struct ditto_server *srv, const struct ditto_audit_record *record);

#endif
