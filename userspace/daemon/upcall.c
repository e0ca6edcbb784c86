// SPDX-License-Identifier: GPL-2.0-only
/*
 * Upcalls of the kernel: parses requests, has them processed in a pool, and sends the replies.
 * Replies are sent in the thread of the event loop.
 */

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "auth/auth_call.h"
#include "clock.h"
#include "ditto-nl-gen.h"
#include "log.h"
#include "mem.h"
#include "nl/nl.h"
#include "broker/offload.h"
#include "broker/scan.h"
#include "rpc/pipe_call.h"
#include "upcall.h"
#include "identity/user_token.h"

/* To the name service, an IPv4-mapped IPv6 address is the IPv4 address. */
static bool read_address(struct address *addr, const struct nlattr *nla)
{
	char text[TEXT_ADDRESS_MAX];
	struct why ignored;

	text_from_address(nla_data(nla), (size_t)nla_len(nla), text);
	return text_address(text, addr, &ignored) && addr->len;
}

static void read_names(struct nss_names *names, struct nl_msg *msg)
{
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest)
		if (nla_type(nla) == DITTO_A_UPCALL_HOST_NAME && names->n < NSS_NAMES_MAX)
			snprintf(names->name[names->n++], NSS_NAME_SIZE, "%s",
				 nla_get_string(nla));
}

int upcall_parse(struct upcall *u, struct nl_msg *msg, u64 now)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID])
		return -EBADMSG;
	u->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	if (!tb[DITTO_A_UPCALL_TYPE])
		return -EBADMSG;
	u->type = nla_get_u32(tb[DITTO_A_UPCALL_TYPE]);
	u->deadline = UINT64_MAX;
	if (tb[DITTO_A_UPCALL_DEADLINE_MS])
		u->deadline = now + nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	read_names(&u->names, msg);
	if (tb[DITTO_A_UPCALL_ADDRESS] &&
	    !read_address(&u->lookup.addr, tb[DITTO_A_UPCALL_ADDRESS]))
		return -EBADMSG;

	switch (u->type) {
	case DITTO_UPCALL_KIND_HOST_NAME:
		return tb[DITTO_A_UPCALL_ADDRESS] ? 0 : -EBADMSG;
	case DITTO_UPCALL_KIND_NETGROUP:
		if (!tb[DITTO_A_UPCALL_ADDRESS] || !tb[DITTO_A_UPCALL_NETGROUP])
			return -EBADMSG;
		snprintf(u->netgroup, sizeof(u->netgroup), "%s",
			 nla_get_string(tb[DITTO_A_UPCALL_NETGROUP]));
		return 0;
	case DITTO_UPCALL_KIND_GROUPS:
	case DITTO_UPCALL_KIND_USER_NAME:
	case DITTO_UPCALL_KIND_USER_SIDS:
	case DITTO_UPCALL_KIND_SID_OF_USER:
		if (!tb[DITTO_A_UPCALL_UID])
			return -EBADMSG;
		u->uid = nla_get_u32(tb[DITTO_A_UPCALL_UID]);
		return 0;
	case DITTO_UPCALL_KIND_GROUP_NAME:
	case DITTO_UPCALL_KIND_SID_OF_GROUP:
		if (!tb[DITTO_A_UPCALL_GID])
			return -EBADMSG;
		u->gid = nla_get_u32(tb[DITTO_A_UPCALL_GID]);
		return 0;
	case DITTO_UPCALL_KIND_USER_ID:
	case DITTO_UPCALL_KIND_GROUP_ID:
		if (!tb[DITTO_A_UPCALL_USER] ||
		    strlen(nla_get_string(tb[DITTO_A_UPCALL_USER])) >= sizeof(u->user))
			return -EBADMSG;
		snprintf(u->user, sizeof(u->user), "%s", nla_get_string(tb[DITTO_A_UPCALL_USER]));
		return 0;
	case DITTO_UPCALL_KIND_ACCOUNT_OF_SID:
		return tb[DITTO_A_UPCALL_USER] &&
		       sid_parse(nla_get_string(tb[DITTO_A_UPCALL_USER]), &u->sid) ? 0 : -EBADMSG;
	default:
		/* A newer kernel sends kinds that this version does not know. */
		return -EOPNOTSUPP;
	}
}

