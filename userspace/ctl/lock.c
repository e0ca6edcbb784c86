// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl lock */

#include <limits.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "lock_waits.h"
#include "mem.h"
#include "out.h"
#include "text.h"

static const struct column claim_columns[] = {
	{ "ID", true }, { "CLIENT", false }, { "FROM", false }, { "PROTOCOL", false },
	{ "OWNER", false }, { "WHAT", false }, { "STATE", false }, { "SINCE", false },
	{ "FILE", false }, { NULL, false }
};

static const struct column conflict_columns[] = {
	{ "TIME", false }, { "CLIENT", false }, { "PROTOCOL", false }, { "WANTED", false },
	{ "OUTCOME", false }, { "HELD BY", false }, { "PROTOCOL", false }, { "HELD", false },
	{ "FILE", false }, { NULL, false }
};

static const struct column client_columns[] = {
	{ "CLIENT", false }, { "PROTOCOL", false }, { "RANGES", true }, { "OPENS", true },
	{ "LEASES", true }, { "DELEGATIONS", true }, { "RECALLED", true }, { "REVOKED", true },
	{ "WAITS", true }, { "OWNERS", true }, { "CONNECTIONS", true }, { NULL, false }
};

static u64 lock_number(const struct spec_set *set, struct nlattr **tb, unsigned int type)
{
	return tb[type] ? msg_number(&set->attrs[type], tb[type]) : 0;
}

static u64 claim_number(struct nlattr **tb, unsigned int type)
{
	return lock_number(&spec_claim_set, tb, type);
}

static const char *lock_string(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? nla_get_string(tb[type]) : "-";
}

static const char *lock_flags(struct nlattr **tb, unsigned int type, char buf[OUT_VALUE_MAX])
{
	if (!tb[type])
		return "-";
	return value_text(&spec_claim_set.attrs[type], tb[type], buf, OUT_VALUE_MAX);
}

/* "write 0-99", "read 100-end", "write 5 empty" */
static void range_text(struct nlattr **tb, char *buf, size_t size)
{
	bool exact = claim_number(tb, DITTO_A_CLAIM_DISCIPLINE) == DITTO_RANGE_DISCIPLINE_EXACT;
	const char *mode = claim_number(tb, DITTO_A_CLAIM_EXCLUSIVE) ? "write" : "read";
	unsigned long long first = claim_number(tb, DITTO_A_CLAIM_FIRST);
	unsigned long long last = claim_number(tb, DITTO_A_CLAIM_LAST);
	size_t len;

	len = (size_t)snprintf(buf, size, "%s %llu", mode, first);
	if (!tb[DITTO_A_CLAIM_LAST])
		len += (size_t)snprintf(buf + len, size - len, " empty");
	else if (last == ULLONG_MAX)
		len += (size_t)snprintf(buf + len, size - len, "-end");
	else
		len += (size_t)snprintf(buf + len, size - len, "-%llu", last);
	if (exact)
		snprintf(buf + len, size - len, " mandatory");
}

static void open_text(struct nlattr **tb, char *buf, size_t size)
{
	char access[OUT_VALUE_MAX], deny[OUT_VALUE_MAX];

	lock_flags(tb, DITTO_A_CLAIM_ACCESS, access);
	if (claim_number(tb, DITTO_A_CLAIM_DENY))
		snprintf(buf, size, "open %s deny %s", access,
			 lock_flags(tb, DITTO_A_CLAIM_DENY, deny));
	else
		snprintf(buf, size, "open %s", access);
}

static void what_text(struct nlattr **tb, char *buf, size_t size)
{
	char lease[OUT_VALUE_MAX];

	if (!tb[DITTO_A_CLAIM_TYPE]) {
		snprintf(buf, size, "-");
		return;
	}
	switch (claim_number(tb, DITTO_A_CLAIM_TYPE)) {
	case DITTO_CLAIM_TYPE_RANGE:
		range_text(tb, buf, size);
		break;
	case DITTO_CLAIM_TYPE_OPEN:
		open_text(tb, buf, size);
		break;
	case DITTO_CLAIM_TYPE_LEASE:
		snprintf(buf, size, "lease %s", lock_flags(tb, DITTO_A_CLAIM_LEASE, lease));
		break;
	default:
		snprintf(buf, size, "?");
	}
}

