// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl status: what is served and what is not, and why. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "nl/listener.h"
#include "nl/share.h"
#include "nl/status.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "exposure.h"
#include "guard.h"
#include "installed.h"
#include "mem.h"
#include "nl/module.h"
#include "index/index.h"
#include "ctl/offload/jobs.h"
#include "out.h"
#include "text.h"

/* How long to wait for the file systems of shares, in ms. */
#define GUARD_TIME	5000

enum health {
	HEALTH_GOOD,
	HEALTH_DEGRADED,
	HEALTH_NOT_RUNNING,
};

static const char *const health_names[] = { "serving", "degraded", "not running" };
static const int health_exit[] = { CTL_OK, CTL_DEGRADED, CTL_NOT_RUNNING };

/**
 * struct health_report - output of dittoctl status
 * @health: overall health
 * @loaded: ditto.ko is loaded
 * @helper: a helper is registered, usually dittod
 * @known: a dittod of this namespace has written @daemon
 * @applied: @daemon is about this server, not about one that was unloaded
 * @shares: number of shares
 * @has_trash: one of them has a bin
 * @listeners: number of listeners
 * @calls_back: shares accept Kerberos over NFS, whose clients of 4.0 are called back with it
 * @gssd: rpc.gssd runs, which that needs
 * @replaced: other modules are installed
 * @missing: a sentence about a kernel without modules, or NULL
 * @about_shares: sentences about shares: who may use them, and who guards them
 * @n_about_shares: number of them
 * @grace_reply: the kernel's answer about the grace, or NULL
 * @grace: enum ditto_grace_state
 * @others: enum ditto_grace_others
 * @left_ms: milliseconds that the grace lasts at the most
 * @known_clients: clients from before the restart
 * @reclaimed: clients of @known_clients that are done
 * @guard: what ditto-guard does
 * @daemon: status that dittod wrote
 * @progress: how the jobs of its schedule went
 */
struct health_report {
	enum health health;
	bool loaded;
	bool helper;
	bool known;
	bool applied;
	unsigned int shares;
	bool has_trash;
	unsigned int listeners;
	bool calls_back;
	bool gssd;
	bool replaced;
	char *missing;
	char **about_shares;
	unsigned int n_about_shares;
	struct nl_msg *grace_reply;
	u32 grace;
	u32 others;
	u64 left_ms;
	u32 known_clients;
	u32 reclaimed;
	struct guard guard;
	struct status daemon;
	struct offload_progress progress;
};

/* Remarks on what else is amiss. */
#define NOTE_HELPER "the kernel has a helper, but no dittod of this network namespace has left its status in /run/ditto: it may run in another container"
#define NOTE_NOT_APPLIED "dittod has not applied its configuration to this server yet"
#define NOTE_LISTENER "clients cannot connect: there is no listener (dittoctl listener add nfs)"
#define NOTE_LOADING "clients wait: dittod has not told yet who may reclaim what it held before the restart"
#define NOTE_FORGETTING "clients get nothing new: dittod has not removed the records of those who did not come back after the restart"
#define NOTE_OTHERS "clients get no locks: another lock manager of this machine (lockd or nfsd) is in grace (dittoctl grace status)"
#define NOTE_GUARD "ditto-guard does not run: offloaded files read as zeros whenever Ditto does not serve their file system (systemctl enable --now ditto-guard)"
#define NOTE_UPGRADE "other modules are installed than those that are loaded: dittoctl upgrade"
#define NOTE_GSSD "rpc.gssd does not run: clients of NFSv4.0 with Kerberos get no delegations (systemctl start rpc-gssd)"

/* Call a function for each remark on the state. */
static void health_notes(const struct health_report *h, void (*tell)(const char *note))
{
	char left[OUT_VALUE_MAX];
	struct why why;
	unsigned int i;

	if (h->loaded && h->helper && !h->known)
		tell(NOTE_HELPER);
	if (h->known && h->helper && !h->daemon.stopped && !h->applied)
		tell(NOTE_NOT_APPLIED);
	if (h->loaded && !h->listeners && !h->daemon.stopped)
		tell(NOTE_LISTENER);
	if (h->grace == DITTO_GRACE_STATE_LOADING)
		tell(NOTE_LOADING);
	if (h->grace == DITTO_GRACE_STATE_FORGETTING)
		tell(NOTE_FORGETTING);
	if (h->grace == DITTO_GRACE_STATE_GRACE) {
		why_not(&why,
			"clients get no new locks: those from before the restart take theirs back (%u of %u have), for %s at the most",
			h->reclaimed, h->known_clients, duration_text(h->left_ms, left));
		tell(why.text);
	}
	if (h->others)
		tell(NOTE_OTHERS);
	if (h->replaced)
		tell(NOTE_UPGRADE);
	if (h->missing)
		tell(h->missing);
	if (h->calls_back && !h->gssd)
		tell(NOTE_GSSD);
	if (h->guard.is_needed && !h->guard.runs)
		tell(NOTE_GUARD);
	for (i = 0; i < h->n_about_shares; i++)
		tell(h->about_shares[i]);
	for (i = 0; i < h->daemon.nremarks; i++) {
		why_not(&why, "%s: %s", h->daemon.remark[i].what, h->daemon.remark[i].why);
		tell(why.text);
	}
}