/*
 * The user has not logged in, and no domain controller vouches for SIDs. The privileges are as for
 * a login; the kernel tells them to administrators who ask what the user may do.
 */
static int upcall_find_sids(struct upcall *u)
{
	struct user_token t = { .uid = u->uid };
	struct why why;
	int rc = idmap_groups(u->uid, t.gids, &t.ngids);

	rc = rc ?: user_token_fill(&t, NULL, NULL, &why);
	if (rc) {
		user_token_clear(&t);
		return rc;
	}
	u->sids = t.sids;
	u->complete = t.complete;
	u->privileges = t.privileges;
	return 0;
}

void upcall_work(struct upcall *u)
{
	const struct address *asker = &u->lookup.addr;
	int rc = 0;

	switch (u->type) {
	case DITTO_UPCALL_KIND_HOST_NAME:
		rc = u->lookup.error;
		break;
	case DITTO_UPCALL_KIND_NETGROUP:
		/* A host without a name can be a member by its address. */
		u->member = nss_in_netgroup(u->netgroup, &u->lookup.addr, &u->names);
		/* Without a name server, a negative result must not be cached. */
		rc = u->lookup.error == -EAGAIN && !u->member ? -EAGAIN : 0;
		break;
	case DITTO_UPCALL_KIND_GROUPS:
		rc = idmap_groups(u->uid, u->gids, &u->ngids);
		break;
	case DITTO_UPCALL_KIND_USER_SIDS:
		rc = upcall_find_sids(u);
		break;
	case DITTO_UPCALL_KIND_USER_NAME:
		rc = idmap_name(IDENTITY_USER, u->uid, u->deadline, asker, u->user);
		break;
	case DITTO_UPCALL_KIND_GROUP_NAME:
		rc = idmap_name(IDENTITY_GROUP, u->gid, u->deadline, asker, u->user);
		break;
	case DITTO_UPCALL_KIND_USER_ID:
		rc = idmap_id(IDENTITY_USER, u->user, u->deadline, asker, &u->uid);
		break;
	case DITTO_UPCALL_KIND_GROUP_ID:
		rc = idmap_id(IDENTITY_GROUP, u->user, u->deadline, asker, &u->gid);
		break;
	case DITTO_UPCALL_KIND_SID_OF_USER:
		rc = idmap_sid(IDENTITY_USER, u->uid, u->deadline, asker, &u->sid);
		break;
	case DITTO_UPCALL_KIND_SID_OF_GROUP:
		rc = idmap_sid(IDENTITY_GROUP, u->gid, u->deadline, asker, &u->sid);
		break;
	case DITTO_UPCALL_KIND_ACCOUNT_OF_SID:
		rc = idmap_account(&u->sid, u->deadline, asker, &u->kinds, &u->uid);
		u->gid = u->uid;
		break;
	}
	u->error = (u32)-rc;
}

void upcall_put_sids(struct nl_msg *msg, const struct sid_list *sids, bool complete)
{
	u8 sid[SID_SIZE_MAX];
	unsigned int i;

	for (i = 0; i < sids->n; i++)
		msg_put(msg, DITTO_A_UPCALL_SIDS, sid, sid_put(&sids->sid[i], sid));
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_SIDS_COMPLETE, complete);
}

void upcall_free(struct upcall *u)
{
	sid_list_clear(&u->sids);
	free(u);
}

