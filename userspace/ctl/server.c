// SPDX-License-Identifier: GPL-2.0-only
/* dittoctl server, dittoctl cache */

#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "ditto-nl-gen.h"
#include "out.h"
#include "nl/setting.h"

/* Print all values of a repeated string, separated by spaces. */
static void print_strings(struct nl_msg *msg, unsigned int type)
{
	const char *space = "";
	struct nlattr *nla;
	int rest;

	nlmsg_for_each_attr(nla, nlmsg_hdr(msg), GENL_HDRLEN, rest) {
		if ((unsigned int)nla_type(nla) != type)
			continue;
		printf("%s%s", space, nla_get_string(nla));
		space = " ";
	}
	putchar('\n');
}

static void print_server(struct nl_msg *msg, struct nlattr **tb)
{
	const u16 *type;

	for (type = spec_ops[DITTO_CMD_SERVER_GET].reply; *type; type++) {
		const struct spec_attr *attr = &spec_server_set.attrs[*type];
		char buf[OUT_VALUE_MAX];

		if (!tb[*type] && !attr->multi)
			continue;
		printf("%-24s ", attr->name);
		if (attr->kind == SPEC_STRING)
			print_strings(msg, *type);
		else
			puts(value_text(attr, tb[*type], buf, sizeof(buf)));
	}
}

/* Print a setting, and a line before the first one of each protocol. */
static void print_setting(const struct setting *s, u32 value, const char *owner)
{
	char text[SETTING_TEXT_MAX];

	if (strcmp(s->owner, owner))
		printf("\nOnly %s:\n", s->owner);
	printf("%-24s %s%s\n", s->name, setting_text(s, value, text),
	       value == s->initial ? " (default)" : "");
}

static void json_setting(const struct setting *s, u32 value)
{
	char text[SETTING_TEXT_MAX];

	if (s->type == DITTO_SETTING_TYPE_BOOL)
		json_bool(stdout, s->name, value);
	else if (s->type == DITTO_SETTING_TYPE_NUMBER)
		json_number(stdout, s->name, value);
	else
		json_string(stdout, s->name, setting_text(s, value, text));
}

/* The settings come first, as the module describes them, which may be newer than this program. */
static int server_show(struct ctl *ctl, char **words)
{
	const struct spec_op *op = &spec_ops[DITTO_CMD_SERVER_GET];
	struct nlattr *tb[DITTO_A_SERVER_MAX + 1];
	const char *owner = "core";
	struct replies r = { 0 };
	struct nl_msg *reply;
	struct setting s;
	unsigned int i;
	bool good;
	int status;
	u32 value;

	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	status = ctl_do(ctl, DITTO_CMD_SERVER_GET, NULL, NULL, NULL, &reply);
	if (status)
		return status;
	good = reply && !msg_parse(reply, op->set, tb);
	if (good)
		status = ctl_list(ctl, DITTO_CMD_SETTING_GET, &r);
	if (status)
		goto out;

	for (i = 0; good && i < r.count; i++)
		good = setting_from_msg(r.msg[i], &s, &value);
	if (!good) {
		why_not(&ctl->conn.why, "this version does not understand the kernel's answer");
		status = ctl_refused(ctl, NULL);
		goto out;
	}
	if (ctl->json)
		json_open(stdout, NULL, '{');
	for (i = 0; i < r.count; i++) {
		setting_from_msg(r.msg[i], &s, &value);
		if (ctl->json)
			json_setting(&s, value);
		else
			print_setting(&s, value, owner);
		owner = s.owner;
	}
	if (ctl->json) {
		json_members(stdout, reply, op);
		json_close(stdout, '}');
		json_end(stdout);
	} else {
		puts("\nState:");
		print_server(reply, tb);
	}
out:
	replies_free(&r);
	if (reply)
		nlmsg_free(reply);
	return status;
}

/* Settings that a command changes, in the order of its words. */
struct changes {
	struct {
		unsigned int id;
		u32 value;
	} change[2 * SETTINGS];
	unsigned int count;
	bool has_key;
	u8 key[16];
};

static void put_changes(struct nl_msg *msg, const void *arg)
{
	const struct changes *c = arg;
	unsigned int i;

	for (i = 0; i < c->count; i++)
		setting_put(msg, &settings[c->change[i].id], c->change[i].value);
	if (c->has_key)
		msg_put(msg, DITTO_A_SERVER_HANDLE_KEY, c->key, sizeof(c->key));
}

/*
 * "-" reads the key from standard input, because every user can see the words of a command.
 */
static bool read_key(const char *text, u8 key[16], struct why *why)
{
	char line[100] = "";
	bool good;

	if (strcmp(text, "-"))
		return text_uuid(text, key, why);
	if (!fgets(line, sizeof(line), stdin))
		return why_not(why, "there is nothing to read");
	line[strcspn(line, "\r\n")] = '\0';
	good = text_uuid(line, key, why);
	explicit_bzero(line, sizeof(line));
	/* The reason would contain parts of the key. */
	return good || why_not(why, "what was read is not 32 hexadecimal digits");
}

#define HANDLE_KEY	"handle-key"

/* The i-th name of a key, for suggestions. */
static const char *key_name(const void *arg, unsigned int i)
{
	return i == SETTINGS ? HANDLE_KEY : setting_name(arg, i);
}

static int server_set(struct ctl *ctl, char **words)
{
	struct changes c = { .count = 0 };
	struct why why;
	int status;
	bool good;

	if (!words[0])
		return ctl_usage(ctl, "a key and its value are needed");
	for (; *words; words += 2) {
		unsigned int id = setting_find(words[0]);
		bool key = spec_same_word(words[0], HANDLE_KEY);

		if (id == SETTINGS && !key)
			return ctl_unknown(ctl, "setting", words[0],
					   text_nearest(words[0], key_name, NULL));
		if (!words[1])
			return ctl_usage(ctl, "a value is missing behind '%s'", words[0]);
		if (c.count == ARRAY_SIZE(c.change))
			return ctl_usage(ctl, "'%s' is one setting too many", words[0]);
		if (key) {
			good = read_key(words[1], c.key, &why);
			c.has_key = true;
		} else {
			c.change[c.count].id = id;
			good = setting_read(&settings[id], words[1], &c.change[c.count++].value,
					    &why);
		}
		if (!good)
			return ctl_usage(ctl, "%s: %s", words[0], why.text);
	}
	status = ctl_do(ctl, DITTO_CMD_SERVER_SET, put_changes, &c, NULL, NULL);
	explicit_bzero(c.key, sizeof(c.key));
	return c.count ? ctl_lasts(ctl, status) : status;
}

static int cache_flush(struct ctl *ctl, char **words)
{
	if (ctl_no_more(ctl, words))
		return CTL_USAGE;
	return ctl_do(ctl, DITTO_CMD_CACHE_FLUSH, NULL, NULL, NULL, NULL);
}

const struct verb server_verbs[] = {
	{ "show", server_show, "" },
	{ "set", server_set, "KEY VALUE [KEY VALUE]..." },
	{ NULL, NULL, NULL }
};

const struct verb cache_verbs[] = {
	{ "flush", cache_flush, "" },
	{ NULL, NULL, NULL }
};
