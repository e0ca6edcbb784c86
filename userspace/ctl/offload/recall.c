// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl offload recall: has the data of files brought back, and waits for it. */

#include <errno.h>
#include <linux/genetlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "clock.h"
#include "ctl/ctl.h"
#include "ditto-nl-gen.h"
#include "mem.h"
#include "offload.h"

/* Most files under way. */
#define SLOTS		8
/*
 * Milliseconds between two looks at the files: the first number after the end of a file, as small
 * ones follow each other quickly, and twice as many after each look, up to the second.
 */
#define LOOK_MIN	2
#define LOOK_MAX	200
/* A recall that has not been under way for so many milliseconds has failed. */
#define IDLE_TIME	200

/**
 * struct slot - a file that is brought back
 * @path: its path, or NULL if the slot is free
 * @info: where its data is
 * @idle: when a look first found that no recall was under way, in ms; 0 if one is
 * @why: the last failure that the kernel reported
 */
struct slot {
	char *path;
	struct offload_info info;
	u64 idle;
	char why[OFFLOAD_CTL_TEXT_SIZE];
};

/**
 * struct recall - one run of the command
 * @ctl: this run of the tool
 * @run: the files
 * @events: connection for events
 * @pause: milliseconds until the next look
 * @decision: enum ditto_offload_decision
 * @slot: the files that are brought back
 */
struct recall {
	struct ctl *ctl;
	struct offload_run *run;
	struct conn events;
	int pause;
	u32 decision;
	struct slot slot[SLOTS];
};

/* The subject of an event names the file by its inode. */
static void recall_note(struct recall *r, const char *subject)
{
	char inode[32];
	int i;

	for (i = 0; i < SLOTS; i++) {
		snprintf(inode, sizeof(inode), ": inode %llu: ",
			 (unsigned long long)r->slot[i].info.file_id);
		if (r->slot[i].path && strstr(subject, inode))
			snprintf(r->slot[i].why, sizeof(r->slot[i].why), "%s",
				 strstr(subject, inode) + strlen(inode));
	}
}

static int recall_on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[DITTO_A_EVENT_MAX + 1];

	if (genlmsg_hdr(nlmsg_hdr(msg))->cmd == DITTO_CMD_EVENT &&
	    !msg_parse(msg, &spec_event_set, tb) && tb[DITTO_A_EVENT_TYPE] &&
	    nla_get_u32(tb[DITTO_A_EVENT_TYPE]) == DITTO_EVENT_KIND_OFFLOAD_FAILED &&
	    tb[DITTO_A_EVENT_SUBJECT])
		recall_note(arg, nla_get_string(tb[DITTO_A_EVENT_SUBJECT]));
	return NL_OK;
}

/* Without events, failures have no cause, and are printed all the same. */
static void recall_listen(struct recall *r)
{
	struct nl_sock *sock;

	if (conn_open(&r->events) || conn_find_family(&r->events))
		return;
	sock = r->events.sock;
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, recall_on_event, r);
	nl_socket_set_nonblocking(sock);
	nl_socket_add_membership(sock, r->events.events);
}

static void recall_sleep(struct recall *r)
{
	struct pollfd p = { .fd = -1, .events = POLLIN };

	/* Events tell of failures only; progress has to be looked at. */
	poll(&p, 1, r->pause);
	r->pause = r->pause < LOOK_MAX / 2 ? 2 * r->pause : LOOK_MAX;
	while (r->events.sock && nl_recvmsgs_default(r->events.sock) >= 0)
		;
}

static int recall_ask(struct recall *r, const char *path)
{
	struct nl_msg *msg = conn_message(&r->ctl->conn, DITTO_CMD_OFFLOAD_RECALL);

	msg_put_string(msg, DITTO_A_OFFLOAD_PATH, path);
	if (r->decision)
		msg_put_number(msg, &spec_offload_set, DITTO_A_OFFLOAD_DECISION, r->decision);
	return conn_call(&r->ctl->conn, msg, NULL);
}