void upcall_put(struct nl_msg *msg, const struct upcall *u)
{
	u8 sid[SID_SIZE_MAX];
	unsigned int i;

	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, u->id);
	if (u->error) {
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, u->error);
		return;
	}
	switch (u->type) {
	case DITTO_UPCALL_KIND_HOST_NAME:
		for (i = 0; i < u->names.n; i++)
			msg_put_string(msg, DITTO_A_UPCALL_HOST_NAME, u->names.name[i]);
		break;
	case DITTO_UPCALL_KIND_NETGROUP:
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_MEMBER, u->member);
		break;
	case DITTO_UPCALL_KIND_GROUPS:
		msg_put(msg, DITTO_A_UPCALL_GIDS, u->gids, u->ngids * sizeof(u->gids[0]));
		break;
	case DITTO_UPCALL_KIND_USER_SIDS:
		upcall_put_sids(msg, &u->sids, u->complete);
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_PRIVILEGES, u->privileges);
		break;
	case DITTO_UPCALL_KIND_USER_NAME:
	case DITTO_UPCALL_KIND_GROUP_NAME:
		msg_put_string(msg, DITTO_A_UPCALL_USER, u->user);
		break;
	case DITTO_UPCALL_KIND_USER_ID:
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, u->uid);
		break;
	case DITTO_UPCALL_KIND_GROUP_ID:
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_GID, u->gid);
		break;
	case DITTO_UPCALL_KIND_SID_OF_USER:
	case DITTO_UPCALL_KIND_SID_OF_GROUP:
		msg_put(msg, DITTO_A_UPCALL_SID, sid, sid_put(&u->sid, sid));
		break;
	case DITTO_UPCALL_KIND_ACCOUNT_OF_SID:
		if (u->kinds & IDENTITY_USER)
			msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_UID, u->uid);
		if (u->kinds & IDENTITY_GROUP)
			msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_GID, u->gid);
		break;
	}
}

static struct nl_msg *upcall_message(struct conn *channel, u8 cmd)
{
	/* The module was unloaded, and does not wait any more. */
	return channel->family ? conn_notice(channel, cmd) : NULL;
}

struct nl_msg *upcall_answer(struct conn *channel)
{
	return upcall_message(channel, DITTO_CMD_UPCALL_REPLY);
}

struct nl_msg *upcall_progress(struct conn *channel)
{
	return upcall_message(channel, DITTO_CMD_UPCALL_PROGRESS);
}

void upcall_send(struct conn *channel, struct nl_msg *msg)
{
	int rc = conn_post(channel, msg);

	if (rc)
		log_warning("an answer could not be sent: %s", strerror(-rc));
}

static void send_answer(const struct upcall *u)
{
	struct nl_msg *msg = upcall_answer(u->channel);

	if (!msg)
		return;
	upcall_put(msg, u);
	upcall_send(u->channel, msg);
}

/* Reply to a request about a record, which contains only an error or nothing. */
static void send_record_answer(const struct record_upcall *u)
{
	struct nl_msg *msg = upcall_answer(u->channel);

	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, u->id);
	if (u->change.error)
		msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, u->change.error);
	upcall_send(u->channel, msg);
}

/* Answer before the deadline. The work goes on, so its results are not looked at. */
static void upcall_late(struct upcall_deadline *late)
{
	const struct upcall *u = (struct upcall *)((char *)late - offsetof(struct upcall, late));
	struct nl_msg *msg = upcall_answer(u->channel);

	upcall_deadline_log("a question about a user or group");
	if (!msg)
		return;
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ID, u->id);
	msg_put_number(msg, &spec_upcall_set, DITTO_A_UPCALL_ERROR, EAGAIN);
	upcall_send(u->channel, msg);
}

static void run_job(struct job *job)
{
	struct upcall *u = (struct upcall *)job;

	/* The request may have waited too long for a thread. */
	if (clock_ms() < u->deadline)
		upcall_work(u);
}

static void job_done(struct job *job)
{
	struct upcall *u = (struct upcall *)job;

	if (upcall_deadline_remove(&u->late) && clock_ms() < u->deadline)
		send_answer(u);
	upcall_free(u);
}

/* Copy the bytes of an attribute. Returns false if it is missing or too long. */
static bool read_bytes(const struct nlattr *nla, u8 *bytes, size_t room, u16 *len)
{
	if (!nla || (size_t)nla_len(nla) > room)
		return false;
	*len = (u16)nla_len(nla);
	memcpy(bytes, nla_data(nla), *len);
	return true;
}

