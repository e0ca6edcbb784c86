// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl share */

#include <linux/genetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "nl/share.h"
#include "nl/share_conf.h"
#include "nl/status.h"
#include "ctl.h"
#include "ditto-nl-gen.h"
#include "exposure.h"
#include "out.h"

/* "anon UID[:GID]" */
static bool set_anon(struct share *s, const char *text, struct why *why)
{
	const char *colon = strchr(text, ':');
	char uid[16];

	if (colon && colon - text < (ptrdiff_t)sizeof(uid)) {
		snprintf(uid, sizeof(uid), "%.*s", (int)(colon - text), text);
		return share_set_anon_uid(s, uid, why) && share_set_anon_gid(s, colon + 1, why);
	}
	return share_set_anon_uid(s, text, why);
}

static bool set_ro(struct share *s, const char *text, struct why *why)
{
	(void)text;
	return share_set_option(s, "read-only", "yes", why);
}

static bool set_rw(struct share *s, const char *text, struct why *why)
{
	(void)text;
	return share_set_option(s, "read-only", "no", why);
}

static bool allow_all(struct share *s, const char *text, struct why *why)
{
	(void)text;
	if (s->nrules)
		return why_not(why, "'allow-all' and 'allow' exclude each other");
	return share_add_rule(s, "any", why);
}

static bool no_rules(struct share *s, const char *text, struct why *why)
{
	(void)text;
	if (s->nrules)
		return why_not(why, "'no-rules' and 'allow' exclude each other");
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_RULES);
	return true;
}

static bool no_users(struct share *s, const char *text, struct why *why)
{
	(void)text;
	if (s->users.n)
		return why_not(why, "'no-users' excludes 'user' and 'group'");
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_USERS);
	return true;
}

static bool no_links(struct share *s, const char *text, struct why *why)
{
	(void)text;
	if (s->links)
		return why_not(why, "'no-links' and 'link' exclude each other");
	s->given.attrs |= SHARE_BIT(DITTO_A_SHARE_LINKS);
	return true;
}

/**
 * struct option - an option of a share on the command line
 * @name: the word
 * @value: true if another word follows
 * @set: parses it
 */
struct option {
	const char *name;
	bool value;
	bool (*set)(struct share *s, const char *text, struct why *why);
};

static const struct option options[] = {
	{ "ro", false, set_ro },
	{ "rw", false, set_rw },
	{ "anon", true, set_anon },
	{ "anon-uid", true, share_set_anon_uid },
	{ "anon-gid", true, share_set_anon_gid },
	{ "allow", true, share_add_rule },
	{ "allow-all", false, allow_all },
	{ "no-rules", false, no_rules },
	{ "protocols", true, share_set_protocols },
	{ "link", true, share_add_link },
	{ "no-links", false, no_links },
	{ "comment", true, share_set_comment },
	{ "snapshots", true, share_set_snapshots },
	{ "trash-exclude", true, share_set_trash_exclude },
	{ "veto-files", true, share_set_veto_files },
	{ "force-user", true, share_set_force_user },
	{ "force-group", true, share_set_force_group },
	{ "user", true, share_add_user },
	{ "group", true, share_add_group },
	{ "no-users", false, no_users },
	{ "default-access", true, share_set_default_access },
	{ "id", true, share_set_id },
	{ NULL, false, NULL }
};

static const char *option_name(const void *arg, unsigned int i)
{
	const unsigned int words = ARRAY_SIZE(options) - 1;

	(void)arg;
	return i < words ? options[i].name : share_option_name(i - words);
}

static bool is_number(const char *word)
{
	unsigned int i;

	for (i = 0; share_option_name(i); i++)
		if (spec_same_word(share_option_name(i), word))
			return true;
	return false;
}

static const struct option *find_option(const char *word)
{
	const struct option *o;

	for (o = options; o->name; o++)
		if (spec_same_word(o->name, word))
			return o;
	return NULL;
}

static int read_options(const struct ctl *ctl, struct share *s, char **words)
{
	const struct option *o;
	struct why why;

	for (; *words; words++) {
		const char *word = *words;

		o = find_option(word);
		if (!o && !is_number(word))
			return ctl_unknown(ctl, "option", word,
					   text_nearest(word, option_name, NULL));
		if ((!o || o->value) && !*++words)
			return ctl_usage(ctl, "a value is missing behind '%s'", word);
		if (!(o ? o->set(s, *words, &why) : share_set_option(s, word, *words, &why)))
			return ctl_usage(ctl, "%s: %s", word, why.text);
	}
	return CTL_OK;
}