static void note_json(const char *note)
{
	json_string(stdout, NULL, note);
}

static void note_print(const char *note)
{
	printf("note: %s\n", note);
}

static int ask_server(struct ctl *ctl, u64 *started, bool *helper)
{
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	struct nl_msg *reply = NULL;
	int status = ctl_do(ctl, DITTO_CMD_SERVER_GET, NULL, NULL, NULL, &reply);

	if (status || !reply)
		return CTL_REFUSED;
	if (msg_parse(reply, &spec_server_set, tb))
		status = CTL_REFUSED;
	if (!status && tb[DITTO_A_SERVER_STARTED])
		*started = nla_get_u64(tb[DITTO_A_SERVER_STARTED]);
	if (!status && tb[DITTO_A_SERVER_HELPER])
		*helper = nla_get_u8(tb[DITTO_A_SERVER_HELPER]);
	nlmsg_free(reply);
	return status;
}

static int ask_grace(struct ctl *ctl, struct health_report *h)
{
	struct nlattr *tb[DITTO_A_GRACE_MAX + 1];
	int status = ctl_do(ctl, DITTO_CMD_GRACE_GET, NULL, NULL, NULL, &h->grace_reply);

	if (status || !h->grace_reply || msg_parse(h->grace_reply, &spec_grace_set, tb))
		return CTL_REFUSED;
	if (tb[DITTO_A_GRACE_STATE])
		h->grace = nla_get_u32(tb[DITTO_A_GRACE_STATE]);
	if (tb[DITTO_A_GRACE_OTHERS])
		h->others = nla_get_u32(tb[DITTO_A_GRACE_OTHERS]);
	if (tb[DITTO_A_GRACE_LEFT_MS])
		h->left_ms = nla_get_u64(tb[DITTO_A_GRACE_LEFT_MS]);
	if (tb[DITTO_A_GRACE_KNOWN])
		h->known_clients = nla_get_u32(tb[DITTO_A_GRACE_KNOWN]);
	if (tb[DITTO_A_GRACE_RECLAIMED])
		h->reclaimed = nla_get_u32(tb[DITTO_A_GRACE_RECLAIMED]);
	return CTL_OK;
}

static bool is_gssd(const char *pid, const struct stat *here)
{
	char path[300], comm[32] = "";
	struct stat ns;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	if (strcmp(comm, "rpc.gssd\n"))
		return false;
	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return stat(path, &ns) ? errno == EACCES : ns.st_ino == here->st_ino;
}

/* Does rpc.gssd run in this network namespace? True for callers who may not look. */
static bool gssd_runs(void)
{
	const struct dirent *entry;
	bool found = false;
	struct stat here;
	DIR *proc;

	if (stat("/proc/self/ns/net", &here))
		return true;
	proc = opendir("/proc");
	if (!proc)
		return true;
	while (!found && (entry = readdir(proc)))
		found = isdigit((unsigned char)entry->d_name[0]) && is_gssd(entry->d_name, &here);
	closedir(proc);
	return found;
}

/* Which protocols have a listener. */
static int look_at_listeners(struct ctl *ctl, struct health_report *h, bool *nfs, bool *smb)
{
	struct listener l;
	struct replies r;
	unsigned int i;

	if (ctl_list(ctl, DITTO_CMD_LISTENER_GET, &r))
		return CTL_REFUSED;
	for (i = 0; i < r.count; i++) {
		if (!listener_from_msg(&l, r.msg[i]))
			continue;
		*nfs |= !strcmp(l.protocol, "nfs");
		*smb |= !strcmp(l.protocol, "smb");
	}
	h->listeners = r.count;
	replies_free(&r);
	return CTL_OK;
}

static void look_at_share(struct health_report *h, const struct share *s, bool nfs, bool smb,
			  u64 until)
{
	char *note[2];
	size_t i;

	/* Clients are called back with Kerberos. */
	h->calls_back |= nfs && share_has_protocol(s, "nfs") &&
			 s->sec & ~(u32)(DITTO_FLAVOR_NONE | DITTO_FLAVOR_SYS);
	note[0] = exposure_to_all(s, nfs, smb);
	note[1] = guard_share_note(s, until);
	for (i = 0; i < ARRAY_SIZE(note); i++) {
		if (!note[i])
			continue;
		h->about_shares = mem_grow(h->about_shares, h->n_about_shares,
					   sizeof(*h->about_shares));
		h->about_shares[h->n_about_shares++] = note[i];
	}
}

