/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The audit log: a line of JSON for each record of the kernel. The file is opened anew for each
 * line, so that it can be rotated at any time.
 */
#ifndef _DITTOD_AUDIT_H
#define _DITTOD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/types.h"
#include "pool.h"

struct conn;
struct nl_msg;
struct upcall_services;

/* The file, unless the configuration names another one. */
#define AUDIT_LOG	"/var/log/ditto-audit.log"

/**
 * struct audit_record - a record
 * @event: enum ditto_audit_kind
 * @granted: the access was granted
 * @anonymous: the user is anonymous
 * @uid: number of the user
 * @access: rights, one bit each
 * @time: nanoseconds since 1970
 * @lost: number of records that were lost before
 * @user: name of the user; "" if it is not known
 * @share: name of the share
 * @path: of the file in the share
 * @client: name of the client
 * @protocol: its protocol
 */
struct audit_record {
	u32 event;
	bool granted;
	bool anonymous;
	u32 uid;
	u32 access;
	u64 time;
	u64 lost;
	char *user;
	char *share;
	char *path;
	char *client;
	char *protocol;
};

/* Fill a record from a message. Returns 0 or -EBADMSG; free it with audit_record_free(). */
int audit_record_parse(struct audit_record *r, struct nl_msg *msg);
void audit_record_free(struct audit_record *r);
/* Return the lines of a record, to be freed; one more before it if records were lost. */
char *audit_record_text(const struct audit_record *r);

/* Set the file. NULL is AUDIT_LOG. */
void audit_set_file(const char *path);
/* Take a record of the kernel. It is written, and answered, by a thread of @services->audit. */
void audit_take(struct conn *channel, const struct upcall_services *services, struct nl_msg *msg);

#endif