struct share_request {
	u8 cmd;
	const struct share *share;
};

static void put_share(struct nl_msg *msg, const void *arg)
{
	const struct share_request *r = arg;

	share_put(msg, r->cmd, r->share);
}

static void put_mount_share(struct nl_msg *msg, const void *arg)
{
	msg_put_string(msg, DITTO_A_NESTED_SHARE, arg);
}

static int share_write(struct ctl *ctl, u8 cmd, struct share *s, char **words)
{
	struct share_users names, found = { 0 };
	struct share_request r = { cmd, s };
	struct why why;
	int status;

	if (!share_check_name(s->name, &why))
		return ctl_usage(ctl, "%s", why.text);
	status = read_options(ctl, s, words);
	if (status)
		return status;
	share_force_begin(s, &names);
	if (share_users_resolve(&names, &found, share_user_find, &why) ||
	    !share_force_end(s, &found, &why))
		status = ctl_usage(ctl, "%s", why.text);
	share_users_free(&names);
	share_users_free(&found);
	if (status)
		return status;
	return ctl_do(ctl, cmd, put_share, &r, s->name, NULL);
}

/* Without a rule a share is meant for users who log in, or something was forgotten. */
static void share_warn(const struct share *s)
{
	if (share_lacks_rule(s))
		fprintf(stderr,
			"dittoctl: share %s has no rule: nobody is served by AUTH_SYS of NFS until \"dittoctl share set %s allow CLIENT\" names the machines, or \"allow any\" all of them\n",
			s->name, s->name);
}

static int share_add(struct ctl *ctl, char **words)
{
	struct share *s;
	struct why why;
	int status;

	if (!words[0] || !words[1])
		return ctl_usage(ctl, "the name and the path of the share are needed");
	s = share_new(words[0]);
	if (share_set_path(s, words[1], &why))
		status = share_write(ctl, DITTO_CMD_SHARE_NEW, s, words + 2);
	else
		status = ctl_usage(ctl, "%s", why.text);
	if (!status)
		share_warn(s);
	share_free(s);
	return ctl_lasts(ctl, status);
}

static int share_set(struct ctl *ctl, char **words)
{
	struct share *s;
	int status;

	if (!words[0] || !words[1])
		return ctl_usage(ctl, "the name of the share and what to change are needed");
	s = share_new(words[0]);
	status = share_write(ctl, DITTO_CMD_SHARE_SET, s, words + 1);
	share_free(s);
	return ctl_lasts(ctl, status);
}