/* The client that has a claim, or "?" if that has gone. */
static const char *claim_client(const struct replies *all, u64 id)
{
	struct nlattr *tb[DITTO_A_CLAIM_MAX + 1];
	unsigned int i;

	for (i = 0; i < all->count; i++)
		if (!msg_parse(all->msg[i], &spec_claim_set, tb) && tb[DITTO_A_CLAIM_ID] &&
		    claim_number(tb, DITTO_A_CLAIM_ID) == id && tb[DITTO_A_CLAIM_CLIENT])
			return nla_get_string(tb[DITTO_A_CLAIM_CLIENT]);
	return "?";
}

/* "waiting", or "waiting for 12 of a, 17 of b" with those in the way. */
static void waiting_cell(struct table *t, struct nl_msg *msg, const struct replies *all)
{
	char *text = mem_string("waiting"), *more;
	u64 ids[LOCK_WAITS_MAX];
	unsigned int n = lock_waits_for(msg, all, ids), i;

	for (i = 0; i < n; i++) {
		more = mem_print("%s%s%llu of %s", text, i ? ", " : " for ", ids[i],
				 claim_client(all, ids[i]));
		free(text);
		text = more;
	}
	table_cell(t, "%s", text);
	free(text);
}

static void state_cell(struct table *t, struct nlattr **tb, struct nl_msg *msg,
		       const struct replies *all)
{
	u64 state = claim_number(tb, DITTO_A_CLAIM_STATE);
	char keep[OUT_VALUE_MAX], left[OUT_VALUE_MAX];

	if (state == DITTO_CLAIM_STATE_WAITING)
		waiting_cell(t, msg, all);
	else if (state == DITTO_CLAIM_STATE_BREAKING)
		table_cell(t, "breaking to %s, %s left", lock_flags(tb, DITTO_A_CLAIM_KEEP, keep),
			   duration_text(claim_number(tb, DITTO_A_CLAIM_BREAK_LEFT_MS), left));
	else
		table_cell(t, "%s", spec_enum_name(&spec_claim_state, state));
}

static void claim_row(struct table *t, struct nl_msg *msg, const struct replies *all)
{
	struct nlattr *tb[DITTO_A_CLAIM_MAX + 1];
	char since[OUT_VALUE_MAX] = "-", address[OUT_VALUE_MAX];
	char what[512];

	if (msg_parse(msg, &spec_claim_set, tb))
		return;
	what_text(tb, what, sizeof(what));
	if (tb[DITTO_A_CLAIM_SINCE])
		value_text(&spec_claim_set.attrs[DITTO_A_CLAIM_SINCE], tb[DITTO_A_CLAIM_SINCE],
			   since, sizeof(since));
	if (tb[DITTO_A_CLAIM_ID])
		table_cell(t, "%llu", claim_number(tb, DITTO_A_CLAIM_ID));
	else
		table_cell(t, "-");
	table_cell(t, "%s", lock_string(tb, DITTO_A_CLAIM_CLIENT));
	/* "USER@ADDRESS", "ADDRESS" */
	table_cell(t, "%s%s%s", tb[DITTO_A_CLAIM_USER] ? lock_string(tb, DITTO_A_CLAIM_USER) : "",
		   tb[DITTO_A_CLAIM_USER] ? "@" : "",
		   lock_flags(tb, DITTO_A_CLAIM_ADDRESS, address));
	table_cell(t, "%s", lock_string(tb, DITTO_A_CLAIM_PROTOCOL));
	table_cell(t, "%s", lock_string(tb, DITTO_A_CLAIM_OWNER_NAME));
	table_cell(t, "%s", what);
	state_cell(t, tb, msg, all);
	table_cell(t, "%s", since);
	table_cell(t, "%s", lock_string(tb, DITTO_A_CLAIM_PATH));
}

/* Selection of the locks to list: by the kernel, and of rows that have all the words. */
struct filter {
	char *path;
	const char *client;
	char **words;
};

static void put_filter(struct nl_msg *msg, const void *arg)
{
	const struct filter *f = arg;

	if (f->path)
		msg_put_string(msg, DITTO_A_CLAIM_PATH, f->path);
	if (f->client)
		msg_put_string(msg, DITTO_A_CLAIM_CLIENT, f->client);
}