int upcall_parse_record(struct record_upcall *u, struct nl_msg *msg, u64 now)
{
	struct record *record = &u->change.record;
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];

	if (msg_parse(msg, &spec_upcall_set, tb) || !tb[DITTO_A_UPCALL_ID] ||
	    !tb[DITTO_A_UPCALL_TYPE] || !tb[DITTO_A_UPCALL_RECORD_TYPE])
		return -EBADMSG;
	u->id = nla_get_u64(tb[DITTO_A_UPCALL_ID]);
	u->change.change = nla_get_u32(tb[DITTO_A_UPCALL_TYPE]);
	u->change.deadline = UINT64_MAX;
	if (tb[DITTO_A_UPCALL_DEADLINE_MS])
		u->change.deadline = now + nla_get_u32(tb[DITTO_A_UPCALL_DEADLINE_MS]);
	record->type = nla_get_u32(tb[DITTO_A_UPCALL_RECORD_TYPE]);

	switch (u->change.change) {
	case DITTO_UPCALL_KIND_RECORD_PUT:
		if (tb[DITTO_A_UPCALL_RECORD_DATA] &&
		    !read_bytes(tb[DITTO_A_UPCALL_RECORD_DATA], record->data,
				sizeof(record->data), &record->data_len))
			return -EBADMSG;
		__attribute__((__fallthrough__));
	case DITTO_UPCALL_KIND_RECORD_REMOVE:
		return read_bytes(tb[DITTO_A_UPCALL_RECORD_KEY], record->key, sizeof(record->key),
				  &record->key_len) ? 0 : -EBADMSG;
	case DITTO_UPCALL_KIND_RECORD_FORGET:
		return 0;
	default:
		return -EBADMSG;
	}
}

static void record_done(struct job *job)
{
	struct record_upcall *u = (struct record_upcall *)job;

	if (clock_ms() < u->change.deadline)
		send_record_answer(u);
	free(u);
}

static void take_record(struct conn *channel, struct recorder *recorder, struct nl_msg *msg)
{
	struct record_upcall *u = mem_new(sizeof(*u));
	int rc;

	u->change.job.done = record_done;
	u->channel = channel;
	rc = upcall_parse_record(u, msg, clock_ms());
	if (!rc)
		rc = recorder_submit(recorder, &u->change);
	if (!rc)
		return;
	log_warning(rc == -EAGAIN ? "too many records wait to be written" :
		    "a record of the kernel was not understood");
	u->change.error = (u32)-rc;
	if (u->id)
		send_record_answer(u);
	free(u);
}

/* Questions about accounts and SIDs whose jobs have not ended. For the event loop's thread. */
static struct upcall *questions;

static bool question_is_of_sids(const struct upcall *u)
{
	return u->type == DITTO_UPCALL_KIND_SID_OF_USER ||
	       u->type == DITTO_UPCALL_KIND_SID_OF_GROUP ||
	       u->type == DITTO_UPCALL_KIND_ACCOUNT_OF_SID;
}

bool upcall_question_begin(struct upcall *u)
{
	bool sids = question_is_of_sids(u);
	unsigned int most = sids ? UPCALL_SIDS_PER_ASKER : UPCALL_NAMES_PER_ASKER;
	const struct upcall *other;

	/* The server itself, and all clients of a kernel that does not tell them apart. */
	if (!u->lookup.addr.len)
		most *= 2;
	for (other = questions; other; other = other->next)
		if (question_is_of_sids(other) == sids &&
		    address_same_client(&other->lookup.addr, &u->lookup.addr) && !--most)
			return false;
	u->next = questions;
	questions = u;
	return true;
}

void upcall_question_end(const struct upcall *u)
{
	struct upcall **link = &questions;

	while (*link != u)
		link = &(*link)->next;
	*link = u->next;
}

static void question_done(struct job *job)
{
	upcall_question_end((struct upcall *)job);
	job_done(job);
}