static int share_del(struct ctl *ctl, char **words)
{
	if (!words[0])
		return ctl_usage(ctl, "the name of the share is needed");
	if (ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	return ctl_lasts(ctl, ctl_do(ctl, DITTO_CMD_SHARE_DEL, share_put_name, words[0],
				     words[0], NULL));
}

static const struct column share_columns[] = {
	{ "NAME", false }, { "PATH", false }, { "FS", false }, { "MODE", false },
	{ "SQUASH", false }, { "SEC", false }, { "CLIENTS", false }, { "PROBLEMS", true },
	{ NULL, false }
};

static bool problem_is_of(const struct status_problem *problem, const char *share)
{
	return !strncmp(problem->what, "share ", 6) && !strcmp(problem->what + 6, share);
}

static unsigned int share_problem_count(const char *name, const struct status *st)
{
	unsigned int i, n = 0;

	for (i = 0; i < st->nproblems; i++)
		n += problem_is_of(&st->problem[i], name);
	return n;
}

static void share_row(struct table *t, const struct share *s, const struct status *st)
{
	char sec[SETTING_TEXT_MAX];
	char *rule;

	table_cell(t, "%s", s->name);
	table_cell(t, "%s", s->path ? s->path : "?");
	table_cell(t, "%s", s->fs_type ? s->fs_type : "?");
	table_cell(t, "%s%s", s->read_only ? "ro" : "rw", share_is_home(s) ? ",home" : "");
	table_cell(t, "%s", spec_enum_name(&spec_squash_mode, s->squash));
	table_cell(t, "%s", setting_text(&share_options[SHARE_OPTION_sec], s->sec, sec));
	if (!s->nrules) {
		table_cell(t, "no rule");
	} else {
		rule = share_rule_text(&s->rules[0]);
		if (s->nrules > 1)
			table_cell(t, "%s and %u more", rule, s->nrules - 1);
		else
			table_cell(t, "%s", rule);
		free(rule);
	}
	table_cell(t, "%u", share_problem_count(s->name, st));
}

/* A line of the details. */
static void detail_print(const char *name, const char *value)
{
	printf("%-24s %s\n", name, value);
}

/* Lines of a key, in the words of the option. */
static void conf_print(const struct share_conf *c)
{
	unsigned int i;

	if (!c->n)
		detail_print(c->key, "-");
	for (i = 0; i < c->n; i++)
		printf("%-24s %s%s\n", c->key, c->value[i], c->usual ? " (default)" : "");
}

/* The options of all, and then of each protocol. */
static void share_details(const struct share *s)
{
	const char *owner = "core";
	struct share_conf c;
	unsigned int i;

	detail_print("share", s->name);
	detail_print("file-system", s->fs_type ? s->fs_type : "?");
	if (s->inode)
		printf("%-24s device %u:%u, inode %llu\n", "root", major(s->device),
		       minor(s->device), (unsigned long long)s->inode);
	if (share_is_home(s))
		printf("%-24s user %u\n", "home", s->home_uid);
	exposure_print(s);
	for (i = 0; share_conf_get(s, i, &c); i++) {
		if (strcmp(share_conf_owner(i), owner)) {
			owner = share_conf_owner(i);
			printf("\nOnly %s:\n", owner);
		}
		conf_print(&c);
		share_conf_free(&c);
	}
}

static int share_unsound(struct ctl *ctl, const char *name)
{
	why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
	return ctl_refused(ctl, name);
}

/* Tell what dittod says is wrong with a share, with a function for each reason. */
static void share_problems(const char *name, const struct status *st,
			   void (*tell)(const char *why))
{
	unsigned int i;

	for (i = 0; i < st->nproblems; i++)
		if (problem_is_of(&st->problem[i], name))
			tell(st->problem[i].why);
}

static void problem_print(const char *why)
{
	detail_print("problem", why);
}

static void problem_json(const char *why)
{
	json_string(stdout, NULL, why);
}

/* Where the output must be JSON, and there is no share to describe. */
static void problem_complain(const char *why)
{
	fprintf(stderr, "dittoctl: share show: %s\n", why);
}

/* Get the mounted file systems that are part of a share, or of all for NULL. */
static int share_mounts_get(struct ctl *ctl, const char *name, struct replies *out)
{
	if (!name)
		return ctl_list(ctl, DITTO_CMD_NESTED_GET, out);
	return ctl_list_some(ctl, DITTO_CMD_NESTED_GET, put_mount_share, name, name, out);
}

static void share_mounts_print(const struct replies *mounts)
{
	struct nlattr *tb[DITTO_A_NESTED_MAX + 1];
	unsigned int i;

	for (i = 0; i < mounts->count; i++) {
		if (msg_parse(mounts->msg[i], &spec_nested_set, tb) ||
		    !tb[DITTO_A_NESTED_PATH] || !tb[DITTO_A_NESTED_FS_TYPE] ||
		    !tb[DITTO_A_NESTED_FSID] || !tb[DITTO_A_NESTED_STATE])
			continue;
		printf("%-24s %s, %s, fsid %s, %s\n", "mounted",
		       nla_get_string(tb[DITTO_A_NESTED_PATH]),
		       nla_get_string(tb[DITTO_A_NESTED_FS_TYPE]),
		       nla_get_string(tb[DITTO_A_NESTED_FSID]),
		       spec_enum_name(&spec_nested_state, nla_get_u32(tb[DITTO_A_NESTED_STATE])));
	}
}

static bool share_has_mount(const char *name, struct nl_msg *mount)
{
	const struct nlattr *share = nlmsg_find_attr(nlmsg_hdr(mount), GENL_HDRLEN,
						     DITTO_A_NESTED_SHARE);

	return share && !strcmp(nla_get_string(share), name);
}

/* A share, with what is mounted within it and what is wrong as other members. */
static bool share_json(struct nl_msg *msg, const char *name, const struct replies *mounts,
		       const struct status *st)
{
	unsigned int i;
	bool sound;

	json_open(stdout, NULL, '{');
	sound = json_members(stdout, msg, &spec_ops[DITTO_CMD_SHARE_GET]);
	json_open(stdout, "mounted", '[');
	for (i = 0; i < mounts->count; i++)
		if (share_has_mount(name, mounts->msg[i]))
			sound &= json_message(stdout, mounts->msg[i],
					      &spec_ops[DITTO_CMD_NESTED_GET]);
	json_close(stdout, ']');
	json_open(stdout, "problems", '[');
	share_problems(name, st, problem_json);
	json_close(stdout, ']');
	json_close(stdout, '}');
	return sound;
}

/* Print shares: one with its details, or a table of several. */
static int share_print(struct ctl *ctl, const struct replies *shares, const struct replies *mounts,
		       const struct status *st, bool details)
{
	struct table *t = details || ctl->json ? NULL : table_new(share_columns);
	bool sound = true;
	unsigned int i;

	if (ctl->json)
		json_open(stdout, NULL, '[');
	for (i = 0; i < shares->count; i++) {
		struct share *s = share_from_msg(shares->msg[i]);

		sound &= !!s;
		if (!s)
			continue;
		if (ctl->json) {
			sound &= share_json(shares->msg[i], s->name, mounts, st);
		} else if (details) {
			share_problems(s->name, st, problem_print);
			share_mounts_print(mounts);
			share_details(s);
		} else {
			share_row(t, s, st);
		}
		share_free(s);
	}
	if (t)
		table_end(t, stdout);
	if (ctl->json) {
		json_close(stdout, ']');
		json_end(stdout);
	}
	return sound ? CTL_OK : share_unsound(ctl, NULL);
}

/* An older ditto.ko has no such shares, and does not know the question for what is mounted. */
static bool share_is_nested(struct nl_msg *msg)
{
	struct share *s = share_from_msg(msg);
	bool nested = s && s->nested;

	share_free(s);
	return nested;
}

static int share_list_all(struct ctl *ctl, const struct status *st)
{
	struct replies shares, mounts = { 0 };
	bool nested = false;
	unsigned int i;
	int status;

	status = ctl_list(ctl, DITTO_CMD_SHARE_GET, &shares);
	if (status)
		return status;
	for (i = 0; i < shares.count; i++)
		nested |= share_is_nested(shares.msg[i]);
	if (nested)
		status = share_mounts_get(ctl, NULL, &mounts);
	if (!status) {
		status = share_print(ctl, &shares, &mounts, st, false);
		replies_free(&mounts);
	}
	replies_free(&shares);
	return status;
}

static int share_show_one(struct ctl *ctl, const char *name, const struct status *st)
{
	struct replies mounts = { 0 };
	struct nl_msg *reply;
	int status;

	status = ctl_do(ctl, DITTO_CMD_SHARE_GET, share_put_name, name, name, &reply);
	if (status) {
		share_problems(name, st, ctl->json ? problem_complain : problem_print);
		return status;
	}
	if (!reply)
		return share_unsound(ctl, name);
	if (share_is_nested(reply))
		status = share_mounts_get(ctl, name, &mounts);
	if (!status) {
		const struct replies one = { &reply, 1 };

		status = share_print(ctl, &one, &mounts, st, true);
		replies_free(&mounts);
	}
	nlmsg_free(reply);
	return status;
}

static int share_show(struct ctl *ctl, char **words)
{
	struct status st;
	int status;

	if (words[0] && ctl_no_more(ctl, words + 1))
		return CTL_USAGE;
	/* Without dittod nothing is known to be wrong. */
	status_read(&st);
	status = words[0] ? share_show_one(ctl, words[0], &st) : share_list_all(ctl, &st);
	status_free(&st);
	return status;
}

#define SHARE_USAGE \
	"[ro|rw] [anon UID[:GID]]\n" \
	"            [allow CLIENT[=rw|ro|none][,squash=MODE][,anon-uid=UID]\n" \
	"                   [,anon-gid=GID]]... [allow-all|no-rules]\n" \
	"            [user NAME=ACCESS]... [group NAME=ACCESS]... [no-users]\n" \
	"            [default-access ACCESS] [comment TEXT] [snapshots PATH]\n" \
	"            [link PATH=SERVER:/PATH[,SERVER:/PATH...]]... [no-links]\n" \
	"            [protocols NAME,...] [trash-exclude PATTERN,...]\n" \
	"            [OPTION VALUE]..."

const struct verb share_verbs[] = {
	{ "add", share_add, "NAME PATH " SHARE_USAGE " [id UUID]" },
	{ "set", share_set, "NAME " SHARE_USAGE },
	{ "del", share_del, "NAME" },
	{ "list", share_show, "[NAME]" },
	{ "show", share_show, "[NAME]" },
	{ NULL, NULL, NULL }
};