static bool too_long(unsigned int type, const char *text, struct why *why)
{
	const struct spec_attr *attr = &spec_claim_set.attrs[type];

	if (strlen(text) <= attr->max_len)
		return false;
	why_not(why, "the %s is longer than %u bytes", attr->name, attr->max_len);
	return true;
}

static int read_filter(struct ctl *ctl, char **words, struct filter *f)
{
	struct why why;

	for (; *words; words += 2) {
		if (strcmp(words[0], "--file") && strcmp(words[0], "--client"))
			break;
		if (!words[1])
			return ctl_usage(ctl, "a word is missing behind '%s'", words[0]);
		if (!strcmp(words[0], "--client")) {
			f->client = words[1];
			if (too_long(DITTO_A_CLAIM_CLIENT, f->client, &why))
				return ctl_usage(ctl, "%s", why.text);
			continue;
		}
		/*
		 * The kernel resolves paths relative to our working directory, but reports
		 * absolute ones.
		 */
		free(f->path);
		f->path = words[1][0] == '/' ? mem_string(words[1]) : realpath(words[1], NULL);
		if (!f->path)
			return ctl_usage(ctl, "%s: there is no such file", words[1]);
		if (too_long(DITTO_A_CLAIM_PATH, f->path, &why))
			return ctl_usage(ctl, "%s", why.text);
	}
	f->words = words;
	return ctl_check_words(ctl, words);
}

static bool claim_json(struct nl_msg *msg, const struct replies *all)
{
	u64 ids[LOCK_WAITS_MAX];
	unsigned int n, i;
	bool sound;

	json_open(stdout, NULL, '{');
	sound = json_members(stdout, msg, &spec_ops[DITTO_CMD_CLAIM_GET]);
	if (lock_waits(msg)) {
		json_open(stdout, "waits_for", '[');
		n = lock_waits_for(msg, all, ids);
		for (i = 0; i < n; i++)
			json_number(stdout, NULL, ids[i]);
		json_close(stdout, ']');
	}
	json_close(stdout, '}');
	return sound;
}

/* Print claims; those that are in the way of waiting ones are among @all. */
static int claims_print(struct ctl *ctl, char **words, const struct replies *shown,
			const struct replies *all)
{
	struct table *t = table_new(claim_columns);
	bool sound = true;
	unsigned int i;

	if (ctl->json)
		json_open(stdout, NULL, '[');
	for (i = 0; i < shown->count; i++) {
		claim_row(t, shown->msg[i], all);
		if ((!*words || table_keep(t, words)) && ctl->json)
			sound &= claim_json(shown->msg[i], all);
	}
	if (!ctl->json) {
		table_end(t, stdout);
		return CTL_OK;
	}
	table_free(t);
	json_close(stdout, ']');
	json_end(stdout);
	if (sound)
		return CTL_OK;
	return ctl_failed(ctl, "this version does not understand the kernel's answer");
}

static bool any_waits(const struct replies *r)
{
	unsigned int i;

	for (i = 0; i < r->count; i++)
		if (lock_waits(r->msg[i]))
			return true;
	return false;
}

static int claims_list(struct ctl *ctl, const struct filter *f)
{
	const struct filter file = { .path = f->path };
	struct replies shown, all;
	int status = ctl_list_some(ctl, DITTO_CMD_CLAIM_GET, put_filter, f, f->path, &shown);

	if (status)
		return status;
	if (!f->client || !any_waits(&shown)) {
		status = claims_print(ctl, f->words, &shown, &shown);
	} else {
		/* Others are in their way. */
		status = ctl_list_some(ctl, DITTO_CMD_CLAIM_GET, put_filter, &file, f->path, &all);
		if (!status) {
			status = claims_print(ctl, f->words, &shown, &all);
			replies_free(&all);
		}
	}
	replies_free(&shown);
	return status;
}

static int lock_list(struct ctl *ctl, char **words)
{
	struct filter f = { 0 };
	int status = read_filter(ctl, words, &f);

	if (!status)
		status = claims_list(ctl, &f);
	free(f.path);
	return status;
}