/* Reply with an error, and free the request. */
static void upcall_refuse(struct upcall *u, int rc)
{
	if (rc == -EAGAIN)
		log_warning("too many requests of the kernel wait for the name service");
	else if (rc == -EOPNOTSUPP)
		log_warning("ditto.ko is newer than dittod, which does not know its request %u",
			    u->type);
	else if (rc != -EBUSY)
		log_warning("a request of the kernel was not understood");
	u->error = (u32)-rc;
	if (u->id)
		send_answer(u);
	upcall_free(u);
}

/* Callback with the names of the host, if it has any. */
static void host_done(struct host_lookup *lookup)
{
	struct upcall *u = (struct upcall *)((char *)lookup - offsetof(struct upcall, lookup));
	int rc = 0;

	if (u->type == DITTO_UPCALL_KIND_HOST_NAME) {
		upcall_work(u);
		job_done(&u->job);
	} else {
		u->job.done = job_done;
		rc = pool_submit(u->netgroups, &u->job);
	}
	if (rc)
		upcall_refuse(u, rc);
}

/* The pool for a request that is not about a host. */
static struct pool *upcall_pool(const struct upcall_services *services, const struct upcall *u)
{
	return question_is_of_sids(u) ? services->sids : services->names;
}

static void take_question(struct conn *channel, const struct upcall_services *services,
			  struct nl_msg *msg)
{
	struct upcall *u = mem_new(sizeof(*u));
	u64 now = clock_ms();
	int rc;

	u->job.run = run_job;
	u->job.done = question_done;
	u->lookup.done = host_done;
	u->lookup.names = &u->names;
	u->netgroups = services->netgroups;
	u->channel = channel;
	rc = upcall_parse(u, msg, now);
	if (rc) {
		upcall_refuse(u, rc);
	} else if (u->type == DITTO_UPCALL_KIND_HOST_NAME) {
		hosts_submit(services->hosts, &u->lookup);
	} else if (u->type == DITTO_UPCALL_KIND_NETGROUP) {
		if (u->names.n)
			host_done(&u->lookup);
		else
			hosts_submit(services->hosts, &u->lookup);
	} else if (!upcall_question_begin(u)) {
		/* This says nothing about the question: others may ask the same. */
		upcall_refuse(u, -EBUSY);
	} else {
		rc = pool_submit(upcall_pool(services, u), &u->job);
		if (rc) {
			upcall_question_end(u);
			upcall_refuse(u, rc);
		} else {
			u->late.tell = upcall_late;
			upcall_deadline_add(&u->late, now, u->deadline);
		}
	}
}

void upcall_take(struct conn *channel, const struct upcall_services *services,
		 struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_UPCALL_MAX + 1];
	u32 type = 0;

	/* A request without a type is refused like an unknown one. */
	if (!msg_parse(msg, &spec_upcall_set, tb) && tb[DITTO_A_UPCALL_TYPE])
		type = nla_get_u32(tb[DITTO_A_UPCALL_TYPE]);
	switch (type) {
	case DITTO_UPCALL_KIND_RECORD_PUT:
	case DITTO_UPCALL_KIND_RECORD_REMOVE:
	case DITTO_UPCALL_KIND_RECORD_FORGET:
		take_record(channel, services->recorder, msg);
		break;
	case DITTO_UPCALL_KIND_AUDIT:
		audit_take(channel, services, msg);
		break;
	case DITTO_UPCALL_KIND_AUTH:
		auth_call_take(channel, services, msg);
		break;
	case DITTO_UPCALL_KIND_AUTH_ABORT:
		auth_call_abort(services, msg);
		break;
	case DITTO_UPCALL_KIND_PIPE_OPEN:
	case DITTO_UPCALL_KIND_PIPE_CALL:
		pipe_call_take(channel, services, msg);
		break;
	case DITTO_UPCALL_KIND_PIPE_CLOSE:
		pipe_call_close(services, msg);
		break;
	case DITTO_UPCALL_KIND_OFFLOAD_FETCH:
		offload_take(services->offload, channel, msg);
		break;
	case DITTO_UPCALL_KIND_SCAN:
		scan_take(services->scan, channel, msg);
		break;
	default:
		take_question(channel, services, msg);
	}
}