static int look_at_shares(struct ctl *ctl, struct health_report *h)
{
	bool nfs = false, smb = false;
	struct share **shares;
	struct replies r;
	unsigned int i;
	u64 until;

	if (look_at_listeners(ctl, h, &nfs, &smb) || ctl_list(ctl, DITTO_CMD_SHARE_GET, &r))
		return CTL_REFUSED;
	shares = mem_new((r.count + 1) * sizeof(*shares));
	for (i = 0; i < r.count; i++) {
		shares[i] = share_from_msg(r.msg[i]);
		if (shares[i])
			guard_share_begin(shares[i]);
	}
	until = clock_ms() + GUARD_TIME;
	for (i = 0; i < r.count; i++) {
		if (shares[i])
			look_at_share(h, shares[i], nfs, smb, until);
		h->has_trash |= shares[i] && shares[i]->trash;
		share_free(shares[i]);
	}
	free(shares);
	h->shares = r.count;
	replies_free(&r);
	h->gssd = h->calls_back && gssd_runs();
	return CTL_OK;
}

static void health_free(struct health_report *h)
{
	unsigned int i;

	for (i = 0; i < h->n_about_shares; i++)
		free(h->about_shares[i]);
	free(h->about_shares);
	free(h->missing);
	nlmsg_free(h->grace_reply);
	guard_free(&h->guard);
	status_free(&h->daemon);
}

/* What was not done when it was due is a problem. Only root may look at that. */
static void look_at_jobs(struct health_report *h)
{
	struct offload_schedule *s = &h->daemon.schedule;
	enum offload_job job;
	char *problem;

	/* Shares that dittoctl has added or changed count, too. */
	offload_schedule_set_trash(s, h->known && h->has_trash);
	if (access(INDEX_FOLDER, X_OK) && errno != ENOENT)
		memset(s->period, 0, sizeof(s->period));
	offload_progress_read(OFFLOAD_PROGRESS_PATH, &h->progress);
	for (job = 0; job < OFFLOAD_JOBS; job++) {
		problem = offload_job_problem(s, job, &h->progress, s->since, (u64)time(NULL));
		if (problem)
			status_add_problem(&h->daemon,
					   job == OFFLOAD_JOB_TRASH ? "trash" : "offload", problem);
		free(problem);
	}
}

static int health_look(struct ctl *ctl, struct health_report *h)
{
	u64 started = 0;

	memset(h, 0, sizeof(*h));
	h->health = HEALTH_NOT_RUNNING;
	h->known = status_read(&h->daemon);
	h->replaced = modules_are_replaced();
	h->missing = modules_missing();
	guard_look(&h->guard);
	h->loaded = !conn_open(&ctl->conn) && !conn_find_family(&ctl->conn);
	if (h->loaded && (ask_server(ctl, &started, &h->helper) || ask_grace(ctl, h) ||
			  look_at_shares(ctl, h)))
		return CTL_REFUSED;
	look_at_jobs(h);
	if (!h->loaded)
		return CTL_OK;
	h->applied = h->daemon.started == started;
	if (!h->known || !h->helper || h->daemon.stopped)
		return CTL_OK;
	h->health = HEALTH_GOOD;
	if (h->daemon.nproblems || !h->applied || !h->listeners || h->others ||
	    h->grace == DITTO_GRACE_STATE_LOADING || h->grace == DITTO_GRACE_STATE_FORGETTING)
		h->health = HEALTH_DEGRADED;
	return CTL_OK;
}

/* Words about the bucket of a store, or "". */
static const char *store_bucket(const struct health_report *h, const char *name)
{
	unsigned int i;

	for (i = 0; i < h->daemon.nbuckets; i++)
		if (!strcmp(h->daemon.bucket[i].what, name))
			return h->daemon.bucket[i].why;
	return "";
}

static void json_stores(const struct health_report *h)
{
	unsigned int i;

	json_open(stdout, "stores", '[');
	for (i = 0; i < h->daemon.nstores; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "name", h->daemon.store[i].what);
		json_bool(stdout, "answers", !h->daemon.store[i].why[0]);
		json_string(stdout, "bucket", store_bucket(h, h->daemon.store[i].what));
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
}

static void json_spaces(const struct health_report *h)
{
	unsigned int i;

	json_open(stdout, "space", '[');
	for (i = 0; i < h->daemon.nspaces; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "share", h->daemon.space[i].share);
		json_number(stdout, "size", h->daemon.space[i].size);
		json_number(stdout, "free", h->daemon.space[i].free);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
}