static void put_id(struct nl_msg *msg, const void *arg)
{
	msg_put_number(msg, &spec_claim_set, DITTO_A_CLAIM_ID, *(const u64 *)arg);
}

static int lock_release(struct ctl *ctl, char **words)
{
	struct why why;
	u64 id;

	if (!words[0])
		return ctl_usage(ctl, "the number of the claim is needed: dittoctl lock list");
	if (!text_number(words[0], 0, ULLONG_MAX, &id, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_CLAIM_RELEASE, put_id, &id, words[0], NULL);
}

static void client_row(struct table *t, struct nl_msg *msg)
{
	static const u16 numbers[] = {
		DITTO_A_LOCK_CLIENT_RANGES, DITTO_A_LOCK_CLIENT_OPENS, DITTO_A_LOCK_CLIENT_LEASES,
		DITTO_A_LOCK_CLIENT_DELEGATIONS, DITTO_A_LOCK_CLIENT_DELEGATIONS_RECALLED,
		DITTO_A_LOCK_CLIENT_DELEGATIONS_REVOKED,
		DITTO_A_LOCK_CLIENT_WAITS, DITTO_A_LOCK_CLIENT_OWNERS,
		DITTO_A_LOCK_CLIENT_CONNECTIONS,
	};
	struct nlattr *tb[DITTO_A_LOCK_CLIENT_MAX + 1];
	unsigned int i;

	if (msg_parse(msg, &spec_lock_client_set, tb))
		return;
	table_cell(t, "%s", lock_string(tb, DITTO_A_LOCK_CLIENT_NAME));
	table_cell(t, "%s", lock_string(tb, DITTO_A_LOCK_CLIENT_PROTOCOL));
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		table_cell(t, "%llu", lock_number(&spec_lock_client_set, tb, numbers[i]));
}

static const struct listing clients = {
	DITTO_CMD_LOCK_CLIENT_GET, client_columns, client_row
};

/* One side of a conflict, with the attributes of a claim. */
struct side {
	struct nlattr *claim[DITTO_A_CLAIM_MAX + 1];
	char address[OUT_VALUE_MAX];
	char who[512];
};

/* "NAME", or "NAME, USER@ADDRESS" with what the name does not say */
static void side_read(struct side *s, struct nlattr *nest)
{
	static const unsigned int types[][2] = {
		{ DITTO_A_CLAIM_PROTOCOL, DITTO_A_CONFLICT_SIDE_PROTOCOL },
		{ DITTO_A_CLAIM_CLIENT, DITTO_A_CONFLICT_SIDE_CLIENT },
		{ DITTO_A_CLAIM_ADDRESS, DITTO_A_CONFLICT_SIDE_ADDRESS },
		{ DITTO_A_CLAIM_USER, DITTO_A_CONFLICT_SIDE_USER },
		{ DITTO_A_CLAIM_TYPE, DITTO_A_CONFLICT_SIDE_TYPE },
		{ DITTO_A_CLAIM_FIRST, DITTO_A_CONFLICT_SIDE_FIRST },
		{ DITTO_A_CLAIM_LAST, DITTO_A_CONFLICT_SIDE_LAST },
		{ DITTO_A_CLAIM_EXCLUSIVE, DITTO_A_CONFLICT_SIDE_EXCLUSIVE },
		{ DITTO_A_CLAIM_DISCIPLINE, DITTO_A_CONFLICT_SIDE_DISCIPLINE },
		{ DITTO_A_CLAIM_ACCESS, DITTO_A_CONFLICT_SIDE_ACCESS },
		{ DITTO_A_CLAIM_DENY, DITTO_A_CONFLICT_SIDE_DENY },
		{ DITTO_A_CLAIM_LEASE, DITTO_A_CONFLICT_SIDE_LEASE },
	};
	const struct spec_set *set = &spec_conflict_side_set;
	struct nlattr *tb[DITTO_A_CONFLICT_SIDE_MAX + 1];
	const char *user, *client;
	bool names_user, names_address;
	unsigned int i;

	memset(s, 0, sizeof(*s));
	snprintf(s->who, sizeof(s->who), "-");
	if (!nest || nla_parse_nested(tb, set->max, nest, set->policy))
		return;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		s->claim[types[i][0]] = tb[types[i][1]];
	if (s->claim[DITTO_A_CLAIM_ADDRESS])
		lock_flags(s->claim, DITTO_A_CLAIM_ADDRESS, s->address);
	client = s->claim[DITTO_A_CLAIM_CLIENT] ?
		 nla_get_string(s->claim[DITTO_A_CLAIM_CLIENT]) : "";
	user = s->claim[DITTO_A_CLAIM_USER] ? nla_get_string(s->claim[DITTO_A_CLAIM_USER]) : "";
	names_user = strstr(client, user);
	names_address = strstr(client, s->address);
	if (!names_user || !names_address)
		snprintf(s->who, sizeof(s->who), "%s%s%s%s%s", client, *client ? ", " : "",
			 names_user ? "" : user, names_user || names_address ? "" : "@",
			 names_address ? "" : s->address);
	else if (*client)
		snprintf(s->who, sizeof(s->who), "%s", client);
}

/* What was asked for: "open read deny write", "lock-exclusive 0-9", "remove" */
static void wanted_text(struct nlattr **tb, const struct side *s, char *buf, size_t size)
{
	u64 operation = lock_number(&spec_conflict_set, tb, DITTO_A_CONFLICT_OPERATION);
	struct nlattr *claim[DITTO_A_CLAIM_MAX + 1];
	char what[256];

	memcpy(claim, s->claim, sizeof(claim));
	snprintf(buf, size, "%s", spec_enum_name(&spec_conflict_operation, operation));
	if (claim[DITTO_A_CLAIM_FIRST]) {
		range_text(claim, what, sizeof(what));
		/* The operation says how. */
		snprintf(buf, size, "%s %s", spec_enum_name(&spec_conflict_operation, operation),
			 strchr(what, ' ') + 1);
	} else if (claim[DITTO_A_CLAIM_ACCESS]) {
		open_text(claim, buf, size);
	}
}

/* "refused", "refused 12 times, last ...", "granted after 2 s" */
static void outcome_cell(struct table *t, struct nlattr **tb)
{
	const struct spec_set *set = &spec_conflict_set;
	u64 count = lock_number(set, tb, DITTO_A_CONFLICT_COUNT);
	const char *outcome = spec_enum_name(&spec_conflict_outcome,
					     lock_number(set, tb, DITTO_A_CONFLICT_OUTCOME));
	char text[OUT_VALUE_MAX];

	if (count > 1)
		table_cell(t, "%s %llu times, last %s", outcome, count,
			   value_text(&set->attrs[DITTO_A_CONFLICT_LAST],
				      tb[DITTO_A_CONFLICT_LAST], text, sizeof(text)));
	else if (tb[DITTO_A_CONFLICT_MS])
		table_cell(t, "%s after %s", outcome,
			   duration_text(lock_number(set, tb, DITTO_A_CONFLICT_MS), text));
	else
		table_cell(t, "%s", outcome);
}

/* Which conflicts to print: of a share; with a client, by address or a part of its name. */
struct history_filter {
	const char *share;
	const char *client;
	char **words;
};

static bool side_is(const struct side *s, const char *client)
{
	return !strcmp(s->address, client) || strcasestr(s->who, client);
}

/* Return: false if the filter leaves the conflict out. */
static bool conflict_row(struct table *t, struct nl_msg *msg, const struct history_filter *f)
{
	struct nlattr *tb[DITTO_A_CONFLICT_MAX + 1];
	char when[OUT_VALUE_MAX], what[512];
	struct side asked, held;

	if (msg_parse(msg, &spec_conflict_set, tb) || !tb[DITTO_A_CONFLICT_TIME] ||
	    !tb[DITTO_A_CONFLICT_LAST])
		return false;
	side_read(&asked, tb[DITTO_A_CONFLICT_ASKED]);
	side_read(&held, tb[DITTO_A_CONFLICT_HELD]);
	if ((f->share && strcmp(f->share, lock_string(tb, DITTO_A_CONFLICT_SHARE))) ||
	    (f->client && !side_is(&asked, f->client) && !side_is(&held, f->client)))
		return false;
	table_cell(t, "%s", value_text(&spec_conflict_set.attrs[DITTO_A_CONFLICT_TIME],
				       tb[DITTO_A_CONFLICT_TIME], when, sizeof(when)));
	table_cell(t, "%s", asked.who);
	table_cell(t, "%s", lock_string(asked.claim, DITTO_A_CLAIM_PROTOCOL));
	wanted_text(tb, &asked, what, sizeof(what));
	table_cell(t, "%s", what);
	outcome_cell(t, tb);
	table_cell(t, "%s", held.who);
	table_cell(t, "%s", lock_string(held.claim, DITTO_A_CLAIM_PROTOCOL));
	what_text(held.claim, what, sizeof(what));
	table_cell(t, "%s", what);
	table_cell(t, "%s", lock_string(tb, DITTO_A_CONFLICT_PATH));
	return !*f->words || table_keep(t, f->words);
}

static int lock_history(struct ctl *ctl, char **words)
{
	struct history_filter f = { 0 };
	struct replies all, kept = { 0 };
	struct table *t;
	unsigned int i;
	int status;

	for (; *words; words += 2) {
		if (strcmp(words[0], "--share") && strcmp(words[0], "--client"))
			break;
		if (!words[1])
			return ctl_usage(ctl, "a word is missing behind '%s'", words[0]);
		*(!strcmp(words[0], "--share") ? &f.share : &f.client) = words[1];
	}
	f.words = words;
	status = ctl_check_words(ctl, words) ?:
		 ctl_list_some(ctl, DITTO_CMD_CONFLICT_GET, NULL, NULL, NULL, &all);
	if (status)
		return status;
	t = table_new(conflict_columns);
	kept.msg = mem_new((all.count + 1) * sizeof(*kept.msg));
	for (i = 0; i < all.count; i++)
		if (conflict_row(t, all.msg[i], &f))
			kept.msg[kept.count++] = all.msg[i];
	if (ctl->json) {
		table_free(t);
		status = ctl_json_list(ctl, &kept, DITTO_CMD_CONFLICT_GET);
	} else {
		table_end(t, stdout);
	}
	free(kept.msg);
	replies_free(&all);
	return status;
}

static void put_client(struct nl_msg *msg, const void *arg)
{
	char *const *words = arg;

	msg_put_string(msg, DITTO_A_LOCK_CLIENT_NAME, words[0]);
	if (words[1])
		msg_put_string(msg, DITTO_A_LOCK_CLIENT_PROTOCOL, words[1]);
}

static int client_release(struct ctl *ctl, char **words)
{
	struct nl_msg *reply;
	struct nlattr *nla;
	int status;

	if (!words[0])
		return ctl_usage(ctl, "the client is needed: dittoctl lock client list");
	if (words[1] && ctl_no_more(ctl, words + 2))
		return CTL_USAGE;
	status = ctl_do(ctl, DITTO_CMD_LOCK_CLIENT_RELEASE, put_client, words, words[0], &reply);
	if (status || !reply)
		return status;
	nla = nlmsg_find_attr(nlmsg_hdr(reply), GENL_HDRLEN, DITTO_A_LOCK_CLIENT_RELEASED);
	if (ctl->json) {
		json_message(stdout, reply, &spec_ops[DITTO_CMD_LOCK_CLIENT_RELEASE]);
		json_end(stdout);
	} else if (nla && nla_len(nla) == sizeof(u32)) {
		printf("%u client%s released\n", nla_get_u32(nla),
		       nla_get_u32(nla) == 1 ? "" : "s");
	}
	nlmsg_free(reply);
	return CTL_OK;
}

static int lock_client(struct ctl *ctl, char **words)
{
	if (words[0] && !strcmp(words[0], "list"))
		return ctl_no_more(ctl, words + 1) ? CTL_USAGE :
		       ctl_print(ctl, &clients, NULL, NULL, NULL);
	if (words[0] && !strcmp(words[0], "release"))
		return client_release(ctl, words + 1);
	return ctl_usage(ctl, "'list' or 'release' is needed");
}

const struct verb lock_verbs[] = {
	{ "list", lock_list, "[--file PATH] [--client CLIENT] [WORD]..." },
	{ "history", lock_history, "[--share SHARE] [--client CLIENT] [WORD]..." },
	{ "release", lock_release, "ID" },
	{ "client", lock_client, "list|release CLIENT [PROTOCOL]" },
	{ NULL, NULL, NULL }
};
