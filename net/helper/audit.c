// SPDX-License-Identifier: GPL-2.0-only
/* Records for the audit log, see audit.h. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

#include "../netlink.h"
#include "../server.h"
#include "audit.h"
#include "upcall.h"

static_assert(DITTO_AUDIT_OPEN == (int)DITTO_AUDIT_KIND_OPEN);
static_assert(DITTO_AUDIT_DELETE == (int)DITTO_AUDIT_KIND_DELETE);

/* Attributes of a fixed size. */
#define RECORD_NUMBERS_SIZE	(8 * nla_total_size(sizeof(u64)))

/**
 * struct audit_request - a record on its way
 * @ask: the request to the helper
 * @record: the record; its strings are in @text
 * @time: when it happened, in ns since 1970
 * @lost: number of records that were lost before
 * @text: the strings
 */
struct audit_request {
	struct ditto_upcall_req ask;
	struct ditto_audit_record record;
	u64 time;
	u64 lost;
	char text[];
};

static int audit_put(struct sk_buff *msg, void *arg)
{
	struct audit_request *request = arg;
	const struct ditto_audit_record *record = &request->record;

	request->lost += atomic64_xchg(&request->ask.srv->audit_lost, 0);
	if (nla_put_u32(msg, DITTO_A_UPCALL_AUDIT_EVENT, record->event) ||
	    nla_put_u8(msg, DITTO_A_UPCALL_GRANTED, record->granted) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_ACCESS, record->access) ||
	    nla_put_u32(msg, DITTO_A_UPCALL_UID, from_kuid(&init_user_ns, record->uid)) ||
	    nla_put_u8(msg, DITTO_A_UPCALL_ANONYMOUS, record->anonymous) ||
	    nla_put_string(msg, DITTO_A_UPCALL_SHARE, record->share) ||
	    nla_put_string(msg, DITTO_A_UPCALL_PATH, record->path) ||
	    nla_put_string(msg, DITTO_A_UPCALL_CLIENT, record->client) ||
	    nla_put_string(msg, DITTO_A_UPCALL_PROTOCOL, record->protocol) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_TIME, request->time) ||
	    ditto_nl_put_u64(msg, DITTO_A_UPCALL_LOST, request->lost))
		return -EMSGSIZE;
	return 0;
}

static int audit_got(struct genl_info *info, void *arg)
{
	return 0;
}

static void audit_lose(struct ditto_server *srv, u64 count)
{
	atomic64_add(count, &srv->audit_lost);
	pr_warn_ratelimited("records for the audit log are lost\n");
}

static void audit_done(struct ditto_upcall_req *ask, int err)
{
	struct audit_request *request = container_of(ask, struct audit_request, ask);

	if (err)
		audit_lose(ask->srv, request->lost + 1);
	kfree(request);
}

/* Copy a string; returns the place behind it. */
static char *audit_copy(char *at, const char **to, const char *from)
{
	size_t size = strlen(from) + 1;

	memcpy(at, from, size);
	*to = at;
	return at + size;
}

static const char *audit_end_of(const char *path)
{
	size_t len = strlen(path);

	return len > DITTO_AUDIT_PATH_MAX ? path + len - DITTO_AUDIT_PATH_MAX : path;
}

/*
 * Send a record to the helper. Context: process; may sleep for memory, but does not wait for the
 * helper.
 */
void ditto_audit_tell(struct ditto_server *srv, const struct ditto_audit_record *record)
{
	const char *path = audit_end_of(record->path);
	struct audit_request *request;
	size_t size;
	char *at;

	size = strlen(record->share) + strlen(path) + strlen(record->client) +
	       strlen(record->protocol) + 4;
	request = kzalloc(struct_size(request, text, size), GFP_KERNEL);
	if (!request) {
		audit_lose(srv, 1);
		return;
	}
	request->record = *record;
	at = audit_copy(request->text, &request->record.share, record->share);
	at = audit_copy(at, &request->record.path, path);
	at = audit_copy(at, &request->record.client, record->client);
	audit_copy(at, &request->record.protocol, record->protocol);
	request->time = ktime_get_real_ns();
	request->ask.what = (struct ditto_upcall) {
		.type = DITTO_UPCALL_AUDIT,
		.size = size + 4 * nla_total_size(0) + RECORD_NUMBERS_SIZE,
		.put = audit_put,
		.got = audit_got,
		.arg = request,
	};
	/* The queue is fair to addresses, of which the upper half counts: each user has one. */
	request->ask.peer.s6_addr32[0] = htonl(0xfd000000);
	request->ask.peer.s6_addr32[1] = htonl(from_kuid(&init_user_ns, record->uid));
	request->ask.done = audit_done;
	ditto_upcall_start(srv, &request->ask);
}
