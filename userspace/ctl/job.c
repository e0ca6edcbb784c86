// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl job */

#include <limits.h>
#include <linux/genetlink.h>
#include <pwd.h>
#include <time.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"
#include "text.h"

static const struct column job_columns[] = {
	{ "ID", true }, { "PROTOCOL", false }, { "CLIENT", false }, { "USER", false },
	{ "SINCE", false }, { "DONE", true }, { "SIZE", true }, { "BYTES/S", true },
	{ "SOURCE", false }, { "TARGET", false }, { NULL, false }
};

static u64 job_number(struct nlattr **tb, unsigned int type)
{
	return tb[type] ? nla_get_u64(tb[type]) : 0;
}

static void job_text(struct table *t, struct nlattr **tb, unsigned int type)
{
	table_cell(t, "%s", tb[type] ? nla_get_string(tb[type]) : "-");
}

static void job_user(struct table *t, struct nlattr **tb)
{
	const struct passwd *user;
	u32 uid;

	if (!tb[DITTO_A_JOB_UID]) {
		table_cell(t, "-");
		return;
	}
	uid = nla_get_u32(tb[DITTO_A_JOB_UID]);
	user = getpwuid(uid);
	if (user)
		table_cell(t, "%s", user->pw_name);
	else
		table_cell(t, "%u", uid);
}

/* A file as SHARE/PATH. */
static void job_file(struct table *t, struct nlattr **tb, unsigned int share, unsigned int path)
{
	table_cell(t, "%s/%s", tb[share] ? nla_get_string(tb[share]) : "?",
		   tb[path] ? nla_get_string(tb[path]) : "?");
}

static void job_row(struct table *t, struct nl_msg *msg)
{
	struct nlattr *tb[DITTO_A_JOB_MAX + 1];
	u64 since, done, seconds;
	char buf[OUT_VALUE_MAX];
	time_t now = time(NULL);

	if (msg_parse(msg, &spec_job_set, tb))
		return;
	since = job_number(tb, DITTO_A_JOB_SINCE);
	done = job_number(tb, DITTO_A_JOB_DONE);
	seconds = (u64)now > since ? (u64)now - since : 1;
	table_cell(t, "%llu", (unsigned long long)job_number(tb, DITTO_A_JOB_ID));
	job_text(t, tb, DITTO_A_JOB_PROTOCOL);
	job_text(t, tb, DITTO_A_JOB_CLIENT);
	job_user(t, tb);
	if (tb[DITTO_A_JOB_SINCE])
		table_cell(t, "%s", value_text(&spec_job_set.attrs[DITTO_A_JOB_SINCE],
					       tb[DITTO_A_JOB_SINCE], buf, sizeof(buf)));
	else
		table_cell(t, "-");
	table_cell(t, "%llu", (unsigned long long)done);
	table_cell(t, "%llu", (unsigned long long)job_number(tb, DITTO_A_JOB_SIZE));
	table_cell(t, "%llu", (unsigned long long)(done / seconds));
	job_file(t, tb, DITTO_A_JOB_SHARE, DITTO_A_JOB_PATH);
	job_file(t, tb, DITTO_A_JOB_TARGET_SHARE, DITTO_A_JOB_TARGET_PATH);
}

static const struct listing jobs = { DITTO_CMD_JOB_GET, job_columns, job_row };

static int job_list(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return ctl_print(ctl, &jobs, NULL, NULL, NULL);
}

static void put_job_id(struct nl_msg *msg, const void *arg)
{
	msg_put(msg, DITTO_A_JOB_ID, arg, sizeof(u64));
}

static int job_cancel(struct ctl *ctl, char **words)
{
	struct why why;
	u64 id;

	if (!words[0])
		return ctl_usage(ctl, "the number is needed: dittoctl job list");
	if (!text_number(words[0], 1, ULLONG_MAX, &id, &why))
		return ctl_usage(ctl, "%s", why.text);
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_JOB_CANCEL, put_job_id, &id, words[0], NULL);
}

const struct verb job_verbs[] = {
	{ "list", job_list, "" },
	{ "cancel", job_cancel, "ID" },
	{ NULL, NULL, NULL }
};