static void json_problems(const struct health_report *h)
{
	unsigned int i;

	json_open(stdout, "problems", '[');
	for (i = 0; i < h->daemon.nproblems; i++) {
		json_open(stdout, NULL, '{');
		json_string(stdout, "subject", h->daemon.problem[i].what);
		json_string(stdout, "problem", h->daemon.problem[i].why);
		json_close(stdout, '}');
	}
	json_close(stdout, ']');
}

static void print_json(const struct health_report *h)
{
	json_open(stdout, NULL, '{');
	json_string(stdout, "state", health_names[h->health]);
	json_bool(stdout, "loaded", h->loaded);
	json_bool(stdout, "helper", h->helper);
	json_bool(stdout, "stopped", h->daemon.stopped);
	json_number(stdout, "shares", h->shares);
	json_number(stdout, "configured", h->daemon.shares);
	json_number(stdout, "listeners", h->listeners);
	if (h->grace_reply) {
		json_open(stdout, "grace", '{');
		json_members(stdout, h->grace_reply, &spec_ops[DITTO_CMD_GRACE_GET]);
		json_close(stdout, '}');
	}
	json_spaces(h);
	json_stores(h);
	guard_json(&h->guard);
	json_open(stdout, "jobs", '[');
	offload_jobs_json(&h->daemon.schedule, &h->progress);
	json_close(stdout, ']');
	json_problems(h);
	json_open(stdout, "notes", '[');
	health_notes(h, note_json);
	json_close(stdout, ']');
	json_close(stdout, '}');
	json_end(stdout);
}

static void print_spaces(const struct health_report *h)
{
	static const struct column columns[] = {
		{ "SHARE", false }, { "FREE", true }, { "SIZE", true }, { NULL, false }
	};
	char free[OUT_VALUE_MAX], size[OUT_VALUE_MAX];
	struct table *t;
	unsigned int i;

	if (!h->daemon.nspaces)
		return;
	t = table_new(columns);
	for (i = 0; i < h->daemon.nspaces; i++) {
		const struct status_space *s = &h->daemon.space[i];

		table_cell(t, "%s", s->share);
		table_cell(t, "%s", bytes_text((double)s->free, free));
		table_cell(t, "%s", bytes_text((double)s->size, size));
	}
	table_end(t, stdout);
}

static void print_stores(const struct health_report *h)
{
	static const struct column columns[] = {
		{ "STORE", false }, { "ANSWERS", false }, { "BUCKET", false }, { NULL, false }
	};
	struct table *t;
	unsigned int i;

	if (!h->daemon.nstores)
		return;
	t = table_new(columns);
	for (i = 0; i < h->daemon.nstores; i++) {
		table_cell(t, "%s", h->daemon.store[i].what);
		table_cell(t, "%s", h->daemon.store[i].why[0] ? "no" : "yes");
		table_cell(t, "%s", store_bucket(h, h->daemon.store[i].what));
	}
	table_end_within(t, stdout, 0);
}

static void print_problems(const struct health_report *h)
{
	static const struct column columns[] = {
		{ "SUBJECT", false }, { "PROBLEM", false }, { NULL, false }
	};
	struct table *t;
	unsigned int i;

	if (!h->daemon.nproblems)
		return;
	t = table_new(columns);
	for (i = 0; i < h->daemon.nproblems; i++) {
		table_cell(t, "%s", h->daemon.problem[i].what);
		table_cell(t, "%s", h->daemon.problem[i].why);
	}
	/* A reason is not cut. */
	table_end_within(t, stdout, 0);
}

static void print_text(const struct health_report *h)
{
	char hint[MODULE_HINT_MAX];

	printf("%s: %u share%s, %u listener%s\n", health_names[h->health], h->shares,
	       h->shares == 1 ? "" : "s", h->listeners, h->listeners == 1 ? "" : "s");
	if (!h->loaded)
		printf("ditto.ko is not loaded: %s\n", module_hint("ditto_nfs", hint));
	else if (h->daemon.stopped)
		puts("stopped: dittoctl start serves again");
	else if (!h->helper)
		puts("dittod does not run: systemctl start dittod");
	health_notes(h, note_print);
	print_spaces(h);
	print_stores(h);
	guard_print(&h->guard);
	offload_jobs_print(&h->daemon.schedule, &h->progress);
	print_problems(h);
}

static int status_run(struct ctl *ctl, char **words)
{
	struct health_report h;
	int status;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	status = health_look(ctl, &h);
	if (!status && ctl->json)
		print_json(&h);
	else if (!status)
		print_text(&h);
	health_free(&h);
	return status ? CTL_REFUSED : health_exit[h.health];
}

const struct verb status_verbs[] = {
	{ "", status_run, "" },
	{ NULL, NULL, NULL }
};