static void recall_begin(struct recall *r, struct slot *slot, const char *path)
{
	struct offload_info info;
	int rc = offload_info_get(r->ctl, path, &info);

	/* The kernel forgets that the content of a resident file is stored. */
	if (!rc && info.state == DITTO_OFFLOAD_STATE_CONFLICT && !r->decision) {
		offload_run_fail(r->run, path,
				 "share %s, store %s: conflict: it was written while no server guarded it, and its data is in the store: --overwrite takes what the store has, --keep-local what was written, and the rest from the store",
				 info.share[0] ? info.share : "-",
				 info.store[0] ? info.store : "-");
		return;
	}
	if (!rc && info.state == DITTO_OFFLOAD_STATE_RESIDENT && !info.cookie_len)
		rc = -EALREADY;
	else if (!rc)
		rc = recall_ask(r, path);
	if (rc == -EALREADY) {
		offload_run_done(r->run, path, info.size, true);
	} else if (rc && (rc != -ENOENT || !offload_is_gone(path))) {
		offload_run_fail(r->run, path, "share %s, store %s: %s",
				 info.share[0] ? info.share : "-", info.store[0] ? info.store : "-",
				 r->ctl->conn.why.text);
	} else if (!rc) {
		slot->path = mem_string(path);
		slot->info = info;
		slot->idle = 0;
		slot->why[0] = '\0';
	}
}

static void recall_end(struct recall *r, struct slot *slot)
{
	r->pause = LOOK_MIN;
	free(slot->path);
	slot->path = NULL;
}

static void recall_look(struct recall *r, struct slot *slot)
{
	struct offload_info *info = &slot->info;
	u64 now = clock_ms();

	if (offload_info_get(r->ctl, slot->path, info)) {
		if (!offload_is_gone(slot->path))
			offload_run_fail(r->run, slot->path, "%s", r->ctl->conn.why.text);
		recall_end(r, slot);
		return;
	}
	if (info->state == DITTO_OFFLOAD_STATE_RESIDENT) {
		offload_run_done(r->run, slot->path, info->size, false);
		recall_end(r, slot);
		return;
	}
	if (info->state == DITTO_OFFLOAD_STATE_RECALLING)
		slot->idle = 0;
	else if (!slot->idle)
		slot->idle = now;
	if (!slot->idle || now < slot->idle + IDLE_TIME)
		return;
	offload_run_fail(r->run, slot->path, "share %s, store %s: the data does not come: %s",
			 info->share, info->store,
			 slot->why[0] ? slot->why : "see the logs of dittod and of the kernel");
	recall_end(r, slot);
}

/* Give files to free slots. Returns the number of slots in use. */
static unsigned int recall_fill_slots(struct recall *r)
{
	const struct stat *st;
	unsigned int n = 0;
	const char *path;
	int i;

	for (i = 0; i < SLOTS; i++) {
		while (!r->slot[i].path && (path = offload_run_next(r->run, &st)))
			recall_begin(r, &r->slot[i], path);
		n += r->slot[i].path ? 1 : 0;
	}
	return n;
}

static void recall_files(struct recall *r)
{
	u64 bytes;
	int i;

	while (recall_fill_slots(r) && !offload_run_stopped(r->run)) {
		recall_sleep(r);
		bytes = 0;
		for (i = 0; i < SLOTS; i++) {
			if (r->slot[i].path)
				recall_look(r, &r->slot[i]);
			if (r->slot[i].path)
				bytes += r->slot[i].info.resident;
		}
		offload_run_show(r->run, bytes);
	}
	/* The kernel goes on with what has begun. */
	for (i = 0; i < SLOTS; i++)
		if (r->slot[i].path)
			recall_end(r, &r->slot[i]);
}

int offload_recall_files(struct ctl *ctl, char **paths)
{
	struct recall r = { .ctl = ctl, .pause = LOOK_MIN };

	recall_listen(&r);
	r.run = offload_run_list(ctl, paths, "");
	recall_files(&r);
	conn_close(&r.events);
	return offload_run_end(r.run, "recalled");
}

int offload_recall(struct ctl *ctl, char **words)
{
	struct recall r = { .ctl = ctl, .pause = LOOK_MIN };

	for (; *words && !strncmp(*words, "--", 2); words++) {
		if (!strcmp(*words, "--json"))
			ctl->json = true;
		else if (!strcmp(*words, "--overwrite") && !r.decision)
			r.decision = DITTO_OFFLOAD_DECISION_OVERWRITE;
		else if (!strcmp(*words, "--keep-local") && !r.decision)
			r.decision = DITTO_OFFLOAD_DECISION_KEEP_LOCAL;
		else
			return ctl_unknown(ctl, "option", *words, NULL);
	}
	if (!*words)
		return ctl_usage(ctl, "the path of a file or directory is needed");
	if (ctl_connect(ctl))
		return CTL_REFUSED;
	recall_listen(&r);
	r.run = offload_run_new(ctl, words);
	if (!r.run) {
		conn_close(&r.events);
		return CTL_USAGE;
	}
	offload_run_fail_for_bins(r.run);
	recall_files(&r);
	conn_close(&r.events);
	return offload_run_end(r.run, "recalled");
}
